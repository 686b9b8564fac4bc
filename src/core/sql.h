/*
 * sql.h - SQL written as SQL, and C values handed to it by type.
 *
 * The C type of a member is the only statement of its type: from it follow
 * how input is read, how it is bound to a statement, how an answer's column
 * is decoded, and what the OpenAPI document says.
 */
#ifndef CORE_SQL_H
#define CORE_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"

/* SQL without quotes.  It becomes one line, so no -- comments inside; the
 * blank at its end lets pieces stand side by side. */
#define SQL(...) #__VA_ARGS__ " "

/*
 * A statement that is planned anew with its values each time it runs, instead
 * of being prepared: for optional filters ($1 IS NULL OR ...), where one plan
 * for all values would walk the whole table: SQL_PLANNED SQL(SELECT ...).
 */
#define SQL_PLANNED "/*planned*/ "

enum value_type {
    VALUE_NONE,
    VALUE_INTEGER,       /* int64_t                 bigint      */
    VALUE_MAYBE_INTEGER, /* struct maybe_integer    bigint      */
    VALUE_REAL,          /* double                  float8      */
    VALUE_TEXT,          /* const char *            text        */
    VALUE_BOOLEAN,       /* bool                    boolean     */
    VALUE_MAYBE_BOOLEAN, /* struct maybe_boolean    boolean     */
    VALUE_UUID,          /* struct uuid             uuid        */
    VALUE_TIME,          /* struct instant          timestamptz */
    VALUE_TEXTS,         /* struct texts            text[]      */
    VALUE_BYTES,         /* struct bytes            bytea       */
    VALUE_JSON,          /* struct json_text        jsonb       */
    VALUE_CURSOR,        /* struct cursor           input only: bind parts */
    VALUE_CHOICE,        /* unsigned int            input only: index of the
                            word in the field's choices */
};

/* A time as base/clock has it; 0 is none and is bound as NULL. */
struct instant {
    int64_t us;
};
struct maybe_integer {
    bool given;
    int64_t value;
};
struct maybe_boolean {
    bool given;
    bool value;
};
/* at NULL: not given, bound as NULL; n 0 with at not NULL: an empty array. */
struct texts {
    const char *const *at;
    size_t n;
};
/* What a transaction is kept from seeing of others (PostgreSQL 15, chapter
 * 13.2).  Serializable where a decision rests on what was read: money, trades.
 * READ COMMITTED, which is the rest's, sees each statement's own time. */
enum db_isolation { DB_READ_COMMITTED, DB_REPEATABLE_READ, DB_SERIALIZABLE };

/* at NULL is bound as NULL. */
struct bytes {
    const uint8_t *at;
    size_t len;
};
/* JSON as text; NULL is bound as NULL. */
struct json_text {
    const char *text;
};
/*
 * Where a keyset list goes on: the sort key (an integer, or a time's
 * microseconds) and the id of the last row seen.  Clients see it as opaque
 * base64url.  Not given: the greatest of both, which comes before all rows.
 */
struct cursor {
    int64_t key;
    struct uuid id;
};

#define VALUE_TYPE(lvalue)                                                     \
    _Generic((lvalue),                                                         \
        int64_t: VALUE_INTEGER,                                                \
        struct maybe_integer: VALUE_MAYBE_INTEGER,                             \
        double: VALUE_REAL,                                                    \
        const char *: VALUE_TEXT,                                              \
        char *: VALUE_TEXT,                                                    \
        bool: VALUE_BOOLEAN,                                                   \
        struct maybe_boolean: VALUE_MAYBE_BOOLEAN,                             \
        struct uuid: VALUE_UUID,                                               \
        struct instant: VALUE_TIME,                                            \
        struct texts: VALUE_TEXTS,                                             \
        struct bytes: VALUE_BYTES,                                             \
        struct json_text: VALUE_JSON,                                          \
        struct cursor: VALUE_CURSOR,                                           \
        unsigned int: VALUE_CHOICE)

/*
 * A statement's $1, $2, ... are variables and members, taken by address.  A
 * NULL text, an all-zero uuid and a zero instant are bound as SQL's NULL.
 */
struct sql_arg {
    enum value_type type;
    const void *at;
};
#define ARG(lvalue)                                                            \
    {                                                                          \
        VALUE_TYPE(lvalue), &(lvalue)                                          \
    }
/* The same bytes taken as another type: a cursor's key as VALUE_TIME. */
#define ARG_AS(value_type, lvalue)                                             \
    {                                                                          \
        (value_type), &(lvalue)                                                \
    }
#define ARGS(...) ((const struct sql_arg[]){ __VA_ARGS__, { 0 } })
#define NO_ARGS ((const struct sql_arg[]){ { 0 } })

#endif
