/* cursor.c - see cursor.h. */
#include "core/cursor.h"

#include <string.h>

#include "base/clock.h"
#include "base/encode.h"

enum { CURSOR_BYTES = 24 };

void
cursor_write(const struct cursor *c, char out[CURSOR_TEXT])
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "abcdefghijklmnopqrstuvwxyz0123456789-_";
    uint8_t bytes[CURSOR_BYTES];

    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)((uint64_t)c->key >> (56 - 8 * i));
    memcpy(bytes + 8, c->id.octet, sizeof c->id.octet);
    for (size_t i = 0; i < CURSOR_BYTES; i += 3) {
        unsigned n = (unsigned)bytes[i] << 16 | (unsigned)bytes[i + 1] << 8 |
                     bytes[i + 2];

        for (int j = 0; j < 4; j++)
            *out++ = alphabet[n >> (18 - 6 * j) & 63];
    }
    *out = '\0';
}

bool
cursor_read(const char *s, struct cursor *ret)
{
    uint8_t bytes[CURSOR_BYTES];
    uint64_t key = 0;
    struct cursor c;

    if (base64url_decode(s, bytes, sizeof bytes) != CURSOR_BYTES)
        return false;
    for (int i = 0; i < 8; i++)
        key = key << 8 | bytes[i];
    c.key = (int64_t)key;
    memcpy(c.id.octet, bytes + 8, sizeof c.id.octet);
    if (uuid_none(&c.id))
        return false;
    *ret = c;
    return true;
}

/* ---- Times --------------------------------------------------------------- */

/* n digits at *s, which is moved past them; -1 where they are not. */
static int
digits(const char **s, int n)
{
    int value = 0;

    for (int i = 0; i < n; i++) {
        if (**s < '0' || **s > '9')
            return -1;
        value = value * 10 + *(*s)++ - '0';
    }
    return value;
}

static bool
skip(const char **s, const char *any_of)
{
    if (**s == '\0' || strchr(any_of, **s) == NULL)
        return false;
    ++*s;
    return true;
}

/* Days from 1970-01-01 of a day of the Gregorian calendar: years are taken
 * from March on, so that the leap day comes last. */
static int64_t
days_of(int year, int month, int day)
{
    int64_t y = month > 2 ? year : year - 1;
    int64_t era = y / 400, of_era = y % 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year -
           719468;
}

static bool
read_date(const char **s, int64_t *ret_days)
{
    static const int lengths[] = { 31, 28, 31, 30, 31, 30,
                                   31, 31, 30, 31, 30, 31 };
    int year = digits(s, 4);
    int month = year < 1 || !skip(s, "-") ? -1 : digits(s, 2);
    int day = month < 1 || month > 12 || !skip(s, "-") ? -1 : digits(s, 2);
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    if (day < 1 || day > lengths[month - 1] + (month == 2 && leap))
        return false;
    *ret_days = days_of(year, month, day);
    return true;
}

static bool
read_clock(const char **s, int64_t *ret_us)
{
    int hour = digits(s, 2);
    int minute = hour < 0 || !skip(s, ":") ? -1 : digits(s, 2);
    int second = minute < 0 || !skip(s, ":") ? -1 : digits(s, 2);
    int64_t unit = CLOCK_SECOND / 10, fraction = 0;

    if (second < 0 || hour > 23 || minute > 59 || second > 60)
        return false;
    if (skip(s, ".")) {
        int digit = digits(s, 1);

        if (digit < 0)
            return false;
        for (; digit >= 0; digit = **s < '0' || **s > '9' ? -1 : digits(s, 1)) {
            fraction += digit * unit;
            unit /= 10;
        }
    }
    *ret_us = hour * CLOCK_HOUR + minute * CLOCK_MINUTE +
              second * CLOCK_SECOND + fraction;
    return true;
}

static bool
read_offset(const char **s, int64_t *ret_us)
{
    if (skip(s, "Zz")) {
        *ret_us = 0;
        return true;
    }
    bool west = **s == '-';
    int hours = !skip(s, "+-") ? -1 : digits(s, 2);
    int minutes = hours < 0 || !skip(s, ":") ? -1 : digits(s, 2);
    if (minutes < 0 || hours > 23 || minutes > 59)
        return false;
    *ret_us = (hours * CLOCK_HOUR + minutes * CLOCK_MINUTE) * (west ? -1 : 1);
    return true;
}

bool
time_read(const char *s, struct instant *ret)
{
    int64_t days, of_day, offset;

    if (!read_date(&s, &days) || !skip(&s, "Tt ") || !read_clock(&s, &of_day) ||
        !read_offset(&s, &offset) || *s != '\0')
        return false;
    int64_t us = days * CLOCK_DAY + of_day - offset - CLOCK_UNIX_OFFSET;
    ret->us = us == 0 ? 1 : us; /* 0 is none */
    return true;
}
