/* answer_test.c - whole exchanges from memory: envelopes, problems, heads. */
#include <CUnit/CUnit.h>
#include <string.h>

#include "base/mem.h"
#include "core/app.h"
#include "core/etag.h"
#include "core/feature.h"
#include "core/page.h"
#include "core/template.h"
#include "tests/lib/memory.h"
#include "tests/unit/context.h"
#include "tests/unit/suites.h"

static struct app *app;
static struct exchange *ex;

/* ---- A small program ----------------------------------------------------- */

static const struct member card_shape[] = {
    { .name = "id", .type = VALUE_UUID },
    { .name = "name", .type = VALUE_TEXT },
    { 0 },
};
static const struct member thing_shape[] = {
    { .name = "n", .type = VALUE_INTEGER },
    { .name = "maybe", .type = VALUE_INTEGER, .nullable = true },
    { .name = "ratio", .type = VALUE_REAL },
    { .name = "title", .type = VALUE_TEXT, .nullable = true },
    { .name = "yes", .type = VALUE_BOOLEAN },
    { .name = "when", .type = VALUE_TIME, .nullable = true },
    { .name = "tags", .type = VALUE_TEXTS },
    { .name = "raw", .type = VALUE_JSON },
    { .name = "nobody", .object = card_shape, .nullable = true },
    { .name = "author", .object = card_shape, .nullable = true },
    { .name = "bytes", .type = VALUE_BYTES },
    { 0 },
};

static const struct problem *
give_values(struct request *r, bool page)
{
    static const char *const words[] = { "a", "<b>" };
    const char *title = "\"<script>\" \xE2\x80\xA8\x01";
    const char *name = "Mia", *nothing = NULL;
    struct maybe_integer maybe = { false, 7 };
    int64_t n = INT64_MIN;
    double ratio = 0.1;
    bool yes = true;
    struct instant when = { 1000 };
    struct texts tags = { words, 2 };
    struct json_text raw = { "{\"x\":[1]}" };
    struct uuid none = { { 0 } }, id = { { 1 } };
    struct bytes bytes = { (const uint8_t *)"\xFF\xFE", 2 };
    const struct sql_arg *values =
        ARGS(ARG(n), ARG(maybe), ARG(ratio), ARG(title), ARG(yes), ARG(when),
             ARG(tags), ARG(raw), ARG(none), ARG(nothing), ARG(id), ARG(name),
             ARG(bytes));

    return page ? answer_values_as(r, "thing", thing_shape, values)
                : answer_values(r, values);
}

static const struct problem *
show_thing(struct request *r)
{
    return give_values(r, false);
}

static const struct problem *
show_page(struct request *r)
{
    page_set(r, "title", page_value(r, "thing.title"));
    page_flag(r, "sort.recent", true);
    page_flag(r, "sort.popular", false);
    page_text(r, "q", "a&b");
    const struct problem *refused = give_values(r, true);
    page_set(r, "title", page_value(r, "thing.author.name"));
    return refused;
}

static const struct problem *
do_thing(struct request *r)
{
    (void)problem_field(r, "one", "is wrong");
    return problem_field(r, "two", "is \"wrong\"");
}

static const struct problem *
say_no(struct request *r)
{
    (void)r;
    return &problem_conflict;
}

static const struct problem *
need_login(struct request *r)
{
    (void)r;
    return &problem_authentication;
}

static const struct problem *
forget_to_answer(struct request *r)
{
    (void)r;
    return NULL;
}

static const struct problem *
set_cookie(struct request *r)
{
    answer_header(r, "Set-Cookie", "a=b\r\nEvil: yes");
    answer_header(r, "X-Gone",
                  "c\x7f"
                  "d");
    return answer_redirect(r, "/there");
}

static const struct problem *
say_bytes(struct request *r)
{
    const char *agent = request_header(r, "USER_AGENT");

    return answer_raw(r, agent == NULL ? "" : agent,
                      agent == NULL ? 0 : strlen(agent));
}

#define PLAIN                                                                  \
    .access = ALLOW_ANYONE, .about = "x", .no_session = true,                  \
    .quota = QUOTA_NONE
