/* doctor_store.c - see ctl_doctor.h: what PostgreSQL and Redis hold, and how
 * they are told to hold it. */
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "core/cache.h"
#include "core/db.h"
#include "prog/ctl_doctor.h"
#include "prog/settings_check.h"

/* ---- Redis --------------------------------------------------------------- */

/* A number of CONFIG GET; -1: it does not tell. */
static int64_t
redis_setting(struct ctl *c, const char *name)
{
    const char *const words[] = { "CONFIG", "GET", name };
    const size_t lengths[] = { 6, 3, strlen(name) };
    const struct cache_reply *reply =
        cache_command(c->app->cache, c->mem, 3, words, lengths);
    int64_t n = -1;

    if (reply == NULL || reply->kind != CACHE_LIST || reply->len < 2 ||
        !text_to_int(reply->list[1].text, &n))
        return -1;
    return n;
}

/* A number of INFO; -1: it does not tell. */
static int64_t
redis_info(struct ctl *c, const char *name)
{
    const char *const words[] = { "INFO" };
    const size_t lengths[] = { 4 };
    const struct cache_reply *reply =
        cache_command(c->app->cache, c->mem, 1, words, lengths);
    const char *at =
        reply != NULL && reply->kind == CACHE_TEXT
            ? strstr(reply->text, mem_printf(c->mem, "\n%s:", name))
            : NULL;

    return at == NULL ? -1 : strtoll(at + strlen(name) + 2, NULL, 10);
}

static enum health
look_redis_memory(struct ctl *c, const char **ret_found)
{
    int64_t used = redis_info(c, "used_memory");
    int64_t most = redis_info(c, "maxmemory");

    if (used < 0 || most < 0)
        return DOUBTFUL;
    *ret_found = mem_printf(
        c->mem, "%" PRId64 " MB of %s", used >> 20,
        most == 0 ? "all there is"
                  : mem_printf(c->mem, "%" PRId64 " MB", most >> 20));
    return most == 0 || used < most / 10 * 9 ? FINE : BROKEN;
}

static enum health
look_redis_clients(struct ctl *c, const char **ret_found)
{
    int64_t most = redis_setting(c, "maxclients");
    int64_t wanted = 2 * settings_connections(c->app->config);

    if (most < 0)
        return DOUBTFUL;
    *ret_found = mem_printf(c->mem, "%" PRId64 " allowed, %" PRId64 " wanted",
                            most, wanted);
    return most < wanted ? BROKEN : FINE;
}

/* clang-format off */
const struct check doctor_store_checks[] = {
    { "Redis memory", .look = look_redis_memory,
      .fix = "raise maxmemory in redis.conf: full, it takes no new sessions." },
    { "Redis clients", .look = look_redis_clients,
      .fix = "raise maxclients in redis.conf." },
    { "writes allowed",
      SQL(SELECT s = 'off' AND NOT pg_is_in_recovery(), 'read only: ' || s
          FROM current_setting('default_transaction_read_only') s),
      .fix = "this is a standby, or default_transaction_read_only is on." },
    { "full_page_writes",
      SQL(SELECT current_setting('full_page_writes') = 'on',
              current_setting('full_page_writes')),
      .fix = "full_page_writes = on: without it a crash can tear pages." },
    { "statistics",
      SQL(SELECT current_setting('track_counts') = 'on',
              current_setting('track_counts')),
      .fix = "track_counts = on: autovacuum does nothing without it." },
    { "statement_timeout",
      SQL(SELECT current_setting('statement_timeout') <> '0',
              current_setting('statement_timeout')),
      .otherwise = DOUBTFUL,
      .fix = "run sql/roles.sql: a statement without an end keeps a worker." },
    { "rights of the role",
      SQL(SELECT count(*) FILTER (WHERE NOT has_table_privilege(t, 'SELECT'))
              = 0, coalesce(string_agg(t, ' ') FILTER (WHERE NOT
              has_table_privilege(t, 'SELECT')), 'as they should be')
          FROM unnest(ARRAY['users', 'posts', 'comments', 'sessions', 'jobs',
              'outbox', 'notifications', 'batch_runs']) t),
      .fix = "sparklectl migrate; or run sql/grants.sql as sparkle_owner." },
    { "indexes",
      SQL(SELECT count(*) = 0, coalesce(string_agg(indexrelid::regclass::text,
              ' '), 'all are valid')
          FROM pg_index WHERE NOT indisvalid),
      .fix = "an index was left half made: REINDEX INDEX CONCURRENTLY it." },
    { "triggers",
      SQL(SELECT count(*) = 0, coalesce(string_agg(tgname, ' '),
              'all are enabled')
          FROM pg_trigger WHERE tgenabled = 'D' AND NOT tgisinternal),
      .fix = "ALTER TABLE ... ENABLE TRIGGER." },
    { "administrators",
      SQL(SELECT count(*) > 0, count(*)::text FROM users
          WHERE role = 'ADMIN' AND deleted_at IS NULL),
      .otherwise = DOUBTFUL,
      .fix = "sparklectl user create NAME E-MAIL --role ADMIN" },
    { "jobs late",
      SQL(SELECT count(*) = 0, count(*)::text FROM jobs
          WHERE state IN ('available', 'retryable')
              AND run_at < now() - interval '10 minutes'),
      .fix = "systemctl start sparkle-jobs; more workers in [jobs NAME]; "
             "paused queues: sparklectl jobs." },
    { "jobs failing",
      SQL(SELECT count(*) = 0, count(*)::text FROM jobs
          WHERE state = 'retryable' AND attempts >= 3),
      .otherwise = DOUBTFUL,
      .fix = "SELECT kind, errors FROM jobs WHERE state = 'retryable'." },
    { "batch failures",
      SQL(SELECT count(*) = 0, coalesce(string_agg(name, ' '), 'none')
          FROM (SELECT DISTINCT ON (name) name, exit_code FROM batch_runs
              ORDER BY name, started_at DESC) r WHERE exit_code <> 0),
      .otherwise = DOUBTFUL,
      .fix = "run it by hand: sparkle-batch NAME." },
    { 0 },
};
/* clang-format on */
