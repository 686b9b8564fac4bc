/* text.c - see text.h. */
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"

void
text_init(struct text *t, const void *mem, size_t room)
{
    *t = (struct text){ .mem = mem, .room = room < 16 ? 16 : room };
    t->at = mem_alloc(mem, t->room);
    t->at[0] = '\0';
}

struct text *
text_new(const void *mem)
{
    struct text *t = mem_new(mem, struct text);

    text_init(t, t, 256);
    return t;
}

/* Off the way of the many calls that find room. */
static __attribute__((noinline)) void
grow(struct text *t, size_t n)
{
    size_t need;

    if (__builtin_add_overflow(t->len, n + 1, &need))
        die("a text of more than %zu bytes", t->len);
    t->room = need > t->room * 2 ? need : t->room * 2;
    t->at = mem_grow(t->mem, t->at, t->room);
}

char *
text_room(struct text *t, size_t n)
{
    if (n >= t->room - t->len)
        grow(t, n);
    return t->at + t->len;
}

void
text_add(struct text *t, const char *bytes, size_t n)
{
    char *end = text_room(t, n);

    memcpy(end, bytes, n);
    end[n] = '\0';
    t->len += n;
}

void
text_adds(struct text *t, const char *s)
{
    text_add(t, s, strlen(s));
}

void
text_addc(struct text *t, char c)
{
    char *end = text_room(t, 1);

    end[0] = c;
    end[1] = '\0';
    t->len++;
}

void
text_addi(struct text *t, int64_t number)
{
    char digits[24];
    char *p = digits + sizeof digits;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

    do {
        *--p = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (number < 0)
        *--p = '-';
    text_add(t, p, (size_t)(digits + sizeof digits - p));
}

void
text_addf(struct text *t, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int need = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (need < 0)
        BUG("a format that cannot be printed: %s", format);
    char *end = text_room(t, (size_t)need);
    va_start(args, format);
    (void)vsnprintf(end, (size_t)need + 1, format, args);
    va_end(args);
    t->len += (size_t)need;
}

void
text_clear(struct text *t)
{
    t->len = 0;
    t->at[0] = '\0';
}

bool
text_to_int(const char *s, int64_t *ret_number)
{
    char *end;

    if (s == NULL || !((*s >= '0' && *s <= '9') || *s == '-'))
        return false;
    errno = 0;
    long long n = strtoll(s, &end, 10);
    if (errno != 0 || *end != '\0' || end == s)
        return false;
    *ret_number = n;
    return true;
}

bool
text_starts(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool
text_same(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return strcmp(a, b) == 0;
}

int
text_index(const char *const *list, const char *s)
{
    for (int i = 0; list[i] != NULL; i++)
        if (strcmp(list[i], s) == 0)
            return i;
    return -1;
}

char *
text_trim(const void *mem, const char *s)
{
    static const char blank[] = " \t\r\n\v\f";
    size_t n;

    s += strspn(s, blank);
    for (n = strlen(s); n > 0 && strchr(blank, s[n - 1]) != NULL; n--)
        ;
    return mem_strndup(mem, s, n);
}

char *
text_unquoted(const void *mem, const char *s)
{
    size_t n = strlen(s);

    if (n < 2 || (s[0] != '"' && s[0] != '\'') ||
        strchr(s + 1, s[0]) != s + n - 1)
        return mem_strdup(mem, s);
    return mem_strndup(mem, s + 1, n - 2);
}

char *
text_mended(const void *mem, const char *s)
{
    const char *end = s + strlen(s);
    struct text t;

    text_init(&t, mem, strlen(s) + 1);
    while (s < end) {
        char bytes[4];
        uint32_t code = utf8_next(&s, end);

        if (code == '\t' || code == '\n' || code == '\r')
            code = ' ';
        else if (code < ' ' || (code >= 0x7F && code < 0xA0))
            code = 0xFFFD;
        size_t n = utf8_put(bytes, code);
        text_add(&t, bytes, n);
    }
    return t.at;
}

static unsigned int
least(unsigned int a, unsigned int b, unsigned int c)
{
    unsigned int ab = a < b ? a : b;

    return ab < c ? ab : c;
}

unsigned int
text_distance(const char *a, const char *b)
{
    enum { MOST = 64 };
    unsigned int row[MOST], corner, old;
    size_t n = strnlen(b, MOST);

    if (n == MOST || strnlen(a, MOST) == MOST)
        return MOST;
    for (size_t j = 0; j <= n; j++)
        row[j] = (unsigned int)j;
    for (size_t i = 0; a[i] != '\0'; i++) {
        corner = row[0]++;
        for (size_t j = 0; j < n; j++) {
            old = row[j + 1];
            row[j + 1] = least(old + 1, row[j] + 1, corner + (a[i] != b[j]));
            corner = old;
        }
    }
    return row[n];
}

bool
text_secret_same(const char *a, const char *b)
{
    size_t n = strlen(a);
    unsigned char difference = 0;

    if (strlen(b) != n)
        return false;
    for (size_t i = 0; i < n; i++)
        difference |=
            (unsigned char)((unsigned char)a[i] ^ (unsigned char)b[i]);
    return difference == 0;
}
