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
#include "core/crypto.h"
#include "core/db.h"
#include "core/job_engine.h"
#include "core/mail.h"
#include "pool/master.h"
#include "prog/ctl.h"
#include "prog/database_check.h"
#include "prog/jobs_metrics.h"
#include "prog/jobs_settings.h"
#include "prog/settings_check.h"

/* ---- Start --------------------------------------------------------------- */

/* What the workers share. */
struct runner {
    struct app app;
    const struct job_registry *registry;
    const struct jobs_metrics *metrics;
    struct job_board *board;
};

/* Of all pools. */
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
    return (size_t)n;
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
    auth_check(config_section(s->config, &auth_section), site->production,
               s->faults);
    settings_look(&runner->app, s, true);
    runner->registry = job_registry_new(s->mem, all_features, s->faults);
    runner->app.mails = mailer_load(s->mem, site->emails, s->faults);
    runner->board = job_board_new(count_workers(s->config));
    s->context = runner;
    if (runner->registry == NULL || runner->app.mails == NULL)
        return false;
    runner->metrics =
        jobs_metrics_new(s->mem, s->metrics, runner->registry, all_features);
    return database_check(&runner->app, s->test_only, NULL, s->faults) &&
           s->faults->len == 0;
}

/* ---- A worker ------------------------------------------------------------ */

/* How long to wait, in ms, after so many looks in vain since the last word. */
static int
patience(int vain)
{
    static const int waits[] = { 5, 20, 80, 300 };

    return vain < (int)(sizeof waits / sizeof *waits) ? waits[vain] : 1000;
}

/* A worker's parts. */
struct parts {
    struct app app;
    struct jobs *jobs;
    struct bus *bus;
    struct jobs_told *told;
    struct job_board *board;
};

static void
serve(struct worker *w, struct parts *p)
{
    enum worker_next next = WORKER_TIMEOUT;
    int vain = 0;

    while (next != WORKER_STOP) {
        enum jobs_outcome outcome = jobs_step(p->jobs);

        jobs_told_run(p->told, p->jobs);
        jobs_told_count(p->told, &p->app, p->board);
        if (outcome == JOBS_WORKED)
            vain = 0;
        else
            vain += vain < 100;
        if (outcome == JOBS_WORKED && !worker_stopping(w))
            continue;
        bus_tend(p->bus);
        next = worker_wait(w, outcome == JOBS_WORKED ? 0 : patience(vain - 1));
        if (next == WORKER_WATCHED && bus_heard(p->bus))
            vain = 0;
    }
}

static void
work(struct worker *w, void *context)
{
    const struct runner *runner = context;
    void *mem = worker_mem(w);
    struct parts p = { .app = runner->app, .board = runner->board };
    const struct config *config = p.app.config;

    p.app.worker = w;
    p.app.db = db_new(mem, config_section(config, &db_section), w);
    p.app.cache = cache_new(mem, config_section(config, &cache_section));
    p.jobs = jobs_new(mem, &p.app, runner->registry, runner->board);
    p.bus =
        bus_new(mem, config_section(config, &cache_section), EVENT_CHANNEL, w);
    p.told = jobs_told_new(mem, runner->metrics, w);
    serve(w, &p);
    jobs_leave(p.jobs);
    mem_free(p.app.db); /* says good-bye to the server */
}

int
main(int argc, char **argv)
{
    const struct program program = {
        .name = "sparkle-jobs",
        .version = PACKAGE_VERSION,
        .about = "Turns events into jobs, and runs them.",
        .sections = all_sections(),
        .master = &jobs_master_section,
        .pools = &jobs_pool_section,
        .config = SPARKLE_SYSCONFDIR "/sparkle.conf",
        .user = "sparkle",
        .prepare = prepare,
        .worker = work,
    };

    return master_run(&program, argc, argv);
}
