/*
 * job_claim.c - the life of a row of jobs, from waiting to finished: the
 * functions of sql/job.sql, called.
 */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/job_local.h"

/* ---- Taking -------------------------------------------------------------- */

static const char look_sql[] = SQL(SELECT name FROM job_look() name);

void
look_send(struct jobs *jobs)
{
    db_send(jobs->db, look_sql, NO_ARGS);
}

struct db_result *
look_receive(struct jobs *jobs, struct db_error *ret_error)
{
    return db_receive(jobs->db, jobs->now, ret_error);
}

static const char take_sql[] = SQL(SELECT * FROM job_take($1, $2::int, $3));
static const char lease_sql[] = SQL(SELECT * FROM job_lease($1, $2));
#define PLACE_COLUMN 9

struct db_result *
claim_direct(struct jobs *jobs, const struct job_queue *q,
             struct db_error *ret_error)
{
    const char *name = jobs->name;

    return db_query(jobs->db, jobs->now, take_sql,
                    ARGS(ARG(q->name), ARG(q->batch), ARG(name)), ret_error);
}

struct db_result *
claim_leased(struct jobs *jobs, const struct job_queue *q, int64_t *ret_place,
             struct db_error *ret_error)
{
    const char *name = jobs->name;
    struct db_result *rows = db_query(jobs->db, jobs->now, lease_sql,
                                      ARGS(ARG(q->name), ARG(name)), ret_error);

    if (ret_error->failed || db_rows(rows) == 0)
        return NULL;
    *ret_place = db_integer(rows, 0, PLACE_COLUMN);
    return rows;
}

static const char leave_sql[] = SQL(SELECT job_leave($1, $2::int));

void
place_leave(struct jobs *jobs, const char *queue, int64_t place)
{
    struct db_error ignored; /* a lost connection has left all places */

    (void)db_query(jobs->db, jobs->now, leave_sql, ARGS(ARG(queue), ARG(place)),
                   &ignored);
}

/* ---- Reading ------------------------------------------------------------- */

static int64_t
integer_at(const struct db_result *rows, size_t row, size_t column)
{
    return db_null(rows, row, column) ? 0 : db_integer(rows, row, column);
}

static struct uuid
uuid_at(const struct db_result *rows, size_t row, size_t column)
{
    return db_null(rows, row, column) ? (struct uuid){ 0 }
                                      : db_uuid(rows, row, column);
}

static const char *
text_at(const struct db_result *rows, size_t row, size_t column)
{
    return db_null(rows, row, column) ? NULL : db_text(rows, row, column, NULL);
}

void
claim_read(struct jobs *jobs, const struct db_result *rows, size_t row,
           struct job *ret_job)
{
    *ret_job = (struct job){
        .mem = jobs->now,
        .app = jobs->app,
        .db = jobs->db,
        .jobs = jobs,
        .now = { clock_now() },
        .id = db_integer(rows, row, 0),
        .kind = db_text(rows, row, 1, NULL),
        .payload = { db_text(rows, row, 2, NULL) },
        .attempt = db_integer(rows, row, 3),
        .event = integer_at(rows, row, 4),
        .subject = uuid_at(rows, row, 5),
        .actor = uuid_at(rows, row, 6),
        .request = text_at(rows, row, 8),
    };
    if (!db_null(rows, row, 7))
        ret_job->happened = db_time(rows, row, 7);
}

/* ---- Ending -------------------------------------------------------------- */

static const char complete_sql[] = SQL(
    UPDATE jobs SET state = 'completed', finished_at = clock_now(),
        leased_until = NULL
    WHERE id = $1 AND state = 'running' AND worker = $2
);

static bool
on_mine(struct jobs *jobs, const char *sql, int64_t id,
        struct db_error *ret_error)
{
    const char *name = jobs->name;
    const struct db_result *done =
        db_query(jobs->db, jobs->now, sql, ARGS(ARG(id), ARG(name)), ret_error);

