/*
 * db_result.c - PostgreSQL's answers as rows of C values.
 *
 * A result stays as libpq read it and is decoded where it is asked for, from
 * the binary forms of the types (those of their send functions); it goes with
 * the memory that it hangs on.
 */
#include "core/db_local.h"

#include <endian.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

/* pg_type.h's numbers; they never change. */
enum {
    OID_BOOL = 16,
    OID_BYTEA = 17,
    OID_CHAR = 18,
    OID_NAME = 19,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_TEXT = 25,
    OID_OID = 26,
    OID_JSON = 114,
    OID_FLOAT4 = 700,
    OID_FLOAT8 = 701,
    OID_NAME_ARRAY = 1003,
    OID_TEXT_ARRAY = 1009,
    OID_VARCHAR_ARRAY = 1015,
    OID_BPCHAR = 1042,
    OID_VARCHAR = 1043,
    OID_TIMESTAMPTZ = 1184,
    OID_VOID = 2278,
    OID_UUID = 2950,
    OID_JSONB = 3802,
    OID_FIRST_NORMAL = 16384, /* types that SQL made: enums, domains, citext */
};

struct db_result {
    PGresult *pg;
    size_t rows, columns;
    unsigned char types[]; /* enum value_type of each column */
};

/* VALUE_NONE: a type without a form in C, to be cast in the SQL. */
static enum value_type
type_of(Oid oid)
{
    switch (oid) {
    case OID_INT8:
    case OID_INT4:
    case OID_INT2:
    case OID_OID:
        return VALUE_INTEGER;
    case OID_TEXT:
    case OID_VARCHAR:
    case OID_NAME:
    case OID_BPCHAR:
    case OID_CHAR:
    case OID_VOID:
        return VALUE_TEXT;
    case OID_UUID:
        return VALUE_UUID;
    case OID_TIMESTAMPTZ:
        return VALUE_TIME;
    case OID_BOOL:
        return VALUE_BOOLEAN;
    case OID_TEXT_ARRAY:
    case OID_VARCHAR_ARRAY:
    case OID_NAME_ARRAY:
        return VALUE_TEXTS;
    case OID_JSON:
    case OID_JSONB:
        return VALUE_JSON;
    case OID_FLOAT8:
    case OID_FLOAT4:
        return VALUE_REAL;
    case OID_BYTEA:
        return VALUE_BYTES;
    default:
        /* An enum's binary form is its label. */
        return oid >= OID_FIRST_NORMAL ? VALUE_TEXT : VALUE_NONE;
    }
}

static int
result_end(struct db_result *res)
{
    PQclear(res->pg);
    return 0;
}

static struct db_result *
result_new(void *mem, PGresult *pg)
{
    int n = PQnfields(pg);
    struct db_result *res = mem_alloc(mem, sizeof *res + (size_t)n);

    res->pg = pg;
    res->rows = (size_t)PQntuples(pg);
    res->columns = (size_t)n;
    talloc_set_destructor(res, result_end);
    return res;
}

/* The types of the columns; the first that has none, or -1. */
static int
set_types(struct db_result *res)
{
    for (size_t i = 0; i < res->columns; i++) {
        enum value_type type = type_of(PQftype(res->pg, (int)i));

        if (type == VALUE_NONE)
            return (int)i;
        res->types[i] = (unsigned char)type;
    }
    return -1;
}

/* FATAL and PANIC end the connection, whatever their number. */
static bool
ends_connection(const PGresult *pg)
{
    const char *severity =
        PQresultErrorField(pg, PG_DIAG_SEVERITY_NONLOCALIZED);

    return severity != NULL &&
           (text_same(severity, "FATAL") || text_same(severity, "PANIC"));
}

static const char *
field(void *mem, const PGresult *pg, int code)
{
    const char *s = PQresultErrorField(pg, code);

    return s == NULL ? NULL : mem_strdup(mem, s);
}

