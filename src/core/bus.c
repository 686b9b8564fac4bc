/*
 * bus.c - see bus.h.  The socket is read only when it is readable, and only
 * what is there, so nothing here waits but the attempt to connect.
 */
#include "core/bus.h"

#include <hiredis/hiredis.h>
#include <stdint.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/cache.h"
#include "pool/worker.h"

struct bus {
    const struct cache_settings *settings;
    const char *channel;
    struct worker *worker;
    redisContext *redis; /* NULL while away */
    int64_t tried;       /* clock_steady() of the last attempt */
    bool told;
};

static void
close_bus(struct bus *bus)
{
    if (bus->redis == NULL)
        return;
    worker_unwatch(bus->worker, bus->redis->fd);
    redisFree(bus->redis);
    bus->redis = NULL;
}

static int
bus_free(struct bus *bus)
{
    if (bus->redis != NULL)
        redisFree(bus->redis);
    return 0;
}

/* Sends a command of two words; its answer comes as any word comes. */
static bool
say(struct bus *bus, const char *command, const char *word)
{
    const char *words[] = { command, word };
    int done = 0;

    if (redisAppendCommandArgv(bus->redis, 2, words, NULL) != REDIS_OK)
        return false;
    while (!done)
        if (redisBufferWrite(bus->redis, &done) != REDIS_OK)
            return false;
    return true;
}

static void
open_bus(struct bus *bus)
{
    const struct cache_settings *s = bus->settings;
    const struct timeval limit = { s->timeout / CLOCK_SECOND,
                                   s->timeout % CLOCK_SECOND };

    bus->tried = clock_steady();
    bus->redis = s->socket != NULL
                     ? redisConnectUnixWithTimeout(s->socket, limit)
                     : redisConnectWithTimeout(s->host, (int)s->port, limit);
    if (bus->redis != NULL && bus->redis->err == 0 &&
        (s->password == NULL || say(bus, "AUTH", s->password)) &&
        say(bus, "SUBSCRIBE", bus->channel)) {
        worker_watch(bus->worker, bus->redis->fd);
        bus->told = false;
        return;
    }
    if (!bus->told)
        log_warn("no words from Redis: work is looked for once a second");
    bus->told = true;
    if (bus->redis != NULL)
        redisFree(bus->redis);
    bus->redis = NULL;
}

struct bus *
bus_new(void *mem, const struct cache_settings *settings, const char *channel,
        struct worker *w)
{
    struct bus *bus = mem_new(mem, struct bus);

    bus->settings = settings;
    bus->channel = channel;
    bus->worker = w;
    talloc_set_destructor(bus, bus_free);
    open_bus(bus);
    return bus;
}

/* ["message", channel, word]; the answer to SUBSCRIBE looks alike. */
static bool
is_word(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_ARRAY && reply->elements == 3 &&
           reply->element[0]->type == REDIS_REPLY_STRING &&
           strcmp(reply->element[0]->str, "message") == 0;
}

bool
bus_heard(struct bus *bus)
{
    bool heard = false;
    redisReply *reply = NULL;

    if (bus->redis == NULL)
        return false;
    if (redisBufferRead(bus->redis) != REDIS_OK) {
        close_bus(bus);
        return false;
    }
    while (redisGetReplyFromReader(bus->redis, (void **)&reply) == REDIS_OK &&
           reply != NULL) {
        heard = heard || is_word(reply);
        if (reply->type == REDIS_REPLY_ERROR)
            log_warn("Redis: %s", reply->str);
        freeReplyObject(reply);
        reply = NULL;
    }
    return heard;
}

void
bus_tend(struct bus *bus)
{
    if (bus->redis == NULL && clock_steady() - bus->tried > CLOCK_SECOND)
        open_bus(bus);
}
