/*
 * site_health.c - is it alive, is it ready: for load balancers and watchers.
 *
 * Live: this process answers.  Ready: what it stands on does.  Without
 * PostgreSQL or room on the disk it is down (503); without Redis, or with jobs
 * that wait too long, degraded, and still answers.
 */
#include <string.h>
#include <sys/statvfs.h>

#include "base/clock.h"
#include "core/app.h"
#include "core/cache.h"
#include "core/db.h"
#include "site/site_local.h"

enum health { HEALTH_OK, HEALTH_DEGRADED, HEALTH_DOWN };

static const char *const words[] = { "ok", "degraded", "down" };

static const struct member live_shape[] = {
    { .name = "status", .type = VALUE_TEXT },
    { 0 },
};

static const struct member check_shape[] = {
    { .name = "status", .type = VALUE_TEXT, .about = "ok, degraded or down." },
    { .name = "ms", .type = VALUE_REAL, .about = "What asking took." },
    { 0 },
};

static const struct member disk_shape[] = {
    { .name = "status", .type = VALUE_TEXT },
    { .name = "ms", .type = VALUE_REAL },
    { .name = "freePercent", .type = VALUE_INTEGER },
    { 0 },
};

static const struct member queue_shape[] = {
    { .name = "status", .type = VALUE_TEXT },
    { .name = "ms", .type = VALUE_REAL },
    { .name = "oldestSeconds",
      .type = VALUE_INTEGER,
      .about = "How long the oldest due job has waited." },
    { 0 },
};

static const struct member ready_shape[] = {
    { .name = "status",
      .type = VALUE_TEXT,
      .about = "The worst of those below." },
    { .name = "postgres", .object = check_shape },
    { .name = "redis", .object = check_shape },
    { .name = "disk", .object = disk_shape },
    { .name = "queue", .object = queue_shape },
    { 0 },
};

/* What was found, and what finding it took. */
struct finding {
    enum health health;
    const char *word;
    double ms;
    int64_t number;
};

static struct finding
found(enum health health, int64_t began, int64_t number)
{
    return (struct finding){
        .health = health,
        .word = words[health],
        .ms = (double)(clock_steady() - began) / 1000,
        .number = number,
    };
}

static struct finding
check_postgres(struct request *r)
{
    int64_t began = clock_steady();
    bool up = db_ping(r->app->db);

    return found(up ? HEALTH_OK : HEALTH_DOWN, began, 0);
}

static struct finding
check_redis(struct request *r)
{
    int64_t began = clock_steady();
    bool up = cache_ping(r->app->cache);

    return found(up ? HEALTH_OK : HEALTH_DEGRADED, began, 0);
}

static struct finding
check_disk(struct request *r)
{
    int64_t began = clock_steady(), percent = 0;
    struct statvfs disk;

    if (statvfs(app_site(r->app)->web, &disk) == 0 && disk.f_blocks > 0)
        percent = (int64_t)(disk.f_bavail * 100 / disk.f_blocks);
    return found(percent >= 10  ? HEALTH_OK
                 : percent >= 2 ? HEALTH_DEGRADED
                                : HEALTH_DOWN,
                 began, percent);
}

/* The oldest of each queue comes from jobs_claim_idx, whose order by id is
 * nearly that of time. */
static const char queue_sql[] =
    SQL(
    SELECT coalesce(max(extract(epoch FROM clock_now() - oldest.run_at)), 0)
        ::bigint
    FROM job_queues q
    CROSS JOIN LATERAL (
        SELECT j.run_at FROM jobs j
        WHERE j.queue = q.name AND j.state = 'available'
        ORDER BY j.priority DESC, j.id LIMIT 1
    ) oldest
);

static struct finding
check_queue(struct request *r)
{
    int64_t began = clock_steady();
    struct db_error error = { 0 };
    struct db_result *res =
        db_query(r->app->db, r->mem, queue_sql, NO_ARGS, &error);

    if (error.failed)
        return found(HEALTH_DEGRADED, began, 0);
    int64_t age = db_integer(res, 0, 0);
    return found(age < 300 ? HEALTH_OK : HEALTH_DEGRADED, began, age);
}

/* All of them, and the worst. */
static enum health
look(struct request *r, struct finding f[4])
{
    enum health worst = HEALTH_OK;

    f[0] = check_postgres(r);
    f[1] = check_redis(r);
    f[2] = check_disk(r);
    f[3] = check_queue(r);
    for (size_t i = 0; i < 4; i++)
        worst = f[i].health > worst ? f[i].health : worst;
    return worst;
}

/* The values of ready_shape. */
#define READY(worst, f)                                                        \
    ARGS(ARG(words[worst]), ARG(f[0].word), ARG(f[0].ms), ARG(f[1].word),      \
         ARG(f[1].ms), ARG(f[2].word), ARG(f[2].ms), ARG(f[2].number),         \
         ARG(f[3].word), ARG(f[3].ms), ARG(f[3].number))

static const struct problem *
show_ready(struct request *r)
{
    struct finding f[4];
    enum health worst = look(r, f);
    const struct problem *refused = answer_values(r, READY(worst, f));

    if (worst == HEALTH_DOWN)
        answer_status(r, 503);
    return refused;
}

const struct problem *
site_health_as(struct request *r)
{
    struct finding f[4];
    enum health worst = look(r, f);

    return answer_values_as(r, "health", ready_shape, READY(worst, f));
}

static const struct problem *
show_live(struct request *r)
{
    return answer_values(r, ARGS(ARG(words[HEALTH_OK])));
}

const struct route site_health_routes[] = {
    {
        .on = "GET /health/live",
        .access = ALLOW_ANYONE,
        .handle = show_live,
        .about = "Whether the program answers at all.",
        .returns = live_shape,
        .no_session = true,
        .quota = QUOTA_NONE,
    },
    {
        .on = "GET /health/ready",
        .access = ALLOW_ANYONE,
        .handle = show_ready,
        .about = "Whether what the program stands on works; 503 if not.",
        .returns = ready_shape,
        .no_session = true,
        .quota = QUOTA_NONE,
        .sql = STATEMENTS(queue_sql),
    },
    { 0 },
};
