/* events.c - the master's epoll: descriptors and who is called for them. */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "pool/pool_local.h"

void
events_start(struct master *m)
{
    m->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (m->epoll < 0)
        die("epoll_create1: %s", strerror(errno));
}

void
events_stop(struct master *m)
{
    (void)close(m->epoll);
    m->epoll = -1;
}

static void
control(struct master *m, int what, struct watch *w, uint32_t events)
{
    struct epoll_event e = { .events = events, .data.ptr = w };

    if (epoll_ctl(m->epoll, what, w->fd, &e) != 0)
        die("epoll_ctl: %s", strerror(errno));
}

void
watch_add(struct master *m, struct watch *w, uint32_t events)
{
    control(m, EPOLL_CTL_ADD, w, events);
}

void
watch_change(struct master *m, struct watch *w, uint32_t events)
{
    control(m, EPOLL_CTL_MOD, w, events);
}

void
watch_remove(struct master *m, struct watch *w)
{
    control(m, EPOLL_CTL_DEL, w, 0);
}

/*
 * One event at a time: what is called for it may remove other watches, and
 * free them.  The master has few events, so nothing is lost by that.
 */
void
events_wait(struct master *m, int64_t until)
{
    int64_t ms = (until - clock_steady() + 999) / 1000;
    struct epoll_event e;
    int n;

    ms = ms < 0 ? 0 : ms > INT_MAX ? INT_MAX : ms;
    n = epoll_wait(m->epoll, &e, 1, (int)ms);
    if (n < 0 && errno != EINTR)
        die("epoll_wait: %s", strerror(errno));
    if (n == 1) {
        struct watch *w = e.data.ptr;
        w->on(m, w, e.events);
    }
}
