/*
 * page_source.c - what templates see: results of the database and C values
 * through their shapes, lists, words, and what every page has.
 *
 * A value of the template engine remembers for us: `at` the shape, `also` the
 * result or the values, `row`, and `column`, where the object's columns begin.
 */
#include "core/page_local.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/escape.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/app.h"
#include "core/db.h"
#include "core/session.h"

/* ---- Rows of a result ---------------------------------------------------- */

static void
put_column(struct template_value *ret, const void *mem,
           const struct shape_slot *slot, const struct db_result *res,
           size_t row, size_t column, enum page_form form)
{
    size_t len;

    switch (slot->type) {
    case VALUE_INTEGER:
    case VALUE_MAYBE_INTEGER:
        page_put_integer(ret, db_integer(res, row, column), form);
        break;
    case VALUE_REAL:
        page_put_real(ret, db_real(res, row, column));
        break;
    case VALUE_BOOLEAN:
    case VALUE_MAYBE_BOOLEAN:
        template_boolean(ret, db_boolean(res, row, column));
        break;
    case VALUE_UUID:
        page_put_uuid(ret, mem, db_uuid(res, row, column));
        break;
    case VALUE_TIME:
        page_put_time(ret, mem, db_time(res, row, column), form);
        break;
    case VALUE_TEXTS: /* the memory is the rendering's, and only grows */
        page_put_texts(ret, mem,
                       db_texts((void *)(uintptr_t)mem, res, row, column));
        break;
    case VALUE_TEXT:
    case VALUE_JSON: {
        const char *s = db_text(res, row, column, &len);
        page_put_text(ret, s, len, form);
        break;
    }
    default:
        break;
    }
}

static bool
row_member(const struct template_value *object,
           const struct template_name *name, const void *mem,
           struct template_value *ret)
{
    const struct db_result *res = object->also;
    enum page_form form = PAGE_PLAIN;
    const struct shape_slot *slot = page_slot(object->at, name, &form);

    if (slot == NULL)
        return false;
    size_t column = object->column + slot->column;
    if (db_null(res, object->row, object->column + slot->mark) &&
        (slot->object == NULL || slot->nullable))
        return true;
    if (slot->object == NULL) {
        put_column(ret, mem, slot, res, object->row, column, form);
        return true;
    }
    template_object(ret, object->source, slot->object);
    ret->also = res;
    ret->row = object->row;
    ret->column = (uint32_t)column;
    return true;
}

static const struct template_source row_source = { .member = row_member };

static void
put_row(struct template_value *ret, const struct shape *shape,
        const struct db_result *res, size_t row)
{
    template_object(ret, &row_source, shape);
    ret->also = res;
    ret->row = (uint32_t)row;
    ret->column = 0;
}

/* ---- Lists --------------------------------------------------------------- */

static size_t
items_count(const struct template_value *list)
{
    return ((const struct page_list *)list->at)->rows;
}

static void
items_item(const struct template_value *list, size_t i, const void *mem,
           struct template_value *ret)
{
    const struct page_list *l = list->at;

    (void)mem;
    put_row(ret, l->shape, l->res, i);
}

static const struct template_source items_source = {
    .count = items_count,
    .item = items_item,
};

/* Nothing where it is not known. */
static void
put_total(struct template_value *ret, const struct page_list *l)
{
    if (l->counted)
        template_number(ret, l->total < 0 ? -l->total : l->total);
    else
        template_string(ret, NULL);
}

static bool
list_member(const struct template_value *object,
            const struct template_name *name, const void *mem,
            struct template_value *ret)
{
    const struct page_list *l = object->at;

    (void)mem;
    if (page_named(name, "items", 5))
        template_list(ret, &items_source, l);
    else if (page_named(name, "hasMore", 7))
        template_boolean(ret, l->more);
    else if (page_named(name, "nextCursor", 10))
        template_string(ret, l->next_cursor);
    else if (page_named(name, "total", 5))
        put_total(ret, l);
    else if (page_named(name, "totalIsEstimate", 15))
        template_boolean(ret, l->total < 0);
    else if (page_named(name, "page", 4))
        template_number(ret, l->page);
    else
        return false;
    return true;
}

static const struct template_source list_source = { .member = list_member };

/* ---- C values ------------------------------------------------------------ */

