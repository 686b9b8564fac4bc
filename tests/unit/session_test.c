/* session_test.c - sessions: found, restored, extended, ended; see browser.h.
 */
#include <CUnit/CUnit.h>
#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/mem.h"
#include "core/app.h"
#include "core/cache.h"
#include "core/crypto.h"
#include "tests/unit/browser.h"
#include "tests/unit/suites.h"

/* ---- Rotation ------------------------------------------------------------ */

static void
rotation_costs_a_statement(void)
{
    sign_in("USER", "ACTIVE");
    CU_ASSERT_EQUAL(call("GET /api/member"), 204);
    (void)statements();
    shift(10 * CLOCK_MINUTE + CLOCK_SECOND);
    CU_ASSERT_EQUAL(call("GET /api/member"), 204);
    CU_ASSERT_EQUAL(statements(), 1);
    CU_ASSERT_EQUAL(call("GET /api/member"), 204);
    CU_ASSERT_EQUAL(statements(), 0); /* the old token, copied again */
    shift(0);
}

static void
a_new_token_is_seen_once(void)
{
    sign_in("USER", "ACTIVE");
    shift(10 * CLOCK_MINUTE + CLOCK_SECOND);
    CU_ASSERT_EQUAL(call("GET /api/member"), 204);
    CU_ASSERT_TRUE(cookie_set());
    (void)statements();
    CU_ASSERT_EQUAL(call("GET /api/member"), 204);
    CU_ASSERT_EQUAL(statements(), 1);
    (void)trips();
    CU_ASSERT_EQUAL(call("GET /api/member"), 204);
    CU_ASSERT_EQUAL(statements(), 0);
    CU_ASSERT_EQUAL(trips(), 1);
    shift(0);
}

static void
lay_copy(const char *copy)
{
    const char *token = strchr(browser.cookie, '=') + 1;
    uint8_t hash[SHA256_SIZE];

    crypto_sha256(token, strlen(token), hash);
    const char *key = hex_encode(browser_mem, hash, sizeof hash);
    const char *const words[] = { "SET",
                                  mem_printf(browser_mem, "session:%s", key),
                                  copy };
    (void)cache_command(app->cache, browser_mem, 3, words, NULL);
}

/* A copy in a form of before, or cut, is no copy. */
static void
odd_copies_are_read_anew(void)
{
    static const char *const copies[] = { "", "x", "1\n2\n3",
                                          "1\n\n\n\n\n\n\n\n\n\n" };

    sign_in("USER", "ACTIVE");
    for (size_t i = 0; i < sizeof copies / sizeof *copies; i++) {
        lay_copy(copies[i]);
        CU_ASSERT_EQUAL(call("GET /api/member"), 204);
        CU_ASSERT_EQUAL(statements(), 1);
        CU_ASSERT_EQUAL(call("GET /api/member"), 204);
        CU_ASSERT_EQUAL(statements(), 0);
    }
}

/* ---- Sessions ------------------------------------------------------------ */

static void
sessions_are_found_in_redis(void)
{
    sign_in("CREATOR", "ACTIVE");
    CU_ASSERT_EQUAL(call("GET /api/member"), 204);
    CU_ASSERT_TRUE(uuid_same(&seen.user, &user));
    CU_ASSERT_EQUAL(seen.role, ROLE_CREATOR);
    CU_ASSERT_TRUE(seen.active);
    CU_ASSERT_EQUAL(statements(), 0);
    CU_ASSERT_EQUAL(trips(), 1);
    CU_ASSERT_EQUAL(call("GET /api/plain"), 204);
    CU_ASSERT_TRUE(uuid_none(&seen.user));
}

static void
sessions_are_restored_once(void)
{
    sign_in("USER", "ACTIVE");
    empty_redis();
    CU_ASSERT_EQUAL(call("GET /api/member"), 204);
    CU_ASSERT_TRUE(uuid_same(&seen.user, &user));
    CU_ASSERT_STRING_EQUAL(seen.csrf, browser.csrf);
    CU_ASSERT_EQUAL(statements(), 1);
    CU_ASSERT_EQUAL(call("GET /api/member"), 204);
    CU_ASSERT_EQUAL(statements(), 0);
}

static void
made_up_tokens_cost_one_query(void)
{
    new_user("USER", "ACTIVE");
    (void)snprintf(browser.cookie, sizeof browser.cookie,
                   "__Host-session=sess_%043d", 0);
    (void)statements();
    for (int i = 0; i < 5; i++)
        CU_ASSERT_EQUAL(call("GET /api/member"), 401);
    CU_ASSERT_EQUAL(statements(), 1);
    (void)snprintf(browser.cookie, sizeof browser.cookie,
                   "__Host-session=sess_x");
    CU_ASSERT_EQUAL(call("GET /api/open"), 204);
    CU_ASSERT_EQUAL(statements(), 0);
}

static void
reading_writes_only_when_due(void)
{
    static const char versions_sql[] =
        SQL(
        SELECT xmin::text::bigint FROM sessions ORDER BY id DESC LIMIT 1
    );
    int64_t before;

    sign_in("USER", "ACTIVE");
    before = number(versions_sql);
    shift(4 * CLOCK_MINUTE);
    empty_redis();
    CU_ASSERT_EQUAL(call("GET /api/member"), 204);
    CU_ASSERT_EQUAL(number(versions_sql), before);
    CU_ASSERT_FALSE(cookie_set());
    shift(11 * CLOCK_MINUTE);
    CU_ASSERT_EQUAL(call("GET /api/member"), 204);
    CU_ASSERT_NOT_EQUAL(number(versions_sql), before);
    CU_ASSERT_TRUE(cookie_set());
    shift(0);
}

