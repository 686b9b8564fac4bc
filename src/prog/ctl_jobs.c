/*
 * ctl_jobs.c - sparklectl jobs: the queues and their jobs.  The rules are in
 * sql/job_admin.sql, as for the API; what is put by the clock is in
 * ctl_schedule.c.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/cache.h"
#include "core/db.h"
#include "prog/ctl_jobs.h"

/* ---- Helpers ------------------------------------------------------------- */

const struct db_result *
ctl_ask(struct ctl *c, const char *sql, const struct sql_arg *args)
{
    struct db_error error;
    const struct db_result *res =
        db_query(c->app->db, c->mem, sql, args, &error);

    if (!error.failed)
        return res;
    (void)ctl_fail("%s", error.message);
    return NULL;
}

int
ctl_act(struct ctl *c, const char *sql, const struct sql_arg *args,
        const char *done)
{
    if (ctl_ask(c, sql, args) == NULL)
        return 1;
    event_wake_from(c->app);
    (void)cache_ping(c->app->cache); /* the word has arrived */
    (void)puts(done);
    return 0;
}

const char *
ctl_time(struct ctl *c, const struct db_result *res, size_t row, size_t column)
{
    struct text *to = text_new(c->mem);

    if (db_null(res, row, column))
        return "-";
    clock_iso(to, db_time(res, row, column).us);
    return to->at;
}

static const char *
or_dash(const struct db_result *res, size_t row, size_t column)
{
    return db_null(res, row, column) ? "-" : db_text(res, row, column, NULL);
}

static const char by[] = "sparklectl";

/* ---- Queues -------------------------------------------------------------- */

static const char queues_sql[] =
    SQL(
    SELECT name, paused, available, running, scheduled, retryable, discarded,
        completed_minute,
        coalesce(extract(epoch FROM clock_now() - oldest_at), 0)::bigint
    FROM job_queue_rows ORDER BY lane, name
);

static int
queues(struct ctl *c, int argc, char **argv)
{
    (void)argv;
    if (argc > 0)
        return 2;
    const struct db_result *res = ctl_ask(c, queues_sql, NO_ARGS);
    if (res == NULL)
        return 1;
    (void)printf("%-16s %9s %8s %9s %9s %9s %10s %8s\n", "queue", "available",
                 "running", "scheduled", "retryable", "discarded", "done/min",
                 "oldest");
    for (size_t i = 0; i < db_rows(res); i++)
        (void)printf("%-16s %9" PRId64 " %8" PRId64 " %9" PRId64 " %9" PRId64
                     " %9" PRId64 " %10" PRId64 " %6" PRId64 " s%s\n",
                     db_text(res, i, 0, NULL), db_integer(res, i, 2),
                     db_integer(res, i, 3), db_integer(res, i, 4),
                     db_integer(res, i, 5), db_integer(res, i, 6),
                     db_integer(res, i, 7), db_integer(res, i, 8),
                     db_boolean(res, i, 1) ? "  paused" : "");
    return 0;
}

static const char pause_sql[] =
    SQL(SELECT job_pause($1, $2, NULL, NULL, $3, NULL));

static int
set_paused(struct ctl *c, int argc, char **argv, bool paused)
{
    if (argc != 1)
        return 2;
    const char *queue = argv[0], *agent = by;
    return ctl_act(c, pause_sql, ARGS(ARG(queue), ARG(paused), ARG(agent)),
                   paused ? "paused" : "goes on");
}

static int
pause_queue(struct ctl *c, int argc, char **argv)
{
    return set_paused(c, argc, argv, true);
}

static int
resume_queue(struct ctl *c, int argc, char **argv)
{
    return set_paused(c, argc, argv, false);
}

/* ---- Jobs ---------------------------------------------------------------- */

static const char *const states[] = {
    "available", "running",   "scheduled", "retryable",
    "completed", "discarded", "cancelled", NULL,
};

static const char list_sql[] = SQL_PLANNED SQL(
    SELECT id, queue, kind, state::text, attempts::bigint,
        max_attempts::bigint, created_at, errors->-1->>'error'
    FROM jobs
    WHERE ($1::text IS NULL OR queue = $1) AND ($2::text IS NULL OR kind = $2)
        AND ($3::text IS NULL OR state::text = $3)
    ORDER BY id DESC LIMIT $4
);

