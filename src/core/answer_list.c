/*
 * answer_list.c - the rows of a statement as a list: the page asked for, where
 * the next one begins, how many there are.
 */
#include "core/answer_local.h"

#include "base/mem.h"
#include "core/cursor.h"
#include "core/db.h"
#include "core/exchange.h"
#include "core/page.h"
#include "core/shape.h"

#define ADD(to, literal) text_add((to), (literal), sizeof(literal) - 1)

static int64_t
key_of(const struct db_result *res, size_t row, size_t column)
{
    if (db_column_type(res, column) == VALUE_TIME)
        return db_time(res, row, column).us;
    return db_integer(res, row, column);
}

/* A row's id, as a cursor has it: a bigint takes the last octets. */
static struct uuid
id_of(const struct db_result *res, size_t row)
{
    struct uuid id = { { 0 } };

    if (db_column_type(res, 0) != VALUE_INTEGER)
        return db_uuid(res, row, 0);
    uint64_t n = (uint64_t)db_integer(res, row, 0);
    for (size_t i = 0; i < 8; i++)
        id.octet[15 - i] = (uint8_t)(n >> 8 * i);
    return id;
}

/* Where the page after these rows begins, on r->mem; NULL if nowhere. */
static const char *
next_cursor(struct request *r, const struct db_result *res, size_t rows)
{
    int key = db_column(res, "cursor_key");
    char *out = mem_alloc(r->mem, CURSOR_TEXT);

    if (key < 0 || rows == 0 || db_null(res, rows - 1, (size_t)key))
        return NULL;
    struct cursor c = { .key = key_of(res, rows - 1, (size_t)key),
                        .id = id_of(res, rows - 1) };
    cursor_write(&c, out);
    return out;
}

/* How many there are in all, where the statement tells: an empty page says so
 * only if it is the first. */
static void
count_all(struct page_list *l)
{
    int column = db_column(l->res, "total");

    if (column < 0)
        return;
    if (l->rows == 0)
        l->counted = l->page == 1;
    else if (!db_null(l->res, 0, (size_t)column)) {
        l->counted = true;
        l->total = db_integer(l->res, 0, (size_t)column);
    }
}

static struct page_list
list_of(struct request *r, const struct shape *shape,
        const struct db_result *res, int64_t limit)
{
    size_t rows = db_rows(res);
    size_t most = limit < 0 ? 0 : (size_t)limit;
    struct page_list list = {
        .shape = shape,
        .res = res,
        .rows = rows > most ? most : rows,
        .more = rows > most,
        .page = r->exchange->page_number,
        .page_size = limit,
    };

    if (list.more)
        list.next_cursor = next_cursor(r, res, list.rows);
    count_all(&list);
    return list;
}

static void
add_pages(struct text *to, const struct page_list *l)
{
    int64_t total = l->total < 0 ? -l->total : l->total;
    int64_t size = l->page_size > 0 ? l->page_size : 1;

    if (l->counted) {
        ADD(to, ",\"total\":");
        text_addi(to, total);
    }
    if (l->total < 0)
        ADD(to, ",\"totalIsEstimate\":true");
    if (l->page > 0) {
        ADD(to, ",\"page\":");
        text_addi(to, l->page);
    }
    ADD(to, ",\"pageSize\":");
    text_addi(to, l->page_size);
    if (l->counted) {
        ADD(to, ",\"totalPages\":");
        text_addi(to, (total + size - 1) / size);
    }
}

static void
add_list(struct text *to, const struct page_list *l, enum answer_form form)
{
    ADD(to, "{\"items\":[");
    for (size_t i = 0; i < l->rows; i++) {
        if (i > 0)
            text_addc(to, ',');
        shape_json_row(to, l->shape, l->res, i, 0);
    }
    text_addc(to, ']');
    if (form == ANSWER_LIST || form == ANSWER_PAGES) {
        ADD(to, ",\"nextCursor\":");
        if (l->next_cursor == NULL)
            ADD(to, "null");
        else {
            text_addc(to, '"');
            text_adds(to, l->next_cursor);
            text_addc(to, '"');
        }
        ADD(to, ",\"hasMore\":");
        text_adds(to, l->more ? "true" : "false");
    }
    if (form == ANSWER_PAGES)
        add_pages(to, l);
    ADD(to, "}}");
}

/* Whether what a list belongs to is there. */
static const struct problem *
find_owner(struct request *r, const char *sql, const struct sql_arg *args)
{
    const struct db_result *res = NULL;
    const struct problem *refused = answer_query(r, sql, args, &res);

    if (refused == NULL && db_rows(res) == 0)
        return &problem_not_found;
    return refused;
}

const struct problem *
answer_rows_of(struct request *r, int64_t limit, const char *sql,
               const struct sql_arg *args, const char *owner_sql,
               const struct sql_arg *owner_args)
{
    const struct shape *shape = answer_shape(r, r->route->returns);
    const struct db_result *res = NULL;
    const struct problem *refused = answer_query_in(r, sql, args, shape, &res);

    if (refused == NULL && owner_sql != NULL && db_rows(res) == 0)
        refused = find_owner(r, owner_sql, owner_args);
    if (refused != NULL)
        return refused;
    const struct page_list list = list_of(r, shape, res, limit);
    add_list(answer_open(r), &list, r->route->form);
    return NULL;
}

const struct problem *
answer_rows(struct request *r, int64_t limit, const char *sql,
            const struct sql_arg *args)
{
    return answer_rows_of(r, limit, sql, args, NULL, NO_ARGS);
}

const struct problem *
answer_rows_as(struct request *r, const char *name,
               const struct member *members, int64_t limit, const char *sql,
               const struct sql_arg *args)
{
    const struct shape *shape = answer_shape(r, members);
    const struct db_result *res = NULL;
    const struct problem *refused = answer_query_in(r, sql, args, shape, &res);

    if (refused != NULL)
        return refused;
    const struct page_list list = list_of(r, shape, res, limit);
    page_add_list(r->exchange, name, &list);
    return NULL;
}
