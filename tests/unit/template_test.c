/*
 * template_test.c - core/template: what the specification's own tests (see
 * mustache_spec.c) leave out, faults, sources, sets, bounds and speed.
 */
#include <CUnit/CUnit.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "core/template.h"
#include "core/template_json.h"
#include "mustache_spec.h"
#include "tests/unit/context.h"

int template_suite(void);

static const struct template *
parsed(const char *source)
{
    struct text *faults = text_new(mem);
    const struct template *t = template_parse(mem, TEMPLATE_HTML, "t", source,
                                              strlen(source), NULL, faults);

    CU_ASSERT_PTR_NOT_NULL(t);
    CU_ASSERT_STRING_EQUAL(faults->at, "");
    return t;
}

static const char *
rendered(const struct template *t, const char *json)
{
    struct text *out = text_new(mem);
    struct template_value root = { 0 };

    CU_ASSERT(template_json_parse(mem, json, strlen(json), &root));
    if (t == NULL)
        return "(no template)";
    CU_ASSERT(template_render(out, t, &root));
    return out->at;
}

#define RENDERS(source, json, expected)                                        \
    CU_ASSERT_STRING_EQUAL(rendered(parsed(source), json), expected)

static const char *
faults_of(const char *source)
{
    struct text *faults = text_new(mem);

    CU_ASSERT_PTR_NULL(template_parse(mem, TEMPLATE_HTML, "t", source,
                                      strlen(source), NULL, faults));
    return faults->at;
}

#define FAULT(source, expected)                                                \
    CU_ASSERT_STRING_EQUAL(faults_of(source), expected "\n")

/* ---- Language ------------------------------------------------------------ */

static void
escapes(void)
{
    RENDERS("{{a}}|{{{a}}}|{{&a}}", "{\"a\":\"<'\\\">&\"}",
            "&lt;&#39;&quot;&gt;&amp;|<'\">&|<'\">&");
}

static void
does_not_escape_plain_text(void)
{
    struct text *out = text_new(mem);
    struct template_value root = { 0 };
    const struct template *t =
        template_parse(mem, TEMPLATE_PLAIN, "t", "{{a}}", 5, NULL, out);

    template_json_parse(mem, "{\"a\":\"<&>\"}", 11, &root);
    CU_ASSERT(template_render(out, t, &root));
    CU_ASSERT_STRING_EQUAL(out->at, "<&>");
}

#define FSI "\xE2\x81\xA8"
#define PDI "\xE2\x81\xA9"
#define RLO "\xE2\x80\xAE"
#define PDF "\xE2\x80\xAC"
#define ALEF "\xD7\x90"

static void
closes_what_turns_the_direction(void)
{
    RENDERS("{{a}}|{{{a}}}", "{\"a\":\"" RLO "<x\"}",
            RLO "&lt;x" PDF "|" RLO "<x");
    RENDERS("({{a}})", "{\"a\":\"x" PDI "y\"}", "(xy)");
    RENDERS("({{a@typed}})", "{\"a\":\"<" RLO "y\"}", "(&lt;" RLO "y)");
    RENDERS("({{a}})", "{\"a\":\"" FSI ALEF PDI "\"}", "(" FSI ALEF PDI ")");
}

static void
isolates_names_in_titles(void)
{
    RENDERS("{{a@isolated}}|{{b@isolated}}|{{#a}}{{.@isolated}}{{/a}}",
            "{\"a\":\"" ALEF "&" RLO "\",\"b\":\"x\"}",
            FSI ALEF "&amp;" PDI "|x|" FSI ALEF "&amp;" PDI);
}

static void
isolates_in_plain_text(void)
{
    struct text *out = text_new(mem);
    struct template_value root = { 0 };
    static const char source[] = "{{a}}, {{b}}: {{{a}}}";
    static const char data[] = "{\"a\":\"" PDI ALEF "\",\"b\":\"<" RLO "x\"}";
    const struct template *t = template_parse(mem, TEMPLATE_PLAIN, "t", source,
                                              strlen(source), NULL, out);

    template_json_parse(mem, data, strlen(data), &root);
    CU_ASSERT(template_render(out, t, &root));
    CU_ASSERT_STRING_EQUAL(out->at, FSI ALEF PDI ", <x: " PDI ALEF);
}

