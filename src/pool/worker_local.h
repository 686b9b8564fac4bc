/* worker_local.h - a worker from the inside; see worker.h. */
#ifndef POOL_WORKER_LOCAL_H
#define POOL_WORKER_LOCAL_H

#include <signal.h>

#include "pool/metrics_local.h"
#include "pool/scoreboard.h"
#include "pool/worker.h"

/* How a worker exits that was told to end a request that takes too long. */
#define WORKER_TERMINATED 75

/* The signals between master and workers. */
#define SIGNAL_STOP SIGTERM      /* when the request is done; SIGQUIT too */
#define SIGNAL_REOPEN SIGUSR1    /* the log */
#define SIGNAL_NUDGE SIGUSR2     /* look at the socket yourself */
#define SIGNAL_TERMINATE SIGALRM /* end the request of slot->terminate */

struct worker {
    void *mem;
    const char *pool, *log;
    int index;
    int listen_fd, epoll;
    int ready_fd; /* an eventfd: the first wait is told to the master */
    struct slot *slot;
    int64_t *cells;
    const struct metrics *metrics;
    uint64_t most_requests; /* 0: no end */
    bool seen, last_call;
    sigset_t inside; /* the mask inside worker_wait */
    volatile sig_atomic_t stop, reopen, nudge;
    struct {
        int fd;
        const void *bytes;
        size_t n;
    } terminate;
};

/* Sets up signals and epoll, in the child. */
void worker_start(struct worker *w);

#endif