static int
list(struct ctl *c, int argc, char **argv)
{
    const char *queue = ctl_option(&argc, argv, "queue", NULL);
    const char *kind = ctl_option(&argc, argv, "kind", NULL);
    const char *state = ctl_option(&argc, argv, "state", NULL);
    int64_t limit = 0;

    if (!text_to_int(ctl_option(&argc, argv, "limit", "50"), &limit) ||
        limit < 1 || argc > 0 || (state && text_index(states, state) < 0))
        return 2;
    const struct db_result *res = ctl_ask(
        c, list_sql, ARGS(ARG(queue), ARG(kind), ARG(state), ARG(limit)));
    if (res == NULL)
        return 1;
    (void)printf("%10s %-14s %-26s %-10s %5s %-24s %s\n", "job", "queue",
                 "kind", "state", "tries", "put", "error");
    for (size_t i = 0; i < db_rows(res); i++)
        (void)printf("%10" PRId64 " %-14s %-26s %-10s %2" PRId64 "/%-2" PRId64
                     " %-24s %s\n",
                     db_integer(res, i, 0), db_text(res, i, 1, NULL),
                     db_text(res, i, 2, NULL), db_text(res, i, 3, NULL),
                     db_integer(res, i, 4), db_integer(res, i, 5),
                     ctl_time(c, res, i, 6), or_dash(res, i, 7));
    return 0;
}

static const char show_sql[] =
    SQL(
    SELECT j.id, j.queue, j.kind, j.state::text, j.attempts::bigint,
        j.max_attempts::bigint, j.created_at, j.run_at, j.started_at,
        j.finished_at, j.subject_id::text, j.unique_key, j.worker,
        j.request_id, j.payload::text, t.attempt, t.at, t.error
    FROM jobs j LEFT JOIN LATERAL jsonb_to_recordset(j.errors)
        t(attempt bigint, at timestamptz, error text) ON true
    WHERE j.id = $1 ORDER BY t.at
);

static void
print_job(struct ctl *c, const struct db_result *res)
{
    (void)printf("job       %" PRId64 "\nqueue     %s\nkind      %s\n"
                 "state     %s\ntries     %" PRId64 " of %" PRId64 "\n",
                 db_integer(res, 0, 0), db_text(res, 0, 1, NULL),
                 db_text(res, 0, 2, NULL), db_text(res, 0, 3, NULL),
                 db_integer(res, 0, 4), db_integer(res, 0, 5));
    (void)printf("put       %s\ndue       %s\nstarted   %s\nfinished  %s\n",
                 ctl_time(c, res, 0, 6), ctl_time(c, res, 0, 7),
                 ctl_time(c, res, 0, 8), ctl_time(c, res, 0, 9));
    (void)printf("subject   %s\nkey       %s\nworker    %s\nrequest   %s\n"
                 "payload   %s\n",
                 or_dash(res, 0, 10), or_dash(res, 0, 11), or_dash(res, 0, 12),
                 or_dash(res, 0, 13), or_dash(res, 0, 14));
    for (size_t i = 0; i < db_rows(res) && !db_null(res, i, 15); i++)
        (void)printf("failed    %s  try %" PRId64 ": %s\n",
                     ctl_time(c, res, i, 16), db_integer(res, i, 15),
                     or_dash(res, i, 17));
}

static bool
read_id(int argc, char **argv, int64_t *ret_id)
{
    return argc == 1 && text_to_int(argv[0], ret_id) && *ret_id > 0;
}

static int
show(struct ctl *c, int argc, char **argv)
{
    int64_t id;

    if (!read_id(argc, argv, &id))
        return 2;
    const struct db_result *res = ctl_ask(c, show_sql, ARGS(ARG(id)));
    if (res == NULL)
        return 1;
    if (db_rows(res) == 0)
        return ctl_fail("there is no job %" PRId64, id);
    print_job(c, res);
    return 0;
}

