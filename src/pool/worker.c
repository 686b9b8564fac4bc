/*
 * worker.c - a worker's life between requests; see worker.h.
 *
 * The listening socket is shared by all workers of a pool, and each waits on
 * an epoll of its own with EPOLLEXCLUSIVE, so that a connection wakes one of
 * them.  What that can lose is made good: a worker that is told to stop looks
 * at the socket once more (the wake-up may have been meant for it), and for
 * one that dies in between the master nudges another.
 */
#include "pool/worker.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "pool/worker_local.h"

/* For the signal handlers only. */
static struct worker *self;

const char *
worker_pool_name(const struct worker *w)
{
    return w->pool;
}

int
worker_index(const struct worker *w)
{
    return w->index;
}

int
worker_listen_fd(const struct worker *w)
{
    return w->listen_fd;
}

void *
worker_mem(const struct worker *w)
{
    return w->mem;
}

/* ---- Signals ------------------------------------------------------------ */

static void
note_signal(int number)
{
    switch (number) {
    case SIGTERM:
    case SIGQUIT:
        self->stop = 1;
        break;
    case SIGNAL_REOPEN:
        self->reopen = 1;
        break;
    case SIGNAL_NUDGE:
        self->nudge = 1;
        break;
    default: /* SIGINT from a terminal is the master's affair */
        break;
    }
}

/* The request ends here, and the worker.  Only async-signal-safe calls. */
static void
terminate(int number)
{
    const struct slot *s = self->slot;

    (void)number;
    if (SHARED_READ(s->terminate) != s->serial || s->state < SLOT_READING)
        return; /* it was done a moment ago */
    if (self->terminate.fd >= 0 && !s->answering) {
        ssize_t sent = send(self->terminate.fd, self->terminate.bytes,
                            self->terminate.n, MSG_DONTWAIT | MSG_NOSIGNAL);
        (void)sent; /* nothing is left to try */
        (void)shutdown(self->terminate.fd, SHUT_WR);
    }
    _exit(WORKER_TERMINATED);
}

static const int noted[] = { SIGTERM,       SIGQUIT,      SIGINT,
                             SIGNAL_REOPEN, SIGNAL_NUDGE, 0 };

void
worker_signals(struct worker *w)
{
    struct sigaction note = { .sa_handler = note_signal };
    struct sigaction end = { .sa_handler = terminate, .sa_flags = SA_RESTART };
    struct sigaction ignore = { .sa_handler = SIG_IGN };
    struct sigaction usual = { .sa_handler = SIG_DFL };
    sigset_t outside;

    self = w;
    sigemptyset(&w->inside);
    sigemptyset(&outside);
    for (size_t i = 0; noted[i] != 0; i++) {
        sigaddset(&outside, noted[i]);
        (void)sigaction(noted[i], &note, NULL);
    }
    (void)sigaction(SIGNAL_TERMINATE, &end, NULL);
    (void)sigaction(SIGPIPE, &ignore, NULL);
    (void)sigaction(SIGHUP, &ignore, NULL);
    (void)sigaction(SIGCHLD, &usual, NULL);
    (void)sigprocmask(SIG_SETMASK, &outside, NULL);
}

/* ---- Starting ----------------------------------------------------------- */

void
worker_watch(struct worker *w, int fd)
{
    struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };

    if (fd == w->listen_fd)
        e.events |= EPOLLEXCLUSIVE;
    if (epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &e) != 0)
        die("epoll_ctl: %s", strerror(errno));
}

void
worker_unwatch(struct worker *w, int fd)
{
    (void)epoll_ctl(w->epoll, EPOLL_CTL_DEL, fd, NULL);
}

void
worker_start(struct worker *w)
{
    w->terminate.fd = -1;
    w->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (w->epoll < 0)
        die("epoll_create1: %s", strerror(errno));
    worker_signals(w);
    if (w->listen_fd >= 0)
        worker_watch(w, w->listen_fd);
}

/* ---- Waiting ------------------------------------------------------------ */

static void
enter_wait(struct worker *w)
{
    const uint64_t one = 1;

    SHARED_WRITE(w->slot->since, clock_steady());
    SHARED_WRITE(w->slot->state, SLOT_WAITING);
    if (w->seen)
        return;
    w->seen = true;
    ssize_t told = write(w->ready_fd, &one, sizeof one);
    (void)told; /* the master looks at the slot once a second anyway */
}

static enum worker_next
enter_reading(struct worker *w)
{
    struct slot *s = w->slot;

    s->answering = 0;
    SHARED_WRITE(s->since, clock_steady());
    SHARED_WRITE(s->serial, s->serial + 1);
    SHARED_WRITE(s->state, SLOT_READING);
    return WORKER_READY;
}

static bool
socket_ready(const struct worker *w)
{
    struct pollfd p = { .fd = w->listen_fd, .events = POLLIN };

    return w->listen_fd >= 0 && poll(&p, 1, 0) == 1;
}

