/*
 * bus.h - words that go round on Redis: a subscription to one channel.
 *
 * The second door to hiredis.  A word is a hint and may be lost; Redis away
 * is no error: the connection is tried again, at most once a second.
 */
#ifndef CORE_BUS_H
#define CORE_BUS_H

#include <stdbool.h>

struct bus;
struct cache_settings;
struct worker;

/*
 * Subscribes to a channel, in a moment, and has the worker's worker_wait wake
 * for it (WORKER_WATCHED).  Closed when mem is freed.
 */
struct bus *bus_new(void *mem, const struct cache_settings *settings,
                    const char *channel, struct worker *w);

/* After WORKER_WATCHED: takes what has come; whether there was a word. */
bool bus_heard(struct bus *bus);

/* Connects again where the connection was lost; cheap, call now and then. */
void bus_tend(struct bus *bus);

#endif
