/*
 * sizing.c - how many workers a pool has: static, dynamic, ondemand.
 *
 * Once a second a pool grows or shrinks by the numbers of spare workers, as
 * php-fpm's do.  Besides, a pool that may grow is woken when a connection
 * finds all workers busy: the master waits on the socket too, exclusively and
 * behind the workers, so that the kernel only wakes it when no worker waits.
 *
 * Spare are those that are idle; and, where each processor has a worker that
 * is idle or quick, the quick: under a load of short requests more workers
 * would take turns at the processors, not answer more.  But where connections
 * wait while the processors have time left, the requests do not compute but
 * wait, and more workers come all the same.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/processors.h"
#include "pool/pool_local.h"
#include "pool/worker_local.h"

#define SPAWN_MOST 32                   /* new workers a second */
#define CALM (10 * CLOCK_SECOND)        /* after which deaths are forgotten */
#define TIME_LEFT 25                    /* percent idle: others may come */
#define NO_TIME 10                      /* percent idle: there are enough */
#define SOON (20 * CLOCK_SECOND / 1000) /* after a worker surely accepted */

enum manner { STATIC, DYNAMIC, ONDEMAND };

static enum manner
manner_of(const struct pool *p)
{
    return p->settings->pm[0] == 's'   ? STATIC
           : p->settings->pm[0] == 'd' ? DYNAMIC
                                       : ONDEMAND;
}

/* ---- Growing ------------------------------------------------------------ */

static int
active(const struct census *c)
{
    return c->starting + c->idle + c->busy;
}

static int
agile(const struct census *c)
{
    return c->starting + c->idle + c->quick;
}

static int
spare(const struct master *m, const struct census *c)
{
    return c->starting + c->idle + (agile(c) >= m->processors ? c->quick : 0);
}

static int
room(const struct pool *p, const struct census *c)
{
    return (int)p->settings->max_children - active(c) - c->draining;
}

static int
less(int a, int b)
{
    return a < b ? a : b;
}

static void
note_full(struct pool *p)
{
    if (p->full)
        return;
    p->full = true;
    p->counts[COUNT_FULL]++;
    log_event(LOG_WARN, "all workers are busy, and max_children is reached",
              LOG_TEXT("pool", p->name),
              LOG_NUMBER("max_children", p->settings->max_children));
}

/* While workers die at once they are tried one at a time. */
static void
spawn(struct master *m, struct pool *p, const struct census *c, int n)
{
    if (n <= 0 || m->state == MASTER_STOPS || clock_steady() < p->not_before)
        return;
    if (room(p, c) <= 0)
        return;
    n = less(n, room(p, c));
    if (p->failures > 0)
        n = c->starting > 0 ? 0 : 1;
    while (n-- > 0 && child_fork(m, p))
        ;
}

static int
wanted_elsewhere(struct master *m, const struct pool *p, const struct census *c)
{
    const struct pool_load load = { .pool = p->name,
                                    .idle = c->idle,
                                    .busy = c->busy,
                                    .starting = c->starting,
                                    .queue = p->queue };

    return p->listener == NULL && m->program->wanted != NULL
               ? m->program->wanted(m->context, &load)
               : 0;
}

/* How many a pool lacks of what it must have at any time. */
static int
lacking(struct master *m, const struct pool *p, const struct census *c)
{
    switch (manner_of(p)) {
    case STATIC:
        return (int)p->settings->max_children - active(c);
    case DYNAMIC:
        return p->settled ? 0 : (int)p->start_count - active(c);
    case ONDEMAND:
        break;
    }
    return wanted_elsewhere(m, p, c) - active(c);
}

/*
 * A connection waits though workers do, too: the one that the kernel woke for
 * it has died, or is held up.  All are told, as we cannot know which it was.
 */
static void
nudge(const struct master *m, const struct pool *p)
{
    for (const struct child *c = m->children; c != NULL; c = c->next)
        if (c->pool == p && child_state(c) == SLOT_WAITING)
            (void)kill(c->pid, SIGNAL_NUDGE);
}

void
sizing_replace(struct master *m, struct pool *p)
{
    struct census c;

    pool_census(m, p, &c);
    if (manner_of(p) == DYNAMIC && p->settled &&
        spare(m, &c) < p->settings->min_spare_servers)
        spawn(m, p, &c, 1);
    if (p->listener != NULL && c.idle > 0 && listen_queue(p->listener->fd) > 0)
        nudge(m, p);
}

/* ---- Woken by a connection ---------------------------------------------- */

static void
disarm(struct master *m, struct pool *p, int64_t rearm_at)
{
    if (p->armed)
        watch_remove(m, &p->watch);
    p->armed = false;
    p->rearm_at = rearm_at;
}

static void
on_connection(struct master *m, struct watch *w, uint32_t events)
{
    struct pool *p = w->owner;
    int64_t now = clock_steady();
    struct census c;

    (void)events;
    pool_census(m, p, &c);
    if (spare(m, &c) > 0 || room(p, &c) > 0) {
        disarm(m, p, now < p->not_before ? p->not_before : now + SOON);
        if (spare(m, &c) == 0)
            spawn(m, p, &c,
                  less(listen_queue(p->listener->fd),
                       less(m->processors, SPAWN_MOST)));
        return;
    }
    note_full(p);
    disarm(m, p, now + CLOCK_SECOND);
}

