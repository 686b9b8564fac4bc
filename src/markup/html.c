/*
 * html.c - walks a parsed document and writes the HTML that may be.
 *
 * A node that is not known here writes nothing, so elements and attributes
 * are those that stand in this file.  Extensions of cmark-gfm have no numbers
 * of their own, but names.
 */
#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm.h>
#include <string.h>

#include "base/escape.h"
#include "markup/markup_local.h"

/* ---- Pieces -------------------------------------------------------------- */

static void
add(struct rendering *r, const char *s)
{
    text_adds(&r->html, s);
}

static void
begin_line(struct rendering *r)
{
    if (r->html.len > 0 && r->html.at[r->html.len - 1] != '\n')
        text_addc(&r->html, '\n');
}

static void
add_tag(struct rendering *r, bool enter, const char *name)
{
    add(r, enter ? "<" : "</");
    add(r, name);
    add(r, ">");
}

/* A block: a line of its own, and a gap in the plain text. */
static void
add_block(struct rendering *r, bool enter, const char *name)
{
    if (enter)
        begin_line(r);
    add_tag(r, enter, name);
    if (!enter)
        add(r, "\n");
    plain_gap(r);
}

/* Text that is not searched for names. */
static void
add_quiet(struct rendering *r, const char *s, size_t n)
{
    escape_html(&r->html, s, n);
    plain_add(r, s, n);
}

static bool
has_name(cmark_node *node, const char *name)
{
    return strcmp(cmark_node_get_type_string(node), name) == 0;
}

/* ---- Blocks -------------------------------------------------------------- */

/* Quotes and lists in one another are written to a depth only. */
static void
add_nested(struct rendering *r, bool enter, const char *name)
{
    r->blocks += enter;
    if (r->blocks <= MARKUP_DEPTH)
        add_block(r, enter, name);
    else
        begin_line(r);
    r->blocks -= !enter;
}

static void
add_list(struct rendering *r, bool enter, cmark_node *node)
{
    int start = cmark_node_get_list_start(node);

    if (cmark_node_get_list_type(node) == CMARK_BULLET_LIST) {
        add_nested(r, enter, "ul");
        return;
    }
    add_nested(r, enter, "ol");
    if (enter && start != 1 && r->blocks <= MARKUP_DEPTH) {
        r->html.len--;
        text_addf(&r->html, " start=\"%d\">", start);
    }
    if (enter && r->blocks <= MARKUP_DEPTH)
        add(r, "\n");
}

static void
add_item(struct rendering *r, bool enter, cmark_node *node)
{
    if (r->blocks <= MARKUP_DEPTH)
        add_block(r, enter, "li");
    plain_gap(r);
    if (enter && has_name(node, "tasklist"))
        add(r, cmark_gfm_extensions_get_tasklist_item_checked(node)
                   ? "<input type=\"checkbox\" disabled checked> "
                   : "<input type=\"checkbox\" disabled> ");
}

/* In a tight list paragraphs are not marked as such. */
static void
add_paragraph(struct rendering *r, bool enter, cmark_node *node)
{
    cmark_node *item = cmark_node_parent(node);

    if (cmark_node_get_type(item) == CMARK_NODE_ITEM &&
        cmark_node_get_list_tight(cmark_node_parent(item)))
        plain_gap(r);
    else
        add_block(r, enter, "p");
}

static void
add_heading(struct rendering *r, bool enter, cmark_node *node)
{
    int level = cmark_node_get_heading_level(node);
    const char name[] = { 'h', (char)('1' + (level > 5 ? 5 : level)), '\0' };

    add_block(r, enter, name);
}

/* The first word of what follows the fence, where it looks like a language. */
static void
add_language(struct rendering *r, const char *info)
{
    size_t n = strspn(info, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVW"
                            "XYZ0123456789_+#.-");

    if (n == 0 || n > 32 || (info[n] != '\0' && info[n] != ' '))
        return;
    add(r, " class=\"language-");
    escape_html(&r->html, info, n);
    add(r, "\"");
}

