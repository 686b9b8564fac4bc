/* openapi_schema.c - schemas (JSON Schema 2020-12) of the shapes of answers. */
#include "core/openapi.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "core/feature.h"

/* ---- Shapes -------------------------------------------------------------- */

static const char *
name_of(const struct openapi *o, const struct member *members)
{
    for (size_t i = 0; i < o->n_names; i++)
        if (o->names[i].members == members)
            return o->names[i].name;
    return NULL;
}

static bool
taken(const struct openapi *o, const char *name)
{
    for (size_t i = 0; i < o->n_names; i++)
        if (strcmp(o->names[i].name, name) == 0)
            return true;
    return false;
}

/* "post" becomes Post, the next of that name Post2. */
static const char *
new_name(const struct openapi *o, const char *stem)
{
    char *name;

    stem += strspn(stem, "_");
    name = mem_strdup(o->mem, stem);
    name[0] = (char)toupper((unsigned char)name[0]);
    const char *plain = name;
    for (int i = 2; taken(o, name); i++)
        name = mem_printf(o->mem, "%s%d", plain, i);
    return name;
}

static void
name_shape(struct openapi *o, const struct member *members, const char *stem)
{
    if (members == NULL || name_of(o, members) != NULL)
        return;
    const char *name = new_name(o, stem);
    o->names =
        mem_grow(o->mem, o->names, mem_size(o->n_names + 1, sizeof *o->names));
    o->names[o->n_names++] = (struct shape_name){ members, name };
    for (; members->name != NULL; members++)
        name_shape(o, members->object, members->name);
}

void
openapi_name_shapes(struct openapi *o)
{
    for (size_t i = 0; i < router_count(o->router); i++) {
        const struct route_entry *e = router_at(o->router, i);

        name_shape(o, e->row->returns, e->feature->name);
    }
}

static void
put_reference(struct openapi *o, const struct member *members)
{
    json_put_text(
        &o->w, "$ref",
        mem_printf(o->mem, "#/components/schemas/%s", name_of(o, members)));
}

static void
put_object_member(struct openapi *o, const struct member *m)
{
    if (!m->nullable) {
        put_reference(o, m->object);
        return;
    }
    json_open_array(&o->w, "anyOf");
    json_open_object(&o->w, NULL);
    put_reference(o, m->object);
    json_close_object(&o->w);
    json_open_object(&o->w, NULL);
    json_put_text(&o->w, "type", "null");
    json_close_object(&o->w);
    json_close_array(&o->w);
}

static void
put_member(struct openapi *o, const struct member *m)
{
    json_open_object(&o->w, m->name);
    if (m->object != NULL)
        put_object_member(o, m);
    else
        openapi_type(o, m->type, m->nullable);
    if (m->type == VALUE_TEXTS) {
        json_open_object(&o->w, "items");
        json_put_text(&o->w, "type", "string");
        json_close_object(&o->w);
    }
    if (m->about != NULL)
        json_put_text(&o->w, "description", m->about);
    json_close_object(&o->w);
}

static void
put_shape(struct openapi *o, const char *key, const struct member *members)
{
    json_open_object(&o->w, key);
    json_put_text(&o->w, "type", "object");
    json_open_array(&o->w, "required");
    for (const struct member *m = members; m->name != NULL; m++)
        json_put_text(&o->w, NULL, m->name);
    json_close_array(&o->w);
    json_open_object(&o->w, "properties");
    for (const struct member *m = members; m->name != NULL; m++)
        put_member(o, m);
    json_close_object(&o->w);
    json_put_boolean(&o->w, "additionalProperties", false);
    json_close_object(&o->w);
}

static const struct member problem_shape[] = {
    { .name = "type", .type = VALUE_TEXT },
    { .name = "title", .type = VALUE_TEXT },
    { .name = "status", .type = VALUE_INTEGER },
    { .name = "success", .type = VALUE_BOOLEAN },
    { .name = "error", .type = VALUE_TEXT },
    { .name = "code", .type = VALUE_TEXT, .about = "Switch on this." },
    { .name = "requestId", .type = VALUE_TEXT },
    { 0 },
};

