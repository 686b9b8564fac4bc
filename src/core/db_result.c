/*
 * db_result.c - PostgreSQL's answers: rows, or what went wrong.
 *
 * A result stays as libpq read it, hangs on the memory that the caller gave,
 * and goes with it.  Its values are read in db_value.c.
 */
#include "core/db_local.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

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
    /* Without a state it is libpq's own word: the server has hung up. */
    if (state == NULL || ends_connection(pg))
        db_lost(db, mem, message, e);
    else
        db_fail(mem, e, state, message);
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
