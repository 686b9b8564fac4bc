/* markup.c - parses Markdown and puts the parts of its rendering together. */
#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm.h>
#include <string.h>

#include "base/escape.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/unicode.h"
#include "base/utf8.h"
#include "markup/markup_local.h"

static void
parser_end(cmark_parser **parser)
{
    cmark_parser_free(*parser);
}

static void
document_end(cmark_node **document)
{
    if (*document != NULL)
        cmark_node_free(*document);
}

static void
attach(cmark_parser *parser, const char *name)
{
    cmark_syntax_extension *extension = cmark_find_syntax_extension(name);

    if (extension == NULL)
        BUG("cmark-gfm has no extension %s", name);
    (void)cmark_parser_attach_syntax_extension(parser, extension);
}

static cmark_node *
parse(const char *markdown, size_t len, struct guard may)
{
    cmark_gfm_core_extensions_ensure_registered();
    cmark_parser *parser __attribute__((cleanup(parser_end))) =
        cmark_parser_new(CMARK_OPT_VALIDATE_UTF8 | CMARK_OPT_FOOTNOTES);

    attach(parser, "strikethrough");
    attach(parser, "tasklist");
    if (may.tables)
        attach(parser, "table");
    if (may.autolinks)
        attach(parser, "autolink");
    cmark_parser_feed(parser, markdown, len);
    return cmark_parser_finish(parser);
}

/* By chance: one page may show the same text twice, and each has its notes.
 * "n", six letters, "-". */
static void
name_ids(struct rendering *r)
{
    r->own[0] = 'n';
    for (size_t i = 1; i < 7; i++)
        r->own[i] = (char)('a' + random_below(26));
    r->own[7] = '-';
}

static void
begin(struct rendering *r, struct markup *out, const void *mem, size_t len)
{
    *out = (struct markup){ .html = "" };
    *r = (struct rendering){ .out = out, .mem = mem, .most = 20 * len + 4096 };
    text_init(&r->html, mem, len + len / 4 + 256);
    text_init(&r->plain, mem, len + 1);
}

static bool
add_document(struct rendering *r, const char *markdown, size_t len)
{
    struct guard may = guard_source(markdown, len);

    if (!may.parse)
        return false;
    cmark_node *document __attribute__((cleanup(document_end))) =
        parse(protect_names(r->mem, markdown, len), len, may);
    cmark_consolidate_text_nodes(document);
    bare_links(r->mem, document);
    return html_add(r, document);
}

/* Adds the source with U+FFFD for NUL and what is not UTF-8, as cmark does. */
static void
add_clean(struct text *to, const char *s, size_t n)
{
    const char *end = s + n;
    char code[4];

    while (s < end) {
        uint32_t next = utf8_next(&s, end);

        text_add(to, code, utf8_put(code, next == 0 ? 0xFFFD : next));
    }
}

/* The source as it is. */
static void
add_source(struct rendering *r, const char *markdown, size_t len)
{
    struct text clean;

    text_init(&clean, r->mem, len + 1);
    add_clean(&clean, markdown, len);
    text_adds(&r->html, "<pre dir=\"auto\">");
    escape_html(&r->html, clean.at, clean.len);
    text_adds(&r->html, "</pre>\n");
    plain_add(r, clean.at, clean.len);
}

void
markup_render(struct markup *out, const void *mem, const char *markdown,
              size_t len)
{
    struct rendering r;

    begin(&r, out, mem, len);
    name_ids(&r);
    if (!add_document(&r, markdown, len)) {
        begin(&r, out, mem, len);
        add_source(&r, markdown, len);
    }
    if (r.visible)
        out->html = r.html.at;
    r.html.at[r.html.len] = '\0';
    out->plain = r.plain.at;
    out->excerpt = unicode_cut(mem, out->plain, MARKUP_EXCERPT);
}
