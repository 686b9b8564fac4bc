/*
 * protect.c - names before emphasis: what the parser must not take for a mark.
 *
 * The _ of @_name_ would be emphasis.  So each is a byte of its own while the
 * parser has the source, and becomes _ again in all that comes out: text,
 * code, addresses.  The byte is a control character that no text may have.
 */
#include <string.h>

#include "base/mem.h"
#include "markup/markup_local.h"

enum { STAND_IN = 0x1F };

/* The source as it is read: whether a _ may be open that would be emphasis. */
struct source {
    char *s, *end;
    bool open;
};

static size_t
run(const char *p, const char *end)
{
    size_t n = 0;

    while (p + n < end && p[n] == '_')
        n++;
    return n;
}

/* The name after the @ at p, whose own _ are protected; where it ends. */
static char *
protect_name(struct source *in, char *p)
{
    size_t n = words_name(in->s, p, in->end), most = n;

    /* _to @bob_ is emphasis of what a _ before began. */
    while (in->open && most > 2 && p[most - 1] == '_')
        most--;
    if (n > 0 && most < n)
        in->open = false;
    for (size_t i = 0; i < most; i++)
        if (p[i] == '_')
            p[i] = STAND_IN;
    return p + (n == 0 ? 1 : n);
}

static bool
is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Signs that are no name's: may they open emphasis, or close it? */
static char *
pass_signs(struct source *in, char *p)
{
    char *after = p + run(p, in->end);
    bool word = p > in->s && words_goes_on(p - 1, p);

    if (after < in->end && !is_blank(*after) && !word)
        in->open = true;
    else if (p > in->s && !is_blank(p[-1]))
        in->open = false;
    return after;
}

static char *
pass(struct source *in, char *p)
{
    switch (*p) {
    case '@':
        return protect_name(in, p);
    case '_':
        return pass_signs(in, p);
    case '\n':
        if (p + 1 < in->end && p[1] == '\n') /* emphasis ends with its block */
            in->open = false;
        return p + 1;
    case STAND_IN:
        *p = ' ';
        return p + 1;
    default:
        return p + 1;
    }
}

const char *
protect_names(const void *mem, const char *markdown, size_t len)
{
    struct source in = { .s = mem_strndup(mem, markdown, len) };

    in.end = in.s + len;
    for (char *p = in.s; p < in.end;)
        p = pass(&in, p);
    return in.s;
}

const char *
unprotected(const struct rendering *r, const char *s)
{
    if (s == NULL || strchr(s, STAND_IN) == NULL)
        return s;
    char *copy = mem_strdup(r->mem, s);

    for (char *p = copy; (p = strchr(p, STAND_IN)) != NULL; p++)
        *p = '_';
    return copy;
}
