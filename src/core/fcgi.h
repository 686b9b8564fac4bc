/*
 * fcgi.h - the door to libfcgi: requests from nginx, one at a time.
 *
 * The listening socket is non-blocking and shared by all workers of a pool:
 * wait until it is readable, then fcgi_accept; where another worker was
 * faster it says so and the worker waits again.  Connections are not kept, so
 * that a worker that stops never holds one that nginx believes in.
 */
#ifndef CORE_FCGI_H
#define CORE_FCGI_H

#include <stdbool.h>
#include <stddef.h>

struct fcgi;
struct incoming;

/* For the rest of the process; libfcgi's signal handlers are installed, so
 * call worker_signals afterwards.  Dies where libfcgi cannot be used. */
struct fcgi *fcgi_new(void *mem, int listen_fd);

/* Takes a connection and the head of its request; false: there was none. */
bool fcgi_accept(struct fcgi *f, struct incoming *ret);

/* The connection's descriptor. */
int fcgi_fd(const struct fcgi *f);

/* Sends the whole answer and ends the request. */
void fcgi_answer(struct fcgi *f, const char *bytes, size_t n);

/*
 * The records that answer the accepted request with 504 from a signal handler:
 * JSON for the API, else a line of text.  They stay until the next call.
 */
const void *fcgi_timeout(struct fcgi *f, bool json, const char *request_id,
                         size_t *ret_len);

#endif
