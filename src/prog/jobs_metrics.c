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
#include "core/db.h"
#include "core/feature.h"

static const char *const states[] = {
    "available", "running", "scheduled", "retryable", "discarded", NULL,
};
enum { STATES = sizeof states / sizeof *states - 1 };

enum {
    RUN,
    FAILED,
    JOBS,
    OLDEST,
    PAUSED,
    BATCH_STARTED,
    BATCH_GOOD,
    BATCH_TOOK,
    BATCH_EXIT,
    BATCH_ITEMS,
    METRICS,
};

static const struct metric table[] = {
    [RUN] = { .name = "sparkle_jobs_run_total",
              .type = METRIC_COUNTER,
              .labels = { { .name = "queue" } },
              .help = "Jobs run, listeners of events among them." },
    [FAILED] = { .name = "sparkle_jobs_failed_total",
                 .type = METRIC_COUNTER,
                 .labels = { { .name = "queue" } },
                 .help = "Attempts that failed." },
    [JOBS] = { .name = "sparkle_jobs",
               .type = METRIC_GAUGE,
               .labels = { { .name = "queue" },
                           { .name = "state", .values = states } },
               .help = "Jobs in the queues that are not done." },
    [OLDEST] = { .name = "sparkle_jobs_oldest_age_milliseconds",
                 .type = METRIC_GAUGE,
                 .labels = { { .name = "queue" } },
                 .help = "How long the oldest job that could start waits." },
    [PAUSED] = { .name = "sparkle_jobs_paused",
                 .type = METRIC_GAUGE,
                 .labels = { { .name = "queue" } },
                 .help = "1 where no job of the queue is begun." },
    [BATCH_STARTED] = { .name = "sparkle_batch_last_start_timestamp",
                        .type = METRIC_GAUGE,
                        .labels = { { .name = "batch" } },
                        .help = "When it was last started, Unix time." },
    [BATCH_GOOD] = { .name = "sparkle_batch_last_success_timestamp",
                     .type = METRIC_GAUGE,
                     .labels = { { .name = "batch" } },
                     .help = "When it last ended well, Unix time." },
    [BATCH_TOOK] = { .name = "sparkle_batch_last_duration_milliseconds",
                     .type = METRIC_GAUGE,
                     .labels = { { .name = "batch" } },
                     .help = "What its last run took." },
    [BATCH_EXIT] = { .name = "sparkle_batch_last_exit_code",
                     .type = METRIC_GAUGE,
                     .labels = { { .name = "batch" } },
                     .help = "Of its last run; 0 is fine and not shown." },
    [BATCH_ITEMS] = { .name = "sparkle_batch_last_items",
                      .type = METRIC_GAUGE,
                      .labels = { { .name = "batch" } },
                      .help = "The rows that its last run did." },
    { 0 },
};

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
    struct share *shares[METRICS];
    size_t series[METRICS];
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
    metrics_table(metrics, table);
    return shared;
}

/* ---- Of one worker ------------------------------------------------------- */

struct jobs_told *
jobs_told_new(void *mem, const struct jobs_metrics *shared, struct worker *w)
{
    struct jobs_told *told = mem_new(mem, struct jobs_told);

    told->shared = shared;
    told->w = w;
    for (size_t i = 0; i < METRICS; i++) {
        size_t n = i >= BATCH_STARTED ? shared->batches.n : shared->n_queues;

        told->series[i] = i == JOBS ? n * STATES : n;
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
        metric_add(told->w, &table[metric], series, (uint64_t)(now - s->value));
    s->value = now;
}

static void
tell_run(void *with, const char *queue, int64_t run, int64_t failed)
{
    struct jobs_told *told = with;
    int i = queue_of(told, queue);

    if (i < 0)
        return;
    grow(told, RUN, (size_t)i, run);
    grow(told, FAILED, (size_t)i, failed);
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
    const struct metric *m = &table[metric];

    s->value += value - metric_sum(told->shared->metrics, m, series);
    s->seen = true;
    metric_set(told->w, m, series, s->value);
}

/* What was not found any more is zero. */
static void
set_unseen(struct jobs_told *told)
{
    for (size_t m = JOBS; m < METRICS; m++)
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
        for (size_t s = 0; s < STATES; s++)
            set(told, JOBS, (size_t)i * STATES + s,
                db_integer(rows, row, 1 + s));
        set(told, PAUSED, (size_t)i, db_boolean(rows, row, 1 + STATES));
        set(told, OLDEST, (size_t)i, db_integer(rows, row, 2 + STATES));
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
        for (size_t m = BATCH_STARTED; m < METRICS; m++)
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
