/*
 * facts.c - what the status socket says.  Best read from the bottom.
 *
 * What is known of a pool is a row, printed as text (php-fpm's words, where it
 * has one), as JSON (both in facts_status.c) and for Prometheus (here).
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "pool/facts_local.h"

void
fact_look(const struct master *m, const struct pool *p, struct view *ret)
{
    *ret = (struct view){ .m = m, .p = p };
    pool_census(m, p, &ret->census);
    for (const struct child *c = m->children; c != NULL; c = c->next)
        if (c->pool == p && c->slot != NULL) {
            ret->requests += (int64_t)SHARED_READ(c->slot->requests);
            ret->busy_us += SHARED_READ(c->slot->busy_us);
        }
}

int64_t
fact_value(const struct fact *f, const struct view *v)
{
    return f->get == NULL ? v->p->counts[f->count] : f->get(v);
}

/* ---- Prometheus --------------------------------------------------------- */

enum { START_TIME, RELOADS, RELOADS_REFUSED };

static const struct metric master_metrics[] = {
    [START_TIME] = { .name = "sparkle_start_time_seconds",
                     .type = METRIC_GAUGE,
                     .help = "When the master started." },
    [RELOADS] = { .name = "sparkle_reloads_total",
                  .type = METRIC_COUNTER,
                  .help = "Reloads done." },
    [RELOADS_REFUSED] = { .name = "sparkle_reloads_refused_total",
                          .type = METRIC_COUNTER,
                          .help = "Reloads that a bad configuration or binary "
                                  "prevented." },
};
enum { MASTER_METRICS = sizeof master_metrics / sizeof *master_metrics };

static void
prometheus_head(struct text *to, const struct metric *m)
{
    text_addf(to, "# HELP %s %s\n# TYPE %s %s\n", m->name, m->help, m->name,
              m->type == METRIC_GAUGE ? "gauge" : "counter");
}

static void
prometheus_fact(struct text *to, const struct master *m, const struct fact *f)
{
    struct view v;

    prometheus_head(to, &(struct metric){ .name = f->metric,
                                          .type = f->type,
                                          .help = f->help });
    for (const struct pool *p = m->pools; p != NULL; p = p->next) {
        fact_look(m, p, &v);
        text_addf(to, "%s{pool=\"%s\"} %lld\n", f->metric, p->name,
                  (long long)fact_value(f, &v));
    }
}

static void
prometheus(struct master *m, struct text *to)
{
    const int64_t values[MASTER_METRICS] = {
        [START_TIME] = (m->started + CLOCK_UNIX_OFFSET) / CLOCK_SECOND,
        [RELOADS] = m->reload.count,
        [RELOADS_REFUSED] = m->reload.refused,
    };

    for (size_t i = 0; i < MASTER_METRICS; i++) {
        prometheus_head(to, &master_metrics[i]);
        text_addf(to, "%s %lld\n", master_metrics[i].name,
                  (long long)values[i]);
    }
    for (const struct fact *f = pool_facts; f->name != NULL; f++)
        prometheus_fact(to, m, f);
    metrics_print_prometheus(to, m->metrics);
}

/* ---- Paths -------------------------------------------------------------- */

static int
answer_status(struct master *m, const char *query, struct text *body,
              const char **ret_type)
{
    bool full = strstr(query, "full") != NULL;

    if (strstr(query, "json") == NULL)
        return status_text(m, body, full);
    *ret_type = "application/json";
    return status_json(m, body, full);
}

static int
answer_metrics(struct master *m, const char *query, struct text *body,
               const char **ret_type)
{
    if (strstr(query, "json") != NULL) {
        *ret_type = "application/json";
        metrics_print_json(body, m->metrics);
    } else if (strstr(query, "text") != NULL)
        metrics_print_text(body, m->metrics);
    else {
        *ret_type = "text/plain; version=0.0.4; charset=utf-8";
        prometheus(m, body);
    }
    return 200;
}

/* Alive: every pool has a worker, or makes one when it is needed. */
static int
answer_live(struct master *m, const char *query, struct text *body,
            const char **ret_type)
{
    struct census c;

    (void)query;
    (void)ret_type;
    for (const struct pool *p = m->pools; p != NULL; p = p->next) {
        pool_census(m, p, &c);
        if (strcmp(p->settings->pm, "ondemand") != 0 &&
            c.idle + c.busy + c.old == 0) {
            text_addf(body, "down: pool %s has no worker\n", p->name);
            return 503;
        }
    }
    text_adds(body, "ok\n");
    return 200;
}

/* What became of the last reload that was asked for: why it was refused. */
static int
answer_reload(struct master *m, const char *query, struct text *body,
              const char **ret_type)
{
    (void)query;
    (void)ret_type;
    if (m->reload.was_refused)
        text_add(body, m->reload.said.at, m->reload.said.len);
    return 200;
}

static const struct {
    const char *path;
    int (*answer)(struct master *m, const char *query, struct text *body,
                  const char **ret_type);
} paths[] = {
    { "/status", answer_status },
    { "/metrics", answer_metrics },
    { "/health/live", answer_live },
    { "/reload", answer_reload },
};

