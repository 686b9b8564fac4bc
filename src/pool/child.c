/*
 * child.c - from fork to the worker's function: which descriptors, rights and
 * limits a worker has.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "pool/pool_local.h"
#include "pool/worker_local.h"

/* AddressSanitizer reserves terabytes of addresses. */
#if defined(__SANITIZE_ADDRESS__)
#define LIMIT_ADDRESSES false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LIMIT_ADDRESSES false
#endif
#endif
#ifndef LIMIT_ADDRESSES
#define LIMIT_ADDRESSES true
#endif

/* ---- In the child ------------------------------------------------------- */

static void
close_masters(const struct master *m, const struct pool *p)
{
    const int fds[] = { m->epoll,   m->signals.fd,    m->pid_file,
                        m->slowlog, m->daemon_parent, m->reload.output.fd };

    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        if (fds[i] >= 0)
            (void)close(fds[i]);
    for (const struct listener *l = m->listeners; l != NULL; l = l->next)
        if (l != p->listener)
            (void)close(l->fd);
    for (const struct board *b = m->old_boards; b != NULL; b = b->next)
        (void)close(b->fd);
    (void)close(m->board->fd);
}

static void
limit(const struct pool_settings *s)
{
    const struct rlimit most = { (rlim_t)s->memory_limit,
                                 (rlim_t)s->memory_limit };

    if (s->nice != 0 && setpriority(PRIO_PROCESS, 0, (int)s->nice) != 0)
        log_warn("nice = %d: %s", (int)s->nice, strerror(errno));
    if (LIMIT_ADDRESSES && s->memory_limit > 0 &&
        setrlimit(RLIMIT_AS, &most) != 0)
        die("memory_limit: %s", strerror(errno));
}

/* What ps shows: the words we were started with make room for a title. */
static void
set_title(const struct master *m, const struct pool *p)
{
    char **last = m->argv, name[16];

    (void)snprintf(name, sizeof name, "pool %s", p->name);
    (void)prctl(PR_SET_NAME, name);
    while (last[0] != NULL && last[1] != NULL)
        last++;
    size_t room = (size_t)(*last - m->argv[0]) + strlen(*last);
    char *title = mem_printf(NULL, "%s: pool %s", m->program->name, p->name);
    memset(m->argv[0], 0, room);
    memcpy(m->argv[0], title, strnlen(title, room));
    mem_free(title);
}

/* We end when the master does; not before the change of user, which clears
 * the wish. */
static void
end_with(pid_t master)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != master)
        exit(EXIT_SUCCESS);
}

static uint64_t
request_limit(const struct pool_settings *s)
{
    uint64_t most = (uint64_t)s->max_requests;
    uint64_t jitter = most * (uint64_t)s->max_requests_jitter / 100;

    if (jitter > UINT32_MAX - 1)
        jitter = UINT32_MAX - 1;
    return most == 0 ? 0 : most + random_below((uint32_t)jitter + 1);
}

__attribute__((noreturn)) static void
live(struct master *m, struct pool *p, struct slot *slot, pid_t master)
{
    struct worker w = {
        .mem = mem_context(NULL, "worker"),
        .pool = p->name,
        .log = setting_given(m->settings->log) ? m->settings->log : NULL,
        .index = (int)(slot - m->board->slots - p->first_slot),
        .listen_fd = p->listener == NULL ? -1 : p->listener->fd,
        .ready_fd = m->ready.fd,
        .slot = slot,
        .cells = board_cells(m->board, slot),
        .metrics = m->metrics,
        .most_requests = request_limit(p->settings),
    };

    set_title(m, p);
    status_close(m);
    close_masters(m, p);
    limit(p->settings);
    privileges_drop(m);
    worker_start(&w);
    end_with(master);
    m->program->worker(&w, m->context);
    mem_free(w.mem);
    exit(EXIT_SUCCESS);
}

/* ---- In the master ------------------------------------------------------ */

struct child *
child_add(struct master *m, pid_t pid, const char *pool)
{
    struct child *c = mem_new(m->mem, struct child);

    c->pid = pid;
    c->pool = pool_find(m, pool);
    c->pool_name = c->pool != NULL ? c->pool->name : mem_strdup(c, pool);
    c->started = clock_steady();
    c->next = m->children;
    m->children = c;
    return c;
}

static struct slot *
free_slot(const struct master *m, const struct pool *p)
{
    struct slot *s = m->board->slots + p->first_slot;

    for (int64_t i = 0; i < p->settings->max_children; i++)
        if (s[i].pid == 0)
            return &s[i];
    return NULL;
}

bool
child_fork(struct master *m, struct pool *p)
{
    struct slot *slot = free_slot(m, p);
    pid_t master = getpid(), pid;
    struct child *c;

    if (slot == NULL)
        return false;
    slot->state = SLOT_STARTING;
    slot->started = slot->since = clock_steady();
    slot->pid = -1; /* taken */
    pid = fork();
    if (pid == 0)
        live(m, p, slot, master);
    slot->pid = pid > 0 ? pid : 0;
    if (pid < 0) {
        log_error("fork: %s", strerror(errno));
        return false;
    }
    c = child_add(m, pid, p->name);
    c->board = m->board;
    c->slot = slot;
    p->counts[COUNT_STARTED]++;
    return true;
}

enum slot_state
child_state(const struct child *c)
{
    return c->slot == NULL ? SLOT_BUSY
                           : (enum slot_state)SHARED_READ(c->slot->state);
}

static void
count_busy(struct child *c, struct census *ret)
{
    ret->busy++;
    if (c->slot == NULL ||
        clock_steady() - SHARED_READ(c->slot->since) >= QUICK_WORK)
        return;
    ret->quick++;
    if (ret->idle == 0)
        ret->leaver = c;
}

static void
count_idle(struct child *c, struct census *ret)
{
    if (ret->idle++ == 0 || c->slot->since < ret->leaver->slot->since)
        ret->leaver = c;
}

static void
count_child(struct child *c, struct census *ret)
{
    enum slot_state state = child_state(c);

    if (c->old)
        ret->old++;
    else if (c->draining)
        ret->draining++;
    else if (state == SLOT_STARTING)
        ret->starting++;
    else if (state != SLOT_WAITING)
        count_busy(c, ret);
    else
        count_idle(c, ret);
}

void
pool_census(const struct master *m, const struct pool *p, struct census *ret)
{
    *ret = (struct census){ 0 };
    for (struct child *c = m->children; c != NULL; c = c->next)
        if (c->pool == p)
            count_child(c, ret);
}
