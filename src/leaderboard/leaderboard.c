/*
 * leaderboard.c - the batch programs of the boards; sql/leaderboard.sql says
 * who stands where.
 */
#include "leaderboard/leaderboard.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "core/app.h"
#include "core/batch.h"
#include "core/cache.h"
#include "core/db.h"

static const char *const boards[] = {
    "hourly", "daily", "weekly", "monthly", "all-time", NULL,
};
static const char *const metrics[] = { "xp", "posts", "reactions", NULL };

/* ---- The live boards ----------------------------------------------------- */

/* A board is as long as people read, and not as the site has users. */
static const char standing_sql[] =
    SQL(
    SELECT user_id::text, score::text
    FROM leaderboard_standing($1, $2, clock_now(), 10000)
);

/* One command, false where Redis did not take it. */
static bool
redis(struct job *job, size_t argc, const char *const *words)
{
    return cache_command(job->app->cache, job->mem, argc, words, NULL) != NULL;
}

#define AT_ONCE 500 /* members to a command */

static bool
add_members(struct job *job, const char *key, const struct db_result *rows)
{
    const char *words[2 + 2 * AT_ONCE] = { "ZADD", key };

    for (size_t at = 0; at < db_rows(rows); at += AT_ONCE) {
        size_t argc = 2;

        for (size_t i = at; i < db_rows(rows) && i < at + AT_ONCE; i++) {
            words[argc++] = db_text(rows, i, 1, NULL);
            words[argc++] = db_text(rows, i, 0, NULL);
        }
        if (!redis(job, argc, words))
            return false;
    }
    return true;
}

/* Made beside the old one and put in its place at once. */
static bool
write_board(struct job *job, const char *board, const char *metric,
            const struct db_result *rows)
{
    const char *key = mem_printf(job->mem, "leaderboard:%s:%s", board, metric);
    const char *made = mem_printf(job->mem, "%s:new", key);

    if (!redis(job, 2, (const char *const[]){ "DEL", made }))
        return false;
    if (db_rows(rows) == 0)
        return redis(job, 2, (const char *const[]){ "DEL", key });
    return add_members(job, made, rows) &&
           redis(job, 3, (const char *const[]){ "RENAME", made, key });
}

/* Counts the members, and writes them; -1: an error. */
static int64_t
update_board(struct job *job, const char *board, bool dry_run)
{
    int64_t sum = 0;

    for (size_t m = 0; metrics[m] != NULL; m++) {
        const char *metric = metrics[m];
        struct db_error error;
        const struct db_result *rows =
            db_query(job->db, job->mem, standing_sql,
                     ARGS(ARG(board), ARG(metric)), &error);

        if (error.failed) {
            log_error("%s: %s", job->kind, error.message);
            return -1;
        }
        if (!dry_run && !write_board(job, board, metric, rows)) {
            log_error("%s: Redis does not answer", job->kind);
            return -1;
        }
        sum += (int64_t)db_rows(rows);
    }
    return sum;
}

static int64_t
update(struct job *job, bool dry_run)
{
    int64_t sum = 0;

    for (size_t b = 0; boards[b] != NULL; b++) {
        int64_t n = update_board(job, boards[b], dry_run);

        if (n < 0)
            return -1;
        sum += n;
    }
    return sum;
}

/* ---- Resets -------------------------------------------------------------- */

static const char archive_sql[] = SQL(SELECT leaderboard_archive($1, $2));

/* Archives what ended, pays the first ten, and begins the live board anew. */
static int64_t
reset(struct job *job, const char *board, bool dry_run)
{
    int64_t n = batch_value(job, archive_sql, ARGS(ARG(board), ARG(dry_run)));

    if (n < 0 || dry_run)
        return n;
    return update_board(job, board, false) < 0 ? -1 : n;
}

static int64_t
reset_daily(struct job *job, bool dry_run)
{
    return reset(job, "daily", dry_run);
}

static int64_t
reset_weekly(struct job *job, bool dry_run)
{
    return reset(job, "weekly", dry_run);
}

static int64_t
reset_monthly(struct job *job, bool dry_run)
{
    return reset(job, "monthly", dry_run);
}

static const struct batch batches[] = {
    {
        .name = "leaderboard-update",
        .when = "0 * * * *",
        .about = "Make the boards in Redis anew from the database.",
        .step = update,
        .once = true,
    },
    {
        .name = "leaderboard-reset-daily",
        .when = "0 0 * * *",
        .about = "Archive the day's boards, pay the first ten, begin anew.",
        .step = reset_daily,
        .once = true,
    },
    {
        .name = "leaderboard-reset-weekly",
        .when = "0 0 * * 1",
        .about = "The same for the week, which ends on Sunday.",
        .step = reset_weekly,
        .once = true,
    },
    {
        .name = "leaderboard-reset-monthly",
        .when = "0 0 1 * *",
        .about = "The same for the month.",
        .step = reset_monthly,
        .once = true,
    },
    { 0 },
};

const struct feature leaderboard_feature = {
    .name = "leaderboard",
    .about = "Who did most, by time and metric.",
    .batches = batches,
};
