/*
 * page.h - HTML pages: the row's template inside layout.html.
 *
 * A page route's handler runs the same statements as the API's, by the _as
 * forms of endpoint.h, and each result is a member of the template's data.
 * Besides these, templates find at the root:
 *
 *   site.name .url          viewer (nothing for visitors) .id .username .image
 *   csrf                      .role .isStaff, and words set as "viewer.x",
 *                             by the features' `frame` too
 *   theme                   page.title and what page_set set
 *   asset.css .js .icons    words and flags, q or sort.recent
 *   path pathEncoded        year  requestId
 *
 * pathEncoded is the path with its query, coded for a query's value.  A time
 * is written as RFC 3339, and with @date behind its name as people read it.  A
 * number with @one is true where it is 1, for the words beside it; a language
 * with @lang is empty where it is not known.
 */
#ifndef CORE_PAGE_H
#define CORE_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/endpoint.h"
#include "core/exchange.h"
#include "core/template.h"

struct app;
struct shape;

/*
 * Reads web/dist/manifest.json below directory for app->assets, on mem.
 * False, with a line in faults, where it cannot be read.
 */
bool page_assets(const void *mem, struct app *app, const char *directory,
                 struct text *faults);

/* ---- Between the files of the core --------------------------------------- */

/* A result, or values, as a member of the data. */
struct page_part {
    const char *name;
    size_t len;
    struct template_value value;
    struct page_part *next;
};

/* A word of the data: group.name, or name where there is no group. */
struct page_word {
    const char *group, *name;
    size_t group_len, len;
    const char *text; /* NULL: a flag that is off */
    struct page_word *next;
};

/* A list as a member of the data. */
struct page_list {
    const struct shape *shape;
    const struct db_result *res;
    size_t rows;
    bool more;
    const char *next_cursor;        /* NULL: none */
    bool counted;                   /* total is known; less than zero: an */
    int64_t total, page, page_size; /* estimate of minus that */
};

void page_add_row(struct exchange *ex, const char *name,
                  const struct shape *shape, const struct db_result *res);
void page_add_list(struct exchange *ex, const char *name,
                   const struct page_list *list);
void page_add_values(struct exchange *ex, const char *name,
                     const struct shape *shape, const struct sql_arg *values);

/* Renders a template of the program's in the layout, as the answer's body;
 * false where it cannot. */
bool page_render(struct exchange *ex, const char *name);

/* The data at the root. */
extern const struct template_source page_root;

#endif