int
facts_answer(struct master *m, const char *path, const char *query,
             struct text *body, const char **ret_type)
{
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (strcmp(paths[i].path, path) == 0)
            return paths[i].answer(m, query, body, ret_type);
    text_adds(body, "Not Found\n");
    return 404;
}

/* ---- The rows ----------------------------------------------------------- */

static int64_t
get_requests(const struct view *v)
{
    return v->p->counts[COUNT_REQUESTS] + v->requests;
}

static int64_t
get_busy_ms(const struct view *v)
{
    return (v->p->counts[COUNT_BUSY_US] + v->busy_us) / 1000;
}

static int64_t
get_queue(const struct view *v)
{
    return v->p->listener == NULL ? 0 : listen_queue(v->p->listener->fd);
}

static int64_t
get_backlog(const struct view *v)
{
    return v->p->listener == NULL ? 0 : v->p->settings->listen_backlog;
}

static int64_t
get_idle(const struct view *v)
{
    return v->census.idle;
}

static int64_t
get_busy(const struct view *v)
{
    return v->census.busy;
}

static int64_t
get_starting(const struct view *v)
{
    return v->census.starting;
}

static int64_t
get_stopping(const struct view *v)
{
    return v->census.draining + v->census.old;
}

static int64_t
get_total(const struct view *v)
{
    const struct census *c = &v->census;

    return c->idle + c->busy + c->starting + c->draining + c->old;
}

static int64_t
get_max_children(const struct view *v)
{
    return v->p->settings->max_children;
}

const struct fact pool_facts[] = {
    { "accepted conn", "sparkle_pool_requests_total", METRIC_COUNTER,
      "Requests or jobs that were finished.", .get = get_requests },
    { "busy ms", "sparkle_pool_busy_milliseconds_total", METRIC_COUNTER,
      "Time that workers spent on them.", .get = get_busy_ms },
    { "listen queue", "sparkle_pool_listen_queue", METRIC_GAUGE,
      "Connections that wait for a worker.", .get = get_queue },
    { "max listen queue", "sparkle_pool_listen_queue_max", METRIC_GAUGE,
      "The most that were seen waiting.", .count = COUNT_MAX_QUEUE },
    { "listen queue len", "sparkle_pool_listen_backlog", METRIC_GAUGE,
      "Connections that may wait.", .get = get_backlog },
    { "idle processes", "sparkle_pool_workers_idle", METRIC_GAUGE,
      "Workers that wait.", .get = get_idle },
    { "active processes", "sparkle_pool_workers_busy", METRIC_GAUGE,
      "Workers with a request.", .get = get_busy },
    { "starting processes", "sparkle_pool_workers_starting", METRIC_GAUGE,
      "Workers that do not serve yet.", .get = get_starting },
    { "stopping processes", "sparkle_pool_workers_stopping", METRIC_GAUGE,
      "Workers that finish what they have, or are of an older generation.",
      .get = get_stopping },
    { "total processes", "sparkle_pool_workers", METRIC_GAUGE, "All workers.",
      .get = get_total },
    { "max children", "sparkle_pool_workers_max", METRIC_GAUGE,
      "Workers that there may be.", .get = get_max_children },
    { "max active processes", "sparkle_pool_workers_busy_max", METRIC_GAUGE,
      "The most that were seen busy.", .count = COUNT_MAX_BUSY },
    { "max children reached", "sparkle_pool_full_total", METRIC_COUNTER,
      "Times that max_children kept the pool from growing.",
      .count = COUNT_FULL },
    { "slow requests", "sparkle_pool_slow_requests_total", METRIC_COUNTER,
      "Requests over request_slowlog_timeout.", .count = COUNT_SLOW },
    { "terminated requests", "sparkle_pool_terminated_requests_total",
      METRIC_COUNTER, "Requests over request_terminate_timeout.",
      .count = COUNT_TERMINATED },
    { "started workers", "sparkle_pool_workers_started_total", METRIC_COUNTER,
      "Workers that were forked.", .count = COUNT_STARTED },
    { "crashed workers", "sparkle_pool_workers_crashed_total", METRIC_COUNTER,
      "Workers that died unasked.", .count = COUNT_CRASHED },
    { "killed workers", "sparkle_pool_workers_killed_total", METRIC_COUNTER,
      "Workers that did not stop in time.", .count = COUNT_KILLED },
    { 0 },
};

/* The i-th that is a metric; NULL: there are no more. */
static const struct fact *
fact_metric(size_t i)
{
    const struct fact *f = pool_facts;

    while (f->name != NULL && (f->metric == NULL || i-- > 0))
        f++;
    return f->name != NULL ? f : NULL;
}

bool
master_metric(size_t i, struct metric *ret)
{
    if (i < MASTER_METRICS) {
        *ret = master_metrics[i];
        return true;
    }
    const struct fact *f = fact_metric(i - MASTER_METRICS);

    if (f == NULL)
        return false;
    *ret = (struct metric){ .name = f->metric,
                            .type = f->type,
                            .labels = { { .name = "pool" } },
                            .help = f->help };
    return true;
}