/* At the end of the socket's waiters: who waits before us is woken first. */
static void
arm(struct master *m, struct pool *p)
{
    if (p->listener == NULL || manner_of(p) == STATIC ||
        m->state == MASTER_STOPS)
        return;
    disarm(m, p, 0);
    p->watch = (struct watch){ p->listener->fd, on_connection, p };
    watch_add(m, &p->watch, EPOLLIN | EPOLLEXCLUSIVE);
    p->armed = true;
}

void
sizing_rearm(struct master *m)
{
    for (struct pool *p = m->pools; p != NULL; p = p->next)
        arm(m, p);
}

void
sizing_disarm_all(struct master *m)
{
    for (struct pool *p = m->pools; p != NULL; p = p->next)
        disarm(m, p, 0);
}

/* ---- At any time, and once a second ------------------------------------- */

void
sizing_look(struct master *m)
{
    int64_t now = clock_steady();
    struct census c;

    for (struct pool *p = m->pools; p != NULL; p = p->next) {
        pool_census(m, p, &c);
        spawn(m, p, &c, lacking(m, p, &c));
        if (!p->armed && now >= p->rearm_at)
            arm(m, p);
    }
}

static void
shrink_ondemand(struct master *m, struct pool *p, const struct census *count)
{
    int64_t before = clock_steady() - p->settings->process_idle_timeout;
    int most = p->listener == NULL
                   ? active(count) - wanted_elsewhere(m, p, count)
                   : count->idle;

    for (struct child *c = m->children; c != NULL && most > 0; c = c->next)
        if (c->pool == p && !c->old && !c->draining &&
            child_state(c) == SLOT_WAITING &&
            SHARED_READ(c->slot->since) < before) {
            child_drain(m, c);
            most--;
        }
}

static bool
more_would_help(const struct master *m, const struct pool *p,
                const struct census *c)
{
    return p->queue > 0 && c->idle + c->starting == 0 &&
           (m->idle_percent < 0 || m->idle_percent >= TIME_LEFT);
}

/* More than the processors can keep at work. */
static bool
crowded(const struct master *m, const struct pool *p, const struct census *c)
{
    return c->quick > m->processors + p->settings->min_spare_servers &&
           m->idle_percent >= 0 && m->idle_percent < NO_TIME;
}

/* Who is at work has the time that requests have. */
static void
let_go(struct master *m, const struct pool *p, struct child *c)
{
    const int64_t most = p->settings->request_terminate_timeout;
    const bool busy = child_state(c) != SLOT_WAITING;

    child_drain(m, c);
    if (busy)
        c->kill_at = most > 0 ? c->kill_at + most : 0;
}

/* One worker a second goes; those that come double, up to SPAWN_MOST. */
static void
size_dynamic(struct master *m, struct pool *p, const struct census *c)
{
    const struct pool_settings *s = p->settings;
    int lack = (int)s->min_spare_servers - spare(m, c);

    if (lack <= 0 && more_would_help(m, p, c))
        lack = p->spawn_rate;
    if (c->idle > s->max_spare_servers || crowded(m, p, c)) {
        let_go(m, p, c->leaver);
        p->spawn_rate = 1;
    } else if (lack > 0 && p->settled) {
        if (room(p, c) <= 0)
            note_full(p);
        spawn(m, p, c, less(lack, p->spawn_rate));
        p->spawn_rate = less(p->spawn_rate * 2, SPAWN_MOST);
    } else
        p->spawn_rate = 1;
}

static void
measure(struct master *m, struct pool *p, struct census *c)
{
    pool_census(m, p, c);
    if (c->busy > p->counts[COUNT_MAX_BUSY])
        p->counts[COUNT_MAX_BUSY] = c->busy;
    p->queue = p->listener == NULL ? 0 : listen_queue(p->listener->fd);
    if (p->queue > p->counts[COUNT_MAX_QUEUE])
        p->counts[COUNT_MAX_QUEUE] = p->queue;
    if (p->queue > 0 && c->idle > 0)
        nudge(m, p);
    if (p->queue > 0 && c->idle + c->starting == 0 && room(p, c) <= 0)
        note_full(p);
    else if (c->idle > 0)
        p->full = false;
    if (p->failures > 0 && clock_steady() > p->not_before + CALM)
        p->failures = 0;
}

void
sizing_tick(struct master *m)
{
    int64_t now = clock_steady();
    struct census c;

    if (now - m->sized < CLOCK_SECOND || m->state == MASTER_STOPS)
        return;
    m->sized = now;
    m->idle_percent = processors_idle();
    for (struct pool *p = m->pools; p != NULL; p = p->next) {
        measure(m, p, &c);
        if (manner_of(p) == DYNAMIC)
            size_dynamic(m, p, &c);
        else if (manner_of(p) == ONDEMAND)
            shrink_ondemand(m, p, &c);
    }
}
