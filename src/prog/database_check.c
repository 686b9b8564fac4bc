/* database_check.c - see database_check.h. */
#include "prog/database_check.h"

#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/cache.h"
#include "core/db.h"
#include "core/schema.h"
#include "prog/settings_check.h"

#define PATIENCE CLOCK_SECOND

static void
check_schema(struct app *app, struct text *faults)
{
    void *mem = mem_context(NULL, "schema");
    const char *sql = mem_printf(mem, "%s/../sql", app_site(app)->web);
    struct schema schema;
    struct text *said = text_new(mem);

    if (access(sql, R_OK) != 0) {
        mem_free(mem);
        return;
    }
    if (!schema_read(mem, sql, app->db, &schema, said))
        log_warn("%.*s", (int)strcspn(said->at, "\n"), said->at);
    else if (schema_pending(&schema) > 0)
        text_addf(faults,
                  "the database is behind this program by %zu migrations; "
                  "run: sparklectl migrate\n",
                  schema_pending(&schema));
    mem_free(mem);
}

/* A server that is busy, or just starting, is asked again for a while. */
static bool
answers(bool (*ping)(void *server), void *server)
{
    const struct timespec pause = { .tv_nsec = 50 * 1000000 };
    int64_t end = clock_steady() + PATIENCE;

    while (!ping(server)) {
        if (clock_steady() > end)
            return false;
        (void)nanosleep(&pause, NULL);
    }
    return true;
}

static bool
ping_database(void *db)
{
    return db_ping(db);
}

static bool
ping_cache(void *cache)
{
    return cache_ping(cache);
}

static void
check_connections(struct app *app, struct text *faults)
{
    static const char most_sql[] = SQL(
        SELECT least(current_setting('max_connections')::bigint
            - current_setting('superuser_reserved_connections')::bigint,
            CASE WHEN rolconnlimit >= 0 THEN rolconnlimit END)
        FROM pg_roles WHERE rolname = current_user
    );
    void *mem = mem_context(NULL, "connections");
    int64_t wanted = settings_connections(app->config);
    struct db_error error;
    struct db_result *res = db_query(app->db, mem, most_sql, NO_ARGS, &error);

    if (!error.failed && db_rows(res) > 0 && db_integer(res, 0, 0) < wanted)
        text_addf(faults,
                  "max_children of all pools need %lld connections, PostgreSQL "
                  "lets %lld in (max_connections)\n",
                  (long long)wanted, (long long)db_integer(res, 0, 0));
    mem_free(mem);
}

/* What a running program must not be given up for. */
static void
check_servers(struct app *app, bool answered, struct text *faults)
{
    app->cache = cache_new(NULL, config_section(app->config, &cache_section));
    if (!answered)
        text_adds(faults, "[database]: PostgreSQL does not let us in\n");
    else
        check_connections(app, faults);
    if (!answers(ping_cache, app->cache))
        text_adds(faults, "[redis]: Redis does not answer\n");
}

/* What only the servers can tell; written to fd, for the parent. */
static int
ask(struct app *app, bool test_only,
    bool (*more)(struct app *app, struct text *faults), int fd)
{
    struct text faults;

    text_init(&faults, NULL, 1024);
    app->db = db_new(NULL, config_section(app->config, &db_section), NULL);
    bool answered =
        test_only ? answers(ping_database, app->db) : db_ping(app->db);
    if (answered)
        check_schema(app, &faults);
    if (faults.len == 0 && more != NULL && (answered || !test_only))
        answered = more(app, &faults);
    if (test_only)
        check_servers(app, answered, &faults);
    ssize_t n = write(fd, faults.at, faults.len);
    return !answered && !test_only ? 2 : faults.len > 0 && n > 0;
}

static void
read_all(int fd, struct text *to)
{
    char part[1024];
    ssize_t n;

    while ((n = read(fd, part, sizeof part)) > 0)
        text_add(to, part, (size_t)n);
}

bool
database_check(struct app *app, bool test_only,
               bool (*more)(struct app *app, struct text *faults),
               struct text *faults)
{
    struct text said;
    int ends[2], status = 0;

    text_init(&said, faults->mem, 256);
    if (pipe(ends) != 0)
        return true;
    pid_t child = fork();
    if (child == 0) {
        (void)close(ends[0]);
        _exit(ask(app, test_only, more, ends[1]));
    }
    (void)close(ends[1]);
    read_all(ends[0], &said);
    (void)close(ends[0]);
    if (child < 0 || waitpid(child, &status, 0) != child)
        return true;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 1) {
        text_add(faults, said.at, said.len);
        return false;
    }
    if (said.len > 0)
        log_warn("%.*s", (int)said.len - 1, said.at);
    return true;
}
