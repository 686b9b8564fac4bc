/* json.c - see json.h. */
#include "core/json.h"

#include <string.h>

#include "base/utf8.h"

void
json_open(struct json_reader *r, char *text, size_t n)
{
    *r = (struct json_reader){ .at = text, .end = text + n };
}

static bool
fail(struct json_reader *r, const char *fault)
{
    if (r->fault == NULL)
        r->fault = fault;
    return false;
}

static void
blanks(struct json_reader *r)
{
    while (*r->at == ' ' || *r->at == '\n' || *r->at == '\t' || *r->at == '\r')
        r->at++;
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

enum json_kind
json_peek(struct json_reader *r)
{
    if (r->fault != NULL)
        return JSON_BAD;
    blanks(r);
    switch (*r->at) {
    case '{':
        return JSON_OBJECT;
    case '[':
        return JSON_ARRAY;
    case '"':
        return JSON_STRING;
    case 't':
    case 'f':
        return JSON_BOOLEAN;
    case 'n':
        return JSON_NULL;
    default:
        if (*r->at == '-' || is_digit(*r->at))
            return JSON_NUMBER;
        (void)fail(r, r->at == r->end ? "ends too early"
                                      : "has a value that is not JSON");
        return JSON_BAD;
    }
}

/* ---- Objects and arrays -------------------------------------------------- */

bool
json_enter(struct json_reader *r)
{
    enum json_kind kind = json_peek(r);

    if (kind != JSON_OBJECT && kind != JSON_ARRAY)
        return fail(r, "is not what was expected");
    if (++r->depth > JSON_DEPTH)
        return fail(r, "nests deeper than 32 levels");
    r->at++;
    r->fresh = true;
    return true;
}

/* Before the next member or item: true where there is one. */
static bool
goes_on(struct json_reader *r, char end)
{
    if (r->fault != NULL)
        return false;
    blanks(r);
    if (*r->at == end) {
        r->at++;
        r->depth--;
        r->fresh = false;
        return false;
    }
    if (!r->fresh) {
        if (*r->at != ',')
            return fail(r, "lacks a comma or an end");
        r->at++;
    }
    r->fresh = false;
    return true;
}

bool
json_item(struct json_reader *r)
{
    return goes_on(r, ']') && json_peek(r) != JSON_BAD;
}

static bool
colon(struct json_reader *r)
{
    blanks(r);
    if (*r->at != ':')
        return fail(r, "lacks a colon after a name");
    r->at++;
    return json_peek(r) != JSON_BAD;
}

bool
json_member(struct json_reader *r, char **ret_name, size_t *ret_len)
{
    if (!goes_on(r, '}'))
        return false;
    if (json_peek(r) != JSON_STRING)
        return fail(r, "has a name that is no string");
    return json_string(r, ret_name, ret_len) && colon(r);
}

/* ---- Strings ------------------------------------------------------------- */

/* The value of four hex digits, or -1. */
static long
hex4(const char *s)
{
    long value = 0;

    for (int i = 0; i < 4; i++) {
        char c = s[i];
        int digit = is_digit(c)              ? c - '0'
                    : (c >= 'a' && c <= 'f') ? c - 'a' + 10
                    : (c >= 'A' && c <= 'F') ? c - 'A' + 10
                                             : -1;

        if (digit < 0)
            return -1;
        value = value << 4 | digit;
    }
    return value;
}

/* \uXXXX at s, with its second half where it is a pair; the bytes taken, or
 * 0.  A lone surrogate is coded like any other and so is no UTF-8. */
static size_t
unicode_escape(const char *s, char **out)
{
    long code = hex4(s + 2);
    size_t taken = 6;

    if (code < 0)
        return 0;
    if (code >= 0xD800 && code < 0xDC00 && s[6] == '\\' && s[7] == 'u') {
        long low = hex4(s + 8);

        if (low >= 0xDC00 && low < 0xE000) {
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            taken = 12;
        }
    }
    if (*out != NULL)
        *out += utf8_put(*out, (uint32_t)code);
    return taken;
}

/* The escape at s, written to *out (NULL: only passed); bytes taken, or 0. */
static size_t
unescape(const char *s, char **out)
{
    static const char from[] = "\"\\/bfnrt";
    static const char into[] = "\"\\/\b\f\n\r\t";

    if (s[1] == 'u')
        return unicode_escape(s, out);
    const char *which = s[1] == '\0' ? NULL : strchr(from, s[1]);
    if (which == NULL)
        return 0;
    if (*out != NULL)
        *(*out)++ = into[which - from];
    return 2;
}

/* Passes a string; where `decode` says so it is decoded in its own place. */
static bool
pass_string(struct json_reader *r, bool decode, char **ret_end)
{
    char *s = r->at + 1, *out = decode ? s : NULL;

    while (*s != '"') {
        if ((unsigned char)*s < 0x20)
            return fail(r, s == r->end ? "ends within a string"
                                       : "has a control character");
        if (*s != '\\') {
            if (out != NULL)
                *out++ = *s;
            s++;
            continue;
        }
        size_t taken = unescape(s, &out);
        if (taken == 0)
            return fail(r, "has an escape that is not JSON");
        s += taken;
    }
    *ret_end = out;
    r->at = s + 1;
    return true;
}

bool
json_string(struct json_reader *r, char **ret, size_t *ret_len)
{
    char *end;

    if (json_peek(r) != JSON_STRING)
        return fail(r, "is not what was expected");
    char *start = r->at + 1;
    if (!pass_string(r, true, &end))
        return false;
    *end = '\0';
    *ret = start;
    *ret_len = (size_t)(end - start);
    return true;
}

/* ---- Numbers and words --------------------------------------------------- */

static const char *
digits(const char *s)
{
    while (is_digit(*s))
        s++;
    return s;
}

/* The end of the number at s (RFC 8259, section 6), or NULL. */
static const char *
number_end(const char *s)
{
    s += *s == '-';
    if (!is_digit(*s))
        return NULL;
    s = *s == '0' ? s + 1 : digits(s);
    if (*s == '.') {
        if (!is_digit(s[1]))
            return NULL;
        s = digits(s + 1);
    }
    if (*s == 'e' || *s == 'E') {
        s += s[1] == '+' || s[1] == '-' ? 2 : 1;
        if (!is_digit(*s))
            return NULL;
        s = digits(s);
    }
    return s;
}

bool
json_number(struct json_reader *r, const char **ret, size_t *ret_len)
{
    if (json_peek(r) != JSON_NUMBER)
        return fail(r, "is not what was expected");
    const char *end = number_end(r->at);
    if (end == NULL)
        return fail(r, "has a number that is not JSON");
    *ret = r->at;
    *ret_len = (size_t)(end - r->at);
    r->at += *ret_len;
    return true;
}

static bool
word(struct json_reader *r, const char *w)
{
    size_t len = strlen(w);

    if (strncmp(r->at, w, len) != 0)
        return fail(r, "has a value that is not JSON");
    r->at += len;
    return true;
}

bool
json_boolean(struct json_reader *r, bool *ret)
{
    if (json_peek(r) != JSON_BOOLEAN)
        return fail(r, "is not what was expected");
    *ret = *r->at == 't';
    return word(r, *ret ? "true" : "false");
}

/* ---- Whole values -------------------------------------------------------- */

static bool
skip_members(struct json_reader *r)
{
    char *end;

    if (!json_enter(r))
        return false;
    while (goes_on(r, '}')) {
        if (json_peek(r) != JSON_STRING)
            return fail(r, "has a name that is no string");
        if (!pass_string(r, false, &end) || !colon(r) || !json_skip(r))
            return false;
    }
    return r->fault == NULL;
}

static bool
skip_items(struct json_reader *r)
{
    if (!json_enter(r))
        return false;
    while (json_item(r))
        if (!json_skip(r))
            return false;
    return r->fault == NULL;
}

bool
json_skip(struct json_reader *r)
{
    const char *s;
    char *end;
    size_t n;
    bool b;

    switch (json_peek(r)) {
    case JSON_OBJECT:
        return skip_members(r);
    case JSON_ARRAY:
        return skip_items(r);
    case JSON_STRING:
        return pass_string(r, false, &end);
    case JSON_NUMBER:
        return json_number(r, &s, &n);
    case JSON_BOOLEAN:
        return json_boolean(r, &b);
    case JSON_NULL:
        return word(r, "null");
    default:
        return false;
    }
}

bool
json_close(struct json_reader *r)
{
    if (r->fault == NULL) {
        blanks(r);
        if (r->at != r->end)
            return fail(r, "has something after its end");
    }
    return r->fault == NULL;
}