static void
knows_what_is_falsy(void)
{
    static const char source[] = "{{#a}}yes{{/a}}{{^a}}no{{/a}}";

    RENDERS(source, "{\"a\":\"\"}", "no");
    RENDERS(source, "{\"a\":0}", "no");
    RENDERS(source, "{\"a\":0.0}", "no");
    RENDERS(source, "{\"a\":false}", "no");
    RENDERS(source, "{\"a\":null}", "no");
    RENDERS(source, "{\"a\":[]}", "no");
    RENDERS(source, "{}", "no");
    RENDERS(source, "{\"a\":\"0\"}", "yes");
    RENDERS(source, "{\"a\":1}", "yes");
    RENDERS(source, "{\"a\":{}}", "yes");
    RENDERS(source, "{\"a\":[null]}", "yes");
    RENDERS("{{a}} {{b}}", "{\"a\":0,\"b\":false}", "0 false");
}

static void
passes_suffixes_on(void)
{
    RENDERS("{{at@date}} {{x.at@date}}",
            "{\"at@date\":\"today\",\"x\":{\"at@date\":\"then\"}}",
            "today then");
}

static void
keeps_null_from_outer_scopes(void)
{
    RENDERS("{{#o}}[{{a}}{{b}}]{{/o}}", "{\"a\":1,\"b\":2,\"o\":{\"a\":null}}",
            "[2]");
    RENDERS("{{#o}}{{a.b}}{{/o}}", "{\"a\":{\"b\":1},\"o\":{\"a\":{}}}", "");
}

static void
renders_deep_lists(void)
{
    RENDERS("{{#a}}{{#.}}{{.}},{{/.}};{{/a}}", "{\"a\":[[1,2],[],[3]]}",
            "1,2,;;3,;");
}

static void
changes_delimiters(void)
{
    RENDERS("{{=<% %>=}}<%{a}%>{{a}}<%={{ }}=%>{{a}}", "{\"a\":\"<\"}",
            "<{{a}}&lt;");
}

/* ---- Faults -------------------------------------------------------------- */

static void
names_faults(void)
{
    FAULT("a\n{{b", "t:2: a tag without an end");
    FAULT("{{{a}}", "t:1: a tag without an end");
    FAULT("{{! never", "t:1: a tag without an end");
    FAULT("{{}}", "t:1: a tag without a name");
    FAULT("{{a b}}", "t:1: a blank within the name a b");
    FAULT("{{a..b}}", "t:1: an empty part in a..b");
    FAULT("{{a.}}", "t:1: an empty part in a.");
    FAULT("\n\n{{#a}}\n", "t:3: nothing closes the section a");
    FAULT("{{/a}}", "t:1: nothing is open to be closed by a");
    FAULT("{{#a}}\n{{/b}}", "t:1: another tag closes the section a");
    FAULT("{{=a=}}", "t:1: these cannot be delimiters: a");
    FAULT("{{=a b c=}}", "t:1: these cannot be delimiters: a b c");
    FAULT("{{=a= b=}}", "t:1: these cannot be delimiters: a= b");
    FAULT("{{<a}}", "t:1: inheritance and dynamic names are not supported: <a");
}

static void
bounds_nesting(void)
{
    struct text *source = text_new(mem);

    for (int i = 0; i < 65; i++)
        text_adds(source, "{{#a}}");
    CU_ASSERT_STRING_EQUAL(faults_of(source->at),
                           "t:1: sections nested too deep: a\n");
}

/* ---- Sets and partials --------------------------------------------------- */

static struct template_set *
set_of(const char *const *pairs, struct text *faults)
{
    struct template_set *set = templates_new(mem, TEMPLATE_HTML);

    for (; pairs[0] != NULL; pairs += 2)
        templates_add(set, pairs[0], pairs[1], strlen(pairs[1]));
    (void)templates_compile(set, faults);
    return set;
}

static void
refuses_unknown_partials_in_sets(void)
{
    static const char *const pairs[] = { "a", "\n{{> b}}", NULL };
    struct text *faults = text_new(mem);

    set_of(pairs, faults);
    CU_ASSERT_STRING_EQUAL(faults->at, "a:2: no template b\n");
}

