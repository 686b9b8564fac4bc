/*
 * exchange.h - one request and its answer, as the core sees them.
 *
 * An exchange is made once a worker and used for one request after the other.
 * It knows no socket: a struct incoming says what came in, and the answer is
 * left as bytes.  core/fcgi.c fills and sends them in the programs, tests and
 * fuzzers do it from memory.
 *
 *     exchange_begin(ex, &in);      path, route
 *     exchange_run(ex);             access, input, handler
 *     out = exchange_answer(ex, &n);
 *
 * The answer is written into a buffer that is kept from request to request:
 * the body from HEAD_ROOM on, and at the end its head right in front of it, so
 * that all leaves by one call.
 */
#ifndef CORE_EXCHANGE_H
#define CORE_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "core/access.h"
#include "core/cache.h"
#include "core/db.h"
#include "core/endpoint.h"
#include "core/input.h"
#include "core/route.h"

struct app;
struct page_part;
struct page_word;

/* What came in.  NULL for what did not; all of it outlives the exchange. */
struct incoming {
    const char *method, *target; /* the request line's */
    const char *query;
    const char *content_type, *content_length;
    const char *cookie, *origin, *fetch_site, *csrf_token;
    const char *if_none_match, *idempotency_key, *user_agent;
    const char *cors_method; /* Access-Control-Request-Method */
    const char *address;     /* the client's, as nginx knows it */
    const char *request_id;
    /* All of it, as NAME=value with HTTP_ before the names of headers. */
    char *const *env;
    /* Reads up to n bytes of the body; less at its end only. */
    size_t (*read)(void *door, char *to, size_t n);
    void *door;
};

/* Sorts an environment (ended by NULL) into an empty struct incoming.  What
 * came several times is joined, on mem. */
void incoming_read(const void *mem, struct incoming *in, char *const *env);

/* The value of a cookie (RFC 6265, 4.2), cut to ret_len; NULL if none. */
const char *cookie_find(const char *header, const char *name, size_t *ret_len);

#define HEAD_ROOM 4096

enum theme { THEME_DARK, THEME_LIGHT, THEME_SYSTEM };

struct exchange {
    struct request request; /* as handlers see it */
    struct app *app;
    const struct site_settings *site; /* the app's */
    const struct incoming *in;
    struct path path;
    struct route_match match;
    const struct route_entry *entry; /* NULL: none */
    enum method method;
    enum theme theme;

    struct text out;  /* HEAD_ROOM bytes, and then the body */
    struct text head; /* headers that were added on the way */
    int status;       /* 0: not answered yet */
    const char *type; /* of the body; NULL: there is none */
    bool own_cache;   /* Cache-Control is among the headers */
    bool has_cookie;  /* Set-Cookie is: no cache may keep the answer */
    bool had_session_cookie;
    char etag[40];     /* with its quotes; "" if none */
    const char *start; /* of the finished answer, and its bytes */
    size_t length;

    struct faults faults;
    struct faults notes; /* what of the input was changed before it was taken */
    struct quota_state quota;
    const char *refused_field; /* what a refusal names */
    const char *why;           /* for the log, of what is no fault of the
                                  caller's */
    int64_t page_number;

    const char *sent; /* the body as it came, for an Idempotency-Key */
    size_t sent_len;

    struct page_part *parts; /* see core/page.c */
    struct page_word *words;

    int64_t began; /* clock_steady */
    int64_t cpu;   /* clock_cpu, when last asked */
};

/* An exchange on mem, for the rest of the process. */
struct exchange *exchange_new(void *mem, struct app *app);

/* Takes a request: whether there is a row for it.  Forgets the last one. */
void exchange_begin(struct exchange *ex, const struct incoming *in);

/* Lets the row answer, or says why not. */
void exchange_run(struct exchange *ex);

/* The whole answer (RFC 3875, 6.2), valid until exchange_begin. */
const char *exchange_answer(struct exchange *ex, size_t *ret_len);

/* Frees what the request used, so that waiting holds no memory. */
void exchange_end(struct exchange *ex);

/* What the request took; the processor's time since the last one. */
struct exchange_times {
    int64_t us, cpu_us;
    struct db_spent db;
    struct cache_spent cache;
};
void exchange_spent(struct exchange *ex, struct exchange_times *ret);

/* The line of the log about this request. */
/* For log_level debug: what hangs shows as a beginning without its line. */
void exchange_log_begin(const struct exchange *ex);
void exchange_log(const struct exchange *ex, const struct exchange_times *t);

/* ---- Between the files of the core --------------------------------------- */

static inline struct text *
exchange_body(struct exchange *ex)
{
    return &ex->out;
}
size_t exchange_body_length(const struct exchange *ex);
const char *exchange_body_bytes(const struct exchange *ex);
void exchange_drop_body(struct exchange *ex);

/* Whether the caller is a program (JSON) and not a browser's reader. */
bool exchange_wants_json(const struct exchange *ex);

/* Notes what went wrong, for the log; returns problem_internal. */
const struct problem *exchange_broken(struct exchange *ex, const char *why);

/* Answers with a problem, as JSON or as a page. */
void answer_problem(struct exchange *ex, const struct problem *problem);

/* Writes the head, in front of the body. */
void answer_finish(struct exchange *ex);

/* The handler, held together with an Idempotency-Key where there is one. */
const struct problem *exchange_handle(struct exchange *ex);

#endif
