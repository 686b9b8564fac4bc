/*
 * template.h - Mustache: pages and mails from templates and data.
 *
 * The language is the one of the public Mustache specification 1.x: variables,
 * sections, inverted sections, comments, partials (a standalone one indents
 * its lines), changed delimiters, dotted names, the implicit iterator.  No
 * lambdas, no inheritance.  {{name}} is escaped for HTML, and closes what
 * turns the direction (base/bidi.h); what is HTML already is spelled {{{name}}}
 * or {{&name}}.
 *
 * {{name@isolated}} is for a name within a sentence where no <bdi> can stand,
 * in a title or an attribute: see bidi_isolate().
 * {{name@typed}} is for fields of forms: nothing is closed in it, since what is
 * sent back must be what was stored.
 *
 * Templates are compiled once, at start, into arrays of steps; rendering only
 * reads them.  Data is asked for through struct template_source, so that a
 * page is written straight from a result of the database.
 *
 * Falsy, so skipped by {{#name}} and shown by {{^name}}: what is not there,
 * TEMPLATE_NOTHING, TEMPLATE_FALSE, an empty text, an empty list.
 */
#ifndef CORE_TEMPLATE_H
#define CORE_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* ---- Data ---------------------------------------------------------------- */

enum template_kind {
    TEMPLATE_NOTHING,
    TEMPLATE_FALSE, /* falsy, but {{name}} writes its text: "", "false", "0" */
    TEMPLATE_TEXT,
    TEMPLATE_OBJECT,
    TEMPLATE_LIST,
};

/*
 * A value, made by a source in a place that the engine gives and never
 * copies.  Fill it with the functions below; of an object and a list the
 * members after `source` are the source's own and come back with each call.
 */
struct template_value {
    enum template_kind kind;
    uint32_t row, column;
    const char *text; /* UTF-8, not ended by NUL */
    size_t len;
    const struct template_source *source;
    const void *at, *also;
    char small[32]; /* where a short text may be put; `text` points to it */
};

/*
 * A name as it stands in a template, one part of it where it is dotted.  A
 * suffix is part of the name (createdAt@date): sources know what it asks for.
 */
struct template_name {
    const char *at; /* ended by a NUL */
    uint32_t len, hash;
};

/*
 * What an object or a list consists of.  Texts that take more room than
 * ret->small go on mem, which lives as long as the rendering.  *ret arrives
 * as TEMPLATE_NOTHING.
 */
struct template_source {
    /* False where the object has no such member: outer scopes are asked then.
     * One that is null is true, with TEMPLATE_NOTHING. */
    bool (*member)(const struct template_value *object,
                   const struct template_name *name, const void *mem,
                   struct template_value *ret);
    size_t (*count)(const struct template_value *list);
    void (*item)(const struct template_value *list, size_t i, const void *mem,
                 struct template_value *ret);
};

/* The hash of names (FNV-1a, 32 bits), for tables made in advance. */
uint32_t template_hash(const char *name, size_t len);

/* Whether a name is this one; `hash` is template_hash of it. */
bool template_named(const struct template_name *name, const char *is,
                    uint32_t hash);

void template_text(struct template_value *ret, const char *s, size_t len);
/* The text of s, or nothing for NULL. */
void template_string(struct template_value *ret, const char *s);
/* "true"; or falsy, written as "false". */
void template_boolean(struct template_value *ret, bool is);
/* Decimal; 0 is falsy, as in JavaScript, and written as 0. */
void template_number(struct template_value *ret, int64_t number);
void template_object(struct template_value *ret,
                     const struct template_source *source, const void *at);
void template_list(struct template_value *ret,
                   const struct template_source *source, const void *at);

/*
 * An object of a few named values: what a program adds to a page's data.  At
 * is an array of pairs, ended by one without a name.
 */
struct template_pair {
    const char *name;
    struct template_value value; /* stays where it is while rendering */
};
extern const struct template_source template_pairs;

/* ---- Templates ----------------------------------------------------------- */

enum template_mode {
    TEMPLATE_HTML,
    TEMPLATE_PLAIN, /* subjects and text of mails: {{name}} is not escaped but
                       isolated, {{{name}}} neither */
};

struct template;
struct template_set;

/*
 * All files below directory that end in ".html", compiled on mem.  A name is
 * the path below directory without the ending: "site/avatar".  NULL where
 * anything is wrong; every fault is then a line of *faults, as in
 * "pages/post/show.html:12: no template site/avatr".
 */
struct template_set *templates_load(const void *mem, const char *directory,
                                    struct text *faults);

/* The same for another ending (".txt") and mode. */
struct template_set *templates_load_as(const void *mem, const char *directory,
                                       const char *ending,
                                       enum template_mode mode,
                                       struct text *faults);

/*
 * A set made by hand: templates are added (both texts are copied) and then
 * compiled together.  False, with faults as above, where one is wrong or
 * names a partial that is not in the set.
 */
struct template_set *templates_new(const void *mem, enum template_mode mode);
void templates_add(struct template_set *set, const char *name,
                   const char *source, size_t len);
bool templates_compile(struct template_set *set, struct text *faults);

/* NULL where the set has no such template. */
const struct template *template_find(const struct template_set *set,
                                     const char *name);

/* The templates of a set in order of their names; NULL past the last. */
const struct template *template_at(const struct template_set *set, size_t i);
const char *template_name_of(const struct template *t);

/*
 * One template, on mem, whose partials come from a compiled set (NULL: there
 * are none).  As in the specification a partial that is not there is empty.
 * NULL, with faults, where the source is wrong.
 */
const struct template *template_parse(const void *mem, enum template_mode mode,
                                      const char *name, const char *source,
                                      size_t len,
                                      const struct template_set *partials,
                                      struct text *faults);

/* ---- Rendering ----------------------------------------------------------- */

/* Where names are looked up: here first, then further out. */
struct template_scope {
    const struct template_value *value;
    const struct template_scope *outer;
};

/*
 * Adds what the template makes of the data to out.  False, and cut short,
 * where partials nest deeper than TEMPLATE_DEPTH or sections and partials run
 * more than TEMPLATE_STEPS times: the templates are at fault then.
 */
#define TEMPLATE_DEPTH 100
#define TEMPLATE_STEPS 250000
bool template_render(struct text *out, const struct template *t,
                     const struct template_value *root);
bool template_render_in(struct text *out, const struct template *t,
                        const struct template_scope *scope);

/*
 * A page inside its layout: the layout is rendered in the same scope, with
 * what the page made of it as {{{content}}}.
 */
bool template_render_page(struct text *out, const struct template *layout,
                          const struct template *page,
                          const struct template_scope *scope);

#endif
