/*
 * note.c - writes footnotes: the number in the text, which leads to the note,
 * and behind the note the ways back, one to each reference.
 *
 * Ids are r->own and the note's number; those of references have "r" between,
 * and from a note's second reference on "-2", "-3" ...
 */
#include <cmark-gfm.h>
#include <string.h>

#include "base/mem.h"
#include "markup/markup_local.h"

struct note {
    size_t refs; /* that were written */
    size_t end;  /* where in the HTML its ways back belong; 0: not written */
};

/* The note of a number; r->note grows as the numbers do, which the parser
 * gives in the order of the references. */
static struct note *
note_of(struct rendering *r, size_t number)
{
    if (number > r->note_room) {
        size_t room = 2 * number + 6;

        r->note = mem_grow(r->mem, r->note, room * sizeof *r->note);
        memset(r->note + r->note_room, 0,
               (room - r->note_room) * sizeof *r->note);
        r->note_room = room;
    }
    return &r->note[number - 1];
}

static void
add_number(struct rendering *r, size_t number)
{
    text_addi(&r->html, (int64_t)number);
}

/* "1", or "1-2" for the second reference to it. */
static void
add_place(struct rendering *r, size_t number, size_t ref)
{
    add_number(r, number);
    if (ref > 1) {
        html_text(r, "-");
        add_number(r, ref);
    }
}

static void
add_reference(struct rendering *r, size_t number, size_t ref)
{
    html_text(r, "<sup><a class=\"footnote\"");
    if (ref <= MARKUP_BACKS) {
        html_text(r, " id=\"");
        html_text(r, r->own);
        html_text(r, "r");
        add_place(r, number, ref);
        html_text(r, "\"");
    }
    html_text(r, " href=\"#");
    html_text(r, r->own);
    add_number(r, number);
    html_text(r, "\" aria-label=\"Footnote ");
    add_number(r, number);
    html_text(r, "\">");
    add_number(r, number);
    html_text(r, "</a></sup>");
}

void
note_refer(struct rendering *r, cmark_node *node)
{
    int64_t number;

    if (r->links > 0 || r->alts > 0 ||
        !text_to_int(cmark_node_get_literal(node), &number) || number < 1)
        return;
    r->visible = true;
    add_reference(r, (size_t)number, ++note_of(r, (size_t)number)->refs);
}

/* The parser moves them behind all else, in the order of their numbers. */
void
note_add(struct rendering *r, bool enter)
{
    static const char paragraph[] = "</p>\n";
    const size_t tail = sizeof paragraph - 1;

    if (enter) {
        html_line(r);
        html_text(r, r->notes++ == 0
                         ? "<section class=\"footnotes\" dir=\"auto\"><ol>\n"
                           "<li id=\""
                         : "<li id=\"");
        html_text(r, r->own);
        add_number(r, r->notes);
        html_text(r, "\">");
    } else {
        bool inside =
            r->html.len >= tail &&
            memcmp(r->html.at + r->html.len - tail, paragraph, tail) == 0;

        note_of(r, r->notes)->end = r->html.len - (inside ? tail : 0);
        html_text(r, "</li>\n");
    }
    plain_gap(r);
}

/* U+21A9, as text and not as an emoji. */
static void
add_back(struct rendering *r, size_t number, size_t ref)
{
    html_text(r, " <a class=\"footnote-back\" href=\"#");
    html_text(r, r->own);
    html_text(r, "r");
    add_place(r, number, ref);
    html_text(r, "\" aria-label=\"Back to reference ");
    add_place(r, number, ref);
    html_text(r, "\">\xE2\x86\xA9\xEF\xB8\x8E");
    if (ref > 1) {
        html_text(r, "<sup>");
        add_number(r, ref);
        html_text(r, "</sup>");
    }
    html_text(r, "</a>");
}

/* The ways back come last: a note may be referred to by a later one. */
static void
add_backs(struct rendering *r)
{
    size_t from = r->note[0].end, at = from, end = r->html.len;
    const char *rest = mem_strndup(r->mem, r->html.at + from, end - from);

    r->html.len = from;
    for (size_t i = 0; i < r->notes; i++) {
        const struct note *n = &r->note[i];

        text_add(&r->html, rest + (at - from), n->end - at);
        at = n->end;
        for (size_t ref = 1; ref <= n->refs && ref <= MARKUP_BACKS; ref++)
            add_back(r, i + 1, ref);
    }
    text_add(&r->html, rest + (at - from), end - at);
}

void
notes_end(struct rendering *r)
{
    if (r->notes == 0)
        return;
    add_backs(r);
    html_text(r, "</ol></section>\n");
}
