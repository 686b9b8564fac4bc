/* template_json.c - see template_json.h. */
#include "core/template_json.h"

#include <json-c/json.h>
#include <math.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

static const struct template_source json_source;

/* json-c takes no const: what is called here does not change the value, but
 * for the text that it keeps of a number. */
static struct json_object *mutable(const void *json)
{
    union {
        const void *in;
        struct json_object *out;
    } cast = { json };

    return cast.out;
}

static void
set_double(struct template_value *ret, struct json_object *json)
{
    template_string(ret, json_object_to_json_string(json));
    if (fpclassify(json_object_get_double(json)) == FP_ZERO)
        ret->kind = TEMPLATE_FALSE;
}

void
template_json(struct template_value *ret, const struct json_object *from)
{
    struct json_object *json = mutable(from);

    switch (json_object_get_type(json)) {
    case json_type_null:
        ret->kind = TEMPLATE_NOTHING;
        break;
    case json_type_boolean:
        template_boolean(ret, json_object_get_boolean(json));
        break;
    case json_type_double:
        set_double(ret, json);
        break;
    case json_type_int:
        template_number(ret, json_object_get_int64(json));
        break;
    case json_type_object:
        template_object(ret, &json_source, json);
        break;
    case json_type_array:
        template_list(ret, &json_source, json);
        break;
    case json_type_string:
        template_text(ret, json_object_get_string(json),
                      (size_t)json_object_get_string_len(json));
        break;
    }
}

static bool
json_member(const struct template_value *object,
            const struct template_name *name, const void *mem,
            struct template_value *ret)
{
    struct json_object *found;

    (void)mem;
    if (!json_object_object_get_ex(mutable(object->at), name->at, &found))
        return false;
    template_json(ret, found);
    return true;
}

static size_t
json_count(const struct template_value *list)
{
    return json_object_array_length(mutable(list->at));
}

static void
json_item(const struct template_value *list, size_t i, const void *mem,
          struct template_value *ret)
{
    (void)mem;
    template_json(ret, json_object_array_get_idx(mutable(list->at), i));
}

static const struct template_source json_source = {
    .member = json_member,
    .count = json_count,
    .item = json_item,
};

/* ---- Parsing ------------------------------------------------------------- */

/* Lives on mem and takes its document along. */
struct holder {
    struct json_object *json;
};

static int
holder_end(struct holder *holder)
{
    (void)json_object_put(holder->json);
    return 0;
}

static void
tokener_end(struct json_tokener **tokener)
{
    json_tokener_free(*tokener);
}

bool
template_json_parse(const void *mem, const char *json, size_t len,
                    struct template_value *ret)
{
    struct json_tokener *tokener __attribute__((cleanup(tokener_end))) =
        json_tokener_new();

    if (tokener == NULL)
        die("out of memory");
    if (len > INT32_MAX)
        return false;
    struct holder *holder = mem_new(mem, struct holder);
    const char *copy = mem_strndup(holder, json, len);

    /* Up to the NUL, since a number alone has no other end. */
    talloc_set_destructor(holder, holder_end);
    holder->json = json_tokener_parse_ex(tokener, copy, -1);
    size_t used = json_tokener_get_parse_end(tokener);
    if (json_tokener_get_error(tokener) != json_tokener_success ||
        used + strspn(copy + used, " \t\r\n") != len)
        return false;
    template_json(ret, holder->json);
    return true;
}
