/* input_test.c - query, path and JSON body into a struct, and every way in
 * which they can be wrong.  Cursors by themselves: cursor_test.c. */
#include <CUnit/CUnit.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/cursor.h"
#include "core/feature.h"
#include "core/input.h"
#include "core/json.h"
#include "tests/unit/context.h"
#include "tests/unit/suites.h"

struct all {
    const char *line;
    struct uuid id;
    int64_t limit;
    struct maybe_integer version;
    double ratio;
    const char *title, *notes, *kind, *slug;
    bool flag;
    struct maybe_boolean maybe;
    struct instant when;
    struct texts tags;
    struct json_text extra;
    struct cursor cursor, rising;
    unsigned int sort;
};

static bool
slug_valid(const char *s)
{
    return strspn(s, "abcdefghijklmnopqrstuvwxyz-") == strlen(s);
}

static const char *const kinds[] = { "ARTICLE", "POLL", NULL };
static const char *const sorts[] = { "recent", "popular", NULL };

/* Each place has all types, so that one table serves all tests. */
#define VALUES(place)                                                          \
    FIELD(place, struct all, limit, .min = 1, .max = 100, .otherwise = 20,     \
          .about = "x"),                                                       \
        FIELD(place, struct all, version, .about = "x"),                       \
        FIELD(place, struct all, ratio, .about = "x"),                         \
        FIELD(place, struct all, title, .min = 2, .max = 5, .raw = true,       \
              .about = "x"),                                                   \
        FIELD(place, struct all, notes, .lines = true, .visible = true,        \
              .about = "x"),                                                   \
        FIELD(place, struct all, kind, .choices = kinds, .about = "x"),        \
        FIELD(place, struct all, slug, .valid = slug_valid,                    \
              .wanted = "must be a slug", .about = "x"),                       \
        FIELD(place, struct all, flag, .otherwise = 1, .about = "x"),          \
        FIELD(place, struct all, maybe, .about = "x"),                         \
        FIELD(place, struct all, when, .about = "x"),                          \
        FIELD(place, struct all, tags, .max = 3, .item_max = 4,                \
              .valid = slug_valid, .wanted = "must be slugs", .about = "x"),   \
        FIELD(place, struct all, cursor, .about = "x"),                        \
        FIELD(place, struct all, rising, .otherwise = -1, .about = "x"),       \
        FIELD(place, struct all, sort, .choices = sorts, .otherwise = 1,       \
              .about = "x")
static const struct field query_fields[] = { VALUES(IN_QUERY), { 0 } };
static const struct field body_fields[] = {
    FIELD(IN_PATH, struct all, id, .about = "x"),
    VALUES(IN_BODY),
    FIELD(IN_BODY, struct all, extra, .max = 100, .about = "x"),
    FIELD(IN_BODY, struct all, line, .max = 5, .raw = true, .prose = true,
          .about = "x"),
    { 0 },
};
static const struct field needed_fields[] = {
    FIELD(IN_BODY, struct all, title, .required = true, .raw = true,
          .about = "x"),
    FIELD(IN_BODY, struct all, version, .required = true, .about = "x"),
    { 0 },
};

static const struct problem *
handle(struct request *r)
{
    (void)r;
    return NULL;
}

#define ROW(where, fields)                                                     \
    {                                                                          \
        .on = where, .access = ALLOW_ANYONE, .handle = handle, .about = "x",   \
        .form = ANSWER_NOTHING, .input = INPUT(struct all, fields)             \
    }
static const struct route rows[] = {
    ROW("GET /all", query_fields),
    ROW("POST /all/{id}", body_fields),
    ROW("POST /needed", needed_fields),
    { 0 },
};
static const struct feature feature = { .name = "all", .routes = rows };
static const struct feature *const features[] = { &feature, NULL };
static const struct router *router;
enum { BY_QUERY, BY_BODY, NEEDED };

static int
begin(void)
{
    struct text *faults;

    context_set_up();
    faults = text_new(mem);
    router = router_new(mem, features, faults);
    return router == NULL;
}

static struct faults faults, notes;
static const struct all *got;