static const char retry_sql[] =
    SQL(SELECT id FROM job_retry($1, NULL, NULL, $2, NULL));
static const char cancel_sql[] =
    SQL(SELECT id FROM job_cancel($1, NULL, NULL, $2, NULL));

static int
steer(struct ctl *c, int argc, char **argv, const char *sql, const char *done)
{
    const char *agent = by;
    int64_t id;

    if (!read_id(argc, argv, &id))
        return 2;
    return ctl_act(c, sql, ARGS(ARG(id), ARG(agent)), done);
}

static int
retry(struct ctl *c, int argc, char **argv)
{
    return steer(c, argc, argv, retry_sql, "is tried again");
}

static int
cancel(struct ctl *c, int argc, char **argv)
{
    return steer(c, argc, argv, cancel_sql, "cancelled");
}

/* ---- Putting ------------------------------------------------------------- */

const struct job_kind *
ctl_job_kind(struct ctl *c, const char *name, const char *queue,
             const char *payload)
{
    const struct job_kind *kind = job_kind_named(all_features, name);
    const char *fault;

    if (kind == NULL || kind->payload == NULL) {
        (void)ctl_fail("%s: no such kind, or none that people put: see "
                       "sparklectl describe jobs",
                       name);
        return NULL;
    }
    fault = queue == NULL ? NULL : job_queue_fault(all_features, kind, queue);
    if (fault == NULL)
        fault = job_payload_fault(c->mem, kind, payload);
    if (fault == NULL)
        return kind;
    (void)ctl_fail("%s", fault);
    return NULL;
}

static const char put_sql[] = SQL(
    SELECT id FROM job_put_by_hand($1, $2, $3, $4::text::uuid,
        $5::text::timestamptz, $6, 0, NULL, NULL, $7, NULL)
);

static int
put(struct ctl *c, int argc, char **argv)
{
    const char *queue = ctl_option(&argc, argv, "queue", NULL);
    const char *subject = ctl_option(&argc, argv, "subject", NULL);
    const char *at = ctl_option(&argc, argv, "at", NULL);
    const char *key = ctl_option(&argc, argv, "key", NULL);

    if (argc < 1 || argc > 2)
        return 2;
    const char *payload = argc == 2 ? argv[1] : "{}", *agent = by;
    const struct job_kind *kind = ctl_job_kind(c, argv[0], queue, payload);
    if (kind == NULL)
        return 1;
    const struct json_text json = { payload };
    if (queue == NULL)
        queue = kind->queue;
    return ctl_act(c, put_sql,
                   ARGS(ARG(kind->name), ARG(queue), ARG(json), ARG(subject),
                        ARG(at), ARG(key), ARG(agent)),
                   "put");
}

const struct ctl_command ctl_jobs_commands[] = {
    {
        .name = "jobs list",
        .usage = "[--queue QUEUE] [--kind KIND] [--state STATE] [--limit N]",
        .about = "List jobs, newest first.",
        .run = list,
    },
    {
        .name = "jobs show",
        .usage = "JOB",
        .about = "Print one job with the trail of its errors.",
        .run = show,
    },
    {
        .name = "jobs pause",
        .usage = "QUEUE",
        .about = "Begin no more jobs of a queue; what runs goes on.",
        .run = pause_queue,
    },
    {
        .name = "jobs resume",
        .usage = "QUEUE",
        .about = "Go on with a queue that was paused.",
        .run = resume_queue,
    },
    {
        .name = "jobs retry",
        .usage = "JOB",
        .about = "Run a job now that waits, failed or was cancelled.",
        .run = retry,
    },
    {
        .name = "jobs cancel",
        .usage = "JOB",
        .about = "Never run a job that waits.",
        .run = cancel,
    },
    {
        .name = "jobs put",
        .usage = "KIND [PAYLOAD] [--queue QUEUE] [--subject UUID] [--at TIME] "
                 "[--key KEY]",
        .about = "Put a job; the payload is a JSON object.",
        .run = put,
    },
    {
        .name = "jobs",
        .about = "Print the queues: what waits, runs and fails.",
        .run = queues,
    },
    { 0 },
};
