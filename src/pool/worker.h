/*
 * worker.h - what a worker of a pool calls.
 *
 * A worker is a process that serves one request at a time:
 *
 *     while ((next = worker_wait(w, -1)) != WORKER_STOP)
 *         if (next == WORKER_READY && (fd = accept4(...)) >= 0) {
 *             worker_begin(w, id);
 *             ...                       worker_route, worker_sql, ...
 *             worker_end(w);
 *         }
 *
 * The signals that stop a worker are blocked everywhere but inside
 * worker_wait, so they cut neither a request nor the moment between accept
 * and request.  Do not install handlers for SIGTERM, SIGQUIT, SIGUSR1,
 * SIGUSR2 and SIGALRM (FCGX_Init does: call worker_signals after it).  A
 * program that a worker starts inherits the blocked signals: unblock them
 * (posix_spawnattr_setsigmask), or SIGTERM will not end it.
 *
 * Everything a worker tells goes into its own slot of the shared scoreboard,
 * by plain stores; the master reads it and never answers.
 */
#ifndef POOL_WORKER_H
#define POOL_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct worker;

const char *worker_pool_name(const struct worker *w);

/* From 0 to the pool's max_children - 1, unique among a generation's live. */
int worker_index(const struct worker *w);

/* The pool's listening socket: shared, non-blocking.  -1 where it has none. */
int worker_listen_fd(const struct worker *w);

/* The memory context with the worker's lifespan. */
void *worker_mem(const struct worker *w);

enum worker_next {
    WORKER_READY,   /* accept now; EAGAIN means another was faster */
    WORKER_STOP,    /* leave: drained, max_requests reached, master gone */
    WORKER_TIMEOUT, /* timeout_ms passed */
    WORKER_WATCHED, /* a watched descriptor is readable */
};

/*
 * Waits until the listening socket, or a watched descriptor, is readable.
 * timeout_ms -1: without end.  Reopens the log on SIGUSR1 by itself.  After
 * WORKER_STOP the worker finishes its own affairs and returns.  The first call
 * tells the master that this worker serves: make connections before it.
 */
enum worker_next worker_wait(struct worker *w, int timeout_ms);

/* True when the next worker_wait will say WORKER_STOP, so that a job runner
 * that finds work without waiting can look between two jobs. */
bool worker_stopping(struct worker *w);

/* Lets worker_wait wake for fd too (a Redis socket, an eventfd), while it is
 * readable.  worker_unwatch before it is closed. */
void worker_watch(struct worker *w, int fd);
void worker_unwatch(struct worker *w, int fd);

/* Installs the signal handlers anew; only after a library changed them. */
void worker_signals(struct worker *w);

/*
 * A request or job begins; the id is copied (up to 63 bytes; NULL: none).
 * worker_route says what it is ("GET /api/posts"; up to 95 bytes).
 */
void worker_begin(struct worker *w, const char *request_id);
void worker_route(struct worker *w, const char *route);
void worker_end(struct worker *w);

/*
 * A statement begins, and ends.  The first 223 bytes are copied, so that the
 * slow log and the line about a terminated request can name it.
 */
void worker_sql(struct worker *w, const char *sql);
void worker_sql_end(struct worker *w);

/*
 * What a request that runs longer than request_terminate_timeout says to its
 * client: the signal handler writes the bytes to fd and ends the process,
 * unless worker_answering was called before.  Both until worker_end; the
 * bytes are not copied.  fd -1: nothing is said.
 */
void worker_on_terminate(struct worker *w, int fd, const void *bytes, size_t n);
void worker_answering(struct worker *w);

#endif
