/* openapi_response.c - what a row may answer: its success, and each problem
 * that its access, limit, input and refusals can lead to. */
#include "core/openapi.h"

#include <string.h>

#include "base/mem.h"
#include "core/input.h"

/* ---- Success ------------------------------------------------------------- */

static void
put_limit_headers(struct openapi *o, const struct route_entry *e)
{
    static const char *const names[] = { "X-RateLimit-Limit",
                                         "X-RateLimit-Remaining",
                                         "X-RateLimit-Reset", NULL };

    json_open_object(&o->w, "headers");
    for (size_t i = 0; e->row->quota != QUOTA_NONE && names[i] != NULL; i++) {
        json_open_object(&o->w, names[i]);
        json_put_text(&o->w, "$ref",
                      mem_printf(o->mem, "#/components/headers/%s", names[i]));
        json_close_object(&o->w);
    }
    if (e->method == METHOD_GET) {
        json_open_object(&o->w, "ETag");
        json_put_text(&o->w, "$ref", "#/components/headers/ETag");
        json_close_object(&o->w);
    }
    json_close_object(&o->w);
}

static bool
may_note(const struct route *row)
{
    const struct field *f = row->input.fields;

    while (f != NULL && f->name != NULL && !input_is_prose(f))
        f++;
    return f != NULL && f->name != NULL;
}

static void
put_note_member(struct openapi *o, const char *name)
{
    json_open_object(&o->w, name);
    json_put_text(&o->w, "type", "string");
    if (strcmp(name, "code") == 0)
        json_put_text(&o->w, "const", INPUT_DROPPED);
    json_close_object(&o->w);
}

static void
put_notes(struct openapi *o)
{
    static const char *const names[] = { "field", "code", "message", NULL };

    json_open_object(&o->w, "notes");
    json_put_text(&o->w, "description",
                  "What of the input was changed before it was taken: control "
                  "characters were dropped.  Absent where nothing was.");
    json_put_text(&o->w, "type", "array");
    json_open_object(&o->w, "items");
    json_put_text(&o->w, "type", "object");
    json_open_array(&o->w, "required");
    for (size_t i = 0; names[i] != NULL; i++)
        json_put_text(&o->w, NULL, names[i]);
    json_close_array(&o->w);
    json_open_object(&o->w, "properties");
    for (size_t i = 0; names[i] != NULL; i++)
        put_note_member(o, names[i]);
    json_close_object(&o->w);
    json_close_object(&o->w);
    json_close_object(&o->w);
}

static void
put_envelope(struct openapi *o, const struct route *row)
{
    json_put_text(&o->w, "type", "object");
    json_open_array(&o->w, "required");
    json_put_text(&o->w, NULL, "success");
    json_put_text(&o->w, NULL, "data");
    json_close_array(&o->w);
    json_open_object(&o->w, "properties");
    json_open_object(&o->w, "success");
    json_put_boolean(&o->w, "const", true);
    json_close_object(&o->w);
    if (may_note(row))
        put_notes(o);
    openapi_data(o, row);
    json_close_object(&o->w);
}

static void
put_content(struct openapi *o, const struct route *row)
{
    const char *type =
        row->raw_type == NULL ? "application/json" : row->raw_type;

    if (row->returns == NULL && row->raw_type == NULL)
        return;
    json_open_object(&o->w, "content");
    json_open_object(&o->w, mem_strndup(o->mem, type, strcspn(type, ";")));
    json_open_object(&o->w, "schema");
    if (row->raw_type == NULL)
        put_envelope(o, row);
    json_close_object(&o->w);
    json_close_object(&o->w);
    json_close_object(&o->w);
}

