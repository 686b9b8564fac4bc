/*
 * shape_json.c - rows and values written as JSON by their shape.
 *
 * This is the hottest code of a list: keys are added as they were compiled,
 * values go from the result's bytes straight into the answer.
 */
#include "core/shape.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/escape.h"
#include "base/mem.h"
#include "core/db.h"

static void
add_quoted(struct text *to, const char *s, size_t n)
{
    text_addc(to, '"');
    escape_json(to, s, n);
    text_addc(to, '"');
}

static void
add_real(struct text *to, double number)
{
    char digits[32];

    if (!isfinite(number)) {
        text_add(to, "null", 4);
        return;
    }
    (void)snprintf(digits, sizeof digits, "%.15g", number);
    if (strtod(digits, NULL) != number)
        (void)snprintf(digits, sizeof digits, "%.17g", number);
    text_adds(to, digits);
}

static void
add_boolean(struct text *to, bool is)
{
    text_add(to, is ? "true" : "false", is ? 4 : 5);
}

static void
add_uuid(struct text *to, const struct uuid *id)
{
    char *at = text_room(to, UUID_TEXT + 2);

    at[0] = '"';
    uuid_write(id, at + 1);
    at[UUID_TEXT] = '"';
    at[UUID_TEXT + 1] = '\0';
    to->len += UUID_TEXT + 1;
}

static void
add_time(struct text *to, struct instant time)
{
    text_addc(to, '"');
    clock_iso(to, time.us);
    text_addc(to, '"');
}

static void
add_texts(struct text *to, struct texts texts)
{
    text_addc(to, '[');
    for (size_t i = 0; i < texts.n; i++) {
        if (i > 0)
            text_addc(to, ',');
        add_quoted(to, texts.at[i], strlen(texts.at[i]));
    }
    text_addc(to, ']');
}

static void
add_bytes(struct text *to, struct bytes bytes)
{
    char *s = base64_encode(to->mem, bytes.at, bytes.len);

    add_quoted(to, s, strlen(s));
    mem_free(s);
}

/* ---- Rows of a result ---------------------------------------------------- */

static void
add_text_column(struct text *to, const struct shape_slot *slot,
                const struct db_result *res, size_t row, size_t column)
{
    size_t len;
    const char *s = db_text(res, row, column, &len);

    if (slot->type == VALUE_JSON)
        text_add(to, s, len);
    else
        add_quoted(to, s, len);
}

static void
add_texts_column(struct text *to, const struct db_result *res, size_t row,
                 size_t column)
{
    void *mem = mem_context(to->mem, "texts");

    add_texts(to, db_texts(mem, res, row, column));
    mem_free(mem);
}

static void
add_column(struct text *to, const struct shape_slot *slot,
           const struct db_result *res, size_t row, size_t column)
{
    struct uuid id;

    if (db_null(res, row, column)) {
        text_add(to, "null", 4);
        return;
    }
    switch (slot->type) {
    case VALUE_INTEGER:
    case VALUE_MAYBE_INTEGER:
        text_addi(to, db_integer(res, row, column));
        break;
    case VALUE_REAL:
        add_real(to, db_real(res, row, column));
        break;
    case VALUE_BOOLEAN:
    case VALUE_MAYBE_BOOLEAN:
        add_boolean(to, db_boolean(res, row, column));
        break;
    case VALUE_UUID:
        id = db_uuid(res, row, column);
        add_uuid(to, &id);
        break;
    case VALUE_TIME:
        add_time(to, db_time(res, row, column));
        break;
    case VALUE_TEXTS:
        add_texts_column(to, res, row, column);
        break;
    case VALUE_BYTES:
        add_bytes(to, db_bytes(res, row, column));
        break;
    default:
        add_text_column(to, slot, res, row, column);
    }
}

/* The first key of an object goes without its comma. */
static void
add_key(struct text *to, const struct shape_slot *slot, size_t i)
{
    text_add(to, slot->key + (i == 0), slot->key_len - (i == 0));
}

void
shape_json_row(struct text *to, const struct shape *s,
               const struct db_result *res, size_t row, size_t column)
{
    text_addc(to, '{');
    for (size_t i = 0; i < s->n; i++) {
        const struct shape_slot *slot = &s->slot[i];
        size_t at = column + slot->column;

        add_key(to, slot, i);
        if (slot->object == NULL)
            add_column(to, slot, res, row, at);
        else if (slot->nullable && db_null(res, row, column + slot->mark))
            text_add(to, "null", 4);
        else
            shape_json_row(to, slot->object, res, row, at);
    }
    text_addc(to, '}');
}

/* ---- C values ------------------------------------------------------------ */

static bool
integer_null(const struct sql_arg *v)
{
    const struct maybe_integer *maybe = v->at;

    return v->type == VALUE_MAYBE_INTEGER && !maybe->given;
}

bool
shape_value_null(const struct sql_arg *v)
{
    switch (v->type) {
    case VALUE_TEXT:
    case VALUE_JSON:
    case VALUE_TEXTS:
    case VALUE_BYTES: /* each begins with the pointer */
        return *(const void *const *)v->at == NULL;
    case VALUE_UUID:
        return uuid_none(v->at);
    case VALUE_TIME:
        return ((const struct instant *)v->at)->us == 0;
    case VALUE_MAYBE_BOOLEAN:
        return !((const struct maybe_boolean *)v->at)->given;
    default:
        return integer_null(v);
    }
}

static void
add_text_value(struct text *to, const struct sql_arg *v)
{
    const char *s = *(const char *const *)v->at;

    if (v->type == VALUE_JSON)
        text_adds(to, s);
    else
        add_quoted(to, s, strlen(s));
}

static void
add_value(struct text *to, const struct sql_arg *v)
{
    if (shape_value_null(v)) {
        text_add(to, "null", 4);
        return;
    }
    switch (v->type) {
    case VALUE_INTEGER:
        text_addi(to, *(const int64_t *)v->at);
        break;
    case VALUE_MAYBE_INTEGER:
        text_addi(to, ((const struct maybe_integer *)v->at)->value);
        break;
    case VALUE_REAL:
        add_real(to, *(const double *)v->at);
        break;
    case VALUE_BOOLEAN:
        add_boolean(to, *(const bool *)v->at);
        break;
    case VALUE_MAYBE_BOOLEAN:
        add_boolean(to, ((const struct maybe_boolean *)v->at)->value);
        break;
    case VALUE_UUID:
        add_uuid(to, v->at);
        break;
    case VALUE_TIME:
        add_time(to, *(const struct instant *)v->at);
        break;
    case VALUE_TEXTS:
        add_texts(to, *(const struct texts *)v->at);
        break;
    case VALUE_BYTES:
        add_bytes(to, *(const struct bytes *)v->at);
        break;
    default:
        add_text_value(to, v);
    }
}

void
shape_json_values(struct text *to, const struct shape *s,
                  const struct sql_arg *values)
{
    text_addc(to, '{');
    for (size_t i = 0; i < s->n; i++) {
        const struct shape_slot *slot = &s->slot[i];
        const struct sql_arg *v = &values[slot->column];

        add_key(to, slot, i);
        if (slot->object == NULL)
            add_value(to, v);
        else if (slot->nullable && shape_value_null(&values[slot->mark]))
            text_add(to, "null", 4);
        else
            shape_json_values(to, slot->object, v);
    }
    text_addc(to, '}');
}
