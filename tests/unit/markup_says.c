/* markup_says.c - what markup makes of a text, for its unit tests. */
#include "markup_says.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "tests/unit/context.h"

struct markup
render(const char *markdown)
{
    struct markup out;

    markup_render(&out, mem, markdown, strlen(markdown));
    return out;
}

bool
same(const char *markdown, const char *is, const char *should)
{
    if (strcmp(is, should) == 0)
        return true;
    printf("\n  of       %s\n  expected %s\n  rendered %s\n", markdown, should,
           is);
    return false;
}

const char *
undirected(const char *html)
{
    static const char dir[] = " dir=\"";
    struct text *out = text_new(mem);

    for (const char *p; (p = strstr(html, dir)) != NULL;) {
        text_add(out, html, (size_t)(p - html));
        html = strchr(p + sizeof dir - 1, '"') + 1;
    }
    text_adds(out, html);
    return out->at;
}
