/*
 * children.c - workers seen from outside: told to stop, killed, reaped,
 * and what follows when they die at once.
 */
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "pool/pool_local.h"
#include "pool/worker_local.h"

#define AT_ONCE CLOCK_SECOND /* who lives less long has died at once */
#define LOOP 5               /* so many in a row are a crash loop */

/* ---- Telling them ------------------------------------------------------- */

void
child_drain(struct master *m, struct child *c)
{
    if (c->draining)
        return;
    c->draining = true;
    c->kill_at = clock_steady() + m->settings->process_control_timeout;
    (void)kill(c->pid, SIGNAL_STOP);
}

void
children_drain_all(struct master *m, bool only_old)
{
    for (struct child *c = m->children; c != NULL; c = c->next)
        if (c->old || !only_old)
            child_drain(m, c);
}

void
children_signal(struct master *m, int number)
{
    for (struct child *c = m->children; c != NULL; c = c->next)
        (void)kill(c->pid, number);
}

void
children_kill_all(struct master *m)
{
    children_signal(m, SIGKILL);
}

/* A time-out of the request and not of the stop is void once it has ended. */
static bool
has_ended(const struct child *c)
{
    return !c->draining && c->slot != NULL &&
           SHARED_READ(c->slot->serial) != c->terminate;
}

void
children_tick(struct master *m)
{
    int64_t now = clock_steady();

    for (struct child *c = m->children; c != NULL; c = c->next) {
        if (c->kill_at == 0 || now < c->kill_at)
            continue;
        c->kill_at = 0;
        if (has_ended(c))
            continue;
        log_event(LOG_WARN, "worker killed: it did not stop in time",
                  LOG_TEXT("pool", c->pool_name), LOG_NUMBER("worker", c->pid));
        c->terminated = true;
        if (c->pool != NULL)
            c->pool->counts[COUNT_KILLED]++;
        (void)kill(c->pid, SIGKILL);
    }
}

void
children_look(struct master *m)
{
    for (struct child *c = m->children; c != NULL; c = c->next)
        if (!c->waited && child_state(c) != SLOT_STARTING)
            c->waited = true;
}

/* ---- Their deaths ------------------------------------------------------- */

static void
log_crash(const struct child *c, const struct slot *s, int status)
{
    bool busy = s->state == SLOT_BUSY;

    log_event(LOG_WARN,
              WIFSIGNALED(status) ? "worker died by a signal" : "worker failed",
              LOG_TEXT("pool", c->pool_name), LOG_NUMBER("worker", c->pid),
              LOG_NUMBER(WIFSIGNALED(status) ? "signal" : "status",
                         WIFSIGNALED(status) ? WTERMSIG(status)
                                             : WEXITSTATUS(status)),
              LOG_NUMBER("requests", (int64_t)s->requests),
              LOG_TEXT("request_id", busy ? s->id : ""),
              LOG_TEXT("route", busy ? s->route : ""),
              LOG_TEXT("sql", busy ? s->sql : ""));
}

/* The pool waits longer and longer before it tries again. */
static void
back_off(const struct master *m, struct pool *p)
{
    int doublings = p->failures < 30 ? p->failures : 30;
    int64_t wait = m->settings->restart_backoff << doublings;

    if (wait > m->settings->restart_backoff_max ||
        wait < m->settings->restart_backoff)
        wait = m->settings->restart_backoff_max;
    p->failures++;
    p->not_before = clock_steady() + wait;
    log_event(p->failures == LOOP ? LOG_ERROR : LOG_WARN,
              p->failures < LOOP
                  ? "a worker died at once; the next one waits"
                  : "crash loop: workers die at once; the next one waits",
              LOG_TEXT("pool", p->name), LOG_NUMBER("in_a_row", p->failures),
              LOG_NUMBER("wait_ms", wait / 1000));
}

static bool
was_expected(const struct child *c, const struct slot *s, int status)
{
    if (c->draining || c->terminated)
        return true;
    if (WIFEXITED(status) && WEXITSTATUS(status) == WORKER_TERMINATED)
        return true;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 && s->requests > 0;
}

static void
judge(struct master *m, struct child *c, const struct slot *s, int status)
{
    bool waited = c->slot == NULL || s->state != SLOT_STARTING;

    if (was_expected(c, s, status))
        return;
    log_crash(c, s, status);
    if (c->pool == NULL)
        return;
    c->pool->counts[COUNT_CRASHED]++;
    if (!c->old && (!waited || clock_steady() - c->started < AT_ONCE))
        back_off(m, c->pool);
}

/* What the worker counted stays counted; its slot becomes free. */
static void
free_its_slot(struct master *m, struct child *c)
{
    if (c->slot == NULL)
        return;
    metrics_retire(m->metrics, m->board, c->board, c->slot);
    if (c->pool != NULL) {
        c->pool->counts[COUNT_REQUESTS] += (int64_t)c->slot->requests;
        c->pool->counts[COUNT_BUSY_US] += c->slot->busy_us;
    }
    memset(c->slot, 0, sizeof *c->slot);
}

static bool
is_used(const struct master *m, const struct board *b)
{
    for (const struct child *c = m->children; c != NULL; c = c->next)
        if (c->board == b)
            return true;
    return false;
}

static void
drop_unused_boards(struct master *m)
{
    struct board **at = &m->old_boards;

    while (*at != NULL) {
        struct board *b = *at;

        if (is_used(m, b)) {
            at = &b->next;
            continue;
        }
        *at = b->next;
        board_release(b);
    }
    metrics_attach(m->metrics, m->board, m->old_boards);
}

static void
bury(struct master *m, struct child **at, int status)
{
    struct child *c = *at;
    struct pool *p = c->pool;
    struct slot last = { 0 };
    bool old = c->old;

    if (c->slot != NULL)
        slot_copy(&last, c->slot);
    judge(m, c, &last, status);
    free_its_slot(m, c);
    *at = c->next;
    mem_free(c);
    if (old)
        drop_unused_boards(m);
    if (p != NULL && m->state != MASTER_STOPS)
        sizing_replace(m, p);
}

void
children_reap(struct master *m)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        struct child **at = &m->children;

        if (reload_reaped(m, pid, status))
            continue;
        while (*at != NULL && (*at)->pid != pid)
            at = &(*at)->next;
        if (*at != NULL)
            bury(m, at, status);
    }
    sizing_look(m);
}
