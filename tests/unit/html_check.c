/* html_check.c - see html_check.h. */
#include "html_check.h"

#include <ctype.h>
#include <stdbool.h>
#include <strings.h>

#include "base/utf8.h"

enum { DEEPEST = 200, WORD = 32, VALUE = 32768 };

/* Elements with their attributes, a blank around each. */
static const struct {
    const char *name, *attributes;
    bool empty;
} elements[] = {
    { "a", " href title rel class data-youtube data-start dir id aria-label ",
      false },
    { "blockquote", " dir ", false },
    { "br", "", true },
    { "code", " class dir ", false },
    { "del", "", false },
    { "em", "", false },
    { "h2", " dir ", false },
    { "h3", " dir ", false },
    { "h4", " dir ", false },
    { "h5", " dir ", false },
    { "h6", " dir ", false },
    { "hr", "", true },
    { "img", " src alt title loading ", true },
    { "input", " type disabled checked ", true },
    { "li", " id ", false },
    { "ol", " start dir ", false },
    { "p", " dir ", false },
    { "pre", " dir ", false },
    { "section", " class dir ", false },
    { "strong", "", false },
    { "sup", "", false },
    { "table", " dir ", false },
    { "tbody", "", false },
    { "td", " align ", false },
    { "th", " align ", false },
    { "thead", "", false },
    { "tr", "", false },
    { "ul", " dir ", false },
};
enum { ELEMENTS = sizeof elements / sizeof *elements };

struct check {
    const char *p;
    size_t open[DEEPEST], depth;
    bool in_link, rel, outside;
};

/* A word of lower-case letters, digits and hyphens; false where it is none. */
static bool
word(struct check *c, char out[WORD])
{
    size_t n = 0;

    while ((islower((unsigned char)*c->p) || isdigit((unsigned char)*c->p) ||
            *c->p == '-') &&
           n < WORD - 1)
        out[n++] = *c->p++;
    out[n] = '\0';
    return n > 0;
}

/* Reads a character of text or a value: plain, or one of five references. */
static int
character(struct check *c)
{
    static const struct {
        const char *reference;
        char is;
    } known[] = { { "&amp;", '&' },
                  { "&lt;", '<' },
                  { "&gt;", '>' },
                  { "&quot;", '"' },
                  { "&#39;", '\'' } };

    if (strchr("<>\"'", *c->p) != NULL)
        return -1;
    if (*c->p != '&')
        return (unsigned char)*c->p++;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        size_t n = strlen(known[i].reference);

        if (strncmp(c->p, known[i].reference, n) == 0) {
            c->p += n;
            return known[i].is;
        }
    }
    return -1;
}

static bool
starts(const char *s, const char *with)
{
    return strncasecmp(s, with, strlen(with)) == 0;
}

/* As a browser would read it: no controls, no blanks, no backslashes. */
static const char *
address(struct check *c, const char *url, bool image)
{
    for (const char *p = url; *p != '\0'; p++)
        if ((unsigned char)*p <= ' ' || strchr("\\\"<>`\x7F", *p) != NULL)
            return "a strange character in an address";
    if (url[0] == '/' && url[1] != '/')
        return NULL;
    if (starts(url, "https://") && strchr("/?#:@", url[8]) == NULL)
        c->outside = true;
    else if (!image && starts(url, "http://") &&
             strchr("/?#:@", url[7]) == NULL)
        c->outside = true;
    else if (image || (url[0] != '#' && !starts(url, "mailto:")))
        return "an address that may not be";
    return NULL;
}

/* nabcdef-1 of a note; nabcdef-r1 and nabcdef-r1-2 of its references. */
static bool
note_id(const char *id)
{
    if (id[0] != 'n' || strspn(id + 1, "abcdefghijklmnopqrstuvwxyz") != 6 ||
        id[7] != '-')
        return false;
    id += 8 + (id[8] == 'r');
    return isdigit((unsigned char)*id) && id[strspn(id, "0123456789-")] == '\0';
}

