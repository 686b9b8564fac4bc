/* escape.c - see escape.h. */
#include "base/escape.h"

#include <string.h>

#include "base/utf8.h"

static const char hex_digits[] = "0123456789ABCDEF";

/* Bytes that JSON text can hold as they are. */
static bool
json_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7F && c != '"' && c != '\\' && c != '<' &&
           c != '>' && c != '&';
}

#define EIGHT(byte) (UINT64_C(0x0101010101010101) * (byte))

/* The high bit of the bytes, all below 0x80, of a word that are zero. */
static uint64_t
zeros(uint64_t word)
{
    return ~(word + EIGHT(0x7F)) & EIGHT(0x80);
}

/* Whether all eight bytes are: most of a text is, so it goes by words. */
static bool
json_plain_eight(const char *s)
{
    uint64_t word;

    memcpy(&word, s, sizeof word);
    if ((word & EIGHT(0x80)) != 0)
        return false;
    return (zeros(word & EIGHT(0x60)) | zeros(word ^ EIGHT('"')) |
            zeros(word ^ EIGHT('\\')) | zeros(word ^ EIGHT('&')) |
            zeros((word & EIGHT(0x7D)) ^ EIGHT('<')) |
            zeros(word ^ EIGHT(0x7F))) == 0;
}

static const char *
json_run(const char *s, const char *end)
{
    while (end - s >= 8 && json_plain_eight(s))
        s += 8;
    while (s < end && json_plain((unsigned char)*s))
        s++;
    return s;
}

static void
json_code(struct text *to, uint32_t code)
{
    static const char from[] = "\b\t\n\f\r\"\\";
    static const char into[] = "btnfr\"\\";
    const char *short_form =
        code < 0x80 && code != 0 ? strchr(from, (int)code) : NULL;
    char out[6] = { '\\' };

    if (short_form != NULL) {
        out[1] = into[short_form - from];
        text_add(to, out, 2);
        return;
    }
    if (code >= 0x80 && code != 0x2028 && code != 0x2029) {
        text_add(to, out, utf8_put(out, code));
        return;
    }
    out[1] = 'u';
    for (int i = 0; i < 4; i++)
        out[2 + i] = hex_digits[code >> (12 - 4 * i) & 15];
    text_add(to, out, 6);
}

void
escape_json(struct text *to, const char *s, size_t n)
{
    const char *end = s + n;

    while (s < end) {
        const char *run = json_run(s, end);

        text_add(to, s, (size_t)(run - s));
        s = run;
        if (s < end)
            json_code(to, utf8_next(&s, end));
    }
}

static const char *
html_reference(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void
escape_html(struct text *to, const char *s, size_t n)
{
    size_t run = 0;

    for (size_t i = 0; i < n; i++) {
        const char *reference = html_reference(s[i]);

        if (reference == NULL)
            continue;
        text_add(to, s + run, i - run);
        text_adds(to, reference);
        run = i + 1;
    }
    text_add(to, s + run, n - run);
}

static bool
url_unreserved(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
           c == '~';
}

void
escape_url(struct text *to, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        char coded[3] = { '%', hex_digits[c >> 4], hex_digits[c & 15] };

        if (url_unreserved(c))
            text_addc(to, s[i]);
        else
            text_add(to, coded, 3);
    }
}

static int
hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte that %XX at s stands for; -1 where it does not, or is NUL. */
static int
coded_byte(const char *s, size_t n)
{
    int high = n < 3 ? -1 : hex_value(s[1]);
    int low = high < 0 ? -1 : hex_value(s[2]);

    return low < 0 || (high == 0 && low == 0) ? -1 : high << 4 | low;
}

long
unescape_url(char *out, const char *s, size_t n, bool form)
{
    long len = 0;

    for (size_t i = 0; i < n; i++) {
        int c = (unsigned char)s[i];

        if (c == '%') {
            c = coded_byte(s + i, n - i);
            i += 2;
        } else if (c == '+' && form) {
            c = ' ';
        }
        if (c <= 0)
            return -1;
        out[len++] = (char)c;
    }
    out[len] = '\0';
    return len;
}
