/* route_test.c - paths, matching, rows that are refused at start, and
 * where a redirect may lead. */
#include <CUnit/CUnit.h>
#include <string.h>

#include "base/mem.h"
#include "core/feature.h"
#include "core/local_target.h"
#include "core/route.h"
#include "tests/unit/context.h"
#include "tests/unit/suites.h"

static const struct problem *
handle(struct request *r)
{
    (void)r;
    return NULL;
}

struct address {
    const char *post, *comment;
};

static const struct field post_fields[] = {
    FIELD(IN_PATH, struct address, post, .about = "A post."),
    { 0 },
};
static const struct field both_fields[] = {
    FIELD(IN_PATH, struct address, post, .about = "A post."),
    FIELD(IN_PATH, struct address, comment, .about = "A comment."),
    { 0 },
};

#define ROW(where, ...)                                                        \
    {                                                                          \
        .on = where, .access = ALLOW_ANYONE, .handle = handle,                 \
        .about = "About it.", .form = ANSWER_NOTHING, __VA_ARGS__              \
    }
#define ON_POST .input = INPUT(struct address, post_fields)
#define ON_BOTH .input = INPUT(struct address, both_fields)

static const struct route good_rows[] = {
    ROW("GET /"),
    ROW("GET /api/posts"),
    ROW("POST /api/posts"),
    ROW("POST /api/posts/preview"),
    ROW("GET /api/posts/{post}", ON_POST),
    ROW("GET /api/posts/{post}/comments", ON_POST),
    ROW("GET /api/posts/preview/comments/new"),
    ROW("DELETE /api/posts/{post}/comments/{comment}", ON_BOTH),
    { 0 },
};
static const struct feature good = { .name = "good", .routes = good_rows };
static const struct feature *const goods[] = { &good, NULL };

static const struct router *
good_router(void)
{
    static const struct router *router;
    struct text *faults = text_new(mem);

    if (router == NULL)
        router = router_new(mem, goods, faults);
    CU_ASSERT_STRING_EQUAL(faults->at, "");
    return router;
}

static const char *
matched(const char *method, const char *target, struct route_match *m)
{
    struct path path;

    if (!path_read(mem, target, &path))
        return "bad";
    route_match(good_router(), method_read(method), &path, m);
    return m->entry == NULL ? "none" : m->entry->row->on;
}

static void
finds_rows(void)
{
    struct route_match m;

    CU_ASSERT_STRING_EQUAL(matched("GET", "/", &m), "GET /");
    CU_ASSERT_STRING_EQUAL(matched("GET", "/api/posts", &m), "GET /api/posts");
    CU_ASSERT_STRING_EQUAL(matched("GET", "/api/posts?limit=1", &m),
                           "GET /api/posts");
    CU_ASSERT_STRING_EQUAL(matched("HEAD", "/api/posts", &m), "GET /api/posts");
    CU_ASSERT_STRING_EQUAL(matched("POST", "/api/posts", &m),
                           "POST /api/posts");
    CU_ASSERT_STRING_EQUAL(matched("GET", "/api/posts/", &m), "none");
    CU_ASSERT_STRING_EQUAL(matched("GET", "//api/posts", &m), "none");
    CU_ASSERT_STRING_EQUAL(matched("GET", "/api", &m), "none");
    CU_ASSERT_STRING_EQUAL(matched("GET", "/api/posts/a/b/c", &m), "none");
    CU_ASSERT_STRING_EQUAL(
        matched("GET", "/1/2/3/4/5/6/7/8/9/10/11/12/13/14", &m), "none");
}

static void
takes_names(void)
{
    struct route_match m;

    CU_ASSERT_STRING_EQUAL(
        matched("DELETE", "/api/posts/a%20b/comments/c%2Fd", &m),
        "DELETE /api/posts/{post}/comments/{comment}");
    CU_ASSERT_EQUAL(m.value[0].len, 3);
    CU_ASSERT_NSTRING_EQUAL(m.value[0].at, "a b", 3);
    CU_ASSERT_EQUAL(m.value[1].len, 3);
    CU_ASSERT_NSTRING_EQUAL(m.value[1].at, "c/d", 3);
}

/* A literal goes first, unless it leads nowhere. */
static void
prefers_literals(void)
{
    struct route_match m;

    CU_ASSERT_STRING_EQUAL(matched("GET", "/api/posts/preview", &m), "none");
    CU_ASSERT_EQUAL(m.allow, 1u << METHOD_POST);
    CU_ASSERT_STRING_EQUAL(matched("GET", "/api/posts/preview/comments", &m),
                           "GET /api/posts/{post}/comments");
    CU_ASSERT_STRING_EQUAL(
        matched("GET", "/api/posts/preview/comments/new", &m),
        "GET /api/posts/preview/comments/new");
    CU_ASSERT_STRING_EQUAL(
        matched("DELETE", "/api/posts/preview/comments/7", &m),
        "DELETE /api/posts/{post}/comments/{comment}");
}