static const char *
attribute_value(struct check *c, const char *name, const char *value)
{
    if (strcmp(name, "href") == 0)
        return address(c, value, false);
    if (strcmp(name, "src") == 0)
        return address(c, value, true);
    if (strcmp(name, "rel") == 0) {
        c->rel = strcmp(value, "nofollow ugc noopener") == 0;
        return c->rel ? NULL : "another rel";
    }
    if (strcmp(name, "loading") == 0 && strcmp(value, "lazy") != 0)
        return "another loading";
    if (strcmp(name, "type") == 0 && strcmp(value, "checkbox") != 0)
        return "another type";
    if (strcmp(name, "id") == 0 && !note_id(value))
        return "an id of another's";
    if (strcmp(name, "aria-label") == 0 && !starts(value, "Footnote ") &&
        !starts(value, "Back to reference "))
        return "another name";
    if (strcmp(name, "data-youtube") == 0 && strlen(value) != 11)
        return "another video";
    return NULL;
}

static const char *
attribute(struct check *c, size_t element)
{
    char name[WORD], padded[WORD + 2];
    static char value[VALUE];
    size_t n = 0;

    if (!word(c, name))
        return "no attribute after a blank";
    (void)snprintf(padded, sizeof padded, " %s ", name);
    if (strstr(elements[element].attributes, padded) == NULL)
        return "an attribute that may not be";
    if (*c->p != '=')
        return strcmp(name, "checked") == 0 || strcmp(name, "disabled") == 0
                   ? NULL
                   : "an attribute without a value";
    if (*++c->p != '"')
        return "a value without quotes";
    for (c->p++; *c->p != '"';) {
        int next = *c->p == '\0' ? -1 : character(c);

        if (next < 0)
            return "a value that is not escaped";
        if (n < VALUE - 1)
            value[n++] = (char)next;
    }
    c->p++;
    value[n] = '\0';
    return attribute_value(c, name, value);
}

static size_t
find(const char *name)
{
    size_t i = 0;

    while (i < ELEMENTS && strcmp(elements[i].name, name) != 0)
        i++;
    return i;
}

static const char *
start_tag(struct check *c)
{
    char name[WORD];
    size_t element;
    const char *wrong = NULL;

    if (!word(c, name) || (element = find(name)) == ELEMENTS)
        return "an element that may not be";
    c->rel = c->outside = false;
    while (wrong == NULL && *c->p == ' ') {
        c->p++;
        wrong = attribute(c, element);
    }
    if (wrong != NULL)
        return wrong;
    if (*c->p++ != '>')
        return "a tag that does not end";
    if (name[0] == 'a' && (c->in_link || c->rel != c->outside))
        return "a link in a link, or with the wrong rel";
    c->in_link = c->in_link || strcmp(name, "a") == 0;
    if (elements[element].empty)
        return NULL;
    if (c->depth == DEEPEST)
        return "too deep";
    c->open[c->depth++] = element;
    return NULL;
}

static const char *
end_tag(struct check *c)
{
    char name[WORD];

    if (!word(c, name) || *c->p++ != '>')
        return "an end tag that does not end";
    if (c->depth == 0 || find(name) != c->open[--c->depth])
        return "an end tag of something else";
    if (strcmp(name, "a") == 0)
        c->in_link = false;
    return NULL;
}

static const char *
next_thing(struct check *c)
{
    if (*c->p == '<' && c->p[1] == '/') {
        c->p += 2;
        return end_tag(c);
    }
    if (*c->p == '<') {
        c->p++;
        return start_tag(c);
    }
    return character(c) < 0 ? "text that is not escaped" : NULL;
}

const char *
html_check(const char *html, const char **ret_at)
{
    struct check c = { .p = html };
    const char *wrong = NULL;

    while (wrong == NULL && *c.p != '\0') {
        *ret_at = c.p;
        wrong = next_thing(&c);
    }
    if (wrong == NULL && c.depth > 0)
        wrong = "an element that does not end";
    if (wrong == NULL && !utf8_valid(html, strlen(html)))
        wrong = "not UTF-8";
    return wrong;
}
