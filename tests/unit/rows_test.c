/*
 * rows_test.c - statements as answers: rows, lists, refusals, pages, and the
 * names of constraints.  Needs SPARKLE_TEST_PG.
 */
#include <CUnit/CUnit.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/cursor.h"
#include "core/db.h"
#include "core/feature.h"
#include "core/template.h"
#include "tests/lib/memory.h"
#include "tests/unit/context.h"
#include "tests/unit/suites.h"

static struct app *app;
static struct exchange *ex;

/* ---- A small program ----------------------------------------------------- */

static const struct member author_shape[] = {
    { .name = "name", .type = VALUE_TEXT },
    { .name = "level", .type = VALUE_INTEGER },
    { 0 },
};
static const struct member thing_shape[] = {
    { .name = "id", .type = VALUE_UUID },
    { .name = "title", .type = VALUE_TEXT, .nullable = true },
    { .name = "author", .object = author_shape, .nullable = true },
    { .name = "tags", .type = VALUE_TEXTS },
    { .name = "at", .type = VALUE_TIME },
    { 0 },
};

struct list {
    int64_t limit, page;
    struct cursor cursor;
};
static const struct field list_fields[] = {
    FIELD(IN_QUERY, struct list, limit, .min = 1, .max = 9, .otherwise = 2,
          .about = "x"),
    FIELD(IN_QUERY, struct list, page, .min = 1, .max = 9, .otherwise = 1,
          .about = "x"),
    FIELD(IN_QUERY, struct list, cursor, .about = "x"),
    { 0 },
};

#define COLUMNS                                                                \
    SQL(SELECT ('00000000-0000-7000-8000-00000000000' || n)::uuid,             \
        CASE n WHEN 2 THEN NULL ELSE 'thing <' || n || '>' END,                \
        CASE n WHEN 3 THEN NULL ELSE 'mia' END, n,                             \
        ARRAY['a', 'n' || n],                                                  \
        '2026-11-21 00:00:00Z'::timestamptz + n * interval '1 ms',)

static const char list_sql[] =
    COLUMNS SQL(n AS cursor_key, -3::bigint AS total, 'not sent on'
        FROM generate_series(1, 5) n
        WHERE n < $1 ORDER BY n DESC LIMIT $2 + 1);

static const struct problem *
list_things(struct request *r)
{
    const struct list *in = r->input;
    const int64_t from = in->cursor.key > 6 ? 6 : in->cursor.key;

    answer_page_number(r, in->page);
    if (r->route->page != NULL)
        return answer_rows_as(r, "things", thing_shape, in->limit, list_sql,
                              ARGS(ARG(from), ARG(in->limit)));
    return answer_rows(r, in->limit, list_sql, ARGS(ARG(from), ARG(in->limit)));
}

struct one {
    int64_t n;
};
static const struct field one_fields[] = {
    FIELD(IN_PATH, struct one, n, .min = 0, .about = "x"),
    { 0 },
};
static const char one_sql[] =
    COLUMNS SQL(1 FROM generate_series(1, 5) n WHERE n = $1);

static const struct problem *
show_thing(struct request *r)
{
    const struct one *in = r->input;

    return answer_row(r, one_sql, ARGS(ARG(in->n)));
}

static const char put_sql[] = SQL(INSERT INTO row_things (n) VALUES ($1));

static const struct problem *
put_thing(struct request *r)
{
    const struct one *in = r->input;

    return answer_done(r, put_sql, ARGS(ARG(in->n)));
}

static const char take_sql[] = SQL(DELETE FROM row_things WHERE n = $1);

static const struct problem *
take_thing(struct request *r)
{
    const struct one *in = r->input;

    if (in->n == 7)
        return answer_done_anyway(r, take_sql, ARGS(ARG(in->n)));
    return answer_done(r, take_sql, ARGS(ARG(in->n)));
}

static const char misfit_sql[] = SQL(SELECT 1::bigint, 2::bigint);

static const struct problem *
misfit(struct request *r)
{
    return answer_row(r, misfit_sql, NO_ARGS);
}

static const struct problem too_big = { 422, "TOO_BIG", "It is too big.", 0 };
static const struct refusal put_refusals[] = {
    { .problem = &too_big, .constraint = "row_things_n_small", .field = "n" },
    { .problem = &problem_conflict, .constraint = "row_things_pkey" },
    { .problem = &problem_not_found, .constraint = "row_raised" },
    { 0 },
};
static const struct refusal wrong_refusals[] = {
    { .problem = &too_big, .constraint = "row_things_n_smal" },
    { 0 },
};

