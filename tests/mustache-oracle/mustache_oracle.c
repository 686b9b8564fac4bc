/*
 * mustache_oracle.c - renders what oracle.mjs asks for, line by line.
 *
 * In: {"template": text, "partials": {name: text}, "data": any}
 * Out: the rendered text as a JSON string, or the faults as {"faults": text}.
 */
#include <json-c/json.h>

#include "base/escape.h"
#include "base/mem.h"
#include "core/template.h"
#include "core/template_json.h"

static struct template_set *
partials_of(const void *mem, struct json_object *partials, struct text *faults)
{
    struct template_set *set = templates_new(mem, TEMPLATE_HTML);

    json_object_object_foreach(partials, name, source)
    {
        templates_add(set, name, json_object_get_string(source),
                      (size_t)json_object_get_string_len(source));
    }
    (void)templates_compile(set, faults);
    return set;
}

static void
put(const char *before, const struct text *what, const char *after)
{
    struct text *line = text_new(what->mem);

    text_adds(line, before);
    escape_json(line, what->at, what->len);
    text_adds(line, after);
    puts(line->at);
    (void)fflush(stdout);
}

static void
answer(const void *mem, struct json_object *asked)
{
    struct text *out = text_new(mem), *faults = text_new(mem);
    struct json_object *source = json_object_object_get(asked, "template");
    struct template_set *partials =
        partials_of(mem, json_object_object_get(asked, "partials"), faults);
    struct template_value data = { 0 };
    const struct template *t = template_parse(
        mem, TEMPLATE_HTML, "template", json_object_get_string(source),
        (size_t)json_object_get_string_len(source), partials, faults);

    template_json(&data, json_object_object_get(asked, "data"));
    if (t == NULL || faults->len > 0 || !template_render(out, t, &data))
        put("{\"faults\":\"", faults, "\"}");
    else
        put("\"", out, "\"");
}

int
main(void)
{
    char *line = NULL;
    size_t room = 0;

    while (getline(&line, &room, stdin) > 0) {
        void *mem = mem_context(NULL, "line");
        struct json_object *asked = json_tokener_parse(line);

        answer(mem, asked);
        (void)json_object_put(asked);
        mem_free(mem);
    }
    free(line);
    return 0;
}