static void
take_error(struct db *db, void *mem, PGresult *pg, struct db_error *e)
{
    const char *state = PQresultErrorField(pg, PG_DIAG_SQLSTATE);
    const char *message = field(mem, pg, PG_DIAG_MESSAGE_PRIMARY);

    if (message == NULL)
        message = mem_strdup(mem, PQresultErrorMessage(pg));
    if (ends_connection(pg))
        db_lost(db, mem, message, e);
    else
        db_fail(mem, e, state == NULL ? "XX000" : state, message);
    if (state != NULL)
        memcpy(e->sqlstate, state, strnlen(state, sizeof e->sqlstate - 1));
    e->constraint = field(mem, pg, PG_DIAG_CONSTRAINT_NAME);
}

struct db_result *
db_result_take(struct db *db, void *mem, PGresult *pg, struct db_error *e)
{
    ExecStatusType status = PQresultStatus(pg);
    struct db_result *res = result_new(mem, pg);

    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        take_error(db, mem, pg, e);
        return NULL;
    }
    int odd = set_types(res);

    if (odd >= 0) {
        db_fail(mem, e, "XX000",
                mem_printf(mem, "column %s: type %u has no form in C: cast it",
                           PQfname(pg, odd), PQftype(pg, odd)));
        return NULL;
    }
    return res;
}

/* ---- Of the whole -------------------------------------------------------- */

size_t
db_rows(const struct db_result *res)
{
    return res->rows;
}

size_t
db_columns(const struct db_result *res)
{
    return res->columns;
}

int64_t
db_affected(const struct db_result *res)
{
    int64_t n;

    return text_to_int(PQcmdTuples(res->pg), &n) ? n : 0;
}

const char *
db_column_name(const struct db_result *res, size_t column)
{
    return PQfname(res->pg, (int)column);
}

int
db_column(const struct db_result *res, const char *name)
{
    for (size_t i = 0; i < res->columns; i++)
        if (strcmp(PQfname(res->pg, (int)i), name) == 0)
            return (int)i;
    return -1;
}

enum value_type
db_column_type(const struct db_result *res, size_t column)
{
    if (column >= res->columns)
        BUG("column %zu of %zu", column, res->columns);
    return (enum value_type)res->types[column];
}

/* ---- Of a value ---------------------------------------------------------- */

bool
db_null(const struct db_result *res, size_t row, size_t column)
{
    if (row >= res->rows || column >= res->columns)
        BUG("row %zu of %zu, column %zu of %zu", row, res->rows, column,
            res->columns);
    return PQgetisnull(res->pg, (int)row, (int)column) != 0;
}

/* The bytes of a value of this type; NULL where it is SQL's NULL. */
static const char *
value(const struct db_result *res, size_t row, size_t column,
      enum value_type type, size_t *ret_len)
{
    if (db_null(res, row, column))
        return NULL;
    if (res->types[column] != type)
        BUG("column %s is of type %d and was read as %d",
            db_column_name(res, column), res->types[column], (int)type);
    *ret_len = (size_t)PQgetlength(res->pg, (int)row, (int)column);
    return PQgetvalue(res->pg, (int)row, (int)column);
}

static uint64_t
big_endian(const char *bytes, size_t n)
{
    uint64_t number = 0;

    for (size_t i = 0; i < n; i++)
        number = number << 8 | (unsigned char)bytes[i];
    return number;
}

static int64_t
int64_of(const char *bytes)
{
    uint64_t number;

    memcpy(&number, bytes, sizeof number);
    return (int64_t)be64toh(number);
}

int64_t
db_integer(const struct db_result *res, size_t row, size_t column)
{
    size_t n = 0;
    const char *bytes = value(res, row, column, VALUE_INTEGER, &n);

    if (bytes == NULL)
        return 0;
    if (n == sizeof(int64_t))
        return int64_of(bytes);

    uint64_t number = big_endian(bytes, n);

    if (n == sizeof(int16_t))
        return (int16_t)number;
    return PQftype(res->pg, (int)column) == OID_OID ? (int64_t)number
                                                    : (int32_t)number;
}