static void
add_code_block(struct rendering *r, cmark_node *node)
{
    const char *code = cmark_node_get_literal(node);

    begin_line(r);
    plain_gap(r);
    add(r, "<pre><code");
    add_language(r, cmark_node_get_fence_info(node));
    add(r, ">");
    add_quiet(r, code, strlen(code));
    add(r, "</code></pre>\n");
    plain_gap(r);
}

/* HTML as text, without its comments. */
static void
add_html(struct rendering *r, cmark_node *node)
{
    const char *p = cmark_node_get_literal(node);

    while (p != NULL && *p != '\0') {
        const char *comment = strstr(p, "<!--");
        size_t n = comment == NULL ? strlen(p) : (size_t)(comment - p);

        add_quiet(r, p, n);
        p = comment == NULL ? NULL : strstr(comment, "-->");
        p = p == NULL ? NULL : p + 3;
    }
}

static void
add_html_block(struct rendering *r, cmark_node *node)
{
    size_t before, len;

    begin_line(r);
    plain_gap(r);
    before = r->html.len;
    add(r, "<p>");
    len = r->html.len;
    add_html(r, node);
    while (r->html.len > len && strchr(" \t\r\n", r->html.at[r->html.len - 1]))
        r->html.len--;
    if (r->html.len > len)
        add(r, "</p>\n");
    else
        r->html.len = before;
    plain_gap(r);
}

/* ---- Tables -------------------------------------------------------------- */

static const char *
alignment(cmark_node *cell)
{
    cmark_node *table = cmark_node_parent(cmark_node_parent(cell));
    const uint8_t *columns = cmark_gfm_extensions_get_table_alignments(table);
    uint16_t n = cmark_gfm_extensions_get_table_columns(table), column = 0;

    while ((cell = cmark_node_previous(cell)) != NULL)
        column++;
    switch (columns == NULL || column >= n ? 0 : columns[column]) {
    case 'l':
        return " align=\"left\"";
    case 'c':
        return " align=\"center\"";
    case 'r':
        return " align=\"right\"";
    default:
        return "";
    }
}

static void
add_cell(struct rendering *r, bool enter, cmark_node *node)
{
    bool head = has_name(cmark_node_parent(node), "table_header");

    plain_gap(r);
    if (!enter) {
        add_tag(r, false, head ? "th" : "td");
        return;
    }
    add(r, head ? "<th" : "<td");
    add(r, alignment(node));
    add(r, ">");
}

/* The first row is the head; the body is there if there are more. */
static void
add_head(struct rendering *r, bool enter, cmark_node *node)
{
    add(r, enter ? "<thead><tr>" : "</tr></thead>\n");
    if (!enter && cmark_node_next(node) != NULL)
        add(r, "<tbody>\n");
}

static void
add_row(struct rendering *r, bool enter, cmark_node *node)
{
    add(r, enter ? "<tr>" : "</tr>\n");
    if (!enter && cmark_node_next(node) == NULL)
        add(r, "</tbody>\n");
}

static void
add_extension(struct rendering *r, bool enter, cmark_node *node)
{
    const char *name = cmark_node_get_type_string(node);

    if (strcmp(name, "table") == 0)
        add_block(r, enter, "table");
    else if (strcmp(name, "table_header") == 0)
        add_head(r, enter, node);
    else if (strcmp(name, "table_row") == 0)
        add_row(r, enter, node);
    else if (strcmp(name, "table_cell") == 0)
        add_cell(r, enter, node);
    else if (strcmp(name, "strikethrough") == 0 && r->alts == 0)
        add_tag(r, enter, "del");
}

/* ---- Spans --------------------------------------------------------------- */

static void
add_emphasis(struct rendering *r, bool enter, const char *name)
{
    r->spans += enter;
    if (r->spans <= MARKUP_DEPTH && r->alts == 0)
        add_tag(r, enter, name);
    r->spans -= !enter;
}

static void
add_break(struct rendering *r, const char *html)
{
    add(r, r->alts > 0 ? " " : html);
    plain_gap(r);
}

static void
add_code(struct rendering *r, cmark_node *node)
{
    const char *code = cmark_node_get_literal(node);

    if (r->alts == 0)
        add(r, "<code>");
    add_quiet(r, code, strlen(code));
    if (r->alts == 0)
        add(r, "</code>");
}

