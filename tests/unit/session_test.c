/*
 * session_test.c - who calls, from where, how often, once: whole exchanges
 * against PostgreSQL and Redis.  Needs SPARKLE_TEST_PG, the connection string
 * of a superuser to a database of its own (it is given the schema), and
 * SPARKLE_TEST_REDIS, a socket (its database 8 is emptied).
 */
#include <CUnit/CUnit.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/random.h"
#include "core/cache.h"
#include "core/db.h"
#include "core/feature.h"
#include "core/schema.h"
#include "core/session.h"
#include "tests/lib/memory.h"
#include "tests/unit/data.h"
#include "tests/unit/suites.h"

static void *mem;
static struct app *app;
static struct exchange *ex;
static struct db_settings db_settings;
static struct cache_settings cache_settings;
static struct db_error error;
static int clock_fd;
static char clock_path[] = "/tmp/unit-clock-XXXXXX";

/* ---- A small program ----------------------------------------------------- */

static struct uuid user; /* who signs in at POST /in */
static bool remember;
static struct session seen; /* what the last handler saw; no id: a visitor */
static int64_t runs;

static const struct problem *
look(struct request *r)
{
    seen = r->session == NULL ? (struct session){ 0 } : *r->session;
    seen.csrf = seen.csrf == NULL ? NULL : mem_strdup(mem, seen.csrf);
    runs++;
    return NULL;
}

static const struct problem *
go_in(struct request *r)
{
    return session_begin(r, user, remember);
}

static const struct problem *
go_out(struct request *r)
{
    return session_end(r);
}

static const struct problem *
be_changed(struct request *r)
{
    session_refresh_user(r, user);
    return NULL;
}

#define ROUTE(what, who, does, ...)                                            \
    {                                                                          \
        .on = (what), .access = (who), .handle = (does), .about = "A test.",   \
        .form = ANSWER_NOTHING, .success = 204, __VA_ARGS__                    \
    }

static const struct route routes[] = {
    ROUTE("GET /api/open", ALLOW_ANYONE, look),
    ROUTE("GET /api/member", ALLOW_MEMBERS, look),
    ROUTE("GET /api/pending", ALLOW_SIGNED_IN, look),
    ROUTE("GET /api/staff", ALLOW_MODERATORS, look),
    ROUTE("GET /api/plain", ALLOW_ANYONE, look, .no_session = true),
    ROUTE("POST /api/change", ALLOW_MEMBERS, look),
    ROUTE("POST /api/fresh", ALLOW_MEMBERS, look, .recent_auth = true),
    ROUTE("POST /api/in", ALLOW_ANYONE, go_in, .quota = QUOTA_NONE),
    ROUTE("POST /api/try", ALLOW_ANYONE, look, .quota = QUOTA_AUTH),
    ROUTE("POST /api/out", ALLOW_SIGNED_IN, go_out),
    ROUTE("POST /api/changed", ALLOW_SIGNED_IN, be_changed),
    { 0 },
};
static const struct feature feature = { .name = "test", .routes = routes };
static const struct feature *const features[] = { &feature, NULL };

/* ---- What a browser has -------------------------------------------------- */

static struct {
    char cookie[100]; /* "__Host-session=..."; "" none */
    const char *csrf, *origin, *site, *key, *ip;
} browser;

static const char *answer;

static const char *
variable(const char *name, const char *value)
{
    return mem_printf(mem, "%s=%s", name, value);
}

/* The status of a call, 0 where it is not to be found. */
static int
call(const char *line)
{
    const char *env[12];
    size_t i = 0, n, cut = strcspn(line, " ");
    const char *body = line[0] == 'P' ? "{}" : NULL;

    env[i++] = mem_printf(mem, "REQUEST_METHOD=%.*s", (int)cut, line);
    env[i++] = variable("REQUEST_URI", line + cut + 1);
    env[i++] = "CONTENT_TYPE=application/json";
    env[i++] = variable("REMOTE_ADDR", browser.ip);
    if (browser.cookie[0] != '\0')
        env[i++] = variable("HTTP_COOKIE", browser.cookie);
    if (browser.csrf != NULL)
        env[i++] = variable("HTTP_X_CSRF_TOKEN", browser.csrf);
    if (browser.origin != NULL)
        env[i++] = variable("HTTP_ORIGIN", browser.origin);
    if (browser.site != NULL)
        env[i++] = variable("HTTP_SEC_FETCH_SITE", browser.site);
    if (browser.key != NULL)
        env[i++] = variable("HTTP_IDEMPOTENCY_KEY", browser.key);
    env[i] = NULL;
    seen = (struct session){ 0 };
    answer = memory_run(ex, env, body, body == NULL ? 0 : 2, &n);
    const char *status = strstr(answer, "Status: ");

    if (status == NULL)
        return 0;
    char digits[4] = { status[8], status[9], status[10], '\0' };
    int64_t code = 0;

    (void)text_to_int(digits, &code);
    return (int)code;
}

