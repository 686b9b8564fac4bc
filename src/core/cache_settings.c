/* cache_settings.c - [redis]: see cache.h. */
#include "core/cache.h"

static const struct setting rows[] = {
    SETTING(struct cache_settings, socket, TEXT,
            .about = "Path of Redis's unix socket; else host and port."),
    SETTING(struct cache_settings, host, TEXT, .otherwise = "127.0.0.1",
            .about = "Redis's host."),
    SETTING(struct cache_settings, port, INTEGER, .otherwise = "6379", .min = 1,
            .max = 65535, .about = "Redis's port."),
    SETTING(struct cache_settings, db, INTEGER, .otherwise = "0", .max = 1000,
            .about = "Number of Redis's database."),
    SETTING(struct cache_settings, password, SECRET,
            .about = "Redis's password, if it asks for one."),
    SETTING(struct cache_settings, timeout, DURATION, .otherwise = "200ms",
            .min = 1000, .about = "How long a call may take."),
    { 0 },
};

const struct section cache_section = {
    .name = "redis",
    .settings = rows,
    .size = sizeof(struct cache_settings),
    .about = "Where Redis is.  It holds what may be lost.",
};