double
db_real(const struct db_result *res, size_t row, size_t column)
{
    size_t n = 0;
    const char *bytes = value(res, row, column, VALUE_REAL, &n);

    if (bytes == NULL)
        return 0;
    uint64_t bits = big_endian(bytes, n);

    if (n == sizeof(double)) {
        double real;

        memcpy(&real, &bits, sizeof real);
        return real;
    }
    uint32_t few = (uint32_t)bits;
    float real;

    memcpy(&real, &few, sizeof real);
    return (double)real;
}

bool
db_boolean(const struct db_result *res, size_t row, size_t column)
{
    size_t n = 0;
    const char *bytes = value(res, row, column, VALUE_BOOLEAN, &n);

    return bytes != NULL && bytes[0] != 0;
}

struct uuid
db_uuid(const struct db_result *res, size_t row, size_t column)
{
    size_t n = 0;
    struct uuid id = { 0 };
    const char *bytes = value(res, row, column, VALUE_UUID, &n);

    if (bytes != NULL)
        memcpy(&id, bytes, sizeof id);
    return id;
}

struct instant
db_time(const struct db_result *res, size_t row, size_t column)
{
    size_t n = 0;
    const char *bytes = value(res, row, column, VALUE_TIME, &n);

    return (struct instant){ bytes == NULL ? 0 : int64_of(bytes) };
}

struct bytes
db_bytes(const struct db_result *res, size_t row, size_t column)
{
    size_t n = 0;
    const char *bytes = value(res, row, column, VALUE_BYTES, &n);

    return (struct bytes){ (const uint8_t *)bytes, n };
}

/* An array or a record of SQL's making looks like an enum, but begins with a
 * number of 32 bits, and no text has a NUL. */
static const char *
checked(const struct db_result *res, size_t column, const char *s, size_t n)
{
    if (n > 0 && s[0] == '\0')
        BUG("column %s: type %u is no text: cast it",
            db_column_name(res, column), PQftype(res->pg, (int)column));
    return s;
}

const char *
db_text(const struct db_result *res, size_t row, size_t column, size_t *ret_len)
{
    enum value_type type = db_column_type(res, column);
    size_t n = 0;
    const char *s = value(res, row, column,
                          type == VALUE_JSON ? VALUE_JSON : VALUE_TEXT, &n);

    if (s != NULL && type == VALUE_TEXT)
        s = checked(res, column, s, n);
    if (s != NULL && PQftype(res->pg, (int)column) == OID_JSONB) {
        s++; /* the format's version */
        n--;
    }
    if (ret_len != NULL)
        *ret_len = n;
    return s;
}

struct texts
db_texts(void *mem, const struct db_result *res, size_t row, size_t column)
{
    size_t len = 0;
    const char *p = value(res, row, column, VALUE_TEXTS, &len);

    if (p == NULL)
        return (struct texts){ 0 };

    /* No dimension: empty.  The texts with their NULs fit where the lengths
     * of four bytes stood. */
    size_t n = big_endian(p, 4) == 0 ? 0 : big_endian(p + 12, 4);
    const char **list = mem_alloc(mem, mem_size(n + 1, sizeof *list) + len);
    char *to = (char *)(list + n + 1);

    p += 20;
    for (size_t i = 0; i < n; i++) {
        int32_t size = (int32_t)big_endian(p, 4);
        size_t bytes = size < 0 ? 0 : (size_t)size;

        list[i] = size < 0 ? NULL : memcpy(to, p + 4, bytes);
        to[bytes] = '\0';
        to += bytes + 1;
        p += 4 + bytes;
    }
    list[n] = NULL;
    return (struct texts){ list, n };
}
