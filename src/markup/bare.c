/*
 * bare.c - where bare links end, for those who write without blanks.
 *
 * The parser ends one at a blank.  In Chinese and Japanese it is a full-width
 * bracket, stop or blank; what stands behind is text, or the next link.
 */
#include <cmark-gfm.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "markup/markup_local.h"

/* Stops, brackets, quotes and blanks beyond ASCII: General Punctuation (but
 * for the joiners and hyphens), CJK Symbols, Full-width Forms. */
static const struct {
    uint32_t from, to;
} enders[] = {
    { 0x00A0, 0x00A0 }, { 0x00AB, 0x00AB }, { 0x00BB, 0x00BB },
    { 0x2000, 0x200A }, { 0x2018, 0x201F }, { 0x2026, 0x202F },
    { 0x2039, 0x203A }, { 0x205F, 0x205F }, { 0x3000, 0x3002 },
    { 0x3008, 0x3011 }, { 0x3014, 0x301F }, { 0xFE10, 0xFE19 },
    { 0xFE30, 0xFE44 }, { 0xFE47, 0xFE52 }, { 0xFE59, 0xFE5E },
    { 0xFF01, 0xFF02 }, { 0xFF07, 0xFF09 }, { 0xFF0C, 0xFF0C },
    { 0xFF0E, 0xFF0E }, { 0xFF1A, 0xFF1C }, { 0xFF1E, 0xFF1F },
    { 0xFF3B, 0xFF3B }, { 0xFF3D, 0xFF3D }, { 0xFF5B, 0xFF5B },
    { 0xFF5D, 0xFF5D }, { 0xFF5F, 0xFF65 },
};

static bool
is_ender(uint32_t code)
{
    for (size_t i = 0; i < sizeof enders / sizeof *enders; i++)
        if (code >= enders[i].from && code <= enders[i].to)
            return true;
    return false;
}

/* The bytes of an address before what ends it. */
static size_t
address_length(const char *s, const char *end)
{
    const char *p = s;

    while (p < end) {
        const char *before = p;

        if (is_ender(utf8_next(&p, end)))
            return (size_t)(before - s);
    }
    return (size_t)(end - s);
}

/* The text of a link that shows nothing but its address, else NULL. */
static cmark_node *
bare_text(cmark_node *link)
{
    cmark_node *text = cmark_node_first_child(link);

    if (text == NULL || cmark_node_get_type(text) != CMARK_NODE_TEXT ||
        cmark_node_next(text) != NULL)
        return NULL;
    const char *url = cmark_node_get_url(link);
    const char *shown = cmark_node_get_literal(text);
    size_t all = strlen(url), n = strlen(shown);

    return n > 0 && all >= n && strcmp(url + all - n, shown) == 0 ? text : NULL;
}

static cmark_node *
insert_text(const void *mem, cmark_node *after, const char *s, size_t n)
{
    if (n == 0)
        return after;
    cmark_node *text = cmark_node_new(CMARK_NODE_TEXT);

    (void)cmark_node_set_literal(text, mem_strndup(mem, s, n));
    (void)cmark_node_insert_after(after, text);
    return text;
}

static cmark_node *
insert_link(const void *mem, cmark_node *after, const char *s, size_t n)
{
    cmark_node *link = cmark_node_new(CMARK_NODE_LINK);
    cmark_node *text = cmark_node_new(CMARK_NODE_TEXT);
    const char *url = mem_strndup(mem, s, n);

    (void)cmark_node_set_literal(text, url);
    (void)cmark_node_set_url(link, url);
    (void)cmark_node_append_child(link, text);
    (void)cmark_node_insert_after(after, link);
    return link;
}

static const char *
next_address(const char *s)
{
    const char *p = s;

    while ((p = strstr(p, "http")) != NULL && strncmp(p, "http://", 7) != 0 &&
           strncmp(p, "https://", 8) != 0)
        p += 4;
    return p == NULL ? s + strlen(s) : p;
}

/* What stands behind the first address: text, and further addresses. */
static void
insert_rest(const void *mem, cmark_node *link, const char *rest)
{
    while (*rest != '\0') {
        const char *next = next_address(rest);
        size_t n = address_length(next, next + strlen(next));

        link = insert_text(mem, link, rest, (size_t)(next - rest));
        if (n > 0)
            link = insert_link(mem, link, next, n);
        rest = next + n;
    }
}

static void
cut_link(const void *mem, cmark_node *link)
{
    cmark_node *text = bare_text(link);

    if (text == NULL)
        return;
    const char *shown = cmark_node_get_literal(text);
    size_t n = strlen(shown), kept = address_length(shown, shown + n);

    if (kept == n || kept == 0)
        return;
    const char *url = cmark_node_get_url(link);
    const char *rest = mem_strndup(mem, shown + kept, n - kept);
    (void)cmark_node_set_literal(text, mem_strndup(mem, shown, kept));
    (void)cmark_node_set_url(link,
                             mem_strndup(mem, url, strlen(url) - (n - kept)));
    insert_rest(mem, link, rest);
}

static void
iterator_end(cmark_iter **iterator)
{
    cmark_iter_free(*iterator);
}

void
bare_links(const void *mem, cmark_node *document)
{
    cmark_iter *iterator __attribute__((cleanup(iterator_end))) =
        cmark_iter_new(document);
    cmark_event_type event;

    while ((event = cmark_iter_next(iterator)) != CMARK_EVENT_DONE)
        if (event == CMARK_EVENT_EXIT &&
            cmark_node_get_type(cmark_iter_get_node(iterator)) ==
                CMARK_NODE_LINK)
            cut_link(mem, cmark_iter_get_node(iterator));
}
