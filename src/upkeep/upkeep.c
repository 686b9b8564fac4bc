/*
 * upkeep.c - batch programs over tables that belong to no feature, or to
 * several: their rows.  The steps are in the files beside it.
 */
#include "upkeep/upkeep_local.h"

#include "base/clock.h"

static const struct setting settings[] = {
    SETTING(struct upkeep_settings, temp_dirs, TEXT, .meaning = MEANS_SWEPT,
            .about = "Directories of unfinished files, with blanks between "
                     "them: temp-files empties them of what is old."),
    SETTING(struct upkeep_settings, temp_age, DURATION, .otherwise = "24h",
            .min = CLOCK_HOUR,
            .about = "How long an unfinished file is left alone."),
    { 0 },
};

const struct section upkeep_section = {
    .name = "upkeep",
    .settings = settings,
    .size = sizeof(struct upkeep_settings),
    .about = "The batch programs.",
};

/* ---- noop ---------------------------------------------------------------- */

static const char *
do_nothing(struct job *job)
{
    (void)job;
    return NULL;
}

static const struct payload_member anything[] = {
    { .name = "note",
      .type = VALUE_TEXT,
      .max = 200,
      .about = "whatever you like" },
    { 0 },
};

static const struct job_kind jobs[] = {
    {
        .name = "noop",
        .queue = "analytics",
        .about = "Does nothing: to try a queue, and to measure it.",
        .run = do_nothing,
        .payload = anything,
    },
    { 0 },
};

/* ---- The programs -------------------------------------------------------- */

static const struct batch batches[] = {
    {
        .name = "publish-scheduled",
        .when = "* * * * *",
        .about = "Publish the posts whose time has come.",
        .step = upkeep_publish,
    },
    {
        .name = "flush-views",
        .when = "* * * * *",
        .about = "Add the views counted in Redis to the posts.",
        .step = upkeep_flush_views,
        .once = true,
    },
    {
        .name = "jobs-cleanup",
        .when = "*/10 * * * *",
        .about = "Delete finished jobs and keep their numbers.",
        .step = upkeep_clean_jobs,
    },
    {
        .name = "temp-files",
        .when = "30 * * * *",
        .about = "Delete files that were begun and never finished.",
        .step = upkeep_sweep_files,
    },
    {
        .name = "session-cleanup",
        .when = "40 * * * *",
        .about = "Delete sessions that ended long ago, and the push "
                 "subscriptions of all that ended.",
        .step = upkeep_clean_sessions,
    },
    {
        .name = "idempotency-keys",
        .when = "50 * * * *",
        .about = "Forget answers kept for Idempotency-Key.",
        .step = upkeep_clean_keys,
    },
    {
        .name = "old-logs",
        .when = "0 3 * * 0",
        .about = "Delete what data_retention_policies says is too old.",
        .step = upkeep_clean_logs,
    },
    {
        .name = "counter-audit",
        .when = "20 4 * * *",
        .about = "Compare counters with what they count.",
        .step = upkeep_audit_counters,
        .repairs = BATCH_REPAIRS_SCHEDULED,
        .once = true,
    },
    {
        .name = "ledger-audit",
        .when = "35 4 * * *",
        .about = "Compare balances with the ledger, levels with experience.",
        .step = upkeep_audit_ledger,
        .repairs = BATCH_REPAIRS_WHEN_TOLD,
        .once = true,
    },
    {
        .name = "trending-decay",
        .when = "50 4 * * *",
        .about = "Check that the ranks of posts follow their dates.",
        .step = upkeep_check_trending,
        .repairs = BATCH_REPAIRS_SCHEDULED,
    },
    {
        .name = "partition-maintenance",
        .when = "10 1 * * *",
        .about = "Make the months of the audit log to come; drop old ones.",
        .step = upkeep_keep_partitions,
        .once = true,
    },
    { 0 },
};

const struct feature upkeep_feature = {
    .name = "upkeep",
    .about = "What keeps the database small and true.",
    .jobs = jobs,
    .settings = &upkeep_section,
    .batches = batches,
};
