/*
 * db_bind.c - C values as PostgreSQL's binary parameters.
 *
 * The formats are those of the types' send and receive functions: numbers in
 * network order, a timestamptz as microseconds since 2000 (base/clock's own
 * form), jsonb as a version byte and text.
 */
#include "core/db_local.h"

#include <endian.h>
#include <limits.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

#define ONES_8 1, 1, 1, 1, 1, 1, 1, 1
const int db_binary[DB_MOST_ARGS] = { ONES_8, ONES_8, ONES_8, ONES_8,
                                      ONES_8, ONES_8, ONES_8, ONES_8 };

/* value NULL: SQL's NULL */
static void
set(struct bound *b, Oid type, const void *value, size_t len)
{
    if (len > INT_MAX)
        BUG("a parameter of %zu bytes", len);
    b->types[b->n] = type;
    b->values[b->n] = value;
    b->lengths[b->n] = (int)len;
}

static void
set_number(struct bound *b, Oid type, uint64_t bits, bool given)
{
    uint64_t *at = &b->scratch[b->n];

    *at = htobe64(bits);
    set(b, type, given ? at : NULL, sizeof *at);
}

/* ---- One function a type: `at` is where the value stands ---------------- */

static void
bind_integer(struct bound *b, void *mem, const void *at)
{
    (void)mem;
    set_number(b, OID_INT8, (uint64_t) * (const int64_t *)at, true);
}

static void
bind_maybe_integer(struct bound *b, void *mem, const void *at)
{
    const struct maybe_integer *maybe = at;

    (void)mem;
    set_number(b, OID_INT8, (uint64_t)maybe->value, maybe->given);
}

static void
bind_real(struct bound *b, void *mem, const void *at)
{
    uint64_t bits;

    (void)mem;
    memcpy(&bits, at, sizeof bits);
    set_number(b, OID_FLOAT8, bits, true);
}

static void
bind_text(struct bound *b, void *mem, const void *at)
{
    const char *s = *(const char *const *)at;

    (void)mem;
    set(b, OID_TEXT, s, s == NULL ? 0 : strlen(s));
}

/* A bool is one byte, 0 or 1, on both sides. */
static void
bind_boolean(struct bound *b, void *mem, const void *at)
{
    (void)mem;
    set(b, OID_BOOL, at, 1);
}

static void
bind_maybe_boolean(struct bound *b, void *mem, const void *at)
{
    const struct maybe_boolean *maybe = at;

    (void)mem;
    set(b, OID_BOOL, maybe->given ? &maybe->value : NULL, 1);
}

static void
bind_uuid(struct bound *b, void *mem, const void *at)
{
    (void)mem;
    set(b, OID_UUID, uuid_none(at) ? NULL : at, sizeof(struct uuid));
}

/* PostgreSQL refuses times outside of 4714 BC to AD 294276, and a cursor may
 * hold any number: what is beyond is infinitely far. */
static void
bind_time(struct bound *b, void *mem, const void *at)
{
    int64_t us = ((const struct instant *)at)->us;

    (void)mem;
    if (us < INT64_C(-211813488000000000))
        us = INT64_MIN;
    else if (us >= INT64_C(9223371331200000000))
        us = INT64_MAX;
    set_number(b, OID_TIMESTAMPTZ, (uint64_t)us, us != 0);
}

static void
bind_bytes(struct bound *b, void *mem, const void *at)
{
    const struct bytes *bytes = at;

    (void)mem;
    set(b, OID_BYTEA, bytes->at, bytes->len);
}

static void
bind_json(struct bound *b, void *mem, const void *at)
{
    const char *s = ((const struct json_text *)at)->text;

    if (s == NULL) {
        set(b, OID_JSONB, NULL, 0);
        return;
    }
    size_t n = strlen(s);
    char *value = mem_alloc(mem, n + 1);

    value[0] = 1; /* the format's version */
    memcpy(value + 1, s, n);
    set(b, OID_JSONB, value, n + 1);
}

static char *
put_int32(char *at, size_t number)
{
    uint32_t bits = htobe32((uint32_t)number);

    memcpy(at, &bits, sizeof bits);
    return at + sizeof bits;
}

static char *
put_item(char *at, const char *s)
{
    size_t n = strlen(s);

    at = put_int32(at, n);
    memcpy(at, s, n);
    return at + n;
}

/* Dimensions, whether there are nulls, the items' type; for the dimension its
 * length and lowest index; each item's length and bytes. */
static void
bind_texts(struct bound *b, void *mem, const void *from)
{
    const struct texts *list = from;
    size_t len = 20;

    if (list->at == NULL) {
        set(b, OID_TEXT_ARRAY, NULL, 0);
        return;
    }
    for (size_t i = 0; i < list->n; i++)
        len += 4 + strlen(list->at[i]);

    char *value = mem_alloc(mem, len);
    char *at = put_int32(value, list->n > 0);

    at = put_int32(at, 0);
    at = put_int32(at, OID_TEXT);
    if (list->n > 0) {
        at = put_int32(at, list->n);
        at = put_int32(at, 1);
    }
    for (size_t i = 0; i < list->n; i++)
        at = put_item(at, list->at[i]);
    set(b, OID_TEXT_ARRAY, value, (size_t)(at - value));
}

static void (*const binders[])(struct bound *b, void *mem, const void *at) = {
    [VALUE_INTEGER] = bind_integer, [VALUE_MAYBE_INTEGER] = bind_maybe_integer,
    [VALUE_REAL] = bind_real,       [VALUE_TEXT] = bind_text,
    [VALUE_BOOLEAN] = bind_boolean, [VALUE_MAYBE_BOOLEAN] = bind_maybe_boolean,
    [VALUE_UUID] = bind_uuid,       [VALUE_TIME] = bind_time,
    [VALUE_TEXTS] = bind_texts,     [VALUE_BYTES] = bind_bytes,
    [VALUE_JSON] = bind_json,       [VALUE_CHOICE] = NULL,
};

void
db_bind(struct bound *b, void *mem, const struct sql_arg *args)
{
    for (b->n = 0; args[b->n].type != VALUE_NONE; b->n++) {
        const struct sql_arg *arg = &args[b->n];

        if (b->n == DB_MOST_ARGS)
            BUG("a statement with more than %d parameters", DB_MOST_ARGS);
        if (binders[arg->type] == NULL)
            BUG("$%d: a value of type %d cannot be bound", b->n + 1,
                (int)arg->type);
        binders[arg->type](b, mem, arg->at);
    }
}
