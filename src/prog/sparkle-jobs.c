/*
 * sparkle-jobs.c - the job runner: a master and workers that relay events and
 * run jobs; see core/job_engine.h.
 *
 * A worker with nothing to do waits for a word on Redis, and looks once a
 * second by itself.  A word may come before the commit that it is about is
 * visible, so a worker that was woken looks again a few times.
 */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/app.h"
#include "core/bus.h"
#include "core/cache.h"
#include "core/db.h"
#include "core/job_engine.h"
#include "core/mail.h"
#include "pool/master.h"
#include "prog/ctl.h"
#include "prog/jobs_settings.h"

/* ---- Metrics ------------------------------------------------------------- */

enum { RUN, FAILED };

static const struct metric job_metrics[] = {
    [RUN] = { .name = "sparkle_jobs_run_total",
              .type = METRIC_COUNTER,
              .help = "Jobs run, listeners of events among them." },
    [FAILED] = { .name = "sparkle_jobs_failed_total",
                 .type = METRIC_COUNTER,
                 .help = "Attempts that failed." },
    { 0 },
};

/* Adds what was done since the counts in *run and *failed. */
static void
count(struct worker *w, const struct jobs *jobs, int64_t *run, int64_t *failed)
{
    int64_t run_now, failed_now;

    jobs_count(jobs, &run_now, &failed_now);
    metric_add(w, &job_metrics[RUN], 0, (uint64_t)(run_now - *run));
    metric_add(w, &job_metrics[FAILED], 0, (uint64_t)(failed_now - *failed));
    *run = run_now;
    *failed = failed_now;
}

/* ---- Start --------------------------------------------------------------- */

/* What the workers share. */
struct runner {
    struct app app;
    const struct job_registry *registry;
    struct job_board *board;
};

/* Slots for all workers of all pools, and as many again while a reload lets
 * the old ones finish. */
static size_t
count_workers(const struct config *config)
{
    const struct pool_settings *pool;
    const char *name;
    int64_t n = 0;

    for (size_t i = 0;
         (pool = config_instance(config, &jobs_pool_section, i, &name)) != NULL;
         i++)
        n += pool->max_children;
    return (size_t)n * 2 + 1;
}

static bool
prepare(struct setup *s)
{
    struct runner *runner = mem_new(s->mem, struct runner);
    const struct site_settings *site;

    runner->app.features = all_features;
    runner->app.config = s->config;
    site = app_site(&runner->app);
    if (site->clock_file != NULL && !s->test_only)
        clock_shift_by(site->clock_file);
    runner->registry = job_registry_new(s->mem, all_features, s->faults);
    runner->app.mails = mailer_load(s->mem, site->emails, s->faults);
    runner->board = job_board_new(count_workers(s->config));
    metrics_table(s->metrics, job_metrics);
    s->context = runner;
    return runner->registry != NULL && runner->app.mails != NULL;
}

/* ---- A worker ------------------------------------------------------------ */

/* How long to wait, in ms, after so many looks in vain since the last word. */
static int
patience(int vain)
{
    static const int waits[] = { 5, 20, 80, 300 };

    return vain < (int)(sizeof waits / sizeof *waits) ? waits[vain] : 1000;
}

static void
serve(struct worker *w, struct jobs *jobs, struct bus *bus)
{
    enum worker_next next = WORKER_TIMEOUT;
    int64_t run = 0, failed = 0;
    int vain = 0;

    while (next != WORKER_STOP) {
        enum jobs_outcome outcome = jobs_step(jobs);

        count(w, jobs, &run, &failed);
        if (outcome == JOBS_WORKED)
            vain = 0;
        else
            vain += vain < 100;
        if (outcome == JOBS_WORKED && !worker_stopping(w))
            continue;
        bus_tend(bus);
        next = worker_wait(w, outcome == JOBS_WORKED ? 0 : patience(vain - 1));
        if (next == WORKER_WATCHED && bus_heard(bus))
            vain = 0;
    }
}

static void
work(struct worker *w, void *context)
{
    const struct runner *runner = context;
    void *mem = worker_mem(w);
    struct app app = runner->app;

    app.worker = w;
    app.db = db_new(mem, config_section(app.config, &db_section), w);
    app.cache = cache_new(mem, config_section(app.config, &cache_section));
    struct jobs *jobs = jobs_new(mem, &app, runner->registry, runner->board);
    struct bus *bus = bus_new(mem, config_section(app.config, &cache_section),
                              EVENT_CHANNEL, w);
    serve(w, jobs, bus);
    jobs_leave(jobs);
    mem_free(app.db); /* says good-bye to the server */
}

int
main(int argc, char **argv)
{
    const struct program program = {
        .name = "sparkle-jobs",
        .version = PACKAGE_VERSION,
        .about = "Turns events into jobs, and runs them.",
        .sections = all_sections,
        .master = &jobs_master_section,
        .pools = &jobs_pool_section,
        .config = SPARKLE_SYSCONFDIR "/sparkle.conf",
        .prepare = prepare,
        .worker = work,
    };

    return master_run(&program, argc, argv);
}
