/*
 * cache.h - Redis: what may be lost.  The door to hiredis (with bus.c).
 *
 * One connection a process, made at first use.  Redis away is no error: calls
 * return NULL or false within the time-out, errors are counted, and for the
 * next moments nothing is tried (back-off), so an outage costs no latency.
 */
#ifndef CORE_CACHE_H
#define CORE_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/setting.h"
#include "pool/metrics.h"

struct cache;

/* [redis] */
struct cache_settings {
    const char *socket; /* or NULL: host and port */
    const char *host, *password;
    int64_t port, db;
    int64_t timeout; /* us */
};
extern const struct section cache_section;

/* From then on the process ignores SIGPIPE: hiredis writes with write(2). */
struct cache *cache_new(const void *mem, const struct cache_settings *s);

/* A Lua script; known to Redis by its SHA-1, sent whole where it is not. */
struct cache_script {
    const char *name, *source;
};

/* An answer, on the memory given: an integer, a text, a list or nothing. */
struct cache_reply {
    enum { CACHE_NOTHING, CACHE_INTEGER, CACHE_TEXT, CACHE_LIST } kind;
    int64_t number;
    const char *text;
    size_t len; /* of text, or of list */
    const struct cache_reply *list;
};

/* argv[0..n_keys-1] are keys.  NULL where Redis is away or refused. */
const struct cache_reply *cache_run(struct cache *c, void *mem,
                                    const struct cache_script *script,
                                    size_t n_keys, size_t argc,
                                    const char *const *argv,
                                    const size_t *lengths);

/* One command of words.  NULL where Redis is away or refused. */
const struct cache_reply *cache_command(struct cache *c, void *mem, size_t argc,
                                        const char *const *argv,
                                        const size_t *lengths);

/* Sends a command without waiting; its answer is dropped at the next call. */
void cache_tell(struct cache *c, size_t argc, const char *const *argv,
                const size_t *lengths);

/* The same with the next command, or cache_flush: it costs no system call, and
 * wakes Redis once for both.  Lost where the process is killed meanwhile, or
 * the connection.  False where Redis is away: it will not be told. */
bool cache_tell_later(struct cache *c, size_t argc, const char *const *argv,
                      const size_t *lengths);
void cache_flush(struct cache *c);

/* How long answers take, for this worker; who calls it registers them. */
extern const struct metric cache_metrics[];
void cache_observe(struct cache *c, struct worker *w);

/* What Redis took since the last call, for the log line and metrics. */
struct cache_spent {
    int64_t us, trips;
    int64_t errors; /* no answer, or a refusal */
};
void cache_spent(struct cache *c, struct cache_spent *ret);

bool cache_ping(struct cache *c);
bool cache_away(const struct cache *c);

#endif
