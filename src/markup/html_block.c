/*
 * html_block.c - writes blocks: paragraphs, lists, code, tables.
 *
 * Extensions of cmark-gfm have no numbers of their own, but names.
 */
#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm.h>
#include <string.h>

#include "base/escape.h"
#include "markup/markup_local.h"

void
html_line(struct rendering *r)
{
    if (r->html.len > 0 && r->html.at[r->html.len - 1] != '\n')
        text_addc(&r->html, '\n');
}

/*
 * Begins an element.  Each of the outermost has the direction of its own text;
 * those within have none, since browsers pass over an element that has one
 * when they look for the direction of what is around it.  For the same reason
 * code and names have one: "@name" says nothing of the words that follow.
 */
static void
begin_tag(struct rendering *r, const char *name, cmark_node *node)
{
    html_text(r, "<");
    html_text(r, name);
    if (cmark_node_get_type(cmark_node_parent(node)) == CMARK_NODE_DOCUMENT)
        html_text(r, " dir=\"auto\"");
    html_text(r, ">");
}

/* A block: a line of its own, and a gap in the plain text. */
static void
add_block(struct rendering *r, bool enter, const char *name, cmark_node *node)
{
    if (enter) {
        html_line(r);
        begin_tag(r, name, node);
    } else {
        html_tag(r, false, name);
        html_text(r, "\n");
    }
    plain_gap(r);
}

static bool
has_name(cmark_node *node, const char *name)
{
    return strcmp(cmark_node_get_type_string(node), name) == 0;
}

/* ---- Blocks -------------------------------------------------------------- */

/* Quotes and lists in one another are written to a depth only. */
static void
add_nested(struct rendering *r, bool enter, const char *name, cmark_node *node)
{
    r->blocks += enter;
    if (r->blocks <= MARKUP_DEPTH)
        add_block(r, enter, name, node);
    else
        html_line(r);
    r->blocks -= !enter;
}

static void
add_list(struct rendering *r, bool enter, cmark_node *node)
{
    int start = cmark_node_get_list_start(node);

    if (cmark_node_get_list_type(node) == CMARK_BULLET_LIST) {
        add_nested(r, enter, "ul", node);
        return;
    }
    add_nested(r, enter, "ol", node);
    if (enter && start != 1 && r->blocks <= MARKUP_DEPTH) {
        r->html.len--;
        html_text(r, " start=\"");
        text_addi(&r->html, start);
        html_text(r, "\">");
    }
    if (enter && r->blocks <= MARKUP_DEPTH)
        html_text(r, "\n");
}

static void
add_item(struct rendering *r, bool enter, cmark_node *node)
{
    if (r->blocks <= MARKUP_DEPTH)
        add_block(r, enter, "li", node);
    plain_gap(r);
    if (enter && has_name(node, "tasklist"))
        html_text(r, cmark_gfm_extensions_get_tasklist_item_checked(node)
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
        add_block(r, enter, "p", node);
}

static void
add_heading(struct rendering *r, bool enter, cmark_node *node)
{
    int level = cmark_node_get_heading_level(node);
    const char name[] = { 'h', (char)('1' + (level > 5 ? 5 : level)), '\0' };

    add_block(r, enter, name, node);
}

/* The first word of what follows the fence, where it looks like a language. */
static void
add_language(struct rendering *r, const char *info)
{
    size_t n = strspn(info, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVW"
                            "XYZ0123456789_+#.-");

    if (n == 0 || n > 32 || (info[n] != '\0' && info[n] != ' '))
        return;
    html_text(r, " class=\"language-");
    escape_html(&r->html, info, n);
    html_text(r, "\"");
}

static void
add_code_block(struct rendering *r, cmark_node *node)
{
    const char *code = unprotected(r, cmark_node_get_literal(node));

    html_line(r);
    plain_gap(r);
    html_text(r, "<pre dir=\"ltr\"><code");
    add_language(r, unprotected(r, cmark_node_get_fence_info(node)));
    html_text(r, ">");
    html_quiet(r, code, strlen(code));
    html_text(r, "</code></pre>\n");
    plain_gap(r);
}

static void
add_html_block(struct rendering *r, cmark_node *node)
{
    size_t before, len;

    html_line(r);
    plain_gap(r);
    before = r->html.len;
    begin_tag(r, "p", node);
    len = r->html.len;
    html_source(r, node);
    while (r->html.len > len && strchr(" \t\r\n", r->html.at[r->html.len - 1]))
        r->html.len--;
    if (r->html.len > len)
        html_text(r, "</p>\n");
    else
        r->html.len = before;
    plain_gap(r);
}

/* ---- Tables -------------------------------------------------------------- */

static const char *
alignment(cmark_node *cell, size_t column)
{
    cmark_node *table = cmark_node_parent(cmark_node_parent(cell));
    const uint8_t *columns = cmark_gfm_extensions_get_table_alignments(table);
    size_t n = cmark_gfm_extensions_get_table_columns(table);

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
        html_tag(r, false, head ? "th" : "td");
        return;
    }
    if (cmark_node_previous(node) == NULL)
        r->column = 0;
    html_text(r, head ? "<th" : "<td");
    html_text(r, alignment(node, r->column++));
    html_text(r, ">");
}

/* The first row is the head; the body is there if there are more. */
static void
add_head(struct rendering *r, bool enter, cmark_node *node)
{
    html_text(r, enter ? "<thead><tr>" : "</tr></thead>\n");
    if (!enter && cmark_node_next(node) != NULL)
        html_text(r, "<tbody>\n");
}

static void
add_row(struct rendering *r, bool enter, cmark_node *node)
{
    html_text(r, enter ? "<tr>" : "</tr>\n");
    if (!enter && cmark_node_next(node) == NULL)
        html_text(r, "</tbody>\n");
}

static void
add_table_part(struct rendering *r, bool enter, cmark_node *node)
{
    const char *name = cmark_node_get_type_string(node);

    if (strcmp(name, "table") == 0)
        add_block(r, enter, "table", node);
    else if (strcmp(name, "table_header") == 0)
        add_head(r, enter, node);
    else if (strcmp(name, "table_row") == 0)
        add_row(r, enter, node);
    else if (strcmp(name, "table_cell") == 0)
        add_cell(r, enter, node);
}

/* ---- The door ------------------------------------------------------------ */

void
block_add(struct rendering *r, bool enter, cmark_node *node)
{
    switch (cmark_node_get_type(node)) {
    case CMARK_NODE_BLOCK_QUOTE:
        add_nested(r, enter, "blockquote", node);
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
    case CMARK_NODE_FOOTNOTE_DEFINITION:
        note_add(r, enter);
        break;
    case CMARK_NODE_THEMATIC_BREAK:
        html_line(r);
        html_text(r, "<hr>\n");
        break;
    default:
        add_table_part(r, enter, node);
    }
}