#define PLAIN                                                                  \
    .access = ALLOW_ANYONE, .about = "x", .no_session = true,                  \
    .quota = QUOTA_NONE
#define ONE .input = INPUT(struct one, one_fields)
static const struct route rows[] = {
    { .on = "GET /api/things",
      PLAIN,
      .handle = list_things,
      .input = INPUT(struct list, list_fields),
      .returns = thing_shape,
      .form = ANSWER_PAGES },
    { .on = "GET /things",
      PLAIN,
      .handle = list_things,
      .input = INPUT(struct list, list_fields),
      .page = "things" },
    { .on = "GET /api/things/{n}",
      PLAIN,
      .handle = show_thing,
      ONE,
      .returns = thing_shape },
    { .on = "PUT /api/things/{n}",
      PLAIN,
      .handle = put_thing,
      ONE,
      .form = ANSWER_NOTHING,
      .refusals = put_refusals },
    { .on = "DELETE /api/things/{n}",
      PLAIN,
      .handle = take_thing,
      ONE,
      .form = ANSWER_NOTHING },
    { .on = "GET /api/misfit",
      PLAIN,
      .handle = misfit,
      .returns = thing_shape },
    { 0 },
};
static const struct feature feature = { .name = "thing", .routes = rows };
static const struct feature *const features[] = { &feature, NULL };

static const struct route wrong_rows[] = {
    { .on = "PUT /api/wrong/{n}",
      PLAIN,
      .handle = put_thing,
      ONE,
      .form = ANSWER_NOTHING,
      .refusals = wrong_refusals },
    { 0 },
};
static const struct feature wrong = { .name = "wrong", .routes = wrong_rows };
static const struct feature *const wrongs[] = { &feature, &wrong, NULL };

static const char setup[] =
    "CREATE TEMP TABLE row_things (n bigint PRIMARY KEY,"
    " CONSTRAINT row_things_n_small CHECK (n < 100));"
    "CREATE TEMP VIEW raised_refusals AS SELECT 'row_raised' AS name";

static const char template[] =
    "{{#things}}{{#items}}[{{title}} {{#author}}{{name}}{{level}}{{/author}}"
    "{{^author}}nobody{{/author}} {{#tags}}{{.}},{{/tags}} {{at@date}}]"
    "{{/items}}{{#hasMore}} {{nextCursor}}{{/hasMore}} {{total}} {{page}}"
    "{{/things}}";

static int
begin(void)
{
    static struct db_settings settings = { .timeout = 30 * CLOCK_SECOND };
    struct db_error error;

    context_set_up();
    settings.name = getenv("SPARKLE_TEST_PG");
    app = memory_app(mem, features);
    app->db = db_new(mem, &settings, NULL);
    app->pages = templates_new(mem, TEMPLATE_HTML);
    templates_add(app->pages, "layout", "{{{content}}}", 13);
    templates_add(app->pages, "things", template, sizeof template - 1);
    ex = exchange_new(mem, app);
    return !templates_compile(app->pages, text_new(mem)) ||
           !db_script(app->db, mem, setup, &error);
}

static const char *
body(const char *line)
{
    return strstr(memory_call(ex, line, NULL), "\r\n\r\n") + 4;
}

/* ---- Tests --------------------------------------------------------------- */

#define ID "00000000-0000-7000-8000-00000000000"

static void
writes_a_row(void)
{
    CU_ASSERT_STRING_EQUAL(
        body("GET /api/things/1"),
        "{\"success\":true,\"data\":{\"id\":\"" ID "1\","
        "\"title\":\"thing \\u003C1\\u003E\","
        "\"author\":{\"name\":\"mia\",\"level\":1},\"tags\":[\"a\",\"n1\"],"
        "\"at\":\"2026-11-21T00:00:00.001Z\"}}");
    CU_ASSERT_PTR_NOT_NULL(strstr(body("GET /api/things/2"), "\"title\":null"));
    CU_ASSERT_PTR_NOT_NULL(
        strstr(body("GET /api/things/3"), "\"author\":null"));
    (void)body("GET /api/things/6");
    CU_ASSERT_EQUAL(ex->status, 404);
}

