/*
 * mustache_spec.c - runs the tests of the public Mustache specification
 * (tests/data/mustache-spec) through core/template.  Part of template_suite.
 */
#include <CUnit/CUnit.h>
#include <json-c/json.h>

#include "base/file.h"
#include "base/mem.h"
#include "core/template.h"
#include "core/template_json.h"
#include "data.h"
#include "mustache_spec.h"

static const char *
text_of(struct json_object *of, const char *name)
{
    return json_object_get_string(json_object_object_get(of, name));
}

static struct template_set *
partials_of(void *mem, struct json_object *test, struct text *faults)
{
    struct template_set *set = templates_new(mem, TEMPLATE_HTML);
    struct json_object *partials;

    if (json_object_object_get_ex(test, "partials", &partials)) {
        json_object_object_foreach(partials, name, source)
        {
            templates_add(set, name, json_object_get_string(source),
                          (size_t)json_object_get_string_len(source));
        }
    }
    (void)templates_compile(set, faults);
    return set;
}

static bool
passes(struct json_object *test)
{
    void *mem = mem_context(NULL, "spec");
    struct text *out = text_new(mem), *faults = text_new(mem);
    struct template_set *partials = partials_of(mem, test, faults);
    const char *source = text_of(test, "template");
    struct template_value data = { 0 };
    const struct template *t = template_parse(
        mem, TEMPLATE_HTML, "test", source, strlen(source), partials, faults);

    template_json(&data, json_object_object_get(test, "data"));
    bool passed = t != NULL && faults->len == 0 &&
                  template_render(out, t, &data) &&
                  strcmp(out->at, text_of(test, "expected")) == 0;
    if (!passed)
        printf("\n  %s: %s\n  template %s\n  expected %s\n  rendered %s\n  %s",
               text_of(test, "name"), text_of(test, "desc"), source,
               text_of(test, "expected"), out->at, faults->at);
    mem_free(mem);
    return passed;
}

/* Runs one module; its number of tests is known, so none can go missing. */
static void
module_passes(const char *name, size_t count)
{
    void *mem = mem_context(NULL, "spec");
    const char *path =
        test_data(mem, mem_printf(mem, "mustache-spec/%s.json", name));
    struct json_object *module = json_object_from_file(path);
    struct json_object *tests = json_object_object_get(module, "tests");
    size_t n = tests == NULL ? 0 : json_object_array_length(tests);

    CU_ASSERT_EQUAL(n, count);
    for (size_t i = 0; i < n; i++)
        CU_ASSERT(passes(json_object_array_get_idx(tests, i)));
    (void)json_object_put(module);
    mem_free(mem);
}

static void
comments(void)
{
    module_passes("comments", 12);
}

static void
delimiters(void)
{
    module_passes("delimiters", 14);
}

static void
interpolation(void)
{
    module_passes("interpolation", 42);
}

static void
inverted(void)
{
    module_passes("inverted", 22);
}

static void
partials(void)
{
    module_passes("partials", 12);
}

static void
sections(void)
{
    module_passes("sections", 34);
}

CU_TestInfo mustache_spec_tests[] = {
    { "comments", comments },
    { "delimiters", delimiters },
    { "interpolation", interpolation },
    { "inverted", inverted },
    { "partials", partials },
    { "sections", sections },
    CU_TEST_INFO_NULL,
};