static void
put_problem(struct openapi *o)
{
    json_open_object(&o->w, "Problem");
    json_put_text(&o->w, "description",
                  "RFC 9457; `fields` has a message for each faulty field.");
    json_put_text(&o->w, "type", "object");
    json_open_array(&o->w, "required");
    for (const struct member *m = problem_shape; m->name != NULL; m++)
        if (strcmp(m->name, "requestId") != 0)
            json_put_text(&o->w, NULL, m->name);
    json_close_array(&o->w);
    json_open_object(&o->w, "properties");
    for (const struct member *m = problem_shape; m->name != NULL; m++)
        put_member(o, m);
    json_open_object(&o->w, "fields");
    json_put_text(&o->w, "type", "object");
    json_open_object(&o->w, "additionalProperties");
    json_put_text(&o->w, "type", "string");
    json_close_object(&o->w);
    json_close_object(&o->w);
    json_close_object(&o->w);
    json_close_object(&o->w);
}

void
openapi_schemas(struct openapi *o)
{
    json_open_object(&o->w, "schemas");
    put_problem(o);
    for (size_t i = 0; i < o->n_names; i++)
        put_shape(o, o->names[i].name, o->names[i].members);
    json_close_object(&o->w);
}

/* ---- Data ---------------------------------------------------------------- */

static const struct extra {
    const char *name;
    enum value_type type;
    bool nullable, optional;
    enum answer_form least; /* from which form on */
    const char *about;
} extras[] = {
    { "nextCursor", VALUE_TEXT, true, false, ANSWER_LIST, NULL },
    { "hasMore", VALUE_BOOLEAN, false, false, ANSWER_LIST, NULL },
    { "total", VALUE_INTEGER, false, true, ANSWER_PAGES,
      "How many there are on all pages, from a counter; absent where none is "
      "kept for what was asked for." },
    { "totalIsEstimate", VALUE_BOOLEAN, false, true, ANSWER_PAGES, NULL },
    { "page", VALUE_INTEGER, false, true, ANSWER_PAGES,
      "Not where a cursor says where the page begins." },
    { "pageSize", VALUE_INTEGER, false, false, ANSWER_PAGES, NULL },
    { "totalPages", VALUE_INTEGER, false, true, ANSWER_PAGES,
      "Where there is a total." },
};
enum { EXTRAS = sizeof extras / sizeof *extras };

static bool
applies(const struct extra *x, enum answer_form form)
{
    return form == ANSWER_PAGES || form == x->least;
}

static void
put_list(struct openapi *o, const struct route *row)
{
    json_put_text(&o->w, "type", "object");
    json_open_array(&o->w, "required");
    json_put_text(&o->w, NULL, "items");
    for (size_t i = 0; i < EXTRAS; i++)
        if (applies(&extras[i], row->form) && !extras[i].optional)
            json_put_text(&o->w, NULL, extras[i].name);
    json_close_array(&o->w);
    json_open_object(&o->w, "properties");
    json_open_object(&o->w, "items");
    json_put_text(&o->w, "type", "array");
    json_open_object(&o->w, "items");
    put_reference(o, row->returns);
    json_close_object(&o->w);
    json_close_object(&o->w);
    for (size_t i = 0; i < EXTRAS; i++)
        if (applies(&extras[i], row->form)) {
            json_open_object(&o->w, extras[i].name);
            openapi_type(o, extras[i].type, extras[i].nullable);
            if (extras[i].about != NULL)
                json_put_text(&o->w, "description", extras[i].about);
            json_close_object(&o->w);
        }
    json_close_object(&o->w);
    json_put_boolean(&o->w, "additionalProperties", false);
}

void
openapi_data(struct openapi *o, const struct route *row)
{
    json_open_object(&o->w, "data");
    if (row->form == ANSWER_OBJECT)
        put_reference(o, row->returns);
    else
        put_list(o, row);
    json_close_object(&o->w);
}