static void
says_what_is_allowed(void)
{
    struct route_match m;
    struct text *t = text_new(mem);

    (void)matched("PUT", "/api/posts", &m);
    CU_ASSERT_PTR_NULL(m.entry);
    route_allow(t, m.allow);
    CU_ASSERT_STRING_EQUAL(t->at, "GET, HEAD, POST, OPTIONS");
    (void)matched("FROB", "/api/nothing", &m);
    CU_ASSERT_EQUAL(m.allow, 0);
}

static void
refuses_bad_paths(void)
{
    struct path p;

    CU_ASSERT_FALSE(path_read(mem, "", &p));
    CU_ASSERT_FALSE(path_read(mem, "api", &p));
    CU_ASSERT_FALSE(path_read(mem, "*", &p));
    CU_ASSERT_FALSE(path_read(mem, "/a%", &p));
    CU_ASSERT_FALSE(path_read(mem, "/a%0", &p));
    CU_ASSERT_FALSE(path_read(mem, "/a%zz", &p));
    CU_ASSERT_FALSE(path_read(mem, "/a%00", &p));
    CU_ASSERT_FALSE(path_read(mem, "/a%0ab", &p));
    CU_ASSERT_FALSE(path_read(mem, "/%ff", &p));
    CU_ASSERT_TRUE(path_read(mem, "/caf%C3%A9#x", &p));
    CU_ASSERT_STRING_EQUAL(p.whole, "/caf\xC3\xA9");
}

/* ---- Rows that are wrong ------------------------------------------------- */

static const char *
faults_of(const struct route *rows)
{
    const struct feature feature = { .name = "bad", .routes = rows };
    const struct feature *const features[] = { &feature, NULL };
    struct text *faults = text_new(mem);

    CU_ASSERT_PTR_NULL(router_new(mem, features, faults));
    return faults->at;
}

#define REFUSED(words, ...)                                                    \
    do {                                                                       \
        static const struct route rows[] = { __VA_ARGS__, { 0 } };             \
        CU_ASSERT_PTR_NOT_NULL(strstr(faults_of(rows), words));                \
    } while (0)

static const struct problem half = { .status = 409, .code = "HALF" };
static const struct refusal half_refusals[] = { { .problem = &half }, { 0 } };
static const struct refusal lost_refusals[] = {
    { .problem = &problem_conflict, .field = "nowhere" },
    { 0 },
};
static const struct member twice[] = {
    { .name = "id", .type = VALUE_UUID },
    { .name = "id", .type = VALUE_TEXT },
    { 0 },
};
static const struct member nameless_id[] = {
    { .name = "title", .type = VALUE_TEXT },
    { 0 },
};

static void
refuses_bad_rows(void)
{
    REFUSED("not of the form", ROW("GET"));
    REFUSED("not of the form", ROW("FROB /x"));
    REFUSED("not of the form", ROW("HEAD /x"));
    REFUSED("not of the form", ROW("GET x"));
    REFUSED("not of the form", ROW("GET /x//y"));
    REFUSED("not of the form", ROW("GET /x/"));
    REFUSED("is no good segment", ROW("GET /x y"));
    REFUSED("has GET /x already", ROW("GET /x"), ROW("GET /x"));
    REFUSED("by another name", ROW("GET /x/{post}", ON_POST),
            ROW("PUT /x/{comment}", ON_BOTH));
    REFUSED("no field takes {id}", ROW("GET /x/{id}"));
    REFUSED("post does not occur in the path", ROW("GET /x", ON_POST));
    REFUSED("who may call", { .on = "GET /x",
                              .handle = handle,
                              .about = "x",
                              .form = ANSWER_NOTHING });
    REFUSED("no handler", { .on = "GET /x",
                            .access = ALLOW_ANYONE,
                            .about = "x",
                            .form = ANSWER_NOTHING });
    REFUSED("what it is about", { .on = "GET /x",
                                  .access = ALLOW_ANYONE,
                                  .handle = handle,
                                  .form = ANSWER_NOTHING });
    REFUSED("is no success", ROW("GET /x", .success = 404));
    REFUSED("is not whole", ROW("GET /x", .refusals = half_refusals));
    REFUSED("which it has not", ROW("GET /x", .refusals = lost_refusals));
    REFUSED("it returns something", ROW("GET /x", .returns = nameless_id));
    REFUSED("member id twice", { .on = "GET /x",
                                 .access = ALLOW_ANYONE,
                                 .handle = handle,
                                 .about = "x",
                                 .returns = twice });
    REFUSED("must be the id", { .on = "GET /x",
                                .access = ALLOW_ANYONE,
                                .handle = handle,
                                .about = "x",
                                .form = ANSWER_LIST,
                                .returns = nameless_id });
}

