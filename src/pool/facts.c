/*
 * facts.c - what the status socket says.  Best read from the bottom.
 *
 * What is known of a pool is a row, printed as text (php-fpm's words, where it
 * has one), as JSON and for Prometheus.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/mem.h"
#include "pool/pool_local.h"

/* A pool, looked at once for an answer. */
struct view {
    const struct master *m;
    const struct pool *p;
    struct census census;
    int64_t requests, busy_us; /* of the living workers */
};

struct fact {
    const char *name; /* in text; with _ for blanks in JSON */
    const char *metric;
    enum metric_type type;
    const char *help;
    int64_t (*get)(const struct view *v);
    enum pool_count count; /* where get is NULL */
};

static const struct fact pool_facts[];

static void
look(const struct master *m, const struct pool *p, struct view *ret)
{
    *ret = (struct view){ .m = m, .p = p };
    pool_census(m, p, &ret->census);
    for (const struct child *c = m->children; c != NULL; c = c->next)
        if (c->pool == p && c->slot != NULL) {
            ret->requests += (int64_t)SHARED_READ(c->slot->requests);
            ret->busy_us += SHARED_READ(c->slot->busy_us);
        }
}

static int64_t
value_of(const struct fact *f, const struct view *v)
{
    return f->get == NULL ? v->p->counts[f->count] : f->get(v);
}

/* ---- A process ---------------------------------------------------------- */

struct process {
    const struct child *child;
    struct slot slot;
    int64_t rss; /* bytes */
    int64_t us;  /* of the running request, else of the last */
    int64_t sql_us;
    const char *state;
};

static int64_t
rss_of(pid_t pid)
{
    char path[64];
    char *bytes;
    long pages = 0;

    (void)snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    bytes = file_read(NULL, path, 4096, NULL);
    if (bytes == NULL || sscanf(bytes, "%*d %ld", &pages) != 1)
        pages = 0;
    mem_free(bytes);
    return pages * sysconf(_SC_PAGESIZE);
}

static const char *
state_name(const struct child *c)
{
    static const char *const names[] = { "Free", "Starting", "Idle", "Reading",
                                         "Running" };
    enum slot_state state = child_state(c);

    if (c->draining && state != SLOT_BUSY)
        return "Stopping";
    return state <= SLOT_BUSY ? names[state] : "Unknown";
}

static void
look_at_process(const struct child *c, struct process *ret)
{
    int64_t now = clock_steady();

    *ret = (struct process){ .child = c,
                             .rss = rss_of(c->pid),
                             .state = state_name(c) };
    if (c->slot == NULL)
        return;
    slot_copy(&ret->slot, c->slot);
    ret->us = ret->slot.state >= SLOT_READING ? now - ret->slot.since
                                              : ret->slot.last_us;
    ret->sql_us =
        ret->slot.sql_since > 0 ? now - ret->slot.sql_since : ret->slot.sql_us;
}

/* ---- Text --------------------------------------------------------------- */

static void
add_line(struct text *to, const char *name, const char *value)
{
    text_addf(to, "%s:%*s%s\n", name, (int)(22 - strlen(name)), "", value);
}

static void
add_number(struct text *to, const char *name, int64_t value)
{
    char digits[32];

    (void)snprintf(digits, sizeof digits, "%lld", (long long)value);
    add_line(to, name, digits);
}

static void
text_process(struct text *to, const struct child *c)
{
    struct process p;

    look_at_process(c, &p);
    text_adds(to, "************************\n");
    add_line(to, "pool", c->pool_name);
    add_number(to, "pid", c->pid);
    add_line(to, "state", p.state);
    add_number(to, "old generation", c->old);
    add_number(to, "start since", (clock_steady() - c->started) / CLOCK_SECOND);
    add_number(to, "requests", (int64_t)p.slot.requests);
    add_number(to, "request duration", p.us);
    add_line(to, "request id", p.slot.id);
    add_line(to, "route", p.slot.route);
    add_line(to, "sql", p.slot.sql);
    add_number(to, "sql duration", p.sql_us);
    add_number(to, "sql count", p.slot.sql_count);
    add_number(to, "rss", p.rss);
}

static void
text_master(struct text *to, const struct master *m)
{
    struct text *started = text_new(to->mem);

    clock_iso(started, m->started);
    add_line(to, "program", m->program->name);
    add_line(to, "version", m->program->version);
    add_number(to, "master pid", getpid());
    add_line(to, "start time", started->at);
    add_number(to, "start since", (clock_now() - m->started) / CLOCK_SECOND);
    add_number(to, "reloads", m->reload.count);
    add_number(to, "reloads refused", m->reload.refused);
    mem_free(started);
}

static void
text_pool(struct text *to, const struct master *m, const struct pool *p)
{
    struct view v;

    look(m, p, &v);
    text_addc(to, '\n');
    add_line(to, "pool", p->name);
    add_line(to, "process manager", p->settings->pm);
    add_line(to, "listen", p->listener == NULL ? "" : p->settings->listen);
    for (const struct fact *f = pool_facts; f->name != NULL; f++)
        add_number(to, f->name, value_of(f, &v));
}