static const struct route rows[] = {
    { .on = "GET /api/thing",
      PLAIN,
      .handle = show_thing,
      .returns = thing_shape },
    { .on = "POST /api/thing",
      PLAIN,
      .handle = do_thing,
      .returns = thing_shape },
    { .on = "DELETE /api/thing",
      PLAIN,
      .handle = forget_to_answer,
      .form = ANSWER_NOTHING },
    { .on = "GET /api/broken",
      PLAIN,
      .handle = forget_to_answer,
      .returns = thing_shape },
    { .on = "GET /api/no", PLAIN, .handle = say_no, .returns = thing_shape },
    { .on = "GET /api/bytes",
      PLAIN,
      .handle = say_bytes,
      .raw_type = "text/plain" },
    { .on = "GET /page",
      PLAIN,
      .handle = show_page,
      .page = "thing/show",
      .title = "Thing" },
    { .on = "GET /go", PLAIN, .handle = set_cookie, .page = "thing/show" },
    { .on = "GET /mine", PLAIN, .handle = need_login, .page = "thing/show" },
    { 0 },
};
static const struct feature feature = { .name = "thing", .routes = rows };
static const struct feature *const features[] = { &feature, NULL };

static void
add_template(struct template_set *set, const char *name, const char *source)
{
    templates_add(set, name, source, strlen(source));
}

static int
begin(void)
{
    context_set_up();
    app = memory_app(mem, features);
    app->pages = templates_new(mem, TEMPLATE_HTML);
    add_template(app->pages, "layout",
                 "<title>{{page.title}}</title>{{theme}} {{path}} "
                 "{{pathEncoded}} {{site.name}} {{^viewer}}guest{{/viewer}}"
                 "{{#page.noindex}} noindex{{/page.noindex}}"
                 "{{#page.canonical}} at {{page.canonical}} {{/page.canonical}}"
                 "{{{content}}}");
    add_template(app->pages, "thing/show",
                 "{{q}}{{#sort.recent}} recent{{/sort.recent}}"
                 "{{#sort.popular}} popular{{/sort.popular}}"
                 "{{#thing}} {{n}} {{title}} {{when}} {{when@date}}"
                 "{{#tags}} [{{.}}]{{/tags}}{{#nobody}} bad{{/nobody}}"
                 "{{#author}} {{name}}{{/author}}{{/thing}}");
    add_template(app->pages, "site/error",
                 "{{status}} {{title}} {{message}} {{requestId}}");
    ex = exchange_new(mem, app);
    return !templates_compile(app->pages, text_new(mem));
}

static bool
has(const char *answer, const char *words)
{
    bool is = strstr(answer, words) != NULL;

    if (!is)
        (void)fprintf(stderr, "no \"%s\" in\n%s\n", words, answer);
    return is;
}

static const char *
body_of(const char *answer)
{
    return strstr(answer, "\r\n\r\n") + 4;
}

/* ---- Data ---------------------------------------------------------------- */

static void
writes_every_type(void)
{
    const char *answer = memory_call(ex, "GET /api/thing", NULL);

    CU_ASSERT_EQUAL(ex->status, 200);
    CU_ASSERT_STRING_EQUAL(
        body_of(answer),
        "{\"success\":true,\"data\":{\"n\":-9223372036854775808,"
        "\"maybe\":null,\"ratio\":0.1,"
        "\"title\":\"\\\"\\u003Cscript\\u003E\\\" \\u2028\\u0001\","
        "\"yes\":true,\"when\":\"2000-01-01T00:00:00.001Z\","
        "\"tags\":[\"a\",\"\\u003Cb\\u003E\"],\"raw\":{\"x\":[1]},"
        "\"nobody\":null,\"author\":{\"id\":"
        "\"01000000-0000-0000-0000-000000000000\",\"name\":\"Mia\"},"
        "\"bytes\":\"//4=\"}}");
    CU_ASSERT_TRUE(has(answer, "Content-Type: application/json\r\n"));
}

static void
renders_pages(void)
{
    const char *answer = memory_call(ex, "GET /page?x=%26", NULL);

    CU_ASSERT_EQUAL(ex->status, 200);
    CU_ASSERT_TRUE(has(answer, "Content-Type: text/html; charset=utf-8\r\n"));
    CU_ASSERT_STRING_EQUAL(
        body_of(answer),
        "<title>Mia</title>dark /page %2Fpage%3Fx%3D%2526 Sparkle Universe "
        "guest at https://localhost:8443/page a&amp;b recent "
        "-9223372036854775808 &quot;&lt;script&gt;&quot; "
        "\xE2\x80\xA8\x01 2000-01-01T00:00:00.001Z 1 Jan 2000 [a] "
        "[&lt;b&gt;] Mia");
}

static void
sends_bytes_and_sees_headers(void)
{
    const char *const env[] = { "REQUEST_METHOD=GET", "REQUEST_URI=/api/bytes",
                                "HTTP_USER_AGENT=me=you", NULL };
    size_t n;
    const char *answer = memory_run(ex, env, NULL, 0, &n);

    CU_ASSERT_STRING_EQUAL(body_of(answer), "me=you");
    CU_ASSERT_TRUE(has(answer, "Content-Length: 6\r\n"));
    CU_ASSERT_EQUAL(n, strlen(answer));
}

