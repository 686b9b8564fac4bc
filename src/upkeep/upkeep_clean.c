/*
 * upkeep_clean.c - batch programs that delete what is too old, and keep the
 * partitions of what is kept long.
 */
#include "upkeep/upkeep_local.h"

#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "core/batch.h"

/* clang-format off */

/* ---- jobs-cleanup -------------------------------------------------------- */

/* Completed: an hour, and in any case the newest 100 of a queue. */
#define OLD_JOBS                                                               \
    SQL(SELECT j.id FROM job_queues q CROSS JOIN LATERAL (                     \
            (SELECT id FROM jobs                                               \
            WHERE queue = q.name AND state = 'completed'                       \
                AND finished_at < clock_now() - interval '1 hour'              \
                AND finished_at < (SELECT finished_at FROM jobs                \
                    WHERE queue = q.name AND state = 'completed'               \
                    ORDER BY finished_at DESC OFFSET 99 LIMIT 1)               \
            ORDER BY finished_at LIMIT $1)                                     \
            UNION ALL                                                          \
            (SELECT id FROM jobs                                               \
            WHERE queue = q.name AND state IN ('discarded', 'cancelled')       \
                AND finished_at < clock_now() - interval '24 hours'            \
            LIMIT $1)) j                                                       \
        LIMIT $1)

static const char old_jobs_sql[] =
    "SELECT count(*) FROM (" OLD_JOBS ") old";
static const char archive_jobs_sql[] =
    "WITH gone AS (DELETE FROM jobs WHERE id = ANY (ARRAY(" OLD_JOBS "))"
    SQL(RETURNING queue, kind, state, finished_at)
    "), counted AS ("
    SQL(INSERT INTO job_archive AS a (day, queue, kind, state, n)
        SELECT (finished_at AT TIME ZONE 'UTC')::date, queue, kind, state,
            count(*)
        FROM gone GROUP BY 1, 2, 3, 4
        ON CONFLICT (day, queue, kind, state)
            DO UPDATE SET n = a.n + excluded.n)
    ") SELECT count(*) FROM gone";

int64_t
upkeep_clean_jobs(struct job *job, bool dry_run)
{
    const int64_t rows = dry_run ? INT64_MAX : BATCH_ROWS;

    return batch_value(job, dry_run ? old_jobs_sql : archive_jobs_sql,
                       ARGS(ARG(rows)));
}

/* ---- session-cleanup ----------------------------------------------------- */

/* Kept after their end for the list of sign-ins: see the policy.  What browsers
 * were promised ends with them at once. */
#define OLD_SESSIONS                                                           \
    SQL(SELECT s.id FROM sessions s, data_retention_policies p                 \
        WHERE p.table_name = 'sessions' AND p.enabled                          \
            AND (s.expires_at < clock_now() - p.keep                           \
                OR s.ended_at < clock_now() - p.keep)                          \
        LIMIT $1)

#define DEAD_PUSH                                                              \
    SQL(SELECT p.id FROM push_subscriptions p                                  \
        WHERE NOT EXISTS (SELECT FROM push_subscriptions_live l                \
            WHERE l.id = p.id)                                                 \
        LIMIT $1)

static const char old_sessions_sql[] =
    "SELECT (SELECT count(*) FROM (" OLD_SESSIONS ") old)"
    " + (SELECT count(*) FROM (" DEAD_PUSH ") dead)";
static const char end_sessions_sql[] =
    "WITH dead AS (DELETE FROM push_subscriptions WHERE id = ANY (ARRAY("
    DEAD_PUSH ")) RETURNING 1), gone AS (DELETE FROM sessions WHERE id = ANY"
    " (ARRAY(" OLD_SESSIONS ")) RETURNING 1)"
    " SELECT (SELECT count(*) FROM dead) + (SELECT count(*) FROM gone)";

/* clang-format on */

int64_t
upkeep_clean_sessions(struct job *job, bool dry_run)
{
    const int64_t rows = dry_run ? INT64_MAX : BATCH_ROWS;

    return batch_value(job, dry_run ? old_sessions_sql : end_sessions_sql,
                       ARGS(ARG(rows)));
}

/* ---- idempotency-keys ---------------------------------------------------- */

static const char old_keys_sql[] = SQL(
    SELECT count(*) FROM idempotency_keys WHERE expires_at <= clock_now()
);
/* clang-format off */
static const char forget_keys_sql[] = SQL(
    DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM idempotency_keys WHERE expires_at <= clock_now()
        ORDER BY expires_at LIMIT 5000))
);
/* clang-format on */

int64_t
upkeep_clean_keys(struct job *job, bool dry_run)
{
    return batch_delete(job, dry_run, old_keys_sql, forget_keys_sql);
}

/* ---- old-logs ------------------------------------------------------------ */

/* A table that data_retention_policies names, by its column of time. */
struct kept {
    const char *table, *count_sql, *delete_sql;
    const char *purge_sql; /* instead: gives how many, of $1 at the most */
};
#define OLD(table, column)                                                     \
    " FROM " #table " t, data_retention_policies p"                            \
    " WHERE p.table_name = '" #table "' AND p.enabled"                         \
    " AND t." #column " < clock_now() - p.keep"
#define KEPT_IF(name, column, more)                                            \
    {                                                                          \
        .table = #name, .count_sql = "SELECT count(*)" OLD(name, column) more, \
        .delete_sql =                                                          \
            "DELETE FROM " #name                                               \
            " WHERE ctid = ANY (ARRAY(SELECT t.ctid" OLD(name, column) more    \
            " LIMIT 5000))",                                                   \
    }
#define KEPT(table, column) KEPT_IF(table, column, "")

