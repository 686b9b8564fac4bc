/*
 * answer.c - statements run for a handler, and their results as its answer.
 *
 * What a statement refused is looked up by the name of the constraint in the
 * row's refusals; whatever no row knows of is our fault, is logged with all
 * that PostgreSQL said, and shows nothing outside.
 */
#include "core/endpoint.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "core/app.h"
#include "core/cursor.h"
#include "core/db.h"
#include "core/exchange.h"
#include "core/local_target.h"
#include "core/page.h"
#include "core/shape.h"

/* ---- Refusals ------------------------------------------------------------ */

static const struct problem *
refusal_of(struct request *r, const char *constraint)
{
    const struct refusal *refusal = r->route->refusals;

    for (; constraint != NULL && refusal != NULL && refusal->problem != NULL;
         refusal++)
        if (text_same(refusal->constraint, constraint)) {
            r->exchange->refused_field = refusal->field;
            return refusal->problem;
        }
    return NULL;
}

const struct problem *
answer_refused(struct request *r, const struct db_error *error)
{
    const struct problem *refused = refusal_of(r, error->constraint);

    if (refused != NULL)
        return refused;
    r->exchange->why =
        mem_printf(r->mem, "%s %s%s%s", error->sqlstate,
                   error->message == NULL ? "" : error->message,
                   error->constraint == NULL ? "" : "; constraint ",
                   error->constraint == NULL ? "" : error->constraint);
    return db_problem(error);
}

/* ---- Statements ---------------------------------------------------------- */

const struct problem *
answer_query(struct request *r, const char *sql, const struct sql_arg *args,
             const struct db_result **ret_result)
{
    struct db_error error = { 0 };
    struct db_result *res = db_query(r->app->db, r->mem, sql, args, &error);

    if (error.failed)
        return answer_refused(r, &error);
    *ret_result = res;
    return NULL;
}

static const struct problem *
in_shape(struct request *r, const struct shape *shape,
         const struct db_result *res)
{
    const char *misfit = shape_misfit(r->mem, shape, res);

    return misfit == NULL ? NULL : exchange_broken(r->exchange, misfit);
}

static const struct problem *
query_in_shape(struct request *r, const char *sql, const struct sql_arg *args,
               const struct shape *shape, const struct db_result **ret)
{
    const struct problem *refused = answer_query(r, sql, args, ret);

    return refused != NULL ? refused : in_shape(r, shape, *ret);
}

static const struct shape *
shape_for(const struct request *r, const struct member *members)
{
    if (members == NULL)
        BUG("%s answers rows without a shape", r->route->on);
    return shape_of(router_shapes(r->app->router), members);
}

/* ---- Envelopes ----------------------------------------------------------- */

#define ADD(to, literal) text_add((to), (literal), sizeof(literal) - 1)

static struct text *
open_envelope(struct request *r)
{
    struct exchange *ex = r->exchange;

    if (r->route->page != NULL)
        BUG("%s is a page: its results want names", r->route->on);
    exchange_drop_body(ex);
    ADD(&ex->out, "{\"success\":true,\"data\":");
    ex->status = r->route->success == 0 ? 200 : r->route->success;
    ex->type = "application/json";
    return &ex->out;
}

/* ---- One row ------------------------------------------------------------- */

const struct problem *
answer_result(struct request *r, const char *name, const struct member *members,
              const struct db_result *row)
{
    const struct shape *shape = shape_for(r, members);
    const struct problem *broken = in_shape(r, shape, row);

    if (broken != NULL)
        return broken;
    if (db_rows(row) == 0)
        return &problem_not_found;
    if (name != NULL) {
        page_add_row(r->exchange, name, shape, row);
        return NULL;
    }
    struct text *out = open_envelope(r);
    shape_json_row(out, shape, row, 0, 0);
    text_addc(out, '}');
    return NULL;
}

const struct problem *
answer_row(struct request *r, const char *sql, const struct sql_arg *args)
{
    return answer_row_as(r, NULL, r->route->returns, sql, args);
}

