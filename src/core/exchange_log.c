/*
 * exchange_log.c - what a request took, and its line in the log.
 *
 * The line never has the query, nor anything that was sent: the route as its
 * row says it, and who, how long and how much.
 */
#include "core/exchange.h"

#include "base/clock.h"
#include "base/log.h"
#include "core/app.h"
#include "core/cache.h"
#include "core/db.h"

void
exchange_spent(struct exchange *ex, struct exchange_times *ret)
{
    int64_t cpu = clock_cpu();

    *ret = (struct exchange_times){
        .us = clock_steady() - ex->began,
        .cpu_us = cpu - ex->cpu,
    };
    ex->cpu = cpu;
    if (ex->app->db != NULL)
        db_spent(ex->app->db, &ret->db);
    if (ex->app->cache != NULL)
        cache_spent(ex->app->cache, &ret->cache);
}

static const char *
route_of(const struct exchange *ex)
{
    return ex->entry == NULL ? "-" : ex->entry->row->on;
}

void
exchange_log_begin(const struct exchange *ex)
{
    log_event(LOG_DEBUG, "request begins", LOG_TEXT("id", ex->request.id),
              LOG_TEXT("route", route_of(ex)));
}

void
exchange_log(const struct exchange *ex, const struct exchange_times *t)
{
    const struct request *r = &ex->request;
    enum log_level level = ex->status >= 500 ? LOG_ERROR
                           : ex->why != NULL ? LOG_WARN
                                             : LOG_INFO;
    char user[UUID_TEXT] = "";
    struct log_field fields[14] = {
        LOG_TEXT("id", r->id),
        LOG_TEXT("route", route_of(ex)),
        LOG_NUMBER("status", ex->status),
        LOG_MILLIS("ms", t->us),
        LOG_MILLIS("db_ms", t->db.us),
        LOG_NUMBER("db_n", t->db.statements),
        LOG_MILLIS("redis_ms", t->cache.us),
        LOG_NUMBER("bytes", (int64_t)ex->length),
        LOG_NUMBER("cpu_us", t->cpu_us),
    };
    size_t n = 9;

    if (!uuid_none(&r->viewer)) {
        uuid_write(&r->viewer, user);
        fields[n++] = (struct log_field)LOG_TEXT("user", user);
    }
    if (ex->entry == NULL)
        fields[n++] = (struct log_field)LOG_TEXT("path", r->path);
    if (ex->why != NULL)
        fields[n++] = (struct log_field)LOG_TEXT("why", ex->why);
    log_fields(level, "request", fields);
}