/*
 * Links and images leave a mark on their node where they were written, for
 * when the node is left; the others leave what is inside.
 */
static void
mark(cmark_node *node)
{
    static char written;

    (void)cmark_node_set_user_data(node, &written);
}

static void
add_link(struct rendering *r, bool enter, cmark_node *node)
{
    if (!enter && cmark_node_get_user_data(node) != NULL)
        link_end(r);
    else if (enter && link_begin(r, cmark_node_get_url(node),
                                 cmark_node_get_title(node)))
        mark(node);
}

static void
add_image(struct rendering *r, bool enter, cmark_node *node)
{
    const char *url = cmark_node_get_url(node);

    if (enter && r->alts == 0 && url_shows(url)) {
        mark(node);
        r->alts++;
        r->visible = true;
        add(r, "<img src=\"");
        url_add(&r->html, url);
        add(r, "\" alt=\"");
    } else if (!enter && cmark_node_get_user_data(node) != NULL) {
        r->alts--;
        add(r, "\"");
        title_add(r, cmark_node_get_title(node));
        add(r, " loading=\"lazy\">");
    }
}

/* ---- The walk ------------------------------------------------------------ */

static void
visit_block(struct rendering *r, bool enter, cmark_node *node)
{
    switch (cmark_node_get_type(node)) {
    case CMARK_NODE_BLOCK_QUOTE:
        add_nested(r, enter, "blockquote");
        break;
    case CMARK_NODE_LIST:
        add_list(r, enter, node);
        break;
    case CMARK_NODE_ITEM:
        add_item(r, enter, node);
        break;
    case CMARK_NODE_PARAGRAPH:
        add_paragraph(r, enter, node);
        break;
    case CMARK_NODE_HEADING:
        add_heading(r, enter, node);
        break;
    case CMARK_NODE_CODE_BLOCK:
        add_code_block(r, node);
        break;
    case CMARK_NODE_HTML_BLOCK:
        add_html_block(r, node);
        break;
    case CMARK_NODE_THEMATIC_BREAK:
        begin_line(r);
        add(r, "<hr>\n");
        break;
    default:
        add_extension(r, enter, node);
    }
}

static void
visit_span(struct rendering *r, bool enter, cmark_node *node)
{
    const char *text;

    switch (cmark_node_get_type(node)) {
    case CMARK_NODE_TEXT:
        text = cmark_node_get_literal(node);
        words_add(r, text, strlen(text));
        break;
    case CMARK_NODE_SOFTBREAK:
        add_break(r, "\n");
        break;
    case CMARK_NODE_LINEBREAK:
        add_break(r, "<br>\n");
        break;
    case CMARK_NODE_CODE:
        add_code(r, node);
        break;
    case CMARK_NODE_HTML_INLINE:
        add_html(r, node);
        break;
    case CMARK_NODE_EMPH:
        add_emphasis(r, enter, "em");
        break;
    case CMARK_NODE_STRONG:
        add_emphasis(r, enter, "strong");
        break;
    case CMARK_NODE_LINK:
        add_link(r, enter, node);
        break;
    case CMARK_NODE_IMAGE:
        add_image(r, enter, node);
        break;
    default:
        add_extension(r, enter, node);
    }
}

static void
iterator_end(cmark_iter **iterator)
{
    cmark_iter_free(*iterator);
}

bool
html_add(struct rendering *r, cmark_node *document)
{
    cmark_iter *iterator __attribute__((cleanup(iterator_end))) =
        cmark_iter_new(document);
    cmark_event_type event;

    while ((event = cmark_iter_next(iterator)) != CMARK_EVENT_DONE) {
        cmark_node *node = cmark_iter_get_node(iterator);
        unsigned type = cmark_node_get_type(node);

        if (r->html.len > r->most)
            return false;
        if ((type & CMARK_NODE_TYPE_MASK) == CMARK_NODE_TYPE_INLINE)
            visit_span(r, event == CMARK_EVENT_ENTER, node);
        else
            visit_block(r, event == CMARK_EVENT_ENTER, node);
    }
    return r->html.len <= r->most;
}
