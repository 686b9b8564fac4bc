/* unicode.c - see unicode.h. */
#include "base/unicode.h"

#include <string.h>
#include <unictype.h>
#include <unigbrk.h>

#include "base/text.h"
#include "base/utf8.h"

enum { BACK = 40 }; /* code points to a blank */

bool
unicode_seen(uint32_t code)
{
    static const uint32_t drawn_as_nothing[] = { 0x2800, 0xFFFC, 0x1D159 };
    static const uint32_t unseen = UC_CATEGORY_MASK_Z | UC_CATEGORY_MASK_Cc |
                                   UC_CATEGORY_MASK_Cf | UC_CATEGORY_MASK_Mn |
                                   UC_CATEGORY_MASK_Me;

    for (size_t i = 0; i < sizeof drawn_as_nothing / sizeof(uint32_t); i++)
        if (code == drawn_as_nothing[i])
            return false;
    return !uc_is_general_category_withtable(code, unseen) &&
           !uc_is_property_default_ignorable_code_point(code) &&
           !uc_is_property_not_a_character(code);
}

bool
unicode_visible(const char *s)
{
    const char *end = s + strlen(s);

    while (s < end)
        if (unicode_seen(utf8_next(&s, end)))
            return true;
    return false;
}

static bool
is_blank(const char *s, const char *end)
{
    return uc_is_property_white_space(utf8_next(&s, end));
}

static const char *
before(const char *s, const char *p)
{
    do
        p--;
    while (p > s && ((unsigned char)*p & 0xC0) == 0x80);
    return p;
}

enum { JOINER = 0x200D, FLAG = 0x1F1E6, FLAG_END = 0x1F1FF };

static bool
is_flag(uint32_t code)
{
    return code >= FLAG && code <= FLAG_END;
}

/* What of the code points so far the rules for more than a pair want. */
struct cluster {
    uint32_t last;
    size_t letters; /* of flags, just before */
    bool picture;   /* and what extends it, just before */
};

static void
cluster_add(struct cluster *c, uint32_t code)
{
    c->letters = is_flag(code) ? c->letters + 1 : 0;
    if (uc_is_property_extended_pictographic(code))
        c->picture = true;
    else if (code != JOINER &&
             uc_graphemeclusterbreak_property(code) != GBP_EXTEND)
        c->picture = false;
    c->last = code;
}

/*
 * Whether a cluster ends before a code point.  libunistring looks at a pair
 * alone; flags are two letters each (GB12), and a joiner between pictures
 * holds them together (GB11).
 */
static bool
cluster_ends(const struct cluster *c, uint32_t code)
{
    if (is_flag(c->last) && is_flag(code))
        return c->letters % 2 == 0;
    if (c->last == JOINER && c->picture &&
        uc_is_property_extended_pictographic(code))
        return false;
    return uc_is_grapheme_break(c->last, code);
}

/* The last end of a cluster that is not behind `most`; `most` if none is. */
static const char *
cluster_end(const char *s, const char *most, const char *end)
{
    const char *p = s, *last = s;
    struct cluster c = { .letters = 0 };

    cluster_add(&c, utf8_next(&p, end));
    while (p <= most && p < end) {
        const char *at = p;
        uint32_t code = utf8_next(&p, end);

        if (cluster_ends(&c, code))
            last = at;
        cluster_add(&c, code);
    }
    return last == s ? most : last;
}

/* The last blank at p or among the 40 before it; p if there is none. */
static const char *
word_end(const char *s, const char *p, const char *end)
{
    const char *at = p;

    for (int i = 0; i <= BACK && at > s; i++, at = before(s, at))
        if (is_blank(at, end))
            return at;
    return p;
}

char *
unicode_cut(const void *mem, const char *s, size_t most)
{
    size_t len = strlen(s), room = utf8_prefix(s, len, most);
    const char *end = s + len, *cut;
    struct text t;

    text_init(&t, mem, room + 4);
    if (room == len || most == 0) {
        text_add(&t, s, room);
        return t.at;
    }
    cut = cluster_end(s, s + utf8_prefix(s, len, most - 1), end);
    cut = word_end(s, cut, end);
    while (cut > s && is_blank(before(s, cut), end))
        cut = before(s, cut);
    text_add(&t, s, (size_t)(cut - s));
    text_adds(&t, "\xE2\x80\xA6");
    return t.at;
}
