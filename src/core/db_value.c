/*
 * db_value.c - the values of a row, from the binary forms of their types (what
 * their send functions make).
 */
#include "core/db_local.h"

#include <endian.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

static void
check_place(const struct db_result *res, size_t row, size_t column)
{
    if (row >= res->rows || column >= res->columns)
        BUG("row %zu of %zu, column %zu of %zu", row, res->rows, column,
            res->columns);
}

bool
db_null(const struct db_result *res, size_t row, size_t column)
{
    check_place(res, row, column);
    return PQgetisnull(res->pg, (int)row, (int)column) != 0;
}

/* The bytes of a value of this type; NULL where it is SQL's NULL. */
static const char *
value(const struct db_result *res, size_t row, size_t column,
      enum value_type type, size_t *ret_len)
{
    check_place(res, row, column);
    if (res->types[column] != type &&
        !PQgetisnull(res->pg, (int)row, (int)column))
        BUG("column %s is of type %d and was read as %d",
            db_column_name(res, column), res->types[column], (int)type);
    *ret_len = (size_t)PQgetlength(res->pg, (int)row, (int)column);
    if (*ret_len == 0 && PQgetisnull(res->pg, (int)row, (int)column))
        return NULL;
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
