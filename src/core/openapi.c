/* openapi.c - the document as a whole; see openapi.h. */
#include "core/openapi.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "core/app.h"
#include "core/feature.h"

/* ---- Operations ---------------------------------------------------------- */

/* GET /api/posts/{post}/views: getPostsByPostViews */
static const char *
operation_id(struct openapi *o, const struct route_entry *e)
{
    const char *s = text_starts(e->path, "/api/") ? e->path + 4 : e->path;
    struct text t;
    bool upper = false;

    text_init(&t, o->mem, 64);
    for (const char *m = method_name(e->method); *m != '\0'; m++)
        text_addc(&t, (char)tolower((unsigned char)*m));
    for (; *s != '\0'; s++) {
        if (*s == '{')
            text_adds(&t, "By");
        if (!isalnum((unsigned char)*s)) {
            upper = true;
            continue;
        }
        text_addc(&t, upper ? (char)toupper((unsigned char)*s) : *s);
        upper = false;
    }
    return t.at;
}

static void
put_parameter(struct openapi *o, const struct field *f)
{
    json_open_object(&o->w, NULL);
    json_put_text(&o->w, "name", f->name);
    json_put_text(&o->w, "in", f->place == IN_PATH ? "path" : "query");
    json_put_text(&o->w, "description", f->about);
    if (f->place == IN_PATH || f->required)
        json_put_boolean(&o->w, "required", true);
    if (f->type == VALUE_TEXTS) {
        json_put_text(&o->w, "style", "form");
        json_put_boolean(&o->w, "explode", false);
    }
    openapi_field(o, "schema", f, false);
    json_close_object(&o->w);
}

static void
put_parameters(struct openapi *o, const struct route_entry *e)
{
    json_open_array(&o->w, "parameters");
    for (size_t i = 0; i < e->n_fields; i++)
        if (e->row->input.fields[i].place != IN_BODY)
            put_parameter(o, &e->row->input.fields[i]);
    if (e->method == METHOD_POST) {
        json_open_object(&o->w, NULL);
        json_put_text(&o->w, "$ref", "#/components/parameters/IdempotencyKey");
        json_close_object(&o->w);
    }
    json_close_array(&o->w);
}

static void
put_body_schema(struct openapi *o, const struct route_entry *e)
{
    const struct field *fields = e->row->input.fields;

    json_put_text(&o->w, "type", "object");
    json_open_array(&o->w, "required");
    for (size_t i = 0; i < e->n_fields; i++)
        if (fields[i].place == IN_BODY && fields[i].required)
            json_put_text(&o->w, NULL, fields[i].name);
    json_close_array(&o->w);
    json_open_object(&o->w, "properties");
    for (size_t i = 0; i < e->n_fields; i++)
        if (fields[i].place == IN_BODY)
            openapi_field(o, fields[i].name, &fields[i], !fields[i].required);
    json_close_object(&o->w);
    json_put_boolean(&o->w, "additionalProperties", false);
}

static bool
body_required(const struct route_entry *e)
{
    for (size_t i = 0; i < e->n_fields; i++)
        if (e->row->input.fields[i].place == IN_BODY &&
            e->row->input.fields[i].required)
            return true;
    return false;
}

static void
put_body(struct openapi *o, const struct route_entry *e)
{
    if (e->n_body == 0)
        return;
    json_open_object(&o->w, "requestBody");
    json_put_boolean(&o->w, "required", body_required(e));
    json_open_object(&o->w, "content");
    json_open_object(&o->w, "application/json");
    json_open_object(&o->w, "schema");
    put_body_schema(o, e);
    json_close_object(&o->w);
    json_close_object(&o->w);
    json_close_object(&o->w);
    json_close_object(&o->w);
}

static void
put_security(struct openapi *o, const struct route_entry *e)
{
    bool csrf = e->method != METHOD_GET && !e->row->no_csrf;

    json_open_array(&o->w, "security");
    if (e->row->access == ALLOW_ANYONE) {
        json_open_object(&o->w, NULL);
        json_close_object(&o->w);
    }
    if (!e->row->no_session) {
        json_open_object(&o->w, NULL);
        json_open_array(&o->w, "session");
        json_close_array(&o->w);
        if (csrf) {
            json_open_array(&o->w, "csrf");
            json_close_array(&o->w);
        }
        json_close_object(&o->w);
    }
    json_close_array(&o->w);
}

static void
put_operation(struct openapi *o, const struct route_entry *e)
{
    char method[16] = { 0 };
    const char *name = method_name(e->method);

    for (size_t i = 0; name[i] != '\0'; i++)
        method[i] = (char)tolower((unsigned char)name[i]);
    json_open_object(&o->w, method);
    json_put_text(&o->w, "operationId", operation_id(o, e));
    json_put_text(&o->w, "summary", e->row->about);
    json_open_array(&o->w, "tags");
    json_put_text(&o->w, NULL, e->feature->name);
    json_close_array(&o->w);
    put_security(o, e);
    put_parameters(o, e);
    put_body(o, e);
    openapi_responses(o, e);
    json_close_object(&o->w);
}

/* ---- Paths --------------------------------------------------------------- */

static bool
listed(const struct route_entry *e)
{
    return e->row->page == NULL;
}

