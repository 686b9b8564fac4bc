/* language.c - see language.h. */
#include "base/language.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

enum { SUBTAG = 8, SUBTAGS = (LANGUAGE_MAX + 1) / 2 };

struct subtag {
    const char *at;
    size_t len;
    bool letters, digits; /* nothing but these */
};

/* A tag in pieces, of which the first `next` have been read. */
struct tag {
    struct subtag at[SUBTAGS];
    size_t n, next;
};

/* Tags from before the grammar (RFC 5646, 2.2.8) that it would refuse. */
static const char *const irregular[] = {
    "en-GB-oed", "i-ami", "i-bnn",     "i-default", "i-enochian", "i-hak",
    "i-klingon", "i-lux", "i-mingo",   "i-navajo",  "i-pwn",      "i-tao",
    "i-tay",     "i-tsu", "sgn-BE-FR", "sgn-BE-NL", "sgn-CH-DE",
};

static const char *
irregular_tag(const char *tag)
{
    for (size_t i = 0; i < sizeof irregular / sizeof *irregular; i++)
        if (strcasecmp(irregular[i], tag) == 0)
            return irregular[i];
    return NULL;
}

/* ---- Pieces -------------------------------------------------------------- */

static const char letter[] = "abcdefghijklmnopqrstuvwxyz"
                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
static const char digit[] = "0123456789";
static const char both[] = "abcdefghijklmnopqrstuvwxyz"
                           "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

static bool
split(struct tag *tag, const char *s)
{
    for (tag->n = 0;;) {
        size_t len = strspn(s, both);

        if (len == 0 || len > SUBTAG || tag->n == SUBTAGS)
            return false;
        tag->at[tag->n++] = (struct subtag){ s, len, strspn(s, letter) >= len,
                                             strspn(s, digit) >= len };
        s += len;
        if (*s == '\0')
            return true;
        if (*s++ != '-')
            return false;
    }
}

static const struct subtag *
next_of(const struct tag *tag)
{
    static const struct subtag none;

    return tag->next < tag->n ? &tag->at[tag->next] : &none;
}

static bool
same(const struct subtag *a, const struct subtag *b)
{
    return a->len == b->len && strncasecmp(a->at, b->at, a->len) == 0;
}

/* ---- The grammar --------------------------------------------------------- */

static bool
take_letters(struct tag *tag, size_t least, size_t most)
{
    const struct subtag *s = next_of(tag);
    bool taken = s->letters && s->len >= least && s->len <= most;

    tag->next += taken;
    return taken;
}

static bool
take_language(struct tag *tag)
{
    size_t len = next_of(tag)->len;

    if (!take_letters(tag, 2, SUBTAG))
        return false;
    for (int i = 0; len <= 3 && i < 3 && take_letters(tag, 3, 3); i++)
        ;
    return true;
}

static void
take_region(struct tag *tag)
{
    const struct subtag *s = next_of(tag);

    if (!take_letters(tag, 2, 2) && s->digits && s->len == 3)
        tag->next++;
}

static bool
is_variant(const struct subtag *s)
{
    return s->len >= 5 || (s->len == 4 && strchr(digit, s->at[0]) != NULL);
}

static bool
take_variants(struct tag *tag)
{
    size_t first = tag->next;

    for (; is_variant(next_of(tag)); tag->next++)
        for (size_t i = first; i < tag->next; i++)
            if (same(&tag->at[i], next_of(tag)))
                return false;
    return true;
}

static bool
is_private(const struct subtag *s)
{
    return s->len == 1 && (s->at[0] == 'x' || s->at[0] == 'X');
}

static bool
take_extensions(struct tag *tag)
{
    size_t first = tag->next;

    while (next_of(tag)->len == 1 && !is_private(next_of(tag))) {
        for (size_t i = first; i < tag->next; i++)
            if (same(&tag->at[i], next_of(tag)))
                return false;
        tag->next++;
        if (next_of(tag)->len < 2)
            return false;
        while (next_of(tag)->len >= 2)
            tag->next++;
    }
    return true;
}

/* All that follows x is private; there must be something. */
static bool
take_private(struct tag *tag)
{
    if (!is_private(next_of(tag)))
        return true;
    if (tag->next + 1 == tag->n)
        return false;
    tag->next = tag->n;
    return true;
}

bool
language_valid(const char *s)
{
    struct tag tag = { .next = 0 };

    if (irregular_tag(s) != NULL)
        return true;
    if (strlen(s) > LANGUAGE_MAX || !split(&tag, s))
        return false;
    if (is_private(next_of(&tag)))
        return take_private(&tag);
    if (!take_language(&tag))
        return false;
    (void)take_letters(&tag, 4, 4); /* a script */
    take_region(&tag);
    return take_variants(&tag) && take_extensions(&tag) && take_private(&tag) &&
           tag.next == tag.n;
}

/* ---- Case ---------------------------------------------------------------- */

/* Of the subtag from p on; neither the first nor after a single letter. */
static void
set_case(char *p, size_t len)
{
    if (len == 2)
        p[1] = (char)toupper((unsigned char)p[1]);
    if (len == 2 || len == 4)
        p[0] = (char)toupper((unsigned char)p[0]);
}

const char *
language_kept(const void *mem, const char *tag)
{
    const char *known = irregular_tag(tag);
    char *kept = mem_strdup(mem, known != NULL ? known : tag);
    bool single = false;

    for (char *p = kept; known == NULL && *p != '\0'; p += *p == '-') {
        size_t len = strcspn(p, "-");

        for (size_t i = 0; i < len; i++)
            p[i] = (char)tolower((unsigned char)p[i]);
        single = single || len == 1;
        if (p > kept && !single)
            set_case(p, len);
        p += len;
    }
    return kept;
}
