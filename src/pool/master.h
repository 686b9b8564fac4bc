/*
 * master.h - a program that is a master with pools of workers.
 *
 * main() fills a struct program and returns master_run(&program, argc, argv).
 * The master reads the configuration, opens the sockets, forks, replaces dead
 * workers, writes the slow log, ends requests that take too long and answers
 * status questions; it does nothing per request.
 *
 * Signals: TERM, QUIT, INT stop once running requests are done (a second one:
 * at once); USR1 reopens the logs; HUP and USR2 check the configuration and
 * the binary on disk and, where both are good, replace the whole program
 * without losing a request, under the same process id.  It also speaks to
 * systemd: socket activation, readiness, reload, watchdog.
 */
#ifndef POOL_MASTER_H
#define POOL_MASTER_H

#include <stdbool.h>

#include "base/setting.h"
#include "base/text.h"
#include "pool/metrics.h"
#include "pool/pool.h"
#include "pool/worker.h"

/* What prepare is given, and gives. */
struct setup {
    void *mem; /* the program's lifespan */
    const struct config *config;
    struct metrics *metrics; /* register tables here */
    struct text *faults;     /* lines that say what is wrong */
    bool test_only;          /* --test-config: nothing will be started */
    void *context;           /* set by prepare, handed to the other hooks */
};

/* How busy a pool is. */
struct pool_load {
    const char *pool;
    int idle, busy, starting; /* workers */
    int queue;                /* connections that wait; -1: not known */
};

struct program {
    const char *name, *version, *about;

    /* All sections the configuration file may have, ended by NULL; `master`
     * and `pools` among them (NULL: master_section and pool_section). */
    const struct section *const *sections;
    const struct section *master, *pools;

    const char *config; /* where --config points if it is not given */
    const char *user;   /* who usually starts it; NULL: nobody in particular */

    /* In the master before the first fork, and in --test-config: load what
     * the workers share.  False, with faults: the program does not start, or
     * the old generation keeps serving.  Leaves no connection open.  Where
     * it is only a test, what would keep the site from working is a fault,
     * though a start would put up with it and hope. */
    bool (*prepare)(struct setup *s);

    /* In the child: serves until worker_wait says WORKER_STOP, and returns. */
    void (*worker)(struct worker *w, void *context);

    /* In the master, about once a second, for ondemand pools without a
     * socket: how many workers there should be. Must not block. */
    int (*wanted)(void *context, const struct pool_load *load);
};

/*
 * The whole life of the program; returns its exit status.  Options:
 * --config FILE, --test-config (-t), --foreground (the default), --daemonize,
 * --version, --help.
 */
int master_run(const struct program *p, int argc, char **argv);

#endif