static void
indents_partials_in_partials(void)
{
    static const char *const pairs[] = {
        "a",  "x\n  {{> b}}\ny",
        "b",  "1\n\n {{> c}}\n{{v}}\n{{#v}}\n5\n{{/v}}\n",
        "c",  "{{#v}}2{{/v}}\n3",
        NULL,
    };
    struct text *faults = text_new(mem);
    struct template_set *set = set_of(pairs, faults);

    CU_ASSERT_STRING_EQUAL(faults->at, "");
    CU_ASSERT_STRING_EQUAL(
        rendered(template_find(set, "a"), "{\"v\":\"4\\n4\"}"),
        "x\n  1\n\n   2\n   3  4\n4\n  5\ny");
}

static void
ends_endless_templates(void)
{
    static const char *const pairs[] = { "a", "x{{> a}}", "b",
                                         "{{#l}}{{> b}}{{/l}}", NULL };
    struct text *faults = text_new(mem), *out = text_new(mem);
    struct template_set *set = set_of(pairs, faults);
    struct template_value root = { 0 };

    template_json_parse(mem, "{\"l\":[1,2]}", 11, &root);
    CU_ASSERT_FALSE(template_render(out, template_find(set, "a"), &root));
    CU_ASSERT_FALSE(template_render(out, template_find(set, "b"), &root));
}

static void
write_file(const char *path, const char *source)
{
    CU_ASSERT(file_write(path, source, strlen(source), 0600));
}

static void
loads_directories(void)
{
    char dir[] = "/tmp/template_test.XXXXXX";
    struct text *faults = text_new(mem);

    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
    const char *sub = mem_printf(mem, "%s/site", dir);
    const char *page = mem_printf(mem, "%s/page.html", dir);
    const char *part = mem_printf(mem, "%s/part.html", sub);
    const char *other = mem_printf(mem, "%s/note.txt", sub);
    CU_ASSERT_EQUAL(mkdir(sub, 0700), 0);
    write_file(page, "<p>{{> site/part}}</p>");
    write_file(part, "{{a}}");
    write_file(other, "{{");
    struct template_set *set = templates_load(mem, dir, faults);
    CU_ASSERT_PTR_NOT_NULL_FATAL(set);
    CU_ASSERT_STRING_EQUAL(rendered(template_find(set, "page"), "{\"a\":1}"),
                           "<p>1</p>");
    CU_ASSERT_STRING_EQUAL(template_name_of(template_at(set, 1)), "site/part");
    CU_ASSERT_PTR_NULL(template_at(set, 2));
    CU_ASSERT_PTR_NULL(template_find(set, "site/note"));

    write_file(part, "\n{{#a}}");
    CU_ASSERT_PTR_NULL(templates_load(mem, dir, faults));
    CU_ASSERT_STRING_EQUAL(
        faults->at,
        mem_printf(mem, "%s:2: nothing closes the section a\n", part));
    CU_ASSERT_PTR_NULL(
        templates_load_as(mem, dir, ".txt", TEMPLATE_PLAIN, faults));
    (void)(unlink(page) + unlink(part) + unlink(other) + rmdir(sub) +
           rmdir(dir));
    CU_ASSERT_PTR_NULL(templates_load(mem, dir, faults));
}

/* ---- Pages in layouts ---------------------------------------------------- */

static void
renders_pages_in_layouts(void)
{
    struct template_pair site[] = { { .name = "title" },
                                    { .name = "n" },
                                    { 0 } };
    struct template_value outer = { 0 }, data = { 0 };
    const struct template_scope around = { &outer, NULL };
    const struct template_scope scope = { &data, &around };
    struct text *out = text_new(mem);

    template_string(&site[0].value, "T");
    template_number(&site[1].value, -12);
    template_object(&outer, &template_pairs, site);
    template_json_parse(mem, "{\"a\":\"<b>\"}", 11, &data);
    CU_ASSERT(template_render_page(out,
                                   parsed("<{{title}} {{n}}>{{{content}}}</>"),
                                   parsed("{{a}}{{n}}"), &scope));
    CU_ASSERT_STRING_EQUAL(out->at, "<T -12>&lt;b&gt;-12</>");
}

static void
reads_numbers(void)
{
    struct template_value v = { 0 };

    template_number(&v, INT64_MIN);
    CU_ASSERT_EQUAL(v.len, 20);
    CU_ASSERT_NSTRING_EQUAL(v.text, "-9223372036854775808", 20);
    RENDERS("{{a}} {{b}} {{c}}", "{\"a\":1.5,\"b\":-3,\"c\":1e3}",
            "1.5 -3 1e3");
    CU_ASSERT_FALSE(template_json_parse(mem, "{\"a\":", 5, &v));
    CU_ASSERT_FALSE(template_json_parse(mem, "{} x", 4, &v));
    CU_ASSERT_FALSE(template_json_parse(mem, "", 0, &v));
    CU_ASSERT_FALSE(template_json_parse(mem, "{}\0", 3, &v));
    CU_ASSERT(template_json_parse(mem, " 85 \n", 5, &v));
    CU_ASSERT(template_json_parse(mem, "85", 2, &v));
    CU_ASSERT_NSTRING_EQUAL(v.text, "85", 2);
}

