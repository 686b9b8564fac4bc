/*
 * upkeep_audit.c - batch programs that compare what is stored with what it is
 * made of; sql/audit.sql has the comparisons.
 *
 * Nothing is locked while they are made, so what differs is looked at again
 * after a moment: only what differs still is wrong.
 */
#include "upkeep/upkeep_local.h"

#include <time.h>

#include "base/log.h"
#include "core/batch.h"

/* What is compared: which differ, and of those once more which still do. */
struct audit {
    const char *first_sql, *again_sql;
    const char *repair_sql;
    const char *advice; /* to who asked for no repair */
};

/* clang-format off */
static const char counters_first_sql[] = SQL(
    SELECT coalesce(array_agg(a.name), '{}')
    FROM (SELECT counter || ' ' || key AS name
        FROM counter_audit() LIMIT 100000) a
);
static const char counters_again_sql[] = SQL(
    SELECT counter, key, stored, counted, count(*) OVER ()
    FROM counter_audit() WHERE counter || ' ' || key = ANY ($1) LIMIT 20
);
static const char ledger_first_sql[] = SQL(
    SELECT coalesce(array_agg(a.name), '{}')
    FROM (SELECT counter || ' ' || key AS name
        FROM ledger_audit() LIMIT 100000) a
);
static const char ledger_again_sql[] = SQL(
    SELECT counter, key, stored, counted, count(*) OVER ()
    FROM ledger_audit() WHERE counter || ' ' || key = ANY ($1) LIMIT 20
);
/* clang-format on */
static const char repair_sql[] = SQL(SELECT counter_repair());
static const char ledger_repair_sql[] = SQL(SELECT ledger_repair());

static struct db_result *
query(struct job *job, const char *sql, const struct sql_arg *args)
{
    struct db_error error;
    struct db_result *res = db_query(job->db, job->mem, sql, args, &error);

    if (!error.failed)
        return res;
    log_error("%s: %s (%s)", job->kind, error.message, error.sqlstate);
    return NULL;
}

/* The differences that last, at most 20 of them; NULL: an error. */
static const struct db_result *
differences(struct job *job, const struct audit *a, bool *ret_none)
{
    const struct timespec moment = { .tv_sec = 2 };
    const struct db_result *first = query(job, a->first_sql, NO_ARGS);

    if (first == NULL)
        return NULL;
    const struct texts found = db_texts(job->mem, first, 0, 0);
    *ret_none = found.n == 0;
    if (*ret_none)
        return first;
    (void)nanosleep(&moment, NULL);
    const struct db_result *again = query(job, a->again_sql, ARGS(ARG(found)));
    *ret_none = again != NULL && db_rows(again) == 0;
    return again;
}

static void
tell(const struct db_result *faults)
{
    for (size_t i = 0; i < db_rows(faults); i++)
        log_event(LOG_WARN, "a counter is wrong",
                  LOG_TEXT("counter", db_text(faults, i, 0, NULL)),
                  LOG_TEXT("key", db_text(faults, i, 1, NULL)),
                  LOG_NUMBER("stored", db_integer(faults, i, 2)),
                  LOG_NUMBER("counted", db_integer(faults, i, 3)));
}

static int64_t
run_audit(struct job *job, const struct audit *a, bool dry_run)
{
    bool none = false;
    const struct db_result *faults = differences(job, a, &none);

    if (faults == NULL)
        return -1;
    if (none)
        return 0;
    tell(faults);
    if (job->repair && !dry_run)
        return batch_value(job, a->repair_sql, NO_ARGS);
    log_error("%lld are wrong: %s", (long long)db_integer(faults, 0, 4),
              a->advice);
    return dry_run ? db_integer(faults, 0, 4) : -1;
}

int64_t
upkeep_audit_counters(struct job *job, bool dry_run)
{
    const struct audit counters = { counters_first_sql, counters_again_sql,
                                    repair_sql, "--repair counts anew" };

    return run_audit(job, &counters, dry_run);
}

int64_t
upkeep_audit_ledger(struct job *job, bool dry_run)
{
    const struct audit ledger = { ledger_first_sql, ledger_again_sql,
                                  ledger_repair_sql,
                                  "find out why; --repair has the ledger's "
                                  "rows decide" };

    return run_audit(job, &ledger, dry_run);
}

/* ---- trending-decay ------------------------------------------------------ */

/*
 * A post sinks since newer ones are born higher, not since its own rank
 * falls: hot is a function of score and date alone, and is written with them.
 * So the decay is right where every rank is what the function says.
 */
/* clang-format off */
#define WRONG_RANK                                                             \
    SQL(FROM posts WHERE hot <> post_hot(score,                                \
            coalesce(published_at, created_at)))
static const char ranks_sql[] = SQL(SELECT count(*)) WRONG_RANK;
static const char rank_sql[] =
    SQL(WITH wrong AS MATERIALIZED) "(SELECT id " WRONG_RANK "LIMIT 5000) "
    SQL(UPDATE posts p SET hot = post_hot(p.score,
            coalesce(p.published_at, p.created_at))
        FROM wrong WHERE p.id = wrong.id);
/* clang-format on */

int64_t
upkeep_check_trending(struct job *job, bool dry_run)
{
    int64_t n;

    if (job->repair || dry_run) {
        n = batch_delete(job, dry_run, ranks_sql, rank_sql);
        if (n > 0 && !dry_run)
            log_warn("%lld posts had a wrong rank, which is put right",
                     (long long)n);
        return n;
    }
    n = batch_value(job, ranks_sql, NO_ARGS);
    if (n > 0)
        log_error("%lld posts have a wrong rank: --repair puts them right",
                  (long long)n);
    return n == 0 ? 0 : -1;
}
