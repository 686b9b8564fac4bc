/* utf8.c - see utf8.h. */
#include "base/utf8.h"

static const uint32_t bad = 0xFFFD;

/* The bytes that follow a first byte, or -1 where it cannot be a first. */
static int
followers(unsigned char first)
{
    if (first < 0x80)
        return 0;
    if (first < 0xC2)
        return -1;
    if (first < 0xE0)
        return 1;
    if (first < 0xF0)
        return 2;
    return first < 0xF5 ? 3 : -1;
}

static bool
is_scalar(uint32_t code, int more)
{
    static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };

    return code >= least[more] && code <= 0x10FFFF &&
           (code < 0xD800 || code > 0xDFFF);
}

uint32_t
utf8_next(const char **s, const char *end)
{
    static const unsigned char lead_bits[] = { 0x7F, 0x1F, 0x0F, 0x07 };
    const unsigned char *p = (const unsigned char *)*s;
    int more = followers(*p);

    ++*s;
    if (more < 0 || end - *s < more)
        return bad;
    uint32_t code = *p & lead_bits[more];
    for (int i = 1; i <= more; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return bad;
        code = code << 6 | (p[i] & 0x3Fu);
    }
    if (!is_scalar(code, more))
        return bad;
    *s += more;
    return code;
}

/* U+FFFD itself is well-formed; it takes three bytes, a fault takes one. */
static bool
is_fault(uint32_t code, const char *from, const char *to)
{
    return code == bad && to - from == 1;
}

bool
utf8_valid(const char *s, size_t n)
{
    const char *end = s + n;

    while (s < end) {
        const char *from = s;
        uint32_t code = utf8_next(&s, end);

        if (is_fault(code, from, s))
            return false;
    }
    return true;
}

static bool
is_control(uint32_t code, bool lines)
{
    if (code == '\t' || code == '\n' || code == '\r')
        return !lines;
    return code < 0x20 || (code >= 0x7F && code < 0xA0);
}

bool
utf8_clean(const char *s, size_t n, bool lines)
{
    const char *end = s + n;

    while (s < end) {
        const char *from = s;
        uint32_t code = utf8_next(&s, end);

        if (is_fault(code, from, s) || is_control(code, lines))
            return false;
    }
    return true;
}

size_t
utf8_count(const char *s, size_t n)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        count += ((unsigned char)s[i] & 0xC0) != 0x80;
    return count;
}

size_t
utf8_put(char out[4], uint32_t code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = { 0, 0, 0xC0, 0xE0, 0xF0 };
    for (size_t i = n - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code & 0x3F));
        code >>= 6;
    }
    out[0] = (char)(lead[n] | code);
    return n;
}

size_t
utf8_prefix(const char *s, size_t n, size_t most)
{
    const char *end = s + n, *p = s;

    for (; most > 0 && p < end; most--)
        (void)utf8_next(&p, end);
    return (size_t)(p - s);
}