static bool
cookie_set(void)
{
    const char *at = strstr(answer, "Set-Cookie: __Host-session=");

    if (at == NULL)
        return false;
    at += strlen("Set-Cookie: ");
    (void)snprintf(browser.cookie, sizeof browser.cookie, "%.*s",
                   (int)strcspn(at, ";\r"), at);
    return true;
}

/* How many statements and round trips to Redis since the last time. */
static int64_t
statements(void)
{
    int64_t us, n;

    db_spent(app->db, &us, &n);
    return n;
}

static int64_t
trips(void)
{
    int64_t us, n;

    cache_spent(app->cache, &us, &n);
    return n;
}

static void
empty_redis(void)
{
    const char *const words[] = { "FLUSHDB" };

    (void)cache_command(app->cache, mem, 1, words, NULL);
    (void)trips();
}

static void
run(const char *sql)
{
    if (!db_script(app->db, mem, sql, &error))
        CU_FAIL(error.message);
    (void)statements();
}

static int64_t
number(const char *sql)
{
    struct db_result *r = db_query(app->db, mem, sql, NO_ARGS, &error);
    int64_t n = error.failed || db_rows(r) == 0 ? -1 : db_integer(r, 0, 0);

    (void)statements();
    return n;
}

static void
shift(int64_t us)
{
    CU_ASSERT_EQUAL(pwrite(clock_fd, &us, sizeof us, 0), sizeof us);
}

/* A user of this role and status, without a session, from a new address. */
static void
new_user(const char *role, const char *status)
{
    static const char sql[] =
        SQL(
        INSERT INTO users (email, username, role, status)
        VALUES ($1 || '@example.org', $1, $2::text::user_role,
            $3::text::user_status)
        RETURNING id
    );
    const char *name = mem_printf(mem, "u%u", random_below(1000000000));
    struct db_result *r = db_query(
        app->db, mem, sql, ARGS(ARG(name), ARG(role), ARG(status)), &error);

    CU_ASSERT_FALSE_FATAL(error.failed);
    user = db_uuid(r, 0, 0);
    remember = false;
    memset(&browser, 0, sizeof browser);
    browser.ip = mem_printf(mem, "10.%u.%u.%u", random_below(256),
                            random_below(256), random_below(256));
}

static void
sign_in(const char *role, const char *status)
{
    new_user(role, status);
    CU_ASSERT_EQUAL(call("POST /api/in"), 204);
    CU_ASSERT_TRUE(cookie_set());
    CU_ASSERT_EQUAL(call("GET /api/pending"), 204);
    browser.csrf = seen.csrf;
    browser.origin = app_site(app)->url;
    (void)statements();
    (void)trips();
}

/* ---- The suite ----------------------------------------------------------- */

static bool
make_schema(void)
{
    static const char there_sql[] =
        SQL(
        SELECT count(*) FROM pg_class WHERE relname = 'idempotency_keys'
    );
    const char *top = getenv("srcdir") == NULL ? "." : getenv("srcdir");
    struct text *faults = text_new(mem);
    struct schema schema;

    if (number(there_sql) > 0)
        return true;
    const char *roles =
        file_read(mem, mem_printf(mem, "%s/sql/roles.sql", top), 100000, NULL);
    if (roles == NULL || !db_script(app->db, mem, roles, &error) ||
        !schema_read(mem, mem_printf(mem, "%s/sql", top), app->db, &schema,
                     faults) ||
        !schema_apply(mem, &schema, app->db, NULL, faults)) {
        (void)fprintf(stderr, "session: the schema: %s\n", faults->at);
        return false;
    }
    return true;
}