    return !ret_error->failed && db_affected(done) == 1;
}

bool
claim_complete(struct jobs *jobs, int64_t id, struct db_error *ret_error)
{
    return on_mine(jobs, complete_sql, id, ret_error);
}

/* clang-format off */
static const char put_off_sql[] = SQL(
    UPDATE jobs SET state = 'scheduled', run_at = $3, leased_until = NULL,
        attempts = attempts - 1
    WHERE id = $1 AND state = 'running' AND worker = $2
);
/* clang-format on */

void
claim_put_off(struct jobs *jobs, int64_t id, struct instant until,
              struct db_error *ret_error)
{
    const char *name = jobs->name;

    (void)db_query(jobs->db, jobs->now, put_off_sql,
                   ARGS(ARG(id), ARG(name), ARG(until)), ret_error);
}

/* clang-format off */
static const char beat_sql[] = SQL(
    UPDATE jobs SET leased_until = now() + interval '10 s'
    WHERE id = $1 AND state = 'running' AND worker = $2
);
/* clang-format on */

bool
claim_beat(struct jobs *jobs, int64_t id)
{
    struct db_error error;

    return on_mine(jobs, beat_sql, id, &error);
}

static const char fail_sql[] = SQL(SELECT job_fail($1, $2, $3, $4));

bool
claim_fail(struct jobs *jobs, const struct job *job, const char *why,
           struct db_error *ret_error)
{
    const char *name = jobs->name;
    why = text_mended(jobs->now, why);
    const struct db_result *rows = db_query(
        jobs->db, jobs->now, fail_sql,
        ARGS(ARG(job->id), ARG(why), ARG(job->hopeless), ARG(name)), ret_error);

    if (ret_error->failed || db_null(rows, 0, 0))
        return false;
    bool given_up = db_boolean(rows, 0, 0);
    log_event(given_up ? LOG_ERROR : LOG_WARN,
              given_up ? "job discarded" : "job failed",
              LOG_TEXT("kind", job->kind), LOG_NUMBER("job", job->id),
              LOG_NUMBER("attempt", job->attempt), LOG_TEXT("error", why),
              LOG_TEXT("request", job->request != NULL ? job->request : ""));
    return true;
}

/* ---- Tending ------------------------------------------------------------- */

static const char tend_sql[] = SQL(SELECT job_tend());

void
claim_tend(struct jobs *jobs, struct db_error *ret_error)
{
    const struct db_result *lapsed =
        db_query(jobs->db, jobs->now, tend_sql, NO_ARGS, ret_error);

    if (!ret_error->failed && db_integer(lapsed, 0, 0) > 0)
        log_event(LOG_WARN, "resumed jobs whose lease ran out",
                  LOG_NUMBER("jobs", db_integer(lapsed, 0, 0)));
}

static const char resume_sql[] = SQL(SELECT job_resume_worker($1, $2));

void
claim_resume(struct jobs *jobs, const char *worker, int64_t running,
             struct db_error *ret_error)
{
    const struct db_result *resumed =
        db_query(jobs->db, jobs->now, resume_sql,
                 ARGS(ARG(worker), ARG(running)), ret_error);

    if (!ret_error->failed)
        log_event(LOG_WARN, "resumed the jobs of a dead worker",
                  LOG_TEXT("worker", worker),
                  LOG_NUMBER("jobs", db_integer(resumed, 0, 0)));
}

/* Without the payload, which has names and addresses in it. */
void
job_log(const struct job *job, const char *queue, int64_t us, const char *why)
{
    log_event(LOG_DEBUG, "job", LOG_NUMBER("id", job->id),
              LOG_TEXT("kind", job->kind), LOG_TEXT("queue", queue),
              LOG_NUMBER("attempt", job->attempt), LOG_MILLIS("ms", us),
              LOG_TEXT("outcome", why == NULL ? "done" : "failed"));
}
