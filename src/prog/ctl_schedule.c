/*
 * ctl_schedule.c - sparklectl jobs schedule: what is put by the clock; see
 * sql/job_schedule.sql.
 */
#include <stdio.h>

#include "core/db.h"
#include "prog/ctl_jobs.h"

static const char schedules_sql[] =
    SQL(
    SELECT name, cron, time_zone, queue, kind, payload::text, last_run_at,
        next_run_at
    FROM job_schedules ORDER BY name
);

static int
schedules(struct ctl *c, int argc, char **argv)
{
    (void)argv;
    if (argc > 0)
        return 2;
    const struct db_result *res = ctl_ask(c, schedules_sql, NO_ARGS);
    if (res == NULL)
        return 1;
    (void)printf("%-20s %-18s %-16s %-12s %-20s %-24s %-24s %s\n", "schedule",
                 "cron", "time zone", "queue", "kind", "last", "next",
                 "payload");
    for (size_t i = 0; i < db_rows(res); i++)
        (void)printf("%-20s %-18s %-16s %-12s %-20s %-24s %-24s %s\n",
                     db_text(res, i, 0, NULL), db_text(res, i, 1, NULL),
                     db_text(res, i, 2, NULL), db_text(res, i, 3, NULL),
                     db_text(res, i, 4, NULL), ctl_time(c, res, i, 6),
                     ctl_time(c, res, i, 7), db_text(res, i, 5, NULL));
    return 0;
}

static const char schedule_sql[] = SQL(
    INSERT INTO job_schedules (name, cron, time_zone, queue, kind, payload)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (name) DO UPDATE SET cron = excluded.cron,
        time_zone = excluded.time_zone, queue = excluded.queue,
        kind = excluded.kind, payload = excluded.payload, enabled = true
);

static int
schedule(struct ctl *c, int argc, char **argv)
{
    const char *queue = ctl_option(&argc, argv, "queue", NULL);
    const char *zone = ctl_option(&argc, argv, "zone", "UTC");

    if (argc < 3 || argc > 4)
        return 2;
    const char *name = argv[0], *cron = argv[1];
    const char *payload = argc == 4 ? argv[3] : "{}";
    const struct job_kind *kind = ctl_job_kind(c, argv[2], queue, payload);
    if (kind == NULL)
        return 1;
    const struct json_text json = { payload };
    if (queue == NULL)
        queue = kind->queue;
    return ctl_act(c, schedule_sql,
                   ARGS(ARG(name), ARG(cron), ARG(zone), ARG(queue),
                        ARG(kind->name), ARG(json)),
                   "scheduled");
}

/* clang-format off */
static const char unschedule_sql[] = SQL(
    DELETE FROM job_schedules WHERE name = $1
);
/* clang-format on */

static int
unschedule(struct ctl *c, int argc, char **argv)
{
    if (argc != 1)
        return 2;
    const char *name = argv[0];
    const struct db_result *res = ctl_ask(c, unschedule_sql, ARGS(ARG(name)));
    if (res == NULL)
        return 1;
    if (db_affected(res) == 0)
        return ctl_fail("there is no schedule %s", name);
    return 0;
}

const struct ctl_command ctl_schedule_commands[] = {
    {
        .name = "jobs schedules",
        .about = "List what is put by the clock.",
        .run = schedules,
    },
    {
        .name = "jobs schedule",
        .usage = "NAME CRON KIND [PAYLOAD] [--queue QUEUE] [--zone ZONE]",
        .about = "Put a job by the clock: cron's five fields, or \"every 15 "
                 "minutes\".",
        .run = schedule,
    },
    {
        .name = "jobs unschedule",
        .usage = "NAME",
        .about = "Put it no more.",
        .run = unschedule,
    },
    { 0 },
};