static bool
first_of_path(const struct openapi *o, size_t i)
{
    for (size_t j = 0; j < i; j++) {
        const struct route_entry *e = router_at(o->router, j);

        if (listed(e) && strcmp(e->path, router_at(o->router, i)->path) == 0)
            return false;
    }
    return listed(router_at(o->router, i));
}

static void
put_paths(struct openapi *o)
{
    size_t n = router_count(o->router);

    json_open_object(&o->w, "paths");
    for (size_t i = 0; i < n; i++) {
        const char *path = router_at(o->router, i)->path;

        if (!first_of_path(o, i))
            continue;
        json_open_object(&o->w, path);
        for (size_t j = i; j < n; j++) {
            const struct route_entry *e = router_at(o->router, j);

            if (listed(e) && strcmp(e->path, path) == 0)
                put_operation(o, e);
        }
        json_close_object(&o->w);
    }
    json_close_object(&o->w);
}

/* ---- The rest ------------------------------------------------------------ */

static void
put_info(struct openapi *o, const struct app *app)
{
    json_open_object(&o->w, "info");
    json_put_text(&o->w, "title",
                  mem_printf(o->mem, "%s API", app_site(app)->name));
    json_put_text(&o->w, "version", "1");
    json_put_text(&o->w, "description",
                  "Answers are {\"success\": true, \"data\": ...}; refusals "
                  "are problems (RFC 9457) with a code.");
    json_open_object(&o->w, "license");
    json_put_text(&o->w, "name", "MIT");
    json_put_text(&o->w, "identifier", "MIT");
    json_close_object(&o->w);
    json_close_object(&o->w);
    json_open_array(&o->w, "servers");
    json_open_object(&o->w, NULL);
    json_put_text(&o->w, "url", app_site(app)->url);
    json_close_object(&o->w);
    json_close_array(&o->w);
}

static void
put_tags(struct openapi *o, const struct app *app)
{
    json_open_array(&o->w, "tags");
    for (size_t i = 0; app->features[i] != NULL; i++) {
        const struct feature *f = app->features[i];

        if (feature_routes(f, 0) == NULL)
            continue;
        json_open_object(&o->w, NULL);
        json_put_text(&o->w, "name", f->name);
        if (f->about != NULL)
            json_put_text(&o->w, "description", f->about);
        json_close_object(&o->w);
    }
    json_close_array(&o->w);
}

static void
put_scheme(struct openapi *o, const char *key, const char *in, const char *name,
           const char *about)
{
    json_open_object(&o->w, key);
    json_put_text(&o->w, "type", "apiKey");
    json_put_text(&o->w, "in", in);
    json_put_text(&o->w, "name", name);
    json_put_text(&o->w, "description", about);
    json_close_object(&o->w);
}

static void
put_header(struct openapi *o, const char *name, const char *about,
           const char *type)
{
    json_open_object(&o->w, name);
    json_put_text(&o->w, "description", about);
    json_open_object(&o->w, "schema");
    json_put_text(&o->w, "type", type);
    json_close_object(&o->w);
    json_close_object(&o->w);
}

static void
put_headers(struct openapi *o)
{
    json_open_object(&o->w, "headers");
    put_header(o, "X-RateLimit-Limit", "Requests in the limit's window.",
               "integer");
    put_header(o, "X-RateLimit-Remaining", "Requests that are left of it.",
               "integer");
    put_header(o, "X-RateLimit-Reset", "When it is whole again.", "string");
    put_header(o, "ETag", "For If-None-Match.", "string");
    json_close_object(&o->w);
}

static void
put_idempotency_key(struct openapi *o)
{
    json_open_object(&o->w, "parameters");
    json_open_object(&o->w, "IdempotencyKey");
    json_put_text(&o->w, "name", "Idempotency-Key");
    json_put_text(&o->w, "in", "header");
    json_put_text(&o->w, "description",
                  "The first answer is kept for 24 hours and given again; the "
                  "same key with another body is a conflict.");
    json_open_object(&o->w, "schema");
    json_put_text(&o->w, "type", "string");
    json_put_number(&o->w, "minLength", 1);
    json_put_number(&o->w, "maxLength", 255);
    json_close_object(&o->w);
    json_close_object(&o->w);
    json_close_object(&o->w);
}

static void
put_components(struct openapi *o)
{
    json_open_object(&o->w, "components");
    openapi_schemas(o);
    put_headers(o);
    put_idempotency_key(o);
    json_open_object(&o->w, "securitySchemes");
    put_scheme(o, "session", "cookie", "__Host-session",
               "Set by POST /api/auth/login.");
    put_scheme(o, "csrf", "header", "X-CSRF-Token",
               "The session's token, for everything but GET and HEAD.");
    json_close_object(&o->w);
    json_close_object(&o->w);
}

void
openapi_print(struct text *to, const struct app *app)
{
    void *mem = mem_context(to->mem, "openapi");
    struct openapi o = { .w = { .to = to }, .router = app->router, .mem = mem };

    openapi_name_shapes(&o);
    json_open_object(&o.w, NULL);
    json_put_text(&o.w, "openapi", "3.1.0");
    put_info(&o, app);
    put_tags(&o, app);
    put_paths(&o);
    put_components(&o);
    json_close_object(&o.w);
    mem_free(mem);
}