static void
put_success(struct openapi *o, const struct route_entry *e)
{
    const struct route *row = e->row;
    bool body = row->returns != NULL || row->raw_type != NULL;
    int status = row->success != 0 ? row->success : body ? 200 : 204;

    json_open_object(&o->w, mem_printf(o->mem, "%d", status));
    json_put_text(&o->w, "description", body ? "Done." : "Done; no content.");
    put_limit_headers(o, e);
    put_content(o, row);
    json_close_object(&o->w);
    if (e->method != METHOD_GET)
        return;
    json_open_object(&o->w, "304");
    json_put_text(&o->w, "description", "Unchanged since that ETag.");
    json_close_object(&o->w);
}

/* ---- Problems ------------------------------------------------------------ */

struct problem_list {
    const struct problem *at[64];
    size_t n;
};

static void
add(struct problem_list *list, bool applies, const struct problem *p)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->at[i]->code, p->code) == 0 &&
            list->at[i]->status == p->status)
            return;
    if (applies && list->n < sizeof list->at / sizeof *list->at)
        list->at[list->n++] = p;
}

static void
collect(struct problem_list *list, const struct route_entry *e)
{
    const struct route *row = e->row;
    bool closed = row->access != ALLOW_ANYONE;
    bool unsafe = e->method != METHOD_GET;

    add(list, true, &problem_validation);
    add(list, true, &problem_malformed);
    add(list, closed, &problem_authentication);
    add(list, closed && row->access != ALLOW_SIGNED_IN, &problem_authorization);
    add(list, unsafe && !row->no_csrf && !row->no_session, &problem_csrf);
    add(list, row->recent_auth, &problem_reauthenticate);
    add(list, e->names > 0, &problem_not_found);
    add(list, e->method == METHOD_POST, &problem_idempotency);
    add(list, unsafe, &problem_too_large);
    add(list, unsafe, &problem_media_type);
    add(list, row->quota != QUOTA_NONE, &problem_rate_limit);
    for (const struct refusal *r = row->refusals;
         r != NULL && r->problem != NULL; r++)
        add(list, true, r->problem);
    add(list, true, &problem_internal);
    add(list, true, &problem_unavailable);
    add(list, true, &problem_timeout);
}

static const char *
describe(struct openapi *o, const struct problem_list *list, int status)
{
    struct text t;

    text_init(&t, o->mem, 256);
    for (size_t i = 0; i < list->n; i++)
        if (list->at[i]->status == status)
            text_addf(&t, "%s`%s`: %s", t.len == 0 ? "" : "\n",
                      list->at[i]->code, list->at[i]->title);
    return t.at;
}

static void
put_codes(struct openapi *o, const struct problem_list *list, int status)
{
    json_open_object(&o->w, "properties");
    json_open_object(&o->w, "code");
    json_open_array(&o->w, "enum");
    for (size_t i = 0; i < list->n; i++)
        if (list->at[i]->status == status)
            json_put_text(&o->w, NULL, list->at[i]->code);
    json_close_array(&o->w);
    json_close_object(&o->w);
    json_close_object(&o->w);
}

static void
put_status(struct openapi *o, const struct problem_list *list, int status)
{
    json_open_object(&o->w, mem_printf(o->mem, "%d", status));
    json_put_text(&o->w, "description", describe(o, list, status));
    json_open_object(&o->w, "content");
    json_open_object(&o->w, "application/problem+json");
    json_open_object(&o->w, "schema");
    json_put_text(&o->w, "$ref", "#/components/schemas/Problem");
    put_codes(o, list, status);
    json_close_object(&o->w);
    json_close_object(&o->w);
    json_close_object(&o->w);
    json_close_object(&o->w);
}

static bool
first_of_status(const struct problem_list *list, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (list->at[j]->status == list->at[i]->status)
            return false;
    return true;
}

void
openapi_responses(struct openapi *o, const struct route_entry *e)
{
    struct problem_list list = { .n = 0 };

    collect(&list, e);
    json_open_object(&o->w, "responses");
    put_success(o, e);
    for (size_t i = 0; i < list.n; i++)
        if (first_of_status(&list, i))
            put_status(o, &list, list.at[i]->status);
    json_close_object(&o->w);
}
