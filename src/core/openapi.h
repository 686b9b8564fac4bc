/*
 * openapi.h - the OpenAPI 3.1 document, printed from the rows.
 *
 * Nothing in it is written by hand: parameters and bodies come from the
 * fields, answers from the shapes, problems from access, quota, input and
 * refusals.  Pages are not in it.
 */
#ifndef CORE_OPENAPI_H
#define CORE_OPENAPI_H

#include "base/text.h"
#include "core/json_write.h"
#include "core/route.h"

struct app;

/* Adds the document, as JSON. */
void openapi_print(struct text *to, const struct app *app);

/* ---- Between the files --------------------------------------------------- */

struct shape_name {
    const struct member *members;
    const char *name;
};

/* The document while it is written. */
struct openapi {
    struct json_writer w;
    const struct router *router;
    const void *mem;
    struct shape_name *names; /* of components/schemas */
    size_t n_names;
};

/* The type of a value, with its format; nullable: or null. */
void openapi_type(struct openapi *o, enum value_type type, bool nullable);

/* The schema of an input; `optional`: it may be null too. */
void openapi_field(struct openapi *o, const char *key, const struct field *f,
                   bool optional);

/* The schema of an answer's data: the shape in the row's form. */
void openapi_data(struct openapi *o, const struct route *row);

/* Names all shapes that rows return, and those within them. */
void openapi_name_shapes(struct openapi *o);

/* Writes components/schemas. */
void openapi_schemas(struct openapi *o);

/* Writes the responses of a row. */
void openapi_responses(struct openapi *o, const struct route_entry *e);

#endif
