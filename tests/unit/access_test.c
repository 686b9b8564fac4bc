/*
 * access_test.c - who may call, from where, how often, and once: whole
 * exchanges; see browser.h.
 */
#include <CUnit/CUnit.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "core/quota.h"
#include "tests/unit/browser.h"
#include "tests/unit/suites.h"

/* ---- Access -------------------------------------------------------------- */

static void
roles_open_doors(void)
{
    new_user("USER", "ACTIVE");
    CU_ASSERT_EQUAL(call("GET /api/open"), 204);
    CU_ASSERT_EQUAL(call("GET /api/pending"), 401);
    sign_in("USER", "PENDING_VERIFICATION");
    CU_ASSERT_EQUAL(call("GET /api/pending"), 204);
    CU_ASSERT_FALSE(seen.active);
    CU_ASSERT_EQUAL(call("GET /api/member"), 403);
    sign_in("MODERATOR", "ACTIVE");
    CU_ASSERT_EQUAL(call("GET /api/staff"), 204);
}

static void
forged_calls_are_refused(void)
{
    const char *csrf, *home = app_site(app)->url;

    sign_in("USER", "ACTIVE");
    csrf = browser.csrf;
    CU_ASSERT_EQUAL(call("POST /api/change"), 204);
    browser.csrf = NULL;
    CU_ASSERT_EQUAL(call("POST /api/change"), 403);
    CU_ASSERT_PTR_NOT_NULL(strstr(answer, "CSRF_ERROR"));
    browser.csrf = "x";
    CU_ASSERT_EQUAL(call("POST /api/change"), 403);
    browser.csrf = csrf;
    browser.origin = NULL;
    CU_ASSERT_EQUAL(call("POST /api/change"), 403);
    browser.origin = "https://evil.example";
    browser.site = "same-origin"; /* Origin has the last word */
    CU_ASSERT_EQUAL(call("POST /api/change"), 403);
    browser.origin = "null";
    CU_ASSERT_EQUAL(call("POST /api/change"), 403);
    browser.origin = NULL;
    CU_ASSERT_EQUAL(call("POST /api/change"), 204);
    browser.site = "cross-site";
    CU_ASSERT_EQUAL(call("POST /api/change"), 403);
    CU_ASSERT_EQUAL(call("GET /api/member"), 204);

    new_user("USER", "ACTIVE");
    browser.origin = "https://evil.example";
    CU_ASSERT_EQUAL(call("POST /api/in"), 403);
    browser.origin = home;
    CU_ASSERT_EQUAL(call("POST /api/in"), 204);
}

static void
old_proof_is_asked_again(void)
{
    sign_in("USER", "ACTIVE");
    CU_ASSERT_EQUAL(call("POST /api/fresh"), 204);
    shift(11 * CLOCK_MINUTE);
    CU_ASSERT_EQUAL(call("POST /api/fresh"), 403);
    CU_ASSERT_PTR_NOT_NULL(strstr(answer, "REAUTHENTICATION_REQUIRED"));
    shift(0);
}

/* ---- Limits -------------------------------------------------------------- */

static int
tries_until_refused(const char *line)
{
    int n = 0;

    while (n < 1000 && call(line) == 204)
        n++;
    return n;
}

/* Whether the limit is so many, of which one comes back in `each` us. */
static bool
limit_is(const char *line, int limit, int64_t each)
{
    const int64_t began = clock_steady();
    const int n = tries_until_refused(line);

    return n >= limit && n <= limit + (clock_steady() - began) / each;
}

