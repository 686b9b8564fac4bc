/* openapi_field.c - schemas (JSON Schema 2020-12) of the fields of requests. */
#include "core/input.h"
#include "core/openapi.h"

#include "core/feature.h"

static const char *
type_name(enum value_type type)
{
    switch (type) {
    case VALUE_INTEGER:
    case VALUE_MAYBE_INTEGER:
        return "integer";
    case VALUE_REAL:
        return "number";
    case VALUE_BOOLEAN:
    case VALUE_MAYBE_BOOLEAN:
        return "boolean";
    case VALUE_TEXTS:
        return "array";
    case VALUE_JSON:
        return NULL;
    default:
        return "string";
    }
}

static const char *
format_name(enum value_type type)
{
    switch (type) {
    case VALUE_INTEGER:
    case VALUE_MAYBE_INTEGER:
        return "int64";
    case VALUE_UUID:
        return "uuid";
    case VALUE_TIME:
        return "date-time";
    default:
        return NULL;
    }
}

void
openapi_type(struct openapi *o, enum value_type type, bool nullable)
{
    const char *name = type_name(type), *format = format_name(type);

    if (name != NULL && nullable) {
        json_open_array(&o->w, "type");
        json_put_text(&o->w, NULL, name);
        json_put_text(&o->w, NULL, "null");
        json_close_array(&o->w);
    } else if (name != NULL) {
        json_put_text(&o->w, "type", name);
    }
    if (format != NULL)
        json_put_text(&o->w, "format", format);
    if (type == VALUE_BYTES)
        json_put_text(&o->w, "contentEncoding", "base64");
}

static void
put_choices(struct openapi *o, const struct field *f, bool optional)
{
    json_open_array(&o->w, "enum");
    for (size_t i = 0; f->choices[i] != NULL; i++)
        json_put_text(&o->w, NULL, f->choices[i]);
    if (optional)
        json_put_null(&o->w, NULL);
    json_close_array(&o->w);
}

static void
put_text_bounds(struct openapi *o, const struct field *f, int64_t min,
                int64_t max)
{
    if (min > 0)
        json_put_number(&o->w, "minLength", min);
    if (f->code)
        max = INPUT_CODE_TYPED;
    json_put_number(&o->w, "maxLength", max == 0 ? 500 : max);
    if (f->pattern != NULL)
        json_put_text(&o->w, "pattern", f->pattern);
}

static void
put_list_bounds(struct openapi *o, const struct field *f)
{
    if (f->min > 0)
        json_put_number(&o->w, "minItems", f->min);
    json_put_number(&o->w, "maxItems", f->max == 0 ? 100 : f->max);
    json_open_object(&o->w, "items");
    json_put_text(&o->w, "type", "string");
    if (f->choices != NULL)
        put_choices(o, f, false);
    else
        put_text_bounds(o, f, 1, f->item_max);
    json_close_object(&o->w);
}

static void
put_number_bounds(struct openapi *o, const struct field *f)
{
    if (f->min != 0 || f->max != 0)
        json_put_number(&o->w, "minimum", f->min);
    if (f->max != 0)
        json_put_number(&o->w, "maximum", f->max);
}

static void
put_bounds(struct openapi *o, const struct field *f, bool optional)
{
    switch (f->type) {
    case VALUE_INTEGER:
    case VALUE_MAYBE_INTEGER:
    case VALUE_REAL:
        put_number_bounds(o, f);
        break;
    case VALUE_TEXTS:
        put_list_bounds(o, f);
        break;
    case VALUE_CHOICE:
        put_choices(o, f, optional);
        break;
    case VALUE_CURSOR:
        json_put_text(&o->w, "pattern", "^[A-Za-z0-9_-]{32}$");
        break;
    case VALUE_TEXT:
        if (f->choices != NULL)
            put_choices(o, f, optional);
        else
            put_text_bounds(o, f, f->min, f->max);
        break;
    default:
        break;
    }
}

static void
put_default(struct openapi *o, const struct field *f)
{
    if (f->required)
        return;
    if (f->type == VALUE_INTEGER && f->place != IN_PATH)
        json_put_number(&o->w, "default", f->otherwise);
    else if (f->type == VALUE_CHOICE)
        json_put_text(&o->w, "default", f->choices[f->otherwise]);
    else if (f->type == VALUE_BOOLEAN)
        json_put_boolean(&o->w, "default", f->otherwise != 0);
}

void
openapi_field(struct openapi *o, const char *key, const struct field *f,
              bool optional)
{
    json_open_object(&o->w, key);
    openapi_type(o, f->type, optional);
    put_bounds(o, f, optional);
    put_default(o, f);
    if (f->secret)
        json_put_boolean(&o->w, "writeOnly", true);
    if (input_is_prose(f))
        json_put_text(&o->w, "x-controls", "dropped");
    if (f->place == IN_BODY)
        json_put_text(&o->w, "description", f->about);
    json_close_object(&o->w);
}
