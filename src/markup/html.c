/*
 * html.c - walks a parsed document and writes the HTML that may be.
 *
 * A node that is not known writes nothing, so elements and attributes are
 * those that stand here, in html_block.c, note.c and link.c.
 */
#include <cmark-gfm.h>
#include <string.h>

#include "base/escape.h"
#include "markup/markup_local.h"

/* ---- Pieces -------------------------------------------------------------- */

void
html_text(struct rendering *r, const char *s)
{
    text_adds(&r->html, s);
}

void
html_tag(struct rendering *r, bool enter, const char *name)
{
    html_text(r, enter ? "<" : "</");
    html_text(r, name);
    html_text(r, ">");
}

void
html_quiet(struct rendering *r, const char *s, size_t n)
{
    escape_html(&r->html, s, n);
    plain_add(r, s, n);
}

void
html_source(struct rendering *r, cmark_node *node)
{
    const char *p = unprotected(r, cmark_node_get_literal(node));

    while (p != NULL && *p != '\0') {
        const char *comment = strstr(p, "<!--");
        size_t n = comment == NULL ? strlen(p) : (size_t)(comment - p);

        html_quiet(r, p, n);
        p = comment == NULL ? NULL : strstr(comment, "-->");
        p = p == NULL ? NULL : p + 3;
    }
}

/* ---- Spans --------------------------------------------------------------- */

static void
add_emphasis(struct rendering *r, bool enter, const char *name)
{
    r->spans += enter;
    if (r->spans <= MARKUP_DEPTH && r->alts == 0)
        html_tag(r, enter, name);
    r->spans -= !enter;
}

static void
add_break(struct rendering *r, const char *html)
{
    html_text(r, r->alts > 0 ? " " : html);
    plain_gap(r);
}

static void
add_code(struct rendering *r, cmark_node *node)
{
    const char *code = unprotected(r, cmark_node_get_literal(node));

    if (r->alts == 0)
        html_text(r, "<code dir=\"ltr\">");
    html_quiet(r, code, strlen(code));
    if (r->alts == 0)
        html_text(r, "</code>");
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
    else if (enter && link_begin(r, unprotected(r, cmark_node_get_url(node)),
                                 unprotected(r, cmark_node_get_title(node))))
        mark(node);
}

static void
add_image(struct rendering *r, bool enter, cmark_node *node)
{
    const char *url = unprotected(r, cmark_node_get_url(node));

    if (enter && r->alts == 0 && markup_shows(url)) {
        mark(node);
        r->alts++;
        r->visible = true;
        html_text(r, "<img src=\"");
        url_add(&r->html, url);
        html_text(r, "\" alt=\"");
    } else if (!enter && cmark_node_get_user_data(node) != NULL) {
        r->alts--;
        html_text(r, "\"");
        title_add(r, unprotected(r, cmark_node_get_title(node)));
        html_text(r, " loading=\"lazy\">");
    }
}

/* ---- The walk ------------------------------------------------------------ */

static void
add_words(struct rendering *r, cmark_node *node)
{
    const char *text = unprotected(r, cmark_node_get_literal(node));

    words_add(r, text, strlen(text));
}

static void
visit_span(struct rendering *r, bool enter, cmark_node *node)
{
    switch (cmark_node_get_type(node)) {
    case CMARK_NODE_TEXT:
        add_words(r, node);
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
        html_source(r, node);
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
    case CMARK_NODE_FOOTNOTE_REFERENCE:
        if (enter)
            note_refer(r, node);
        break;
    default:
        if (strcmp(cmark_node_get_type_string(node), "strikethrough") == 0)
            add_emphasis(r, enter, "del");
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
            block_add(r, event == CMARK_EVENT_ENTER, node);
    }
    notes_end(r);
    return r->html.len <= r->most;
}
