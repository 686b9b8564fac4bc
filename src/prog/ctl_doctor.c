/*
 * ctl_doctor.c - sparklectl doctor: is this installation well, and what to do
 * where it is not.
 *
 * A check is a row: a question to PostgreSQL that answers with (fine, what was
 * found), or a function; and what to do about it.
 */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "core/cache.h"
#include "core/crypto.h"
#include "core/db.h"
#include "core/schema.h"
#include "pool/pool.h"
#include "prog/ctl.h"

/* What a check found; `found` on c->mem. */
enum health { FINE, DOUBTFUL, BROKEN };

struct check {
    const char *name;
    const char *sql; /* boolean, text */
    enum health (*look)(struct ctl *c, const char **ret_found);
    enum health otherwise; /* where the SQL says false; FINE: BROKEN */
    const char *fix;
};

/* ---- Files and the machine ---------------------------------------------- */

static enum health
look_config_mode(struct ctl *c, const char **ret_found)
{
    struct stat st;

    if (stat(c->config_path, &st) != 0)
        return DOUBTFUL;
    *ret_found = mem_printf(c->mem, "%s has mode %04o", c->config_path,
                            (unsigned)(st.st_mode & 07777));
    return (st.st_mode & 0022) != 0 ? BROKEN : FINE;
}

/* Of the file system that the web files and the logs are on. */
static enum health
look_space(struct ctl *c, const char **ret_found, bool inodes)
{
    struct statvfs fs;

    if (statvfs(app_site(c->app)->web, &fs) != 0)
        return DOUBTFUL;
    double free_part = inodes ? (double)fs.f_favail / (double)(fs.f_files + 1)
                              : (double)fs.f_bavail / (double)(fs.f_blocks + 1);
    *ret_found = mem_printf(c->mem, "%.0f %% free", 100 * free_part);
    return free_part < 0.02 ? BROKEN : free_part < 0.1 ? DOUBTFUL : FINE;
}

static enum health
look_disk(struct ctl *c, const char **ret_found)
{
    return look_space(c, ret_found, false);
}

static enum health
look_inodes(struct ctl *c, const char **ret_found)
{
    struct statvfs fs;

    if (statvfs(app_site(c->app)->web, &fs) == 0 && fs.f_files == 0) {
        *ret_found = "this file system counts none";
        return FINE;
    }
    return look_space(c, ret_found, true);
}

static enum health
look_somaxconn(struct ctl *c, const char **ret_found)
{
    const char *text =
        file_read(c->mem, "/proc/sys/net/core/somaxconn", 64, NULL);
    int64_t most = 0;

    if (text == NULL || !text_to_int(text_trim(c->mem, text), &most))
        return DOUBTFUL;
    *ret_found = mem_printf(c->mem, "%" PRId64, most);
    return most < 511 ? DOUBTFUL : FINE;
}

static enum health
look_open_files(struct ctl *c, const char **ret_found)
{
    struct rlimit limit;

    (void)getrlimit(RLIMIT_NOFILE, &limit);
    *ret_found = mem_printf(c->mem, "%llu", (unsigned long long)limit.rlim_max);
    return limit.rlim_max < 4096 ? DOUBTFUL : FINE;
}

static enum health
look_file(struct ctl *c, const char *path, const char **ret_found)
{
    *ret_found = mem_strdup(c->mem, path);
    return access(path, R_OK) == 0 ? FINE : BROKEN;
}

static enum health
look_assets(struct ctl *c, const char **ret_found)
{
    return look_file(
        c, mem_printf(c->mem, "%s/dist/manifest.json", app_site(c->app)->web),
        ret_found);
}

static enum health
look_pages(struct ctl *c, const char **ret_found)
{
    return look_file(
        c, mem_printf(c->mem, "%s/pages/layout.html", app_site(c->app)->web),
        ret_found);
}

static enum health
look_mails(struct ctl *c, const char **ret_found)
{
    return look_file(c, app_site(c->app)->emails, ret_found);
}