/* ---- Problems ------------------------------------------------------------ */

static void
names_all_faults(void)
{
    const char *answer = memory_call(ex, "POST /api/thing", "{}");

    CU_ASSERT_TRUE(has(answer, "Status: 400\r\n"));
    CU_ASSERT_TRUE(has(answer, "Content-Type: application/problem+json\r\n"));
    CU_ASSERT_TRUE(has(answer, "\"code\":\"VALIDATION_ERROR\""));
    CU_ASSERT_TRUE(has(answer, "\"fields\":{\"one\":\"is wrong\","
                               "\"two\":\"is \\\"wrong\\\"\"}"));
    CU_ASSERT_TRUE(has(answer, "\"requestId\":\"test\"}"));
    CU_ASSERT_TRUE(has(answer, "Cache-Control: private, no-store\r\n"));
}

static void
refuses_what_has_no_row(void)
{
    CU_ASSERT_TRUE(has(memory_call(ex, "GET /api/nothing", NULL),
                       "\"code\":\"NOT_FOUND\""));
    CU_ASSERT_EQUAL(ex->status, 404);
    CU_ASSERT_TRUE(has(memory_call(ex, "PUT /api/thing", "{}"),
                       "Allow: GET, HEAD, POST, DELETE, OPTIONS\r\n"));
    CU_ASSERT_EQUAL(ex->status, 405);
    (void)memory_call(ex, "FROB /api/thing", NULL);
    CU_ASSERT_EQUAL(ex->status, 405);
    CU_ASSERT_TRUE(has(memory_call(ex, "GET /api/%zz", NULL), "\"path\":"));
    CU_ASSERT_EQUAL(ex->status, 400);
    const char *answer = memory_call(ex, "OPTIONS /api/thing", NULL);
    CU_ASSERT_EQUAL(ex->status, 204);
    CU_ASSERT_TRUE(has(answer, "Allow: GET"));
    CU_ASSERT_STRING_EQUAL(body_of(answer), "");
}

static void
shows_errors_as_pages(void)
{
    const char *answer = memory_call(ex, "GET /nothing", NULL);

    CU_ASSERT_EQUAL(ex->status, 404);
    CU_ASSERT_TRUE(has(answer, "404 Lost in space"));
    CU_ASSERT_TRUE(has(answer, " noindex"));
    CU_ASSERT_PTR_NULL(strstr(answer, " at https"));
    CU_ASSERT_TRUE(has(answer, "text/html"));
    answer = memory_call(ex, "GET /mine?a=b", NULL);
    CU_ASSERT_EQUAL(ex->status, 303);
    CU_ASSERT_TRUE(
        has(answer, "Location: /login?callbackUrl=%2Fmine%3Fa%3Db\r\n"));
}

static void
hides_what_broke(void)
{
    const char *answer = memory_call(ex, "GET /api/broken", NULL);

    CU_ASSERT_EQUAL(ex->status, 500);
    CU_ASSERT_PTR_NOT_NULL(ex->why);
    CU_ASSERT_PTR_NULL(strstr(answer, ex->why));
}

static const char *
post_as(const char *type, const char *length, const char *body)
{
    const char *const env[] = {
        "REQUEST_METHOD=POST",
        "REQUEST_URI=/api/thing",
        mem_printf(mem, "CONTENT_TYPE=%s", type),
        mem_printf(mem, "CONTENT_LENGTH=%s", length),
        NULL,
    };
    size_t n;

    return memory_run(ex, env, body, strlen(body), &n);
}

static void
looks_at_the_body_first(void)
{
    (void)post_as("text/plain", "2", "{}");
    CU_ASSERT_EQUAL(ex->status, 415);
    (void)post_as("", "2", "{}");
    CU_ASSERT_EQUAL(ex->status, 415);
    (void)post_as("application/x-www-form-urlencoded", "3", "a=b");
    CU_ASSERT_EQUAL(ex->status, 415);
    (void)post_as("application/json", "1048577", "{}");
    CU_ASSERT_EQUAL(ex->status, 413);
    CU_ASSERT_TRUE(has(post_as("application/json", "3", "{}"), "shorter"));
    CU_ASSERT_TRUE(has(post_as("application/json", "-1", "{}"), "\"body\""));
    CU_ASSERT_TRUE(
        has(post_as("Application/JSON; charset=utf-8", "2", "{}"), "\"one\""));
}

/* ---- Heads --------------------------------------------------------------- */

static const char *
get_with(const char *method, const char *header)
{
    const char *const env[] = {
        mem_printf(mem, "REQUEST_METHOD=%s", method),
        "REQUEST_URI=/api/thing",
        header,
        NULL,
    };
    size_t n;

    return memory_run(ex, env, NULL, 0, &n);
}

