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
#include "prog/ctl_doctor.h"
#include "prog/settings_check.h"

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

static enum health
look_connections(struct ctl *c, const char **ret_found)
{
    static const char most_sql[] =
        SQL(SELECT current_setting('max_connections')::bigint);
    int64_t need = settings_connections(c->app->config);
    struct db_error error;
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
    { "configuration file", .look = doctor_config_mode,
      .fix = "chmod go-w the file: who can change it can take the site." },
    { "secrets", .look = doctor_secrets,
      .fix = "sparklectl setup makes them; or openssl rand -hex 32, written "
             "as 1:HEX into the files that [auth] names." },
    { "breached passwords", .look = doctor_breached,
      .fix = "set [auth] breached_passwords; make install brings a filter, "
             "sparklectl breached build makes a larger one." },
    { "push key", .look = doctor_push,
      .fix = "sparklectl setup makes one; or openssl rand -hex 32 into the "
             "file that [push] vapid_key_file names. A new one ends all "
             "subscriptions." },
    { "site address", .look = doctor_url,
      .fix = "set [site] url to https://your.name: cookies need TLS." },
    { "site name", .look = doctor_name,
      .fix = "give the name an A and an AAAA record, or mend [site] url." },
    { "certificate", .look = doctor_certificate,
      .fix = "certbot renew (or certonly, see sparklectl setup); then "
             "systemctl reload nginx." },
    { "SPF", .look = doctor_spf,
      .fix = "add a TXT record to the sender's domain: \"v=spf1 mx "
             "include:YOUR-PROVIDER -all\"; else mails are taken for spam." },
    { "DMARC", .look = doctor_dmarc,
      .fix = "add a TXT record _dmarc to the sender's domain: \"v=DMARC1; "
             "p=quarantine\"." },
    { "pages", .look = doctor_pages, .fix = "set [site] web; make install." },
    { "assets", .look = doctor_assets,
      .fix = "set [site] web; make install, or npm run build in web/." },
    { "mail templates", .look = doctor_mails, .fix = "set [site] emails." },
    { "listen backlog", .look = doctor_somaxconn,
      .fix = "sysctl -w net.core.somaxconn=4096, and in /etc/sysctl.d/." },
    { "open files", .look = doctor_open_files,
      .fix = "LimitNOFILE=65536 in the unit, or ulimit -n." },
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
    { 0 },
};
/* clang-format on */

static const struct check *const tables[] = {
    doctor_settings_checks, doctor_file_checks,
    doctor_run_checks,      checks,
    doctor_store_checks,    NULL,
};

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

static const char *const words[] = { "ok", "look", "BROKEN" };

/* What a run of checks adds up to. */
struct tally {
    int n, counts[3];
    struct text *bad; /* a line for each check that is not fine */
    bool quiet;
};

static void
examine(struct ctl *c, const struct check *check, struct tally *t)
{
    const char *found = "unknown";
    enum health health =
        check->look != NULL ? check->look(c, &found) : ask(c, check, &found);

    t->n++;
    t->counts[health]++;
    if (health != FINE)
        text_addf(t->bad, "%s %s: %s\n", words[health], check->name, found);
    if (t->quiet)
        return;
    (void)printf("%-7s %-28s %s\n", words[health], check->name, found);
    if (health != FINE)
        (void)printf("        -> %s\n", check->fix);
}

/* Whether a check is among the words; without words all are. */
static bool
is_wanted(const struct check *check, int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        if (strcmp(argv[i], check->name) == 0)
            return true;
    return argc == 0;
}

static void
examine_all(struct ctl *c, int argc, char **argv, struct tally *t)
{
    t->bad = text_new(c->mem);
    for (size_t i = 0; tables[i] != NULL; i++)
        for (const struct check *k = tables[i]; k->name != NULL; k++)
            if (is_wanted(k, argc, argv))
                examine(c, k, t);
}

static int
doctor(struct ctl *c, int argc, char **argv)
{
    struct tally t = { 0 };

    examine_all(c, argc, argv, &t);
    if (t.n < argc)
        return ctl_fail("there is no such check; sparklectl doctor names all");
    (void)printf("%d checks: %d ok, %d to look at, %d broken\n", t.n,
                 t.counts[FINE], t.counts[DOUBTFUL], t.counts[BROKEN]);
    return t.counts[BROKEN] > 0;
}

/* As plugins of Nagios do (Monitoring Plugins guidelines): a line, then more
 * of them; 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN. */
static int
check_command(struct ctl *c, int argc, char **argv)
{
    static const char *const states[] = { "OK", "WARNING", "CRITICAL" };
    bool nagios = ctl_flag(&argc, argv, "nagios");
    struct tally t = { .quiet = true };

    examine_all(c, argc, argv, &t);
    int worst = t.counts[BROKEN] > 0 ? 2 : t.counts[DOUBTFUL] > 0;
    if (nagios && t.n < argc)
        (void)puts("SPARKLE UNKNOWN - there is no such check");
    else if (nagios)
        (void)printf("SPARKLE %s - %d broken, %d to look at, %d ok | "
                     "broken=%d;;0 look=%d;0 ok=%d\n",
                     states[worst], t.counts[BROKEN], t.counts[DOUBTFUL],
                     t.counts[FINE], t.counts[BROKEN], t.counts[DOUBTFUL],
                     t.counts[FINE]);
    (void)fputs(t.bad->at, stdout);
    if (t.n < argc)
        return nagios ? CTL_EXIT(3) : 2;
    return nagios ? CTL_EXIT(worst) : worst == 2;
}

const struct ctl_command ctl_doctor_commands[] = {
    {
        .name = "doctor",
        .usage = "[CHECK ...]",
        .about = "Examine the installation, or only what the checks of these "
                 "names look at; every fault comes with its fix; 1 where "
                 "something is broken.",
        .run = doctor,
        .as_root = true,
    },
    {
        .name = "check",
        .usage = "[--nagios] [CHECK ...]",
        .about = "The same for a monitor: print only what is not well; with "
                 "--nagios as its plugins do, 0 OK, 1 WARNING, 2 CRITICAL, 3 "
                 "UNKNOWN.",
        .run = check_command,
        .as_root = true,
    },
    { 0 },
};
