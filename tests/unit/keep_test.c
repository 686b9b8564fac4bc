/*
 * keep_test.c - which answers a cache on the way may keep: Cache-Control and
 * Vary of a visitor, of who has a session, and of an answer with a cookie.
 */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/app.h"
#include "core/cache.h"
#include "core/feature.h"
#include "tests/lib/memory.h"
#include "tests/unit/context.h"
#include "tests/unit/suites.h"

static struct app *app;
static struct exchange *ex;

/* Gives who names a browser a cookie. */
static const struct problem *
greet(struct request *r)
{
    if (request_header(r, "USER_AGENT") != NULL)
        answer_header(r, "Set-Cookie", "a=b");
    return answer_raw(r, "hello", strlen("hello"));
}

static const struct route rows[] = {
    { .on = "GET /api/greeting",
      .access = ALLOW_ANYONE,
      .about = "x",
      .handle = greet,
      .raw_type = "text/plain" },
    { 0 },
};
static const struct feature feature = { .name = "greeting", .routes = rows };
static const struct feature *const features[] = { &feature, NULL };

/* Sessions are looked for, and found by nobody. */
static int
begin(void)
{
    static const struct cache_settings nowhere = {
        .socket = "/nonexistent/redis",
        .timeout = CLOCK_SECOND / 5,
    };

    context_set_up();
    app = memory_app(mem, features);
    app->cache = cache_new(mem, &nowhere);
    ex = exchange_new(mem, app);
    return 0;
}

/* Whether the answer to who sends a header has these two lines. */
static bool
says(const char *header, const char *keep, const char *vary)
{
    const char *const env[] = { "REQUEST_METHOD=GET",
                                "REQUEST_URI=/api/greeting", header, NULL };
    size_t n;
    const char *answer = memory_run(ex, env, NULL, 0, &n);
    bool is = ex->status == 200 && strstr(answer, keep) != NULL &&
              strstr(answer, vary) != NULL;

    if (!is)
        (void)fprintf(stderr, "no \"%s\" in\n%s\n", keep, answer);
    return is;
}

static const char all[] = "Cache-Control: public, max-age=0\r\n",
                  nobody[] = "Cache-Control: private, no-store\r\n",
                  vary[] = "Vary: Cookie\r\n";

static void
all_may_keep_what_visitors_see(void)
{
    CU_ASSERT_TRUE(says(NULL, all, vary));
    CU_ASSERT_TRUE(says("HTTP_COOKIE=theme=light", all, vary));
}

static void
nobody_keeps_what_is_for_one(void)
{
    CU_ASSERT_TRUE(says("HTTP_COOKIE=__Host-session=over", nobody, vary));
    CU_ASSERT_TRUE(says("HTTP_USER_AGENT=me", nobody, vary));
}

static CU_TestInfo tests[] = {
    { "all may keep what visitors see", all_may_keep_what_visitors_see },
    { "nobody keeps what is for one", nobody_keeps_what_is_for_one },
    CU_TEST_INFO_NULL,
};

int
keep_suite(void)
{
    CU_SuiteInfo suites[] = {
        { "keep", begin, context_end, NULL, NULL, tests },
        CU_SUITE_INFO_NULL,
    };

    return CU_register_suites(suites) == CUE_SUCCESS ? 0 : -1;
}