static enum health
look_url(struct ctl *c, const char **ret_found)
{
    *ret_found = app_site(c->app)->url;
    return text_starts(*ret_found, "https://") ? FINE : BROKEN;
}

static enum health
look_master(struct ctl *c, const char **ret_found)
{
    const struct master_settings *m =
        config_section(c->app->config, &master_section);

    if (m->status_socket == NULL) {
        *ret_found = "[master] names no status_socket to ask";
        return DOUBTFUL;
    }
    *ret_found = m->status_socket;
    return access(m->status_socket, F_OK) == 0 ? FINE : BROKEN;
}

static enum health
look_secrets(struct ctl *c, const char **ret_found)
{
    const struct auth_settings *auth =
        SETTINGS_OF(c->app, &auth_section, struct auth_settings);
    const char *const keys[] = { auth->pepper, auth->encryption_key,
                                 auth->signing_key };

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const char *key = keys[i] != NULL ? strchr(keys[i], ':') : NULL;

        if (key == NULL || strcspn(key + 1, ",") < 64) {
            *ret_found = "one is missing, or shorter than 32 bytes";
            return BROKEN;
        }
    }
    *ret_found = "three, of 32 bytes or more";
    return FINE;
}

/* ---- PostgreSQL and Redis ----------------------------------------------- */

static enum health
look_database(struct ctl *c, const char **ret_found)
{
    *ret_found = db_ping(c->app->db) ? "answers" : "does not answer";
    return strcmp(*ret_found, "answers") == 0 ? FINE : BROKEN;
}

static enum health
look_schema(struct ctl *c, const char **ret_found)
{
    struct schema s;
    struct text *faults = text_new(c->mem);

    if (!schema_read(c->mem, c->sql, c->app->db, &s, faults)) {
        *ret_found = faults->at;
        return BROKEN;
    }
    *ret_found = mem_printf(c->mem, "%zu steps pending", schema_pending(&s));
    return schema_pending(&s) == 0 ? FINE : BROKEN;
}

static enum health
look_clock(struct ctl *c, const char **ret_found)
{
    static const char now_sql[] = SQL(SELECT clock_timestamp());
    struct db_error error;
    struct db_result *res =
        db_query(c->app->db, c->mem, now_sql, NO_ARGS, &error);

    if (error.failed)
        return BROKEN;
    int64_t ahead = (db_time(res, 0, 0).us - clock_now()) / 1000;
    *ret_found =
        mem_printf(c->mem, "PostgreSQL is %" PRId64 " ms ahead", ahead);
    return ahead > 1000 || ahead < -1000 ? BROKEN : FINE;
}

/* All workers of all pools have a connection each. */
static enum health
look_connections(struct ctl *c, const char **ret_found)
{
    static const char most_sql[] =
        SQL(SELECT current_setting('max_connections')::bigint);
    const struct pool_settings *pool;
    const char *name;
    struct db_error error;
    int64_t need = 10;

    for (size_t i = 0; (pool = config_instance(c->app->config, &pool_section, i,
                                               &name)) != NULL;
         i++)
        need += pool->max_children;
    struct db_result *res =
        db_query(c->app->db, c->mem, most_sql, NO_ARGS, &error);
    if (error.failed)
        return BROKEN;
    *ret_found = mem_printf(c->mem, "%" PRId64 " allowed, %" PRId64 " wanted",
                            db_integer(res, 0, 0), need);
    return db_integer(res, 0, 0) < need ? BROKEN : FINE;
}

static enum health
look_redis(struct ctl *c, const char **ret_found)
{
    *ret_found = cache_ping(c->app->cache) ? "answers" : "does not answer";
    return strcmp(*ret_found, "answers") == 0 ? FINE : DOUBTFUL;
}

