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

/*
 * Whether a cluster ends between two code points.  libunistring looks at the
 * pair alone; flags are two letters each (GB12), of which `letters` came just
 * before, and a joiner holds pictures together (GB11).
 */
static bool
ends_cluster(uint32_t a, uint32_t b, size_t letters)
{
    if (is_flag(a) && is_flag(b))
        return letters % 2 == 0;
    if (a == JOINER && uc_is_general_category_withtable(b, UC_CATEGORY_MASK_So))
        return false;
    return uc_is_grapheme_break(a, b);
}

/* The last end of a cluster that is not behind `most`; `most` if none is. */
static const char *
cluster_end(const char *s, const char *most, const char *end)
{
    const char *p = s, *last = s;
    uint32_t before = utf8_next(&p, end);
    size_t letters = is_flag(before);

    while (p <= most && p < end) {
        const char *at = p;
        uint32_t code = utf8_next(&p, end);

        if (ends_cluster(before, code, letters))
            last = at;
        letters = is_flag(code) ? letters + 1 : 0;
        before = code;
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
