/* browser.c - see browser.h. */
#include "tests/unit/browser.h"

#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/random.h"
#include "core/crypto.h"
#include "core/feature.h"
#include "core/schema.h"
#include "tests/lib/memory.h"

void *browser_mem;
struct app *app;
static struct exchange *ex;
static struct db_settings db_settings;
static struct cache_settings cache_settings;
static struct db_error error;
static int clock_fd;
static char clock_path[32];

/* ---- A small program ----------------------------------------------------- */

struct uuid user; /* who signs in at POST /in */
bool remember;
struct session seen; /* what the last handler saw; no id: a visitor */
int64_t runs;
const char *strict_level;

static const struct problem *
look(struct request *r)
{
    seen = r->session == NULL ? (struct session){ 0 } : *r->session;
    seen.csrf = seen.csrf == NULL ? NULL : mem_strdup(browser_mem, seen.csrf);
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

/* The first run meets another; level: what the last one ran at. */
static const char level_sql[] = SQL(SELECT fail_once($1));

static const struct problem *
be_strict(struct request *r)
{
    const int64_t run = runs++;
    struct db_error e;
    const struct db_result *row =
        db_query(r->app->db, r->mem, level_sql, ARGS(ARG(run)), &e);

    if (e.failed)
        return db_problem(&e);
    strict_level = mem_strdup(browser_mem, db_text(row, 0, 0, NULL));
    return NULL;
}

int slow_started[2]; /* a pipe: POST /api/slow has begun */

static const struct problem *
be_slow(struct request *r)
{
    CU_ASSERT_EQUAL(write(slow_started[1], "", 1), 1);
    (void)usleep(150000);
    return look(r);
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
    ROUTE("POST /api/strict", ALLOW_ANYONE, be_strict,
          .isolation = DB_SERIALIZABLE),
    ROUTE("POST /api/slow", ALLOW_MEMBERS, be_slow),
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

struct browser browser;

const char *answer;

static const char *
variable(const char *name, const char *value)
{
    return mem_printf(browser_mem, "%s=%s", name, value);
}

/* The status of a call, 0 where it is not to be found. */
int
call(const char *line)
{
    const char *env[12];
    size_t i = 0, n, cut = strcspn(line, " ");
    const char *body = line[0] == 'P' ? "{}" : NULL;

    env[i++] = mem_printf(browser_mem, "REQUEST_METHOD=%.*s", (int)cut, line);
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

bool
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
int64_t
statements(void)
{
    struct db_spent spent;

    db_spent(app->db, &spent);
    return spent.statements;
}

int64_t
trips(void)
{
    struct cache_spent spent;

    cache_spent(app->cache, &spent);
    return spent.trips;
}

void
empty_redis(void)
{
    const char *const words[] = { "FLUSHDB" };

    (void)cache_command(app->cache, browser_mem, 1, words, NULL);
    (void)trips();
}

void
run_sql(const char *sql)
{
    if (!db_script(app->db, browser_mem, sql, &error))
        CU_FAIL(error.message);
    (void)statements();
}

int64_t
number(const char *sql)
{
    struct db_result *r = db_query(app->db, browser_mem, sql, NO_ARGS, &error);
    int64_t n = error.failed || db_rows(r) == 0 ? -1 : db_integer(r, 0, 0);

    (void)statements();
    return n;
}

void
shift(int64_t us)
{
    CU_ASSERT_EQUAL(pwrite(clock_fd, &us, sizeof us, 0), sizeof us);
}

/* A user of this role and status, without a session, from a new address. */
void
new_user(const char *role, const char *status)
{
    static const char sql[] =
        SQL(
        INSERT INTO users (email, username, role, status)
        VALUES ($1 || '@example.org', $1, $2::text::user_role,
            $3::text::user_status)
        RETURNING id
    );
    const char *name = mem_printf(browser_mem, "u%u", random_below(1000000000));
    struct db_result *r =
        db_query(app->db, browser_mem, sql,
                 ARGS(ARG(name), ARG(role), ARG(status)), &error);

    CU_ASSERT_FALSE_FATAL(error.failed);
    user = db_uuid(r, 0, 0);
    remember = false;
    memset(&browser, 0, sizeof browser);
    browser.ip = mem_printf(browser_mem, "10.%u.%u.%u", random_below(256),
                            random_below(256), random_below(256));
}

void
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
    struct text *faults = text_new(browser_mem);
    struct schema schema;

    if (number(there_sql) > 0)
        return true;
    const char *roles =
        file_read(browser_mem, mem_printf(browser_mem, "%s/sql/roles.sql", top),
                  100000, NULL);
    if (roles == NULL || !db_script(app->db, browser_mem, roles, &error) ||
        !schema_read(browser_mem, mem_printf(browser_mem, "%s/sql", top),
                     app->db, &schema, faults) ||
        !schema_apply(browser_mem, &schema, app->db, NULL, faults)) {
        (void)fprintf(stderr, "session: the schema: %s\n", faults->at);
        return false;
    }
    return true;
}

void
browser_connect(void)
{
    app->db = db_new(browser_mem, &db_settings, NULL);
    app->cache = cache_new(browser_mem, &cache_settings);
}

bool
browser_can(const char *suite)
{
    if (getenv("SPARKLE_TEST_PG") != NULL &&
        getenv("SPARKLE_TEST_REDIS") != NULL)
        return true;
    (void)printf("%s: skipped, SPARKLE_TEST_PG or SPARKLE_TEST_REDIS is not "
                 "set\n",
                 suite);
    return false;
}

int
browser_begin(void)
{
    static const struct section *const sections[] = {
        &site_section,
        &limits_section,
        &auth_section,
        NULL,
    };
    int64_t zero = 0;

    browser_mem = mem_context(NULL, "test");
    (void)snprintf(clock_path, sizeof clock_path, "/tmp/unit-clock-XXXXXX");
    clock_fd = mkstemp(clock_path);
    if (clock_fd < 0 || write(clock_fd, &zero, sizeof zero) != sizeof zero)
        return 1;
    clock_shift_by(clock_path);
    app = memory_app(browser_mem, features);
    app->config =
        config_read(browser_mem, NULL, sections, text_new(browser_mem));
    db_settings.name = getenv("SPARKLE_TEST_PG");
    db_settings.timeout = 30 * CLOCK_SECOND;
    cache_settings.socket = getenv("SPARKLE_TEST_REDIS");
    cache_settings.timeout = 10 * CLOCK_SECOND;
    cache_settings.db = 8;
    browser_connect();
    app->spare = quota_table_new();
    app->fence = session_fence_new();
    ex = exchange_new(browser_mem, app);
    empty_redis();
    return make_schema() ? 0 : 1;
}

int
browser_end(void)
{
    int64_t zero = 0;

    (void)!pwrite(clock_fd, &zero, sizeof zero, 0);
    (void)unlink(clock_path);
    mem_free(browser_mem);
    return 0;
}