static void
walks_a_list(void)
{
    const char *first = body("GET /api/things");
    const char *cursor = strstr(first, "\"nextCursor\":\"");

    CU_ASSERT_PTR_NOT_NULL(strstr(first, "{\"id\":\"" ID "5\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(first, "{\"id\":\"" ID "4\""));
    CU_ASSERT_PTR_NULL(strstr(first, ID "3"));
    CU_ASSERT_PTR_NULL(strstr(first, "not sent on"));
    CU_ASSERT_PTR_NOT_NULL(
        strstr(first, "\"hasMore\":true,\"total\":3,\"totalIsEstimate\":true,"
                      "\"page\":1,\"pageSize\":2,\"totalPages\":2}}"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(cursor);
    char *line = mem_printf(mem, "GET /api/things?limit=9&cursor=%.32s",
                            cursor + strlen("\"nextCursor\":\""));
    const char *rest = body(line);
    CU_ASSERT_PTR_NULL(strstr(rest, ID "4"));
    CU_ASSERT_PTR_NOT_NULL(strstr(rest, ID "3"));
    CU_ASSERT_PTR_NOT_NULL(strstr(rest, ID "1"));
    CU_ASSERT_PTR_NOT_NULL(
        strstr(rest, "\"nextCursor\":null,\"hasMore\":false"));
}

static void
shows_a_list(void)
{
    const char *page = body("GET /things?limit=3&utm_source=elsewhere");

    CU_ASSERT_EQUAL(ex->status, 200);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(page, "[thing &lt;5&gt; mia5 a,n5, 21 Nov 2026]"));
    CU_ASSERT_PTR_NOT_NULL(strstr(page, "[thing &lt;3&gt; nobody a,n3,"));
    CU_ASSERT_PTR_NOT_NULL(strstr(page, " 3 1"));
}

static void
maps_refusals(void)
{
    (void)body("PUT /api/things/5");
    CU_ASSERT_EQUAL(ex->status, 204);
    (void)body("PUT /api/things/5");
    CU_ASSERT_EQUAL(ex->status, 409);
    const char *refused = body("PUT /api/things/100");
    CU_ASSERT_EQUAL(ex->status, 422);
    CU_ASSERT_PTR_NOT_NULL(strstr(refused, "\"code\":\"TOO_BIG\""));
    CU_ASSERT_PTR_NOT_NULL(
        strstr(refused, "\"fields\":{\"n\":\"It is too big.\"}"));
    CU_ASSERT_PTR_NULL(ex->why);
}

static void
counts_effects(void)
{
    (void)body("PUT /api/things/8");
    (void)body("DELETE /api/things/8");
    CU_ASSERT_EQUAL(ex->status, 204);
    (void)body("DELETE /api/things/8");
    CU_ASSERT_EQUAL(ex->status, 404);
    (void)body("DELETE /api/things/7");
    CU_ASSERT_EQUAL(ex->status, 204);
}

static void
refuses_misfits(void)
{
    const char *answer = body("GET /api/misfit");

    CU_ASSERT_EQUAL(ex->status, 500);
    CU_ASSERT_PTR_NOT_NULL(strstr(ex->why, "columns"));
    CU_ASSERT_PTR_NULL(strstr(answer, "columns"));
}

static void
knows_constraints(void)
{
    struct text *faults = text_new(mem);

    CU_ASSERT_TRUE(route_check_constraints(app, faults));
    CU_ASSERT_STRING_EQUAL(faults->at, "");
    struct app *other = memory_app(mem, wrongs);
    other->db = app->db;
    CU_ASSERT_TRUE(route_check_constraints(other, faults));
    CU_ASSERT_STRING_EQUAL(faults->at,
                           "PUT /api/wrong/{n}: the database has no "
                           "constraint row_things_n_smal\n");
}

/* What a request used goes with it; a worker does not grow. */
static void
holds_no_memory(void)
{
    static const char *const lines[] = {
        "GET /api/things",     "GET /things?limit=3", "GET /api/things/1",
        "PUT /api/things/100", "GET /nothing",        "GET /api/things?limit=x",
    };
    size_t before = 0;

    for (int i = 0; i < 300; i++) {
        for (size_t k = 0; k < sizeof lines / sizeof *lines; k++)
            (void)memory_call(ex, lines[k], NULL);
        exchange_end(ex);
        if (i == 2)
            before = talloc_total_size(mem);
    }
    CU_ASSERT_EQUAL(talloc_total_size(mem), before);
}

static CU_TestInfo tests[] = {
    { "holds no memory", holds_no_memory },
    { "writes a row", writes_a_row },
    { "walks a list", walks_a_list },
    { "shows a list", shows_a_list },
    { "maps refusals", maps_refusals },
    { "counts effects", counts_effects },
    { "refuses misfits", refuses_misfits },
    { "knows constraints", knows_constraints },
    CU_TEST_INFO_NULL,
};

int
rows_suite(void)
{
    CU_SuiteInfo suites[] = {
        { "rows", begin, context_end, NULL, NULL, tests },
        CU_SUITE_INFO_NULL,
    };

    return CU_register_suites(suites) == CUE_SUCCESS ? 0 : -1;
}