static void
put_value(struct template_value *ret, const void *mem, const struct sql_arg *v,
          enum page_form form)
{
    switch (v->type) {
    case VALUE_INTEGER:
        page_put_integer(ret, *(const int64_t *)v->at, form);
        break;
    case VALUE_MAYBE_INTEGER:
        page_put_integer(ret, ((const struct maybe_integer *)v->at)->value,
                         form);
        break;
    case VALUE_REAL:
        page_put_real(ret, *(const double *)v->at);
        break;
    case VALUE_BOOLEAN:
        template_boolean(ret, *(const bool *)v->at);
        break;
    case VALUE_MAYBE_BOOLEAN:
        template_boolean(ret, ((const struct maybe_boolean *)v->at)->value);
        break;
    case VALUE_UUID:
        page_put_uuid(ret, mem, *(const struct uuid *)v->at);
        break;
    case VALUE_TIME:
        page_put_time(ret, mem, *(const struct instant *)v->at, form);
        break;
    case VALUE_TEXTS:
        page_put_texts(ret, mem, *(const struct texts *)v->at);
        break;
    case VALUE_TEXT:
    case VALUE_JSON:
        page_put_text(ret, *(const char *const *)v->at,
                      strlen(*(const char *const *)v->at), form);
        break;
    default:
        break;
    }
}

static bool
values_member(const struct template_value *object,
              const struct template_name *name, const void *mem,
              struct template_value *ret)
{
    const struct sql_arg *values = object->also;
    enum page_form form = PAGE_PLAIN;
    const struct shape_slot *slot = page_slot(object->at, name, &form);

    if (slot == NULL)
        return false;
    const struct sql_arg *v = &values[slot->column];
    if (shape_value_null(&values[slot->mark]) &&
        (slot->object == NULL || slot->nullable))
        return true;
    if (slot->object == NULL) {
        put_value(ret, mem, v, form);
        return true;
    }
    template_object(ret, object->source, slot->object);
    ret->also = v;
    return true;
}

static const struct template_source values_source = {
    .member = values_member,
};

/* Bytes of a C value, all of which are small. */
static size_t
size_of(enum value_type type)
{
    switch (type) {
    case VALUE_BOOLEAN:
        return sizeof(bool);
    case VALUE_MAYBE_BOOLEAN:
        return sizeof(struct maybe_boolean);
    case VALUE_MAYBE_INTEGER:
        return sizeof(struct maybe_integer);
    case VALUE_UUID:
        return sizeof(struct uuid);
    case VALUE_TEXTS:
        return sizeof(struct texts);
    case VALUE_BYTES:
        return sizeof(struct bytes);
    default:
        return 8;
    }
}

/* The handler's variables are gone when the page is rendered. */
static const struct sql_arg *
keep_values(void *mem, const struct sql_arg *values, size_t n)
{
    struct sql_arg *kept = mem_array(mem, struct sql_arg, n + 1);

    for (size_t i = 0; i < n; i++) {
        size_t size = size_of(values[i].type);
        void *copy = mem_alloc(mem, size);

        memcpy(copy, values[i].at, size);
        kept[i] = (struct sql_arg){ values[i].type, copy };
    }
    return kept;
}

/* ---- Parts --------------------------------------------------------------- */

static struct page_part *
add_part(struct exchange *ex, const char *name)
{
    struct page_part *part = mem_new(ex->request.mem, struct page_part);

    if (ex->entry->row->page == NULL)
        BUG("%s is no page: its results want no names", ex->entry->row->on);
    part->name = name;
    part->len = strlen(name);
    part->next = ex->parts;
    ex->parts = part;
    return part;
}

void
page_add_row(struct exchange *ex, const char *name, const struct shape *shape,
             const struct db_result *res)
{
    put_row(&add_part(ex, name)->value, shape, res, 0);
}

void
page_add_list(struct exchange *ex, const char *name,
              const struct page_list *list)
{
    struct page_list *kept = mem_new(ex->request.mem, struct page_list);

    *kept = *list;
    template_object(&add_part(ex, name)->value, &list_source, kept);
}

void
page_add_values(struct exchange *ex, const char *name,
                const struct shape *shape, const struct sql_arg *values)
{
    struct template_value *value = &add_part(ex, name)->value;

    template_object(value, &values_source, shape);
    value->also = keep_values(ex->request.mem, values, shape->columns);
}