static void
validates(void)
{
    char etag[ETAG_TEXT];

    (void)get_with("GET", NULL);
    memcpy(etag, ex->etag, sizeof etag);
    CU_ASSERT_EQUAL(strlen(etag), ETAG_TEXT - 1);
    const char *answer = get_with(
        "GET", mem_printf(mem, "HTTP_IF_NONE_MATCH=\"x\", W/%s", etag));
    CU_ASSERT_TRUE(has(answer, "Status: 304\r\n"));
    CU_ASSERT_TRUE(has(answer, etag));
    CU_ASSERT_STRING_EQUAL(body_of(answer), "");
    CU_ASSERT_PTR_NULL(strstr(answer, "Content-"));
    (void)get_with("GET", "HTTP_IF_NONE_MATCH=*");
    CU_ASSERT_EQUAL(ex->status, 304);
    (void)get_with("GET", "HTTP_IF_NONE_MATCH=\"abc\"");
    CU_ASSERT_EQUAL(ex->status, 200);
}

static void
answers_heads(void)
{
    const char *answer = get_with("HEAD", NULL);

    CU_ASSERT_EQUAL(ex->status, 200);
    CU_ASSERT_TRUE(has(answer, "Content-Length: "));
    CU_ASSERT_TRUE(has(answer, "ETag: \""));
    CU_ASSERT_STRING_EQUAL(body_of(answer), "");
}

static void
allows_configured_origins_only(void)
{
    struct site_settings *site =
        (struct site_settings *)(uintptr_t)app_site(app);

    CU_ASSERT_PTR_NULL(
        strstr(get_with("GET", "HTTP_ORIGIN=https://a.org"), "Access-Control"));
    site->cors_origins = "https://a.org https://b.org";
    const char *answer = get_with("GET", "HTTP_ORIGIN=https://b.org");
    CU_ASSERT_TRUE(
        has(answer, "Access-Control-Allow-Origin: https://b.org\r\n"));
    CU_ASSERT_TRUE(has(answer, "Vary: Origin\r\n"));
    CU_ASSERT_PTR_NULL(strstr(answer, "Allow-Credentials"));
    CU_ASSERT_PTR_NULL(
        strstr(get_with("GET", "HTTP_ORIGIN=https://b.or"), "Access-Control"));
    CU_ASSERT_PTR_NULL(
        strstr(get_with("GET", "HTTP_ORIGIN="), "Access-Control"));
    site->cors_origins = NULL;
}

static void
forges_no_headers(void)
{
    const char *answer = memory_call(ex, "GET /go", NULL);

    CU_ASSERT_TRUE(has(answer, "Set-Cookie: a=b\r\n"));
    CU_ASSERT_PTR_NULL(strstr(answer, "Evil"));
    CU_ASSERT_TRUE(has(answer, "Location: /there\r\n"));
    CU_ASSERT_EQUAL(ex->status, 303);
    CU_ASSERT_TRUE(has(answer, "private, no-store"));
    CU_ASSERT_TRUE(has(answer, "X-Gone: c\r\n"));
}

static void
etags_differ(void)
{
    char a[ETAG_TEXT], b[ETAG_TEXT], bytes[64] = { 0 };

    for (size_t n = 0; n < sizeof bytes; n++) {
        etag_write(bytes, n, a);
        etag_write(bytes, n + 1, b);
        CU_ASSERT_STRING_NOT_EQUAL(a, b);
        bytes[n] = 1;
        etag_write(bytes, n + 1, a);
        CU_ASSERT_STRING_NOT_EQUAL(a, b);
        bytes[n] = 0;
    }
}

static CU_TestInfo tests[] = {
    { "writes every type", writes_every_type },
    { "renders pages", renders_pages },
    { "sends bytes and sees headers", sends_bytes_and_sees_headers },
    { "names all faults", names_all_faults },
    { "refuses what has no row", refuses_what_has_no_row },
    { "shows errors as pages", shows_errors_as_pages },
    { "hides what broke", hides_what_broke },
    { "looks at the body first", looks_at_the_body_first },
    { "validates", validates },
    { "answers heads", answers_heads },
    { "allows configured origins only", allows_configured_origins_only },
    { "forges no headers", forges_no_headers },
    { "etags differ", etags_differ },
    CU_TEST_INFO_NULL,
};

int
answer_suite(void)
{
    CU_SuiteInfo suites[] = {
        { "answer", begin, context_end, NULL, NULL, tests },
        CU_SUITE_INFO_NULL,
    };

    return CU_register_suites(suites) == CUE_SUCCESS ? 0 : -1;
}