static void
retries_do_not_push_the_end(void)
{
    new_user("USER", "ACTIVE");
    shift(0);
    CU_ASSERT_EQUAL(tries_until_refused("POST /api/try"), 5);
    CU_ASSERT_EQUAL(call("POST /api/try"), 429);
    CU_ASSERT_PTR_NOT_NULL(strstr(answer, "RATE_LIMIT_ERROR"));
    CU_ASSERT_PTR_NOT_NULL(strstr(answer, "X-RateLimit-Limit: 5\r\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(answer, "X-RateLimit-Remaining: 0\r\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(answer, "Retry-After: 180\r\n"));
    for (int i = 0; i < 50; i++)
        CU_ASSERT_EQUAL(call("POST /api/try"), 429);
    shift(3 * CLOCK_MINUTE);
    CU_ASSERT_EQUAL(tries_until_refused("POST /api/try"), 1);
    shift(18 * CLOCK_MINUTE);
    CU_ASSERT_EQUAL(tries_until_refused("POST /api/try"), 5);
    shift(0);
}

static void
addresses_have_one_spelling(void)
{
    static const char *const rows[][2] = {
        { "10.1.2.3", "10.1.2.3" },
        { "::ffff:10.1.2.3", "10.1.2.3" },
        { "0:0:0:0:0:FFFF:0a01:203", "10.1.2.3" },
        { "2001:db8::1", "2001:db8::" },
        { "2001:0DB8:0:0:1::1", "2001:db8::" },
        { "2001:db8::5:1:2:3", "2001:db8::" },
        { "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::" },
        { "2001:db8:0:1::", "2001:db8:0:1::" },
        { "::1", "::" },
        { "::fffe:10.1.2.3", "::" },
        { "", "" },
        { "unix:", "unix:" },
    };
    void *mem = mem_context(NULL, "addresses");

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CU_ASSERT_STRING_EQUAL(quota_address(mem, rows[i][0]), rows[i][1]);
    mem_free(mem);
}

static void
callers_are_users_or_networks(void)
{
    new_user("USER", "ACTIVE");
    browser.ip = "2001:db8:1:2::1";
    CU_ASSERT_EQUAL(tries_until_refused("POST /api/try"), 5);
    browser.ip = "2001:db8:1:2:ffff::9";
    CU_ASSERT_EQUAL(call("POST /api/try"), 429);
    browser.ip = "2001:db8:1:3::1";
    CU_ASSERT_EQUAL(call("POST /api/try"), 204);

    sign_in("USER", "ACTIVE");
    CU_ASSERT_TRUE(limit_is("POST /api/change", 30, 2 * CLOCK_SECOND));
    browser.ip = "10.9.9.9";
    CU_ASSERT_EQUAL(call("POST /api/change"), 429);
    /* Who may try without a session is an address, with one too. */
    CU_ASSERT_EQUAL(tries_until_refused("POST /api/try"), 5);
    sign_in("USER", "ACTIVE");
    browser.ip = "10.9.9.9";
    CU_ASSERT_EQUAL(call("POST /api/try"), 429);
    browser.ip = "10.9.9.8";
    CU_ASSERT_EQUAL(call("POST /api/try"), 204);
}

static void
rows_ask_for_an_isolation_level(void)
{
    run_sql("CREATE OR REPLACE FUNCTION fail_once(run bigint) RETURNS text"
            " LANGUAGE plpgsql AS $$ BEGIN"
            " IF run % 2 = 0 THEN"
            " RAISE EXCEPTION USING ERRCODE = '40001'; END IF;"
            " RETURN current_setting('transaction_isolation'); END $$");
    new_user("USER", "ACTIVE");
    runs = 0;
    strict_level = NULL;
    CU_ASSERT_EQUAL(call("POST /api/strict"), 204);
    CU_ASSERT_EQUAL(runs, 2);
    CU_ASSERT_PTR_NOT_NULL_FATAL(strict_level);
    CU_ASSERT_STRING_EQUAL(strict_level, "serializable");
    browser.key = "a-key";
    strict_level = NULL;
    CU_ASSERT_EQUAL(call("POST /api/strict"), 204);
    CU_ASSERT_EQUAL(runs, 4);
    CU_ASSERT_PTR_NOT_NULL_FATAL(strict_level);
    CU_ASSERT_STRING_EQUAL(strict_level, "serializable");
    CU_ASSERT_EQUAL(call("POST /api/strict"), 204);
    CU_ASSERT_EQUAL(runs, 4); /* the first answer again */
    CU_ASSERT_FALSE(db_in_transaction(app->db));
    run_sql("DROP FUNCTION fail_once(bigint)");
}

static void
staff_are_exempt_but_not_from_logins(void)
{
    new_user("USER", "ACTIVE");
    CU_ASSERT_TRUE(limit_is("GET /api/open", 100, 6 * CLOCK_SECOND / 10));
    sign_in("USER", "ACTIVE");
    CU_ASSERT_TRUE(limit_is("POST /api/change", 30, 2 * CLOCK_SECOND));
    sign_in("MODERATOR", "ACTIVE");
    for (int i = 0; i < 150; i++)
        CU_ASSERT_EQUAL(call("GET /api/open"), 204);
    CU_ASSERT_EQUAL(tries_until_refused("POST /api/try"), 5);
}

static void
without_redis_life_goes_on(void)
{
    struct cache_settings nowhere = { .socket = "/nonexistent/redis",
                                      .timeout = CLOCK_SECOND / 5 };
    struct cache *there = app->cache;

    sign_in("USER", "ACTIVE");
    app->cache = cache_new(browser_mem, &nowhere);
    for (int i = 0; i < 120; i++)
        CU_ASSERT_EQUAL(call("GET /api/member"), 204);
    CU_ASSERT_TRUE(uuid_same(&seen.user, &user));
    CU_ASSERT_EQUAL(tries_until_refused("POST /api/try"), 5);
    CU_ASSERT_PTR_NOT_NULL(strstr(answer, "Retry-After: "));
    CU_ASSERT_EQUAL(call("POST /api/change"), 204);
    app->cache = there;
}

/* ---- Once ---------------------------------------------------------------- */

static void
one_key_one_effect(void)
{
    sign_in("USER", "ACTIVE");
    browser.key = mem_printf(browser_mem, "key-%u", random_below(1000000000));
    runs = 0;
    CU_ASSERT_EQUAL(call("POST /api/change"), 204);
    CU_ASSERT_EQUAL(call("POST /api/change"), 204);
    CU_ASSERT_EQUAL(runs, 1);
    CU_ASSERT_EQUAL(call("POST /api/change?other=1"), 400);
    CU_ASSERT_EQUAL(call("POST /api/fresh"), 409);
    CU_ASSERT_PTR_NOT_NULL(strstr(answer, "IDEMPOTENCY_CONFLICT"));
    CU_ASSERT_EQUAL(runs, 1);
    shift(25 * CLOCK_HOUR);
    CU_ASSERT_EQUAL(call("POST /api/change"), 204);
    CU_ASSERT_EQUAL(runs, 2);
    shift(0);
    CU_ASSERT_FALSE(db_in_transaction(app->db));
}

/* The same call in another process, once ours has begun: the exit status says
 * whether it was answered without running. */
static pid_t
rival(void)
{
    pid_t child = fork();
    char byte;

    if (child != 0)
        return child;
    (void)close(slow_started[1]); /* that the other's end is the last one */
    browser_connect();
    runs = 0;
    if (read(slow_started[0], &byte, 1) != 1)
        _exit(2);
    _exit(call("POST /api/slow") == 204 && runs == 0 ? 0 : 1);
}

static void
rivals_wait_for_the_first(void)
{
    int status = -1;

    sign_in("USER", "ACTIVE");
    browser.key = mem_printf(browser_mem, "key-%u", random_below(1000000000));
    CU_ASSERT_EQUAL_FATAL(pipe(slow_started), 0);
    pid_t child = rival();

    runs = 0;
    CU_ASSERT_EQUAL(call("POST /api/slow"), 204);
    CU_ASSERT_EQUAL(runs, 1);
    (void)close(slow_started[1]); /* it waits no longer for what did not run */
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    CU_ASSERT_TRUE(WIFEXITED(status));
    CU_ASSERT_EQUAL(WEXITSTATUS(status), 0);
    (void)close(slow_started[0]);
}

int
access_suite(void)
{
    CU_TestInfo tests[] = {
        { "roles open doors", roles_open_doors },
        { "forged calls are refused", forged_calls_are_refused },
        { "old proof is asked again", old_proof_is_asked_again },
        { "retries do not push the end", retries_do_not_push_the_end },
        { "addresses have one spelling", addresses_have_one_spelling },
        { "callers are users or networks", callers_are_users_or_networks },
        { "rows ask for an isolation level", rows_ask_for_an_isolation_level },
        { "staff are exempt", staff_are_exempt_but_not_from_logins },
        { "without Redis life goes on", without_redis_life_goes_on },
        { "one key, one effect", one_key_one_effect },
        { "rivals wait for the first", rivals_wait_for_the_first },
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        { .pName = "access",
          .pInitFunc = browser_begin,
          .pCleanupFunc = browser_end,
          .pTests = tests },
        CU_SUITE_INFO_NULL,
    };

    return browser_can("access") ? (int)CU_register_suites(suites) : 0;
}
