/* plain.c - the text alone, and whether there is anything to see. */
#include <string.h>

#include "base/unicode.h"
#include "base/utf8.h"
#include "markup/markup_local.h"

static bool
shows_something(const char *s, const char *end)
{
    while (s < end)
        if (unicode_seen(utf8_next(&s, end)))
            return true;
    return false;
}

static bool
is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

void
plain_gap(struct rendering *r)
{
    r->gap = true;
}

void
plain_add(struct rendering *r, const char *s, size_t n)
{
    const char *end = s + n;

    r->visible = r->visible || shows_something(s, end);
    while (s < end) {
        const char *run = s;

        while (s < end && !is_blank(*s))
            s++;
        if (s > run) {
            if (r->gap && r->plain.len > 0)
                text_addc(&r->plain, ' ');
            r->gap = false;
            text_add(&r->plain, run, (size_t)(s - run));
        }
        for (; s < end && is_blank(*s); s++)
            r->gap = true;
    }
}
