/* input_json.c - a JSON body, read into the row's struct as it stands. */
#include "core/input.h"

#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "core/json.h"

static const char *
number(struct input *in, const struct field *f, struct json_reader *r)
{
    const char *at;
    size_t len;

    if (!json_number(r, &at, &len))
        return NULL;
    if (f->type != VALUE_INTEGER && f->type != VALUE_MAYBE_INTEGER &&
        f->type != VALUE_REAL)
        return f->type == VALUE_TEXTS ? "must be a list of texts"
                                      : "must be a text";
    return input_value(in, f, mem_strndup(in->mem, at, len), len);
}

static const char *
string(struct input *in, const struct field *f, struct json_reader *r)
{
    char *s;
    size_t len;

    if (!json_string(r, &s, &len))
        return NULL;
    switch (f->type) {
    case VALUE_INTEGER:
    case VALUE_MAYBE_INTEGER:
        return "must be an integer";
    case VALUE_REAL:
        return "must be a number";
    case VALUE_BOOLEAN:
    case VALUE_MAYBE_BOOLEAN:
        return "must be true or false";
    case VALUE_TEXTS:
        return "must be a list of texts";
    default:
        return input_value(in, f, s, len);
    }
}

static const char *
boolean(struct input *in, const struct field *f, struct json_reader *r)
{
    bool is;

    if (!json_boolean(r, &is))
        return NULL;
    if (f->type != VALUE_BOOLEAN && f->type != VALUE_MAYBE_BOOLEAN)
        return "must not be a boolean";
    return is ? input_value(in, f, "true", 4) : input_value(in, f, "false", 5);
}

/* A list of texts; the first that is wrong speaks for all. */
static const char *
array(struct input *in, const struct field *f, struct json_reader *r)
{
    const char **items = mem_array(in->mem, const char *, 1);
    const char *wrong = NULL;
    size_t n = 0;

    (void)json_enter(r);
    while (json_item(r)) {
        char *s;
        size_t len;

        if (json_peek(r) != JSON_STRING || f->type != VALUE_TEXTS) {
            wrong = f->type == VALUE_TEXTS ? "must be a list of texts"
                                           : "must not be a list";
            (void)json_skip(r);
            continue;
        }
        if (!json_string(r, &s, &len))
            return NULL;
        if (wrong == NULL)
            wrong = input_item(in, f, s, len);
        if ((n & (n + 1)) == 0)
            items = mem_grow(in->mem, items, 2 * (n + 1) * sizeof *items);
        items[n++] = s;
    }
    if (r->fault != NULL || wrong != NULL)
        return wrong;
    return f->type == VALUE_TEXTS ? input_list(in, f, items, n)
                                  : "must not be a list";
}

static const char *
any_json(struct input *in, const struct field *f, struct json_reader *r)
{
    const char *at = r->at;

    if (!json_skip(r))
        return NULL;
    size_t len = (size_t)(r->at - at);
    if (len > (size_t)(f->max == 0 ? 10000 : f->max))
        return "is too large";
    *(struct json_text *)(void *)(in->into + f->offset) =
        (struct json_text){ mem_strndup(in->mem, at, len) };
    return NULL;
}

/* null says what leaving the member out says. */
static const char *
nothing(struct input *in, const struct field *f, struct json_reader *r)
{
    size_t i = (size_t)(f - in->entry->row->input.fields);

    (void)json_skip(r);
    return f->required ? (in->seen |= UINT64_C(1) << i, "is required") : NULL;
}

static const char *
value(struct input *in, const struct field *f, struct json_reader *r)
{
    enum json_kind kind = json_peek(r);

    if (kind == JSON_NULL)
        return nothing(in, f, r);
    if (f->type == VALUE_JSON)
        return any_json(in, f, r);
    switch (kind) {
    case JSON_STRING:
        return string(in, f, r);
    case JSON_NUMBER:
        return number(in, f, r);
    case JSON_BOOLEAN:
        return boolean(in, f, r);
    case JSON_ARRAY:
        return array(in, f, r);
    default:
        (void)json_skip(r);
        return "must not be an object";
    }
}

static void
read_members(struct input *in, struct json_reader *r)
{
    char *name;
    size_t len;

    while (json_member(r, &name, &len)) {
        const struct field *f = input_take(in, IN_BODY, name, len, true);

        if (f == NULL) {
            (void)json_skip(r);
            continue;
        }
        const char *wrong = value(in, f, r);
        if (wrong != NULL && r->fault == NULL)
            fault_add(in->faults, f->name, wrong);
    }
}

/* What is wrong with a body before anything of it is read. */
static const char *
no_object(struct json_reader *r, const char *text, size_t n)
{
    if (!utf8_valid(text, n))
        return "must be UTF-8";
    if (n >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        return "must not begin with a byte order mark (RFC 8259, 8.1)";
    return json_peek(r) == JSON_OBJECT ? NULL : "must be a JSON object";
}

void
input_json(struct input *in, char *text, size_t n)
{
    struct json_reader r;

    json_open(&r, text, n);
    const char *wrong = no_object(&r, text, n);
    if (wrong == NULL) {
        (void)json_enter(&r);
        read_members(in, &r);
        if (!json_close(&r))
            wrong = r.fault;
    }
    in->unread = wrong != NULL;
    if (wrong != NULL)
        fault_add(in->faults, "body", wrong);
}