/* sql/retention.sql. */
#define PURGED(name, due)                                                      \
    {                                                                          \
        .table = #name,                                                        \
        .count_sql = "SELECT count(*) FROM " #name "_outdated" due,            \
        .purge_sql = "SELECT " #name "_purge($1)"                              \
    }

static const struct kept kept[] = {
    KEPT(login_history, created_at),
    KEPT(security_alerts, created_at),
    KEPT(email_verifications, created_at),
    KEPT(password_resets, created_at),
    KEPT_IF(email_changes, created_at, " AND privacy_change_over(t, p.keep)"),
    KEPT_IF(deletion_requests, created_at,
            " AND coalesce(t.done_at, t.cancelled_at) < clock_now() - p.keep"),
    KEPT(login_challenges, expires_at),
    KEPT(login_locks, window_started_at),
    KEPT(session_tokens_spent, spent_at),
    KEPT(user_names_old, until),
    KEPT(registrations, expires_at),
    KEPT(xp_days, day),
    KEPT(xp_pairs, day),
    KEPT(xp_texts, created_at),
    KEPT_IF(drafts, saved_at, " AND t.dropped"),
    KEPT(mail_sent, created_at),
    KEPT(mail_skipped, created_at),
    KEPT(mail_bounces, created_at),
    KEPT(mail_scores, updated_at),
    KEPT(mail_digests, created_at),
    KEPT(batch_runs, started_at),
    PURGED(comments, " WHERE whole OR NOT empty"),
    PURGED(posts, " WHERE whole OR NOT empty"),
    PURGED(users, ""),
    {
        .table = "audit_log",
        .count_sql = "SELECT count(*) FROM audit_log t,"
                     " data_retention_policies p"
                     " WHERE t.tableoid = 'audit_log_default'::regclass"
                     " AND p.table_name = 'audit_log' AND p.enabled"
                     " AND t.created_at < clock_now()"
                     " - greatest(p.keep, interval '1 year')",
        .purge_sql = "SELECT coalesce(sum(audit_log_purge_default(keep, $1)),"
                     " 0)::bigint FROM data_retention_policies"
                     " WHERE table_name = 'audit_log' AND enabled",
    },
    { 0 },
};

/* Tables that other programs keep by their policies. */
static const char *const kept_elsewhere[] = {
    "sessions",
    "idempotency_keys",
    NULL,
};

static const char policies_sql[] =
    SQL(
    SELECT table_name FROM data_retention_policies WHERE enabled
    ORDER BY table_name LIMIT 1000
);

/* A policy that no program heeds would be a promise that nobody keeps: false.
 */
static bool
all_are_heeded(struct job *job)
{
    struct db_error error;
    const struct db_result *rows =
        db_query(job->db, job->mem, policies_sql, NO_ARGS, &error);
    bool heeded = !error.failed;

    for (size_t i = 0; !error.failed && i < db_rows(rows); i++) {
        const char *table = db_text(rows, i, 0, NULL);
        const struct kept *k = kept;

        while (k->table != NULL && strcmp(k->table, table) != 0)
            k++;
        if (k->table != NULL || text_index(kept_elsewhere, table) >= 0)
            continue;
        log_error("data_retention_policies: nothing keeps the policy of %s: "
                  "delete or disable it",
                  table);
        heeded = false;
    }
    return heeded;
}

static int64_t
clean_table(struct job *job, const struct kept *k, bool dry_run)
{
    const int64_t most = BATCH_ROWS;

    if (dry_run || k->purge_sql == NULL)
        return batch_delete(job, dry_run, k->count_sql, k->delete_sql);
    return batch_value(job, k->purge_sql, ARGS(ARG(most)));
}

/* A chunk of each table; a full step while one has more.  A policy of a table
 * that no program knows fails the run, once all others are kept. */
int64_t
upkeep_clean_logs(struct job *job, bool dry_run)
{
    int64_t sum = 0, most = 0;

    for (const struct kept *k = kept; k->table != NULL; k++) {
        int64_t n = clean_table(job, k, dry_run);

        if (n < 0)
            return -1;
        if (n > 0)
            log_event(LOG_INFO, dry_run ? "too old" : "deleted",
                      LOG_TEXT("table", k->table), LOG_NUMBER("rows", n));
        sum += n;
        most = n > most ? n : most;
    }
    if (most >= BATCH_ROWS && !dry_run)
        return sum;
    if (!all_are_heeded(job))
        return -1;
    return sum >= BATCH_ROWS && !dry_run ? BATCH_ROWS - 1 : sum;
}

/* ---- partition-maintenance ----------------------------------------------- */

/* clang-format off */
static const char months_missing_sql[] = SQL(
    SELECT count(*) FROM generate_series(0, 2) n
    WHERE to_regclass('audit_log_' || to_char(clock_now() AT TIME ZONE 'UTC'
        + n * interval '1 month', 'YYYY_MM')) IS NULL
);
static const char months_sql[] = SQL(
    SELECT (SELECT count(*) FROM generate_series(0, 2) n
        WHERE audit_log_add_month((clock_now() AT TIME ZONE 'UTC'
            + n * interval '1 month')::date))
    + (SELECT coalesce(sum(audit_log_drop_before((clock_now()
            - greatest(p.keep, interval '1 year'))::date)), 0)
        FROM data_retention_policies p
        WHERE p.table_name = 'audit_log' AND p.enabled)::bigint
);
/* clang-format on */

int64_t
upkeep_keep_partitions(struct job *job, bool dry_run)
{
    return batch_value(job, dry_run ? months_missing_sql : months_sql, NO_ARGS);
}
