/*
 * markup_local.h - a rendering in progress, between the files of markup/:
 * markup.c parses and puts together, guard.c says what the parser can bear,
 * html.c and html_block.c walk the document, words.c finds names in text,
 * note.c writes footnotes, link.c writes links, url.c judges addresses, plain.c
 * keeps the text alone. protect.c keeps names from the parser, bare.c ends bare
 * links.
 */
#ifndef MARKUP_MARKUP_LOCAL_H
#define MARKUP_MARKUP_LOCAL_H

#include "base/text.h"
#include "markup/markup.h"

struct rendering {
    struct markup *out;
    const void *mem;
    struct text html, plain;
    size_t most;       /* bytes of html */
    bool gap;          /* the next plain text follows a blank */
    bool visible;      /* something can be seen */
    unsigned blocks;   /* quotes and lists, one in the other, open now */
    unsigned spans;    /* emphasis */
    unsigned links;    /* written links that are open: one or none */
    size_t notes;      /* footnotes that were written */
    struct note *note; /* by number: those written or referred to */
    size_t note_room;
    char own[9];   /* in front of this text's ids: pages show many texts */
    size_t column; /* of the table's row that is open */
    unsigned alts; /* images that are open, whose inside is alt text */
};

/* What the parser may be asked to do with a source. */
struct guard {
    bool parse, tables, autolinks;
};
struct guard guard_source(const char *markdown, size_t len);

/* The source with a stand-in for each _ of an @name, as long as it was; and
 * text of the parser as it was written. */
const char *protect_names(const void *mem, const char *markdown, size_t len);
const char *unprotected(const struct rendering *r, const char *s);

/* How far the name goes that the sign at p, within s, begins: 0 where it
 * begins none. */
size_t words_name(const char *s, const char *p, const char *end);
/* Whether a word of an alphabet goes on with the character at p. */
bool words_goes_on(const char *p, const char *end);

/* Running text, ended by a NUL: escaped, names linked, plain text kept. */
void words_add(struct rendering *r, const char *s, size_t n);

/* Text alone: blanks become one; a gap is what stands between blocks. */
void plain_add(struct rendering *r, const char *s, size_t n);
void plain_gap(struct rendering *r);

enum url_kind { URL_REFUSED, URL_LOCAL, URL_WEB, URL_MAIL };
enum url_kind url_kind(const char *url);
/* Adds a URL as an attribute's value: what it must not hold becomes %XX. */
void url_add(struct text *to, const char *url);

/*
 * A link, of which there is one at a time.  False, and nothing written, where
 * there may be none: what is inside is then text.
 */
bool link_begin(struct rendering *r, const char *url, const char *title);
void link_end(struct rendering *r);
/* Adds a title attribute, if there is a title. */
void title_add(struct rendering *r, const char *title);

/* HTML as it stands; a tag; text that is not searched for names. */
void html_text(struct rendering *r, const char *html);
void html_tag(struct rendering *r, bool enter, const char *name);
void html_quiet(struct rendering *r, const char *s, size_t n);

struct cmark_node;
/* Ends bare links where they end. */
void bare_links(const void *mem, struct cmark_node *document);
/* HTML of the source as text, without its comments. */
void html_source(struct rendering *r, struct cmark_node *node);
/* A block's beginning or end. */
void block_add(struct rendering *r, bool enter, struct cmark_node *node);
/* Begins a line, unless one was begun. */
void html_line(struct rendering *r);
/* Footnotes: a reference; a note's beginning or end; the end of their list, if
 * one was begun. */
void note_refer(struct rendering *r, struct cmark_node *node);
void note_add(struct rendering *r, bool enter);
void notes_end(struct rendering *r);
/* Renders the document; false where that gives more than r->most bytes. */
bool html_add(struct rendering *r, struct cmark_node *document);

#endif