/* A session store must not throw sessions out while memory is short. */
static enum health
look_redis_policy(struct ctl *c, const char **ret_found)
{
    const char *const words[] = { "CONFIG", "GET", "maxmemory-policy" };
    const size_t lengths[] = { 6, 3, 16 };
    const struct cache_reply *reply =
        cache_command(c->app->cache, c->mem, 3, words, lengths);

    if (reply == NULL || reply->kind != CACHE_LIST || reply->len < 2) {
        *ret_found = "it does not tell";
        return DOUBTFUL;
    }
    *ret_found = reply->list[1].text;
    return text_starts(*ret_found, "allkeys") ? DOUBTFUL : FINE;
}

/* ---- The checks --------------------------------------------------------- */

/* clang-format off */
static const struct check checks[] = {
    { "configuration file", .look = look_config_mode,
      .fix = "chmod go-w the file: who can change it can take the site." },
    { "secrets", .look = look_secrets,
      .fix = "sparklectl setup makes them; or openssl rand -hex 32, written "
             "as 1:HEX into the files that [auth] names." },
    { "site address", .look = look_url,
      .fix = "set [site] url to https://your.name: cookies need TLS." },
    { "pages", .look = look_pages, .fix = "set [site] web; make install." },
    { "assets", .look = look_assets,
      .fix = "set [site] web; make install, or npm run build in web/." },
    { "mail templates", .look = look_mails, .fix = "set [site] emails." },
    { "disk space", .look = look_disk,
      .fix = "make room: journalctl --vacuum-size=500M, old backups." },
    { "inodes", .look = look_inodes,
      .fix = "remove small files nobody needs." },
    { "listen backlog", .look = look_somaxconn,
      .fix = "sysctl -w net.core.somaxconn=4096, and in /etc/sysctl.d/." },
    { "open files", .look = look_open_files,
      .fix = "LimitNOFILE=65536 in the unit, or ulimit -n." },
    { "sparkle-fcgi", .look = look_master,
      .fix = "systemctl start sparkle-fcgi; journalctl -u sparkle-fcgi." },
    { "Redis", .look = look_redis,
      .fix = "systemctl start redis-server; set [redis]. Nobody is logged "
             "out without it, but it is slower and limits are weaker." },
    { "Redis eviction", .look = look_redis_policy,
      .fix = "maxmemory-policy volatile-lru or noeviction in redis.conf." },
    { "PostgreSQL", .look = look_database,
      .fix = "systemctl start postgresql; set [database]." },
    { "schema", .look = look_schema, .fix = "sparklectl migrate" },
    { "clocks", .look = look_clock,
      .fix = "run an NTP client (systemd-timesyncd, chrony) on both hosts." },
    { "connections", .look = look_connections,
      .fix = "raise max_connections, or lower max_children of the pools." },
    { "PostgreSQL version",
      SQL(SELECT current_setting('server_version_num')::int >= 150000,
              current_setting('server_version')),
      .fix = "PostgreSQL 15 or later is needed." },
    { "application role",
      SQL(SELECT NOT (rolsuper OR rolcreatedb OR rolcreaterole
              OR has_schema_privilege('public', 'CREATE')), rolname::text
          FROM pg_roles WHERE rolname = current_user),
      .fix = "[database] user must be sparkle_app, which owns nothing: run "
             "sql/roles.sql as a superuser." },
    { "fsync",
      SQL(SELECT current_setting('fsync') = 'on', current_setting('fsync')),
      .fix = "fsync = on: without it a crash can lose the database." },
    { "synchronous_commit",
      SQL(SELECT current_setting('synchronous_commit') <> 'off',
              current_setting('synchronous_commit')),
      .fix = "synchronous_commit = on: else accepted writes can be lost." },
    { "shared_buffers",
      SQL(SELECT pg_size_bytes(current_setting('shared_buffers'))
              >= 128 * 1024 * 1024, current_setting('shared_buffers')),
      .otherwise = DOUBTFUL,
      .fix = "a quarter of the memory is a good start." },
    { "autovacuum",
      SQL(SELECT current_setting('autovacuum') = 'on',
              current_setting('autovacuum')),
      .fix = "autovacuum = on: the queue and the counters need it." },
    { "time zones",
      SQL(SELECT count(*) > 300, count(*)::text || ' known'
          FROM pg_timezone_names),
      .otherwise = DOUBTFUL, .fix = "apt-get install tzdata" },
    { "audit log's next month",
      SQL(SELECT count(*) > 0, coalesce(max(c.relname)::text, 'none')
          FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
          WHERE i.inhparent = to_regclass('audit_log')
              AND c.relname ~ '[0-9]$' AND c.relname > 'audit_log_'
                  || to_char(now() + interval '1 day', 'YYYY_MM')),
      .otherwise = DOUBTFUL,
      .fix = "sparkle-batch partition-maintenance" },
    { "news waiting",
      SQL(SELECT coalesce(max(now() - created_at), '0') < interval '1 minute',
              count(*)::text || ' in the outbox'
          FROM (SELECT created_at FROM outbox ORDER BY id LIMIT 1000) o),
      .fix = "sparkle-jobs does not run: systemctl start sparkle-jobs." },
    { "jobs discarded",
      SQL(SELECT count(*) = 0, count(*)::text FROM jobs
          WHERE state = 'discarded'),
      .otherwise = DOUBTFUL,
      .fix = "look at their errors: sparklectl status; SELECT kind, errors "
             "FROM jobs WHERE state = 'discarded'." },
    { "queues paused",
      SQL(SELECT count(*) = 0, coalesce(string_agg(name, ' '), 'none')
          FROM job_queues WHERE paused_at IS NOT NULL),
      .otherwise = DOUBTFUL, .fix = "resume them when you know why." },
    { "transactions open for long",
      SQL(SELECT count(*) = 0, count(*)::text FROM pg_stat_activity
          WHERE xact_start < now() - interval '10 minutes'
              AND backend_type = 'client backend'),
      .otherwise = DOUBTFUL,
      .fix = "find them in pg_stat_activity: they keep vacuum from working." },
    { "batch programs",
      SQL(SELECT count(*) > 0, count(*)::text || ' runs in two days'
          FROM batch_runs WHERE started_at > now() - interval '2 days'),
      .otherwise = DOUBTFUL,
      .fix = "install the cron.d file or enable the timers." },
};
/* clang-format on */