/* ---- Speed: rows as a database result would be --------------------------- */

enum { ROWS = 20, COLUMNS = 15 };

static const char column_name[COLUMNS][8] = {
    "c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7",
    "c8", "c9", "ca", "cb", "cc", "cd", "ce",
};
static uint32_t column_hash[COLUMNS];

static bool
row_member(const struct template_value *row, const struct template_name *name,
           const void *on, struct template_value *ret)
{
    (void)on;
    for (size_t i = 0; i < COLUMNS; i++)
        if (template_named(name, column_name[i], column_hash[i])) {
            if (i % 3 == 0)
                template_number(ret, (int64_t)(row->row * 1000 + i));
            else
                template_string(ret, "fifteen <letters>");
            return true;
        }
    return false;
}

static size_t
row_count(const struct template_value *list)
{
    (void)list;
    return ROWS;
}

static const struct template_source row_source;

static void
row_item(const struct template_value *list, size_t i, const void *on,
         struct template_value *ret)
{
    (void)on;
    template_object(ret, &row_source, list->at);
    ret->row = (uint32_t)i;
}

static const struct template_source row_source = {
    .member = row_member,
    .count = row_count,
    .item = row_item,
};

static void
prints_its_speed(void)
{
    struct text *source = text_new(mem), *out = text_new(mem);
    struct template_pair pairs[] = { { .name = "rows" }, { 0 } };
    struct template_value root = { 0 };
    enum { TIMES = 1000 };

    text_adds(source, "<ul>\n{{#rows}}\n<li>");
    for (size_t i = 0; i < COLUMNS; i++) {
        column_hash[i] = template_hash(column_name[i], 2);
        text_addf(source, "<span class=\"x\">{{%s}}</span>\n", column_name[i]);
    }
    text_adds(source, "</li>\n{{/rows}}\n</ul>\n");
    const struct template *t = parsed(source->at);
    template_list(&pairs[0].value, &row_source, NULL);
    template_object(&root, &template_pairs, pairs);
    int64_t from = clock_cpu();
    for (int i = 0; i < TIMES; i++) {
        text_clear(out);
        CU_ASSERT(template_render(out, t, &root));
    }
    printf("20 items of 15 tags, %zu bytes: %.1f us ", out->len,
           (double)(clock_cpu() - from) / TIMES);
}

/* ---- The suite ----------------------------------------------------------- */

static CU_TestInfo tests[] = {
    { "escapes", escapes },
    { "does not escape plain text", does_not_escape_plain_text },
    { "closes what turns the direction", closes_what_turns_the_direction },
    { "isolates names in titles", isolates_names_in_titles },
    { "isolates in plain text", isolates_in_plain_text },
    { "knows what is falsy", knows_what_is_falsy },
    { "passes suffixes on", passes_suffixes_on },
    { "keeps null from outer scopes", keeps_null_from_outer_scopes },
    { "renders deep lists", renders_deep_lists },
    { "changes delimiters", changes_delimiters },
    { "names faults", names_faults },
    { "bounds nesting", bounds_nesting },
    { "refuses unknown partials in sets", refuses_unknown_partials_in_sets },
    { "indents partials in partials", indents_partials_in_partials },
    { "ends endless templates", ends_endless_templates },
    { "loads directories", loads_directories },
    { "renders pages in layouts", renders_pages_in_layouts },
    { "reads numbers", reads_numbers },
    { "prints its speed", prints_its_speed },
    CU_TEST_INFO_NULL,
};

int
template_suite(void)
{
    CU_SuiteInfo suites[] = {
        { "template", NULL, NULL, context_set_up, context_tear_down, tests },
        { "mustache-spec", NULL, NULL, NULL, NULL, mustache_spec_tests },
        CU_SUITE_INFO_NULL,
    };

    return CU_register_suites(suites) == CUE_SUCCESS ? 0 : -1;
}
