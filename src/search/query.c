/* query.c - see query.h. */
#include "search/query.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/utf8.h"

struct reader {
    struct search_query *to;
    const void *mem;
    const char *at, *end;
    size_t terms;
    bool negated, other; /* of the next word: - or OR stands before it */
};

/* ---- Characters ---------------------------------------------------------- */

static bool
among(uint32_t code, const uint32_t *list)
{
    while (*list != 0 && *list != code)
        list++;
    return *list != 0;
}

static bool
is_blank(uint32_t code)
{
    return code <= ' ' || code == 0xA0 || code == 0x1680 ||
           (code >= 0x2000 && code <= 0x200A) || code == 0x2028 ||
           code == 0x2029 || code == 0x202F || code == 0x205F || code == 0x3000;
}

static bool
is_quote(uint32_t code)
{
    static const uint32_t quotes[] = { '"',    0xAB,   0xBB,   0x201C, 0x201D,
                                       0x201E, 0x201F, 0xFF02, 0 };

    return among(code, quotes);
}

/* Hyphens and dashes, as telephones put them for -. */
static bool
is_minus(uint32_t code)
{
    static const uint32_t dashes[] = { '-',    0x2010, 0x2011, 0x2012, 0x2013,
                                       0x2014, 0x2212, 0xFF0D, 0 };

    return among(code, dashes);
}

static bool
ends_word(uint32_t code)
{
    return is_blank(code) || is_quote(code);
}

/* Moves past the characters of one kind, or up to the first of it. */
static void
skip(struct reader *r, bool (*kind)(uint32_t code), bool to_first)
{
    while (r->at < r->end) {
        const char *next = r->at;

        if (kind(utf8_next(&next, r->end)) == to_first)
            return;
        r->at = next;
    }
}

static bool
at(const struct reader *r, bool (*kind)(uint32_t code))
{
    const char *next = r->at;

    return r->at < r->end && kind(utf8_next(&next, r->end));
}

/* ---- Terms --------------------------------------------------------------- */

static void
add(const struct reader *r, struct texts *list, const char *text)
{
    const char **room = (const char **)list->at;

    if (list->n == 0)
        room = mem_array(r->mem, const char *, SEARCH_TERMS);
    room[list->n++] = text;
    list->at = room;
}

static void
add_word(struct reader *r, const char *text, size_t n, char kind)
{
    char marks[4] = "";
    size_t len = 0;

    if (n == 0)
        return;
    if (r->other)
        marks[len++] = '|';
    if (r->negated)
        marks[len++] = '-';
    if (kind != '\0')
        marks[len++] = kind;
    add(r, &r->to->words, mem_strndup(r->mem, text, n));
    add(r, &r->to->marks, mem_strndup(r->mem, marks, len));
    r->other = false;
    r->terms++;
}

static bool
is_or(const char *word, size_t n)
{
    return (n == 2 && strncasecmp(word, "or", 2) == 0) ||
           (n == 1 && *word == '|');
}

static const struct {
    const char *name;
    char sign; /* may stand before the value */
} filters[SEARCH_FILTERS] = {
    [SEARCH_TAG] = { .name = "tag:", .sign = '#' },
    [SEARCH_FROM] = { .name = "from:", .sign = '@' },
    [SEARCH_IN] = { .name = "in:" },
};

static char *
lower(const void *mem, const char *s, size_t n)
{
    char *copy = mem_strndup(mem, s, n);

    for (char *c = copy; *c != '\0'; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    return copy;
}

static bool
add_filter(struct reader *r, const char *word, size_t n)
{
    for (size_t i = 0; i < SEARCH_FILTERS; i++) {
        size_t len = strlen(filters[i].name);

        if (n <= len || strncasecmp(word, filters[i].name, len) != 0)
            continue;
        if (word[len] == filters[i].sign && filters[i].sign != '\0')
            len++;
        if (n == len)
            return false;
        add(r, r->negated ? &r->to->without[i] : &r->to->with[i],
            lower(r->mem, word + len, n - len));
        r->to->filtered |= !r->negated;
        r->terms++;
        return true;
    }
    return false;
}

/* A word without blanks: an operator, a filter, a beginning, or just that. */
static void
add_plain(struct reader *r, const char *word, size_t n)
{
    size_t stars = 0;

    if (!r->negated && is_or(word, n)) {
        r->other = r->to->words.n > 0;
        return;
    }
    if (add_filter(r, word, n))
        return;
    while (stars < n && word[n - stars - 1] == '*')
        stars++;
    n -= stars;
    add_word(r, word, n,
             stars > 0 && utf8_count(word, n) >= SEARCH_PREFIX ? '*' : '\0');
}

static void
read_phrase(struct reader *r)
{
    (void)utf8_next(&r->at, r->end);
    const char *start = r->at;
    skip(r, is_quote, true);
    add_word(r, start, (size_t)(r->at - start), '"');
    if (r->at < r->end)
        (void)utf8_next(&r->at, r->end);
}

void
search_query_read(struct search_query *ret, const void *mem, const char *q)
{
    static const char *const none[1];
    struct reader r = { .to = ret, .mem = mem, .at = q, .end = q + strlen(q) };

    *ret = (struct search_query){ .words = { none, 0 }, .marks = { none, 0 } };
    while (r.terms < SEARCH_TERMS) {
        skip(&r, is_blank, false);
        r.negated = at(&r, is_minus);
        skip(&r, is_minus, false);
        if (r.at == r.end)
            return;
        const char *start = r.at;
        if (at(&r, is_quote)) {
            read_phrase(&r);
            continue;
        }
        skip(&r, ends_word, true);
        if (r.at > start)
            add_plain(&r, start, (size_t)(r.at - start));
    }
}