static int
status_text(struct master *m, struct text *to, bool full)
{
    text_master(to, m);
    for (const struct pool *p = m->pools; p != NULL; p = p->next)
        text_pool(to, m, p);
    if (full) {
        text_addc(to, '\n');
        for (const struct child *c = m->children; c != NULL; c = c->next)
            text_process(to, c);
    }
    return 200;
}

/* ---- JSON --------------------------------------------------------------- */

static void
json_name(struct text *to, const char *name)
{
    text_addc(to, to->at[to->len - 1] == '{' ? '"' : ',');
    if (to->at[to->len - 1] == ',')
        text_addc(to, '"');
    for (; *name != '\0'; name++)
        text_addc(to, *name == ' ' ? '_' : *name);
    text_adds(to, "\":");
}

static void
json_text(struct text *to, const char *name, const char *value)
{
    json_name(to, name);
    text_addc(to, '"');
    escape_json(to, value, strlen(value));
    text_addc(to, '"');
}

static void
json_number(struct text *to, const char *name, int64_t value)
{
    json_name(to, name);
    text_addi(to, value);
}

static void
json_process(struct text *to, const struct child *c)
{
    struct process p;

    look_at_process(c, &p);
    text_addc(to, '{');
    json_text(to, "pool", c->pool_name);
    json_number(to, "pid", c->pid);
    json_text(to, "state", p.state);
    json_number(to, "old generation", c->old);
    json_number(to, "start since",
                (clock_steady() - c->started) / CLOCK_SECOND);
    json_number(to, "requests", (int64_t)p.slot.requests);
    json_number(to, "request duration", p.us);
    json_text(to, "request id", p.slot.id);
    json_text(to, "route", p.slot.route);
    json_text(to, "sql", p.slot.sql);
    json_number(to, "sql duration", p.sql_us);
    json_number(to, "sql count", p.slot.sql_count);
    json_number(to, "rss", p.rss);
    text_addc(to, '}');
}

static void
json_master(struct text *to, const struct master *m)
{
    json_text(to, "program", m->program->name);
    json_text(to, "version", m->program->version);
    json_number(to, "master pid", getpid());
    json_name(to, "start time");
    text_addc(to, '"');
    clock_iso(to, m->started);
    text_addc(to, '"');
    json_number(to, "start since", (clock_now() - m->started) / CLOCK_SECOND);
    json_number(to, "reloads", m->reload.count);
    json_number(to, "reloads refused", m->reload.refused);
}

static void
json_pool(struct text *to, const struct master *m, const struct pool *p)
{
    struct view v;

    look(m, p, &v);
    text_addc(to, '{');
    json_text(to, "pool", p->name);
    json_text(to, "process manager", p->settings->pm);
    json_text(to, "listen", p->listener == NULL ? "" : p->settings->listen);
    for (const struct fact *f = pool_facts; f->name != NULL; f++)
        json_number(to, f->name, value_of(f, &v));
    text_addc(to, '}');
}

static int
status_json(struct master *m, struct text *to, bool full)
{
    text_addc(to, '{');
    json_master(to, m);
    json_name(to, "pools");
    text_addc(to, '[');
    for (const struct pool *p = m->pools; p != NULL; p = p->next) {
        json_pool(to, m, p);
        text_adds(to, p->next == NULL ? "" : ",");
    }
    text_addc(to, ']');
    if (full) {
        json_name(to, "processes");
        text_addc(to, '[');
        for (const struct child *c = m->children; c != NULL; c = c->next) {
            json_process(to, c);
            text_adds(to, c->next == NULL ? "" : ",");
        }
        text_addc(to, ']');
    }
    text_adds(to, "}\n");
    return 200;
}

/* ---- Prometheus --------------------------------------------------------- */

static void
prometheus_fact(struct text *to, const struct master *m, const struct fact *f)
{
    struct view v;

    text_addf(to, "# HELP %s %s\n# TYPE %s %s\n", f->metric, f->help, f->metric,
              f->type == METRIC_GAUGE ? "gauge" : "counter");
    for (const struct pool *p = m->pools; p != NULL; p = p->next) {
        look(m, p, &v);
        text_addf(to, "%s{pool=\"%s\"} %lld\n", f->metric, p->name,
                  (long long)value_of(f, &v));
    }
}

static void
prometheus(struct master *m, struct text *to)
{
    text_addf(to,
              "# HELP sparkle_start_time_seconds When the master started.\n"
              "# TYPE sparkle_start_time_seconds gauge\n"
              "sparkle_start_time_seconds %lld\n"
              "# HELP sparkle_reloads_total Reloads done.\n"
              "# TYPE sparkle_reloads_total counter\n"
              "sparkle_reloads_total %lld\n"
              "# HELP sparkle_reloads_refused_total Reloads that a bad "
              "configuration or binary prevented.\n"
              "# TYPE sparkle_reloads_refused_total counter\n"
              "sparkle_reloads_refused_total %lld\n",
              (long long)((m->started + CLOCK_UNIX_OFFSET) / CLOCK_SECOND),
              (long long)m->reload.count, (long long)m->reload.refused);
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

static const struct {
    const char *path;
    int (*answer)(struct master *m, const char *query, struct text *body,
                  const char **ret_type);
} paths[] = {
    { "/status", answer_status },
    { "/metrics", answer_metrics },
    { "/health/live", answer_live },
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

static const struct fact pool_facts[] = {
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