struct odd {
    int64_t n;
    unsigned int kind;
};
static const struct field odd_fields[] = {
    FIELD(IN_QUERY, struct odd, n, .min = 1, .max = 5, .otherwise = 9,
          .about = "Too much."),
    FIELD(IN_QUERY, struct odd, kind, .about = "Without choices."),
    FIELD_AS(IN_BODY, "n", struct odd, n, .about = "Again."),
    { 0 },
};

struct texts_of {
    const char *both, *neither;
};
static const struct field text_fields[] = {
    FIELD(IN_BODY, struct texts_of, both, .visible = true, .raw = true,
          .about = "Whose?"),
    FIELD(IN_BODY, struct texts_of, neither, .about = "Whose?"),
    { 0 },
};

static void
refuses_bad_fields(void)
{
#define TEXTS ROW("POST /x", .input = INPUT(struct texts_of, text_fields))
    REFUSED("both is free text, so either visible or raw", TEXTS);
    REFUSED("neither is free text, so either visible or raw", TEXTS);
#undef TEXTS

#define ODD ROW("GET /x", .input = INPUT(struct odd, odd_fields))
    REFUSED("what n is otherwise is out of its bounds", ODD);
    REFUSED("kind has no choices", ODD);
    REFUSED("two fields are called n", ODD);
    REFUSED("in a body, which GET has not", ODD);
    REFUSED("lies outside its struct",
            ROW("GET /x", .input = { .fields = odd_fields, .size = 4 }));
#undef ODD
}

/* The browser's tests ask the whole of tests/data/local_targets.json. */
static void
sends_to_places_of_the_site_only(void)
{
    static const char site[] = "https://here.example";
    static const char *const local[] = {
        "/",         "/a/b/?c=//../d#//e", "/...",   "/a..",
        "/%2e%2e%2", "/%2e%2e%2e",         "/a%2eb", "https://here.example/a",
    };
    static const char *const elsewhere[] = {
        "",       "a",      "//a",          "/..//a",   "/%2e//a",
        "/.%2E",  "/a/./b", "/a//b",        "/\\a",     "/a\x80",
        "/a b",   "/\ta",   "/%2Fa",        "/a%5cb",   "https://here.example",
        "https:", "/\x7f",  "/%2e%2e?a=/b", "/a/../#b", "https://a.example/b",
    };
    char *most = mem_alloc(mem, LOCAL_TARGET_MAX + 2);

    for (size_t i = 0; i < sizeof local / sizeof *local; i++) {
        const char *want = i == 7 ? "/a" : local[i];
        CU_ASSERT_STRING_EQUAL(local_target(site, local[i]), want);
    }
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
        CU_ASSERT_STRING_EQUAL(local_target(site, elsewhere[i]), "/");
    CU_ASSERT_STRING_EQUAL(local_target(site, NULL), "/");
    memset(most, 'a', LOCAL_TARGET_MAX + 1);
    most[0] = '/';
    most[LOCAL_TARGET_MAX + 1] = '\0';
    CU_ASSERT_STRING_EQUAL(local_target(site, most), "/");
    most[LOCAL_TARGET_MAX] = '\0';
    CU_ASSERT_PTR_EQUAL(local_target(site, most), most);
}

static CU_TestInfo tests[] = {
    { "finds rows", finds_rows },
    { "takes names", takes_names },
    { "prefers literals", prefers_literals },
    { "says what is allowed", says_what_is_allowed },
    { "refuses bad paths", refuses_bad_paths },
    { "refuses bad rows", refuses_bad_rows },
    { "refuses bad fields", refuses_bad_fields },
    { "sends to places of the site only", sends_to_places_of_the_site_only },
    CU_TEST_INFO_NULL,
};

int
route_suite(void)
{
    CU_SuiteInfo suites[] = {
        { "route", context_begin, context_end, NULL, NULL, tests },
        CU_SUITE_INFO_NULL,
    };

    return CU_register_suites(suites) == CUE_SUCCESS ? 0 : -1;
}
