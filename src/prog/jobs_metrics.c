/*
 * jobs_metrics.c - see jobs_metrics.h.
 *
 * A gauge is shown as the sum of what all live workers set.  The worker whose
 * turn it is sets its own share to what makes the sum right; so it does not
 * matter whose turn it was before, or that one died.
 */
#include "prog/jobs_metrics.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/cache.h"
#include "core/db.h"
#include "core/feature.h"
#include "core/mail.h"
#include "prog/metric_rows.h"

struct jobs_metrics {
    const struct metrics *metrics;
    const char *const *queues;
    struct texts batches; /* and NULL after the last */
    size_t n_queues;
};

/* One series as this worker knows it. */
struct share {
    int64_t value;
    bool seen; /* in the count that is going on */
};

struct jobs_told {
    const struct jobs_metrics *shared;
    struct worker *w;
    struct share *shares[JOB_METRICS];
    size_t series[JOB_METRICS];
};

/* ---- Made before the fork ------------------------------------------------ */

static struct texts
batch_names(const void *mem, const struct feature *const *features)
{
    struct texts names = { 0 };
    const char **at;

    for (size_t i = 0; features[i] != NULL; i++)
        for (const struct batch *b = features[i]->batches;
             b != NULL && b->name != NULL; b++)
            names.n++;
    at = mem_array(mem, const char *, names.n + 1);
    names.at = at;
    for (size_t i = 0; features[i] != NULL; i++)
        for (const struct batch *b = features[i]->batches;
             b != NULL && b->name != NULL; b++)
            *at++ = b->name;
    return names;
}

struct jobs_metrics *
jobs_metrics_new(void *mem, struct metrics *metrics,
                 const struct job_registry *registry,
                 const struct feature *const *features)
{
    struct jobs_metrics *shared = mem_new(mem, struct jobs_metrics);

    shared->metrics = metrics;
    shared->queues = job_registry_queues(registry);
    while (shared->queues[shared->n_queues] != NULL)
        shared->n_queues++;
    shared->batches = batch_names(mem, features);
    metrics_label(metrics, "queue", shared->queues);
    metrics_label(metrics, "batch", shared->batches.at);
    metrics_table(metrics, job_metrics);
    metrics_table(metrics, db_metrics);
    metrics_table(metrics, cache_metrics);
    metrics_table(metrics, mail_metrics);
    return shared;
}

/* ---- Of one worker ------------------------------------------------------- */

struct jobs_told *
jobs_told_new(void *mem, const struct jobs_metrics *shared, struct worker *w)
{
    struct jobs_told *told = mem_new(mem, struct jobs_told);

    told->shared = shared;
    told->w = w;
    for (size_t i = 0; i < JOB_METRICS; i++) {
        size_t n = i >= BATCH_STARTED ? shared->batches.n : shared->n_queues;

        told->series[i] = i == JOBS_WAITING ? n * JOB_STATES : n;
        told->shares[i] = mem_array(told, struct share, told->series[i] + 1);
    }
    return told;
}

/* A queue without a handler here has no series. */
static int
queue_of(const struct jobs_told *told, const char *queue)
{
    return text_index(told->shared->queues, queue);
}

static void
grow(struct jobs_told *told, size_t metric, size_t series, int64_t now)
{
    struct share *s = &told->shares[metric][series];

    if (now > s->value)
        metric_add(told->w, &job_metrics[metric], series,
                   (uint64_t)(now - s->value));
    s->value = now;
}

static void
tell_run(void *with, const char *queue, int64_t run, int64_t failed)
{
    struct jobs_told *told = with;
    int i = queue_of(told, queue);

    if (i < 0)
        return;
    grow(told, JOBS_RUN, (size_t)i, run);
    grow(told, JOBS_FAILED, (size_t)i, failed);
}

void
jobs_told_run(struct jobs_told *told, const struct jobs *jobs)
{
    jobs_count(jobs, tell_run, told);
}

/* ---- Counting for all ---------------------------------------------------- */

static void
set(struct jobs_told *told, size_t metric, size_t series, int64_t value)
{
    struct share *s = &told->shares[metric][series];
    const struct metric *m = &job_metrics[metric];

    s->value += value - metric_sum(told->shared->metrics, m, series);
    s->seen = true;
    metric_set(told->w, m, series, s->value);
}

/* What was not found any more is zero. */
static void
set_unseen(struct jobs_told *told)
{
    for (size_t m = JOBS_WAITING; m < JOB_METRICS; m++)
        for (size_t i = 0; i < told->series[m]; i++) {
            if (!told->shares[m][i].seen)
                set(told, m, i, 0);
            told->shares[m][i].seen = false;
        }
}

static const char queues_sql[] = SQL(
    SELECT name, available, running, scheduled, retryable, discarded, paused,
        coalesce(extract(epoch FROM clock_now() - oldest_at) * 1000, 0)
            ::bigint
    FROM job_queue_rows
);

static void
set_queues(struct jobs_told *told, const struct db_result *rows)
{
    for (size_t row = 0; row < db_rows(rows); row++) {
        int i = queue_of(told, db_text(rows, row, 0, NULL));

        if (i < 0)
            continue;
        for (size_t s = 0; s < JOB_STATES; s++)
            set(told, JOBS_WAITING, (size_t)i * JOB_STATES + s,
                db_integer(rows, row, 1 + s));
        set(told, JOBS_PAUSED, (size_t)i,
            db_boolean(rows, row, 1 + JOB_STATES));
        set(told, JOBS_OLDEST, (size_t)i,
            db_integer(rows, row, 2 + JOB_STATES));
    }
}

static const char batches_sql[] =
    SQL(
    SELECT extract(epoch FROM started_at)::bigint,
        extract(epoch FROM good_at)::bigint, took_ms, exit_code, items
    FROM batch_last($1)
);

static void
set_batches(struct jobs_told *told, const struct db_result *rows)
{
    for (size_t row = 0; row < db_rows(rows); row++)
        for (size_t m = BATCH_STARTED; m < JOB_METRICS; m++)
            set(told, m, row, db_integer(rows, row, m - BATCH_STARTED));
}

void
jobs_told_count(struct jobs_told *told, struct app *app,
                struct job_board *board)
{
    int64_t began = clock_steady();
    struct db_error error;

    if (!job_board_counts(board))
        return;
    void *mem = mem_context(told, "count");
    const struct db_result *queues =
        db_query(app->db, mem, queues_sql, NO_ARGS, &error);
    const struct db_result *batches =
        error.failed ? NULL
                     : db_query(app->db, mem, batches_sql,
                                ARGS(ARG(told->shared->batches)), &error);
    if (error.failed) {
        log_warn("the queues are not counted: %s", error.message);
    } else {
        set_queues(told, queues);
        set_batches(told, batches);
        set_unseen(told);
    }
    mem_free(mem);
    job_board_counted(board, clock_steady() - began);
}