static int
begin(void)
{
    static const struct section *const sections[] = {
        &site_section,
        &limits_section,
        NULL,
    };
    int64_t zero = 0;

    mem = mem_context(NULL, "test");
    clock_fd = mkstemp(clock_path);
    if (clock_fd < 0 || write(clock_fd, &zero, sizeof zero) != sizeof zero)
        return 1;
    clock_shift_by(clock_path);
    app = memory_app(mem, features);
    app->config = config_read(mem, NULL, sections, text_new(mem));
    db_settings.name = getenv("SPARKLE_TEST_PG");
    db_settings.timeout = 5 * CLOCK_SECOND;
    cache_settings.socket = getenv("SPARKLE_TEST_REDIS");
    cache_settings.timeout = CLOCK_SECOND / 5;
    cache_settings.db = 8;
    app->db = db_new(mem, &db_settings, NULL);
    app->cache = cache_new(mem, &cache_settings);
    app->spare = quota_table_new();
    ex = exchange_new(mem, app);
    empty_redis();
    return make_schema() ? 0 : 1;
}

static int
end(void)
{
    int64_t zero = 0;

    (void)!pwrite(clock_fd, &zero, sizeof zero, 0);
    (void)unlink(clock_path);
    mem_free(mem);
    return 0;
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
    shift(6 * CLOCK_MINUTE);
    empty_redis();
    CU_ASSERT_EQUAL(call("GET /api/member"), 204);
    CU_ASSERT_NOT_EQUAL(number(versions_sql), before);
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
    CU_ASSERT_FALSE(cookie_set());
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

/* Somebody else changes the user who signed in last. */
static void
change(const char *sql)
{
    struct uuid changed = user;
    static const char sql_of[] = SQL(SELECT set_config('test.user', $1, FALSE));
    char id[UUID_TEXT];
    const char *text = id;

    uuid_write(&user, id);
    (void)db_query(app->db, mem, sql_of, ARGS(ARG(text)), &error);
    run(sql);
    sign_in("ADMIN", "ACTIVE");
    user = changed;
    CU_ASSERT_EQUAL(call("POST /api/changed"), 204);
}

static void
changes_are_seen_at_once(void)
{
    sign_in("USER", "ACTIVE");
    typeof(browser) own = browser;

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
    CU_ASSERT_EQUAL(tries_until_refused("POST /api/try"), 5);
    browser.ip = "10.9.9.9";
    CU_ASSERT_EQUAL(call("POST /api/try"), 429);
    browser.cookie[0] = '\0';
    CU_ASSERT_EQUAL(call("POST /api/try"), 204);
}

static void
staff_are_exempt_but_not_from_logins(void)
{
    new_user("USER", "ACTIVE");
    CU_ASSERT_EQUAL(tries_until_refused("GET /api/open"), 100);
    sign_in("USER", "ACTIVE");
    CU_ASSERT_EQUAL(tries_until_refused("POST /api/change"), 30);
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
    app->cache = cache_new(mem, &nowhere);
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
    browser.key = mem_printf(mem, "key-%u", random_below(1000000000));
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

int
session_suite(void)
{
    CU_TestInfo tests[] = {
        { "sessions are found in Redis", sessions_are_found_in_redis },
        { "sessions are restored once", sessions_are_restored_once },
        { "made-up tokens cost one query", made_up_tokens_cost_one_query },
        { "reading writes only when due", reading_writes_only_when_due },
        { "use extends a session", use_extends_a_session },
        { "no session outlives a year", no_session_outlives_a_year },
        { "ended sessions are dead", ended_sessions_are_dead },
        { "changes are seen at once", changes_are_seen_at_once },
        { "roles open doors", roles_open_doors },
        { "forged calls are refused", forged_calls_are_refused },
        { "old proof is asked again", old_proof_is_asked_again },
        { "retries do not push the end", retries_do_not_push_the_end },
        { "callers are users or networks", callers_are_users_or_networks },
        { "staff are exempt", staff_are_exempt_but_not_from_logins },
        { "without Redis life goes on", without_redis_life_goes_on },
        { "one key, one effect", one_key_one_effect },
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        { .pName = "session",
          .pInitFunc = begin,
          .pCleanupFunc = end,
          .pTests = tests },
        CU_SUITE_INFO_NULL,
    };

    if (getenv("SPARKLE_TEST_PG") == NULL ||
        getenv("SPARKLE_TEST_REDIS") == NULL) {
        (void)printf("session: skipped, SPARKLE_TEST_PG or "
                     "SPARKLE_TEST_REDIS is not set\n");
        return 0;
    }
    return (int)CU_register_suites(suites);
}