/* Reads a query or a body; true where nothing is wrong. */
static bool
reads(size_t row, const char *s, size_t n)
{
    static const struct segment id = { "01890000-0000-7000-8000-000000000001",
                                       36 };
    struct input in;

    faults = (struct faults){ .mem = mem };
    notes = (struct faults){ .mem = mem };
    input_begin(&in, router_at(router, row), mem, &faults);
    in.notes = &notes;
    if (row == BY_QUERY) {
        input_query(&in, s);
    } else {
        if (row == BY_BODY)
            input_path(&in, &id);
        input_json(&in, mem_strndup(mem, s, n), n);
    }
    got = (const struct all *)(void *)in.into;
    return input_finish(&in);
}

static bool
body(const char *json)
{
    return reads(BY_BODY, json, strlen(json));
}

static bool
query(const char *s)
{
    return reads(BY_QUERY, s, 0);
}

/* What is said of a field; "" where nothing is. */
static const char *
said(const char *field)
{
    for (const struct fault *f = faults.first; f != NULL; f = f->next)
        if (strcmp(f->field, field) == 0)
            return f->message;
    return "";
}

#define WRONG(field, words, call)                                              \
    do {                                                                       \
        CU_ASSERT_FALSE(call);                                                 \
        CU_ASSERT_EQUAL(faults.n, 1);                                          \
        if (strstr(said(field), words) == NULL)                                \
            (void)fprintf(stderr, "%s: \"%s\"\n", #call, said(field));         \
        CU_ASSERT_PTR_NOT_NULL(strstr(said(field), words));                    \
    } while (0)

/* ---- What is right ------------------------------------------------------- */

static void
fills_in_what_is_otherwise(void)
{
    CU_ASSERT_TRUE(query(""));
    CU_ASSERT_EQUAL(got->limit, 20);
    CU_ASSERT_FALSE(got->version.given);
    CU_ASSERT_PTR_NULL(got->title);
    CU_ASSERT_TRUE(got->flag);
    CU_ASSERT_EQUAL(got->sort, 1);
    CU_ASSERT_PTR_NULL(got->tags.at);
    CU_ASSERT_EQUAL(got->cursor.key, INT64_MAX);
    CU_ASSERT_EQUAL(got->rising.key, INT64_MIN);
    CU_ASSERT_FALSE(uuid_none(&got->rising.id));
}

static void
reads_queries(void)
{
    CU_ASSERT_TRUE(query("limit=100&title=a%2Bb+c&tags=a,b-c&sort=recent&"
                         "flag=false&maybe=true&ratio=-1.5e2&version=-7&"
                         "&when=2026-11-21T04:56:09.5%2B01:00&kind=POLL"));
    CU_ASSERT_EQUAL(got->limit, 100);
    CU_ASSERT_STRING_EQUAL(got->title, "a+b c");
    CU_ASSERT_EQUAL(got->tags.n, 2);
    CU_ASSERT_STRING_EQUAL(got->tags.at[1], "b-c");
    CU_ASSERT_EQUAL(got->sort, 0);
    CU_ASSERT_FALSE(got->flag);
    CU_ASSERT_TRUE(got->maybe.given && got->maybe.value);
    CU_ASSERT_DOUBLE_EQUAL(got->ratio, -150, 1e-9);
    CU_ASSERT_EQUAL(got->version.value, -7);
    CU_ASSERT_STRING_EQUAL(got->kind, "POLL");
    struct text *t = text_new(mem);
    clock_iso(t, got->when.us);
    CU_ASSERT_STRING_EQUAL(t->at, "2026-11-21T03:56:09.500Z");
}

static void
reads_bodies(void)
{
    CU_ASSERT_TRUE(body(
        " {\"limit\":1,\"title\":\"\\u00e9\\ud83d\\ude00!\", \"tags\":[\"a\"],"
        "\"extra\":{\"a\":[1,{\"b\":\"\\\"}\"}]},\"notes\":\"a\\nb\\tc\","
        "\"maybe\":false,\"ratio\":2,\"version\":null,\"sort\":\"popular\"}"
        "\n"));
    CU_ASSERT_EQUAL(got->limit, 1);
    CU_ASSERT_STRING_EQUAL(got->title, "\xC3\xA9\xF0\x9F\x98\x80!");
    CU_ASSERT_STRING_EQUAL(got->extra.text, "{\"a\":[1,{\"b\":\"\\\"}\"}]}");
    CU_ASSERT_STRING_EQUAL(got->notes, "a\nb\tc");
    CU_ASSERT_TRUE(got->maybe.given);
    CU_ASSERT_FALSE(got->maybe.value || got->version.given);
    CU_ASSERT_EQUAL(got->id.octet[15], 1);
    CU_ASSERT_TRUE(body("{\"tags\":[]}"));
    CU_ASSERT_PTR_NOT_NULL(got->tags.at);
    CU_ASSERT_EQUAL(got->tags.n, 0);
}

/* ---- What is wrong ------------------------------------------------------- */

static void
refuses_bad_numbers(void)
{
    WRONG("limit", "from 1 to 100", query("limit=0"));
    WRONG("limit", "from 1 to 100", query("limit=101"));
    WRONG("limit", "from 1 to 100", query("limit=99999999999999999999"));
    WRONG("limit", "integer", query("limit=abc"));
    WRONG("limit", "integer", query("limit=1.0"));
    WRONG("limit", "integer", query("limit=1e1"));
    WRONG("limit", "integer", query("limit=%201"));
    WRONG("limit", "integer", query("limit=0x10"));
    WRONG("limit", "integer", query("limit=--1"));
    WRONG("limit", "integer", body("{\"limit\":1.0}"));
    WRONG("limit", "integer", body("{\"limit\":1e1}"));
    WRONG("limit", "integer", body("{\"limit\":\"1\"}"));
    WRONG("limit", "boolean", body("{\"limit\":true}"));
    WRONG("limit", "list", body("{\"limit\":[1]}"));
    WRONG("limit", "object", body("{\"limit\":{}}"));
    WRONG("version", "64 bits", body("{\"version\":9223372036854775808}"));
    WRONG("ratio", "number", query("ratio=nan"));
    WRONG("ratio", "number", body("{\"ratio\":1e999}"));
    CU_ASSERT_TRUE(body("{\"version\":-9223372036854775808}"));
}

static void
refuses_bad_texts(void)
{
    WRONG("title", "at least 2", query("title=a"));
    WRONG("title", "at most 5", query("title=abcdef"));
    CU_ASSERT_TRUE(query("title=%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9"));
    WRONG("title", "UTF-8", query("title=%ff%fe"));
    WRONG("title", "NUL", query("title=a%00b"));
    WRONG("title", "control", query("title=a%0Ab"));
    WRONG("title", "control", body("{\"title\":\"a\\u0000b\"}"));
    WRONG("title", "control", body("{\"title\":\"a\\nb\"}"));
    WRONG("title", "control", body("{\"title\":\"a\\u0085b\"}"));
    WRONG("notes", "control", body("{\"notes\":\"a\\u0000\"}"));
    WRONG("title", "UTF-8", body("{\"title\":\"a\\ud800\"}"));
    WRONG("notes", "can be seen", query("notes=%E3%85%A4%C2%AD"));
    WRONG("notes", "can be seen", body("{\"notes\":\" \\n\\u2800\"}"));
    CU_ASSERT_TRUE(body("{\"notes\":\"\",\"title\":\"\\u2800 \"}"));
    CU_ASSERT_TRUE(body("{\"notes\":\"\\u2800.\"}"));
    WRONG("title", "UTF-8", body("{\"title\":\"\\udc00\\ud800\"}"));
    WRONG("kind", "one of ARTICLE, POLL", body("{\"kind\":\"POEM\"}"));
    WRONG("kind", "control", body("{\"kind\":\"POLL\\u0000\"}"));
    WRONG("sort", "one of recent", query("sort=worst"));
    WRONG("slug", "must be a slug", query("slug=A"));
    WRONG("title", "text", body("{\"title\":7}"));
}

static void
refuses_bad_others(void)
{
    WRONG("flag", "true or false", query("flag=yes"));
    WRONG("flag", "true or false", body("{\"flag\":\"true\"}"));
    WRONG("when", "time", query("when=yesterday"));
    WRONG("when", "time", query("when=2026-02-30T00:00:00Z"));
    WRONG("when", "time", query("when=2026-02-03T24:00:00Z"));
    WRONG("when", "time", query("when=2026-02-03T00:00:00"));
    WRONG("cursor", "nextCursor", query("cursor=abc"));
    WRONG("tags", "items", query("tags=a,b,c,d"));
    WRONG("tags", "must be slugs", query("tags=a,B"));
    WRONG("tags", "at most 4", body("{\"tags\":[\"abcde\"]}"));
    WRONG("tags", "list of texts", body("{\"tags\":[\"a\",1]}"));
    WRONG("tags", "list of texts", body("{\"tags\":\"a\"}"));
    WRONG("extra", "too large",
          body("{\"extra\":"
               "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
               "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
               "\"}"));
}

static void
refuses_strange_names(void)
{
    WRONG("colour", "not a field", query("colour=red"));
    WRONG("colour", "not a field", body("{\"colour\":[{}]}"));
    WRONG("limit", "twice", query("limit=1&limit=2"));
    WRONG("limit", "twice", body("{\"limit\":1,\"limit\":1}"));
    WRONG("title", "twice", body("{\"title\":\"ab\",\"t\\u0069tle\":\"ab\"}"));
    WRONG("query", "hex digits", query("%zz=1"));
    WRONG("?", "not a field", query("%01=1"));
    WRONG("id", "not a field", body("{\"id\":1}"));
}

static void
reports_all_together(void)
{
    CU_ASSERT_FALSE(query("limit=0&title=a&colour=1&sort=x"));
    CU_ASSERT_EQUAL(faults.n, 4);
    CU_ASSERT_FALSE(reads(NEEDED, "{}", 2));
    CU_ASSERT_EQUAL(faults.n, 2);
    CU_ASSERT_STRING_EQUAL(said("title"), "is required");
    CU_ASSERT_FALSE(reads(NEEDED, "{\"title\":null,\"version\":1}", 26));
    CU_ASSERT_STRING_EQUAL(said("title"), "is required");
    struct text *many = text_new(mem);
    for (int i = 0; i < 1000; i++)
        text_addf(many, "x%d=1&", i);
    CU_ASSERT_FALSE(query(many->at));
    CU_ASSERT_EQUAL(faults.n, INPUT_FAULTS);
}

/* ---- What is cleaned ----------------------------------------------------- */

#define KEEPS(member, json, want, n_notes)                                     \
    do {                                                                       \
        CU_ASSERT_TRUE(body("{\"" #member "\":\"" json "\"}"));                \
        CU_ASSERT_STRING_EQUAL(got->member, want);                             \
        CU_ASSERT_EQUAL(notes.n, n_notes);                                     \
    } while (0)

static void
drops_control_characters(void)
{
    KEEPS(notes, "a\\u0001b\\u001b[0m\\u007f\\u0085\\u009f", "ab[0m", 1);
    CU_ASSERT_STRING_EQUAL(notes.first->field, "notes");
    CU_ASSERT_STRING_EQUAL(notes.first->message,
                           "5 control characters were left out");
    KEEPS(notes, "\\ufeffa\\ufeffb", "ab", 1);
    KEEPS(notes, "a\\u000bb\\fc", "a\nb\nc", 1);
    KEEPS(line, "ab\\bcde", "abcde", 1); /* counted as it is kept */
    CU_ASSERT_STRING_EQUAL(notes.first->message,
                           "1 control character was left out");
    KEEPS(line, "a\\u000bb", "a b", 1);
    /* Nothing of this was lost. */
    KEEPS(notes, "a\\r\\nb\\rc\\r\\r\\nd\\te", "a\nb\nc\n\nd\te", 0);
    KEEPS(notes, "a\\u2028b\\u2029c", "a\nb\nc", 0);
    KEEPS(line, "a\\tb\\u2028c", "a b c", 0);
    KEEPS(notes, "\\u200d\\u200e\\ud83d\\ude00\\u00a0x",
          "\xE2\x80\x8D\xE2\x80\x8E\xF0\x9F\x98\x80\xC2\xA0x", 0);
}

static void
still_refuses_some(void)
{
    WRONG("notes", "control", body("{\"notes\":\"a\\u0001\\u0000\"}"));
    CU_ASSERT_EQUAL(notes.n, 0);
    WRONG("notes", "UTF-8", body("{\"notes\":\"a\\u0001\\ud800\"}"));
    WRONG("notes", "can be seen", body("{\"notes\":\" \\u0001\"}"));
    WRONG("line", "line breaks", body("{\"line\":\"a\\nb\"}"));
    WRONG("line", "line breaks", body("{\"line\":\"a\\r\\nb\"}"));
    WRONG("title", "control", body("{\"title\":\"ab\\u0001\"}"));
    WRONG("notes", "control", query("notes=a%01b"));
    KEEPS(notes, "", "", 0);
    KEEPS(notes, "\\u0001", "", 1);
}

/* ---- JSON ---------------------------------------------------------------- */

static void
refuses_what_is_no_json(void)
{
    static const char *const bad[] = {
        "",
        " ",
        "{",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,",
        "{,}",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "{a:1}",
        "{'a':1}",
        "{\"a\":1}x",
        "{\"extra\":01}",
        "{\"extra\":1.}",
        "{\"extra\":.5}",
        "{\"extra\":+1}",
        "{\"extra\":-}",
        "{\"extra\":1e}",
        "{\"extra\":NaN}",
        "{\"extra\":tru}",
        "{\"extra\":nulL}",
        "{\"extra\":[1,]}",
        "{\"extra\":[1 2]}",
        "{\"extra\":\"\\x\"}",
        "{\"extra\":\"\\u12g4\"}",
        "{\"extra\":\"a\nb\"}",
        "{\"extra\":\"",
        "{\"extra\":\"\\",
        "[]",
        "1",
        "null",
        "\"a\"",
        "{}{}",
        "{\"extra\":[}",
        "/**/{}",
        "{\"extra\":{1:2}}",
        "\xEF\xBB\xBF{}",
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CU_ASSERT_FALSE(body(bad[i]));
        if (said("body")[0] == '\0')
            (void)fprintf(stderr, "taken for JSON: %s\n", bad[i]);
        CU_ASSERT_STRING_NOT_EQUAL(said("body"), "");
    }
    /* One fault: what else such a body lacks, nobody knows. */
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CU_ASSERT_FALSE(reads(NEEDED, bad[i], strlen(bad[i])));
        CU_ASSERT_STRING_EQUAL(said("title"), "");
    }
    CU_ASSERT_FALSE(reads(NEEDED, "\xEF\xBB\xBF{\"title\":\"abc\"}", 18));
    CU_ASSERT_EQUAL(faults.n, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(said("body"), "byte order mark"));
    CU_ASSERT_FALSE(reads(BY_BODY, "{}\0", 3));
    CU_ASSERT_FALSE(reads(BY_BODY, "{\"extra\":\"\0\"}", 13));
    CU_ASSERT_FALSE(body("{\"extra\":\"\xFF\"}"));
    CU_ASSERT_STRING_EQUAL(said("body"), "must be UTF-8");
}

static void
bounds_the_depth(void)
{
    struct text *t = text_new(mem);

    text_adds(t, "{\"extra\":");
    for (int i = 1; i < JSON_DEPTH; i++)
        text_addc(t, '[');
    for (int i = 1; i < JSON_DEPTH; i++)
        text_addc(t, ']');
    text_addc(t, '}');
    CU_ASSERT_TRUE(body(t->at));
    text_clear(t);
    text_adds(t, "{\"extra\":");
    for (int i = 0; i < 100000; i++)
        text_addc(t, '[');
    CU_ASSERT_FALSE(body(t->at));
    CU_ASSERT_PTR_NOT_NULL(strstr(said("body"), "32 levels"));
    text_clear(t);
    text_adds(t, "{\"unknown\":");
    for (int i = 0; i < 100000; i++)
        text_adds(t, "{\"a\":");
    CU_ASSERT_FALSE(body(t->at));
    CU_ASSERT_PTR_NOT_NULL(strstr(said("body"), "32 levels"));
}

static CU_TestInfo tests[] = {
    { "fills in what is otherwise", fills_in_what_is_otherwise },
    { "reads queries", reads_queries },
    { "reads bodies", reads_bodies },
    { "refuses bad numbers", refuses_bad_numbers },
    { "refuses bad texts", refuses_bad_texts },
    { "refuses bad others", refuses_bad_others },
    { "refuses strange names", refuses_strange_names },
    { "drops control characters", drops_control_characters },
    { "still refuses some", still_refuses_some },
    { "reports all together", reports_all_together },
    { "refuses what is no JSON", refuses_what_is_no_json },
    { "bounds the depth", bounds_the_depth },
    CU_TEST_INFO_NULL,
};

int
input_suite(void)
{
    CU_SuiteInfo suites[] = {
        { "input", begin, context_end, NULL, NULL, tests },
        CU_SUITE_INFO_NULL,
    };

    return CU_register_suites(suites) == CUE_SUCCESS ? 0 : -1;
}