static enum health
ask(struct ctl *c, const struct check *check, const char **ret_found)
{
    struct db_error error;
    struct db_result *res =
        db_query(c->app->db, c->mem, check->sql, NO_ARGS, &error);

    if (error.failed) {
        *ret_found = error.message;
        return BROKEN;
    }
    *ret_found = db_rows(res) > 0 ? db_text(res, 0, 1, NULL) : "nothing";
    if (db_rows(res) > 0 && db_boolean(res, 0, 0))
        return FINE;
    return check->otherwise == FINE ? BROKEN : check->otherwise;
}

static enum health
examine(struct ctl *c, const struct check *check)
{
    static const char *const words[] = { "ok", "look", "BROKEN" };
    const char *found = "unknown";
    enum health health =
        check->look != NULL ? check->look(c, &found) : ask(c, check, &found);

    (void)printf("%-7s %-28s %s\n", words[health], check->name, found);
    if (health != FINE)
        (void)printf("        -> %s\n", check->fix);
    return health;
}

static int
doctor(struct ctl *c, int argc, char **argv)
{
    int n = (int)(sizeof checks / sizeof *checks), counts[3] = { 0 };

    (void)argv;
    if (argc > 0)
        return 2;
    for (int i = 0; i < n; i++)
        counts[examine(c, &checks[i])]++;
    (void)printf("%d checks: %d ok, %d to look at, %d broken\n", n,
                 counts[FINE], counts[DOUBTFUL], counts[BROKEN]);
    return counts[BROKEN] > 0;
}

const struct ctl_command ctl_doctor_commands[] = {
    {
        .name = "doctor",
        .about = "Examine the installation; every fault comes with its fix. "
                 "1 where something is broken.",
        .run = doctor,
    },
    { 0 },
};