const struct problem *
answer_row_as(struct request *r, const char *name, const struct member *members,
              const char *sql, const struct sql_arg *args)
{
    const struct db_result *res = NULL;
    const struct problem *refused = answer_query(r, sql, args, &res);

    return refused != NULL ? refused : answer_result(r, name, members, res);
}

/* ---- Lists --------------------------------------------------------------- */

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
        else
            text_addf(to, "\"%s\"", l->next_cursor);
        ADD(to, ",\"hasMore\":");
        text_adds(to, l->more ? "true" : "false");
    }
    if (form == ANSWER_PAGES)
        add_pages(to, l);
    ADD(to, "}}");
}

const struct problem *
answer_rows(struct request *r, int64_t limit, const char *sql,
            const struct sql_arg *args)
{
    const struct shape *shape = shape_for(r, r->route->returns);
    const struct db_result *res = NULL;
    const struct problem *refused = query_in_shape(r, sql, args, shape, &res);

    if (refused != NULL)
        return refused;
    const struct page_list list = list_of(r, shape, res, limit);
    add_list(open_envelope(r), &list, r->route->form);
    return NULL;
}

const struct problem *
answer_rows_as(struct request *r, const char *name,
               const struct member *members, int64_t limit, const char *sql,
               const struct sql_arg *args)
{
    const struct shape *shape = shape_for(r, members);
    const struct db_result *res = NULL;
    const struct problem *refused = query_in_shape(r, sql, args, shape, &res);

    if (refused != NULL)
        return refused;
    const struct page_list list = list_of(r, shape, res, limit);
    page_add_list(r->exchange, name, &list);
    return NULL;
}

void
answer_status(struct request *r, int status)
{
    r->exchange->status = status;
}

void
answer_page_number(struct request *r, int64_t page)
{
    r->exchange->page_number = page;
}

/* ---- Values, effects, bytes ---------------------------------------------- */

const struct problem *
answer_values(struct request *r, const struct sql_arg *values)
{
    const struct shape *shape = shape_for(r, r->route->returns);
    struct text *out = open_envelope(r);

    shape_json_values(out, shape, values);
    text_addc(out, '}');
    return NULL;
}

const struct problem *
answer_values_as(struct request *r, const char *name,
                 const struct member *members, const struct sql_arg *values)
{
    page_add_values(r->exchange, name, shape_for(r, members), values);
    return NULL;
}

static const struct problem *
run_for_effect(struct request *r, const char *sql, const struct sql_arg *args,
               int64_t *ret_affected)
{
    const struct db_result *res = NULL;
    const struct problem *refused = answer_query(r, sql, args, &res);

    if (refused != NULL)
        return refused;
    *ret_affected = db_affected(res);
    if (r->exchange->type == NULL)
        r->exchange->status = r->route->success == 0 ? 204 : r->route->success;
    return NULL;
}

const struct problem *
answer_done(struct request *r, const char *sql, const struct sql_arg *args)
{
    int64_t affected;
    const struct problem *refused = run_for_effect(r, sql, args, &affected);

    if (refused == NULL && affected == 0)
        return &problem_not_found;
    return refused;
}

const struct problem *
answer_done_anyway(struct request *r, const char *sql,
                   const struct sql_arg *args)
{
    int64_t affected;

    return run_for_effect(r, sql, args, &affected);
}

const struct problem *
answer_raw(struct request *r, const char *bytes, size_t n)
{
    struct exchange *ex = r->exchange;

    exchange_drop_body(ex);
    text_add(&ex->out, bytes, n);
    ex->status = r->route->success == 0 ? 200 : r->route->success;
    ex->type = r->route->raw_type;
    return NULL;
}

const struct problem *
answer_redirect(struct request *r, const char *where)
{
    return answer_redirect_away(r, local_target(r->exchange->site->url, where));
}

const struct problem *
answer_redirect_away(struct request *r, const char *url)
{
    answer_header(r, "Location", url);
    exchange_drop_body(r->exchange);
    r->exchange->status = 303;
    return NULL;
}

const struct problem *
problem_field(struct request *r, const char *field, const char *message)
{
    fault_add(&r->exchange->faults, field, message);
    return &problem_validation;
}
