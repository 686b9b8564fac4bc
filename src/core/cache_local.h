/*
 * cache_local.h - the connection to Redis, between cache.c and
 * cache_script.c.
 */
#ifndef CORE_CACHE_LOCAL_H
#define CORE_CACHE_LOCAL_H

#include <hiredis/hiredis.h>

#include "core/cache.h"

#define KNOWN_SCRIPTS 16

struct cache {
    const struct cache_settings *settings;
    redisContext *redis; /* NULL while away */
    int64_t retry_at, pause;
    size_t untaken; /* answers of cache_tell that nobody took yet */
    struct cache_spent spent;
    struct worker *worker; /* whose metrics count it, or NULL */
    bool told;
    struct {
        const struct cache_script *script;
        char sha[41];
    } known[KNOWN_SCRIPTS];
};

/* A command and its answer, which is the caller's; NULL where Redis is away.  A
 * connection that was closed while it was idle shows at the first command: that
 * one is asked again, once. */
redisReply *cache_ask(struct cache *c, size_t argc, const char *const *argv,
                      const size_t *lengths);

/* An answer that says that Redis does not know the script (any more). */
bool cache_script_gone(const redisReply *reply);

/* The answer on mem; the reply, or NULL, is freed.  An error is logged and
 * becomes NULL. */
const struct cache_reply *cache_taken(void *mem, redisReply *reply);

#endif
