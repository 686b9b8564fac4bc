/*
 * words.c - running text: names of people and tags in it become links.
 *
 * A name begins where no word is under way, so that addresses and fragments
 * of URLs (a@b, x#y, /#z) hold none.
 */
#include <string.h>

#include "base/escape.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "markup/markup_local.h"

enum { NAME_LEAST = 3, NAME_MOST = 30, TAG_MOST = 50 };

static bool
is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_name(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9') || c == '_';
}

/* Of what is not ASCII only alphabets count, since Chinese and Japanese put no
 * blanks between. */
bool
words_goes_on(const char *p, const char *end)
{
    if (p >= end || (unsigned char)*p < 0x80)
        return p < end && is_name(*p);
    uint32_t code = utf8_next(&p, end);
    return code >= 0xC0 && code < 0x2000 && code != 0xD7 && code != 0xF7;
}

/* Whether a word or an address is under way before p. */
static bool
comes_from_word(const char *s, const char *p)
{
    const char *before = p;

    if (p == s)
        return false;
    do
        before--;
    while (before > s && ((unsigned char)*before & 0xC0) == 0x80);
    return words_goes_on(before, p) || strchr("@#&/", *before) != NULL;
}

/* The length of the name at s, or 0 where it is none. */
static size_t
name_length(const char *s, const char *end)
{
    size_t n = 0;

    while (s + n < end && is_name(s[n]))
        n++;
    if (n < NAME_LEAST || n > NAME_MOST || words_goes_on(s + n, end) ||
        (s + n < end && s[n] == '@'))
        return 0;
    return n;
}

static size_t
tag_length(const char *s, const char *end)
{
    size_t n = 0;
    bool letter = false;

    for (; s + n < end && ((is_name(s[n]) && s[n] != '_') || s[n] == '-'); n++)
        letter = letter || is_letter(s[n]);
    if (words_goes_on(s + n, end))
        return 0;
    while (n > 0 && s[n - 1] == '-')
        n--;
    return !letter || n > TAG_MOST || s[0] == '-' ? 0 : n;
}

/* ---- Links and reports --------------------------------------------------- */

static char *
lower(const void *mem, const char *s, size_t n)
{
    char *copy = mem_strndup(mem, s, n);

    for (char *p = copy; *p != '\0'; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
    return copy;
}

static void
report(const char **list, size_t *count, size_t most, const char *name)
{
    for (size_t i = 0; i < *count; i++)
        if (strcmp(list[i], name) == 0)
            return;
    if (*count < most)
        list[(*count)++] = name;
}

static void
add_link(struct rendering *r, const char *opening, const char *name,
         const char *shown, size_t n)
{
    html_text(r, opening);
    html_text(r, name);
    html_text(r, "\" dir=\"ltr\">");
    text_add(&r->html, shown, n);
    html_text(r, "</a>");
}

static void
add_tag(struct rendering *r, const char *p, size_t n)
{
    const char *name = lower(r->mem, p + 1, n - 1);

    add_link(r, "<a class=\"hashtag\" href=\"" MARKUP_TAG_PATH, name, p, n);
    report(r->out->tags, &r->out->n_tags, MARKUP_TAGS, name);
}

static void
add_mention(struct rendering *r, const char *p, size_t n)
{
    struct markup *out = r->out;
    const char *name = lower(r->mem, p + 1, n - 1);

    add_link(r, "<a class=\"mention\" href=\"" MARKUP_USER_PATH, name, p, n);
    report(out->mentions, &out->n_mentions, MARKUP_MENTIONS, name);
}

/* ---- The search ---------------------------------------------------------- */

size_t
words_name(const char *s, const char *p, const char *end)
{
    if (comes_from_word(s, p))
        return 0;
    size_t n = *p == '#' ? tag_length(p + 1, end) : name_length(p + 1, end);
    return n == 0 ? 0 : n + 1;
}

void
words_add(struct rendering *r, const char *s, size_t n)
{
    const char *end = s + n, *from = s, *p = s;

    plain_add(r, s, n);
    while (r->links == 0 && r->alts == 0) {
        p += strcspn(p, "@#");
        if (p >= end)
            break;
        size_t taken = words_name(s, p, end);
        if (taken == 0) {
            p++;
            continue;
        }
        escape_html(&r->html, from, (size_t)(p - from));
        if (*p == '#')
            add_tag(r, p, taken);
        else
            add_mention(r, p, taken);
        from = p += taken;
    }
    escape_html(&r->html, from, (size_t)(end - from));
}