static bool
served_enough(const struct worker *w)
{
    return w->most_requests > 0 && w->slot->requests >= w->most_requests;
}

static void
reopen_log(struct worker *w)
{
    w->reopen = 0;
    if (!log_open(w->log))
        log_warn("%s: cannot be reopened: %s", w->log, strerror(errno));
}

/* Told to stop: one look more, as the wake-up for it may be lost on us. */
static enum worker_next
take_leave(struct worker *w)
{
    if (w->last_call || !socket_ready(w))
        return WORKER_STOP;
    w->last_call = true;
    return enter_reading(w);
}

/* One wait; true where *ret says what came. */
static bool
wait_once(struct worker *w, int timeout_ms, enum worker_next *ret)
{
    struct epoll_event e[4];
    int n = epoll_pwait(w->epoll, e, 4, timeout_ms, &w->inside);

    if (n < 0 && errno != EINTR)
        die("epoll_pwait: %s", strerror(errno));
    if (n == 0)
        *ret = WORKER_TIMEOUT;
    if (n > 0)
        *ret = WORKER_WATCHED;
    for (int i = 0; i < n; i++)
        if (e[i].data.fd == w->listen_fd)
            *ret = enter_reading(w);
    return n >= 0;
}

/* What the signals asked for; true where *ret says what to do. */
static bool
heed_signals(struct worker *w, enum worker_next *ret)
{
    if (w->reopen)
        reopen_log(w);
    if (w->stop || served_enough(w)) {
        *ret = w->stop ? take_leave(w) : WORKER_STOP;
        return true;
    }
    if (!w->nudge)
        return false;
    w->nudge = 0;
    if (!socket_ready(w))
        return false;
    *ret = enter_reading(w);
    return true;
}

bool
worker_stopping(struct worker *w)
{
    sigset_t waiting;

    (void)sigpending(&waiting);
    return w->stop || served_enough(w) || sigismember(&waiting, SIGTERM) == 1 ||
           sigismember(&waiting, SIGQUIT) == 1;
}

/*
 * epoll_pwait delivers no signal where an event is there already, or where the
 * wait has no length; so a busy worker would never hear that it should stop.
 */
static void
let_signals_in(struct worker *w)
{
    sigset_t waiting, before;

    if (sigpending(&waiting) != 0 || sigisemptyset(&waiting))
        return;
    (void)sigprocmask(SIG_SETMASK, &w->inside, &before);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
}

static int
time_left(int64_t until)
{
    int64_t ms = (until - clock_steady() + 999) / 1000;

    return ms < 0 ? 0 : ms > INT_MAX ? INT_MAX : (int)ms;
}

enum worker_next
worker_wait(struct worker *w, int timeout_ms)
{
    int64_t until = timeout_ms < 0 ? 0 : clock_steady() + timeout_ms * 1000LL;
    enum worker_next next;

    enter_wait(w);
    let_signals_in(w);
    while (!heed_signals(w, &next))
        if (wait_once(w, timeout_ms < 0 ? -1 : time_left(until), &next))
            break;
    return next;
}

/* ---- What a request tells ----------------------------------------------- */

void
worker_begin(struct worker *w, const char *request_id)
{
    struct slot *s = w->slot;

    s->answering = 0;
    s->route[0] = s->sql[0] = '\0';
    s->sql_count = 0;
    s->sql_us = s->sql_since = 0;
    slot_text(s->id, sizeof s->id, request_id);
    SHARED_WRITE(s->since, clock_steady());
    SHARED_WRITE(s->serial, s->serial + 1);
    SHARED_WRITE(s->state, SLOT_BUSY);
}

void
worker_route(struct worker *w, const char *route)
{
    slot_text(w->slot->route, sizeof w->slot->route, route);
}

void
worker_end(struct worker *w)
{
    struct slot *s = w->slot;
    int64_t now = clock_steady();

    w->terminate.fd = -1;
    s->last_us = now - s->since;
    s->busy_us += s->last_us;
    SHARED_WRITE(s->since, now);
    SHARED_WRITE(s->state, SLOT_WAITING);
    SHARED_WRITE(s->requests, s->requests + 1);
}

void
worker_sql(struct worker *w, const char *sql)
{
    struct slot *s = w->slot;

    slot_text(s->sql, sizeof s->sql, sql);
    s->sql_count++;
    SHARED_WRITE(s->sql_since, clock_steady());
}

void
worker_sql_end(struct worker *w)
{
    struct slot *s = w->slot;

    if (s->sql_since == 0)
        return;
    s->sql_us = clock_steady() - s->sql_since;
    SHARED_WRITE(s->sql_since, 0);
}

void
worker_on_terminate(struct worker *w, int fd, const void *bytes, size_t n)
{
    w->terminate.fd = -1; /* a signal between the lines finds nothing to say */
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    w->terminate.bytes = bytes;
    w->terminate.n = n;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    w->terminate.fd = fd;
}

void
worker_answering(struct worker *w)
{
    SHARED_WRITE(w->slot->answering, 1);
}
