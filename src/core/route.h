/*
 * route.h - which row serves a request: one trie over the rows of all
 * features.
 *
 * The trie is built once, before the first fork, and only read afterwards.  A
 * literal segment goes before {name}; the first node that any row stands at
 * decides, so that GET on a path that only takes POST is 405 and no match
 * further away.
 */
#ifndef CORE_ROUTE_H
#define CORE_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "core/endpoint.h"

struct app;
struct feature;
struct shape;
struct shape_set;
struct template_set;

enum method {
    METHOD_GET,
    METHOD_POST,
    METHOD_PUT,
    METHOD_PATCH,
    METHOD_DELETE,
    METHODS, /* that rows can have; the rest is answered by the core */
    METHOD_HEAD = METHODS,
    METHOD_OPTIONS,
    METHOD_UNKNOWN,
};
enum method method_read(const char *name);
const char *method_name(enum method method);

/* ---- Paths --------------------------------------------------------------- */

#define PATH_SEGMENTS 12
#define ROUTE_NAMES 6

struct segment {
    const char *at; /* decoded, not ended by NUL */
    size_t len;
};

/* A request's path, cut at its slashes before anything was decoded. */
struct path {
    const char *whole; /* decoded */
    struct segment segment[PATH_SEGMENTS];
    size_t n;
    bool deep; /* more segments than any row has */
};

/*
 * Reads the path of a request target ("/a%20b/c?q"; RFC 9112, 3.2), on mem.
 * False for a bad %XX, malformed UTF-8, control characters, or no slash at the
 * start.
 */
bool path_read(void *mem, const char *target, struct path *ret);

/* ---- Rows ---------------------------------------------------------------- */

/* A row made ready. */
struct route_entry {
    const struct route *row;
    const struct feature *feature;
    enum method method;
    const char *path; /* of the row: "/api/posts/{post}" */
    size_t index;     /* among all rows, in the features' order */
    size_t n_fields;
    size_t n_body, n_query;
    const struct field *taker[ROUTE_NAMES]; /* of the path's i-th {name} */
    size_t names;
    const struct shape *shape; /* of returns; NULL if none */
    bool plain; /* needs no access check: anyone, no session, no quota */
};

struct router;

/*
 * Makes the router of all rows, on mem.  NULL where any row is wrong; every
 * fault is then a line of *faults that begins with the row ("POST /api/x: it
 * does not say who may call").
 */
struct router *router_new(const void *mem,
                          const struct feature *const *features,
                          struct text *faults);

/* Adds a line to faults for each page row whose template is not there. */
void router_check_pages(const struct router *router,
                        const struct template_set *pages, struct text *faults);

/*
 * Adds a line to faults for each refusal whose constraint the database does
 * not know: in pg_constraint, as a unique index, or in raised_refusals.  One
 * query.  False, with a line too, where the database does not answer.
 */
bool route_check_constraints(struct app *app, struct text *faults);

size_t router_count(const struct router *router);
const struct route_entry *router_at(const struct router *router, size_t i);
struct shape_set *router_shapes(const struct router *router);

/* The rows' `on`, by index, and then "-" for requests that match none; ended
 * by NULL: the values of the metrics' label. */
const char *const *router_labels(const struct router *router);

struct route_match {
    const struct route_entry *entry; /* NULL: none with this method */
    unsigned allow;                  /* 1 << enum method; 0: no such path */
    struct segment value[ROUTE_NAMES];
};

/* HEAD is served by GET's row. */
void route_match(const struct router *router, enum method method,
                 const struct path *path, struct route_match *ret);

/* Adds the methods of route_match's allow as an Allow header's value. */
void route_allow(struct text *to, unsigned allow);

/* ---- Between route.c and route_check.c ----------------------------------- */

/* Cuts "/a/{b}" at its slashes; false where it is no good path. */
bool route_path_read(const char *path, struct path *ret);

/* Adds a line to faults for each thing that is wrong with a row. */
void route_check(const struct route_entry *entry, const struct path *path,
                 struct text *faults);

#endif