static void
use_extends_a_session(void)
{
    int64_t first;

    sign_in("USER", "ACTIVE");
    CU_ASSERT_EQUAL(call("GET /api/member"), 204);
    first = seen.expires.us;
    CU_ASSERT_TRUE(first - clock_now() > 30 * CLOCK_DAY - CLOCK_MINUTE);
    shift(23 * CLOCK_HOUR);
    empty_redis();
    CU_ASSERT_EQUAL(call("GET /api/member"), 204);
    CU_ASSERT_EQUAL(seen.expires.us, first);
    shift(25 * CLOCK_HOUR);
    empty_redis();
    CU_ASSERT_EQUAL(call("GET /api/member"), 204);
    CU_ASSERT_TRUE(seen.expires.us - first > 24 * CLOCK_HOUR);
    CU_ASSERT_TRUE(cookie_set());
    CU_ASSERT_PTR_NOT_NULL(strstr(answer, "Max-Age=2592000;"));
    shift(56 * CLOCK_DAY);
    CU_ASSERT_EQUAL(call("GET /api/member"), 401);
    shift(0);
}

static void
no_session_outlives_a_year(void)
{
    new_user("USER", "ACTIVE");
    remember = true;
    CU_ASSERT_EQUAL(call("POST /api/in"), 204);
    CU_ASSERT_TRUE(cookie_set());
    CU_ASSERT_PTR_NOT_NULL(strstr(answer, "Max-Age=7776000;"));
    for (int days = 80; days <= 360; days += 70) {
        shift(days * CLOCK_DAY);
        empty_redis();
        CU_ASSERT_EQUAL(call("GET /api/member"), 204);
    }
    CU_ASSERT_TRUE(seen.expires.us - clock_now() < 6 * CLOCK_DAY);
    shift(366 * CLOCK_DAY);
    empty_redis();
    CU_ASSERT_EQUAL(call("GET /api/member"), 401);
    shift(0);
}

static void
ended_sessions_are_dead(void)
{
    char old[100];

    sign_in("USER", "ACTIVE");
    memcpy(old, browser.cookie, sizeof old);
    CU_ASSERT_EQUAL(call("POST /api/out"), 204);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(answer, "Set-Cookie: __Host-session=; Path=/; Max-Age=0;"));
    memcpy(browser.cookie, old, sizeof old);
    CU_ASSERT_EQUAL(call("GET /api/pending"), 401);
    empty_redis();
    CU_ASSERT_EQUAL(call("GET /api/pending"), 401);
}

static struct db_error error;

/* Somebody else changes the user who signed in last. */
static void
change(const char *sql)
{
    struct uuid changed = user;
    static const char sql_of[] = SQL(SELECT set_config('test.user', $1, FALSE));
    char id[UUID_TEXT];
    const char *text = id;

    uuid_write(&user, id);
    (void)db_query(app->db, browser_mem, sql_of, ARGS(ARG(text)), &error);
    run_sql(sql);
    sign_in("ADMIN", "ACTIVE");
    user = changed;
    CU_ASSERT_EQUAL(call("POST /api/changed"), 204);
}

static void
changes_are_seen_at_once(void)
{
    sign_in("USER", "ACTIVE");
    struct browser own = browser;

    CU_ASSERT_EQUAL(call("GET /api/staff"), 403);
    change("UPDATE users SET role = 'MODERATOR'"
           " WHERE id = current_setting('test.user')::uuid");
    browser = own;
    CU_ASSERT_EQUAL(call("GET /api/staff"), 204);
    change("UPDATE users SET status = 'BANNED'"
           " WHERE id = current_setting('test.user')::uuid");
    browser = own;
    CU_ASSERT_EQUAL(call("GET /api/open"), 204);
    CU_ASSERT_TRUE(uuid_none(&seen.user));
    CU_ASSERT_EQUAL(call("GET /api/pending"), 401);
}

int
session_suite(void)
{
    CU_TestInfo tests[] = {
        { "sessions are found in Redis", sessions_are_found_in_redis },
        { "sessions are restored once", sessions_are_restored_once },
        { "rotation costs a statement", rotation_costs_a_statement },
        { "a new token is seen once", a_new_token_is_seen_once },
        { "odd copies are read anew", odd_copies_are_read_anew },
        { "made-up tokens cost one query", made_up_tokens_cost_one_query },
        { "reading writes only when due", reading_writes_only_when_due },
        { "use extends a session", use_extends_a_session },
        { "no session outlives a year", no_session_outlives_a_year },
        { "ended sessions are dead", ended_sessions_are_dead },
        { "changes are seen at once", changes_are_seen_at_once },
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        { .pName = "session",
          .pInitFunc = browser_begin,
          .pCleanupFunc = browser_end,
          .pTests = tests },
        CU_SUITE_INFO_NULL,
    };

    return browser_can("session") ? (int)CU_register_suites(suites) : 0;
}
