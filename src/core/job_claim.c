/*
 * job_claim.c - the life of a row of jobs, from waiting to finished.
 *
 * Leases end by the real time (now()), whatever the clock of tests says;
 * everything else asks clock_now().
 */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/job_local.h"

/* ---- Looking ------------------------------------------------------------- */

static const char look_sql[] = SQL(
    SELECT q.name FROM job_queues q
    WHERE q.paused_at IS NULL AND EXISTS (SELECT FROM jobs j
        WHERE j.queue = q.name AND j.state = 'available')
    ORDER BY q.lane, q.name
);

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

/* ---- Claiming ------------------------------------------------------------ */

#define PLACE_COLUMN 9

/*
 * $1 queue, $2 how many, $3 worker.  Of a queue's places one is locked; then
 * `head` are jobs of which no earlier one of the same kind and subject is
 * unfinished.  Who locks a head owns the chain behind it, so `more` takes the
 * next of it without locks.  A snapshot in which an earlier job is still
 * unfinished only makes a later one wait.
 */
#define PLACE(try_lock)                                                        \
    "WITH place AS MATERIALIZED ("                                             \
    "SELECT n FROM job_queues q, generate_series(1, q.concurrency) n "         \
    "WHERE q.name = $1 AND q.paused_at IS NULL AND " try_lock                  \
    "(hashtext('sparkle.queue.' || q.name), n) LIMIT 1), "
#define HEAD                                                                   \
    SQL(head AS MATERIALIZED (                                                 \
        SELECT j.id, j.kind, j.subject_id FROM jobs j                          \
        WHERE j.queue = $1 AND j.state = 'available'                           \
            AND EXISTS (SELECT FROM place)                                     \
            AND (j.subject_id IS NULL OR j.id = (SELECT f.id FROM jobs f       \
                WHERE f.subject_id = j.subject_id AND f.kind = j.kind          \
                    AND f.state IN ('scheduled', 'available', 'running',       \
                        'retryable')                                           \
                ORDER BY f.id LIMIT 1))                                        \
        ORDER BY j.priority DESC, j.id LIMIT $2                                \
        FOR UPDATE SKIP LOCKED), )
#define MORE                                                                   \
    SQL(more AS MATERIALIZED (                                                 \
        SELECT f.id FROM head h CROSS JOIN LATERAL (                           \
            SELECT g.id, bool_and(g.state = 'available' AND g.queue = $1)      \
                OVER (ORDER BY g.id) AS mine                                   \
            FROM (SELECT k.id, k.state, k.queue FROM jobs k                    \
                WHERE k.subject_id = h.subject_id AND k.kind = h.kind          \
                    AND k.id > h.id                                            \
                    AND k.state IN ('scheduled', 'available', 'running',       \
                        'retryable')                                           \
                ORDER BY k.id LIMIT $2) g) f                                   \
        WHERE f.mine LIMIT $2), )
#define TAKEN(...)                                                             \
    "taken AS (" #__VA_ARGS__                                                  \
    " RETURNING id, kind, payload, attempts::bigint, event_id, subject_id,"    \
    " actor_id, happened_at, request_id, priority) "

static const char direct_sql[] =
    PLACE("pg_try_advisory_xact_lock") HEAD MORE TAKEN(
        UPDATE jobs SET state = 'completed', attempts = attempts + 1,
            started_at = clock_now(), finished_at = clock_now(), worker = $3
        WHERE id = ANY (ARRAY(SELECT id FROM head
            UNION ALL SELECT id FROM more)))
    SQL(SELECT id, kind, payload, attempts, event_id, subject_id, actor_id,
        happened_at, request_id FROM taken ORDER BY priority DESC, id);

/* The place's number comes last, and alone where no job is free. */
static const char leased_sql[] =
    PLACE("pg_try_advisory_lock") HEAD TAKEN(
        UPDATE jobs SET state = 'running', attempts = attempts + 1,
            started_at = clock_now(), worker = $3,
            leased_until = now() + interval '10 s'
        WHERE id = ANY (ARRAY(SELECT id FROM head)))
    SQL(SELECT id, kind, payload, attempts, event_id, subject_id, actor_id,
        happened_at, request_id, n::bigint AS place
    FROM place LEFT JOIN taken ON true);

struct db_result *
claim_direct(struct jobs *jobs, const struct job_queue *q,
             struct db_error *ret_error)
{
    const char *name = jobs->name;

    return db_query(jobs->db, jobs->now, direct_sql,
                    ARGS(ARG(q->name), ARG(q->batch), ARG(name)), ret_error);
}

struct db_result *
claim_leased(struct jobs *jobs, const struct job_queue *q, int64_t *ret_place,
             struct db_error *ret_error)
{
    const char *name = jobs->name;
    const int64_t one = 1;
    struct db_result *rows =
        db_query(jobs->db, jobs->now, leased_sql,
                 ARGS(ARG(q->name), ARG(one), ARG(name)), ret_error);

    if (ret_error->failed || db_rows(rows) == 0)
        return NULL;
    *ret_place = db_integer(rows, 0, PLACE_COLUMN);
    if (!db_null(rows, 0, 0))
        return rows;
    place_leave(jobs, q->name, *ret_place);
    return NULL;
}

static const char leave_sql[] = SQL(
    SELECT pg_advisory_unlock(hashtext('sparkle.queue.' || $1), $2::int)
);

void
place_leave(struct jobs *jobs, const char *queue, int64_t place)
{
    struct db_error ignored; /* a lost connection has left all places */

    (void)db_query(jobs->db, jobs->now, leave_sql,
                   ARGS(ARG(queue), ARG(place)), &ignored);
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
    return db_null(rows, row, column) ? NULL
                                      : db_text(rows, row, column, NULL);
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
    const struct db_result *done = db_query(
        jobs->db, jobs->now, sql, ARGS(ARG(id), ARG(name)), ret_error);

    return !ret_error->failed && db_affected(done) == 1;
}

bool
claim_complete(struct jobs *jobs, int64_t id, struct db_error *ret_error)
{
    return on_mine(jobs, complete_sql, id, ret_error);
}

static const char beat_sql[] = SQL(
    UPDATE jobs SET leased_until = now() + interval '10 s'
    WHERE id = $1 AND state = 'running' AND worker = $2
);

bool
claim_beat(struct jobs *jobs, int64_t id)
{
    struct db_error error;

    return on_mine(jobs, beat_sql, id, &error);
}

/*
 * $1 id, $2 why, $3 hopeless, $4 worker.  The attempt of a leased job was
 * counted when it was claimed; a direct one is as it was before.  The id
 * spreads those that failed together.
 */
static const char fail_sql[] = SQL(
    WITH mine AS (
        SELECT id, attempts + (state = 'available')::int AS tried
        FROM jobs
        WHERE id = $1 AND (state = 'available'
            OR state = 'running' AND worker = $4)
        FOR NO KEY UPDATE
    ), last AS (
        SELECT id, tried, ($3 OR tried >= (SELECT max_attempts FROM jobs j
            WHERE j.id = mine.id)) AS given_up
        FROM mine
    )
    UPDATE jobs j SET attempts = tried,
        state = CASE WHEN given_up THEN 'discarded' ELSE 'retryable' END
            ::job_state,
        run_at = clock_now() + interval '2 s' * 2 ^ (tried - 1)
            * (1 + j.id % 64 / 256.0),
        errors = errors || jsonb_build_object('attempt', tried,
            'at', clock_now(), 'error', left($2, 1000)),
        finished_at = CASE WHEN given_up THEN clock_now() END,
        leased_until = NULL, worker = $4
    FROM last WHERE j.id = last.id
    RETURNING given_up
);

void
claim_fail(struct jobs *jobs, const struct job *job, const char *why,
           struct db_error *ret_error)
{
    const char *name = jobs->name;
    const struct db_result *rows =
        db_query(jobs->db, jobs->now, fail_sql,
                 ARGS(ARG(job->id), ARG(why), ARG(job->hopeless), ARG(name)),
                 ret_error);

    if (ret_error->failed || db_rows(rows) == 0)
        return;
    bool given_up = db_boolean(rows, 0, 0);
    log_event(given_up ? LOG_ERROR : LOG_WARN,
              given_up ? "job discarded" : "job failed",
              LOG_TEXT("kind", job->kind), LOG_NUMBER("job", job->id),
              LOG_NUMBER("attempt", job->attempt), LOG_TEXT("error", why),
              LOG_TEXT("request", job->request != NULL ? job->request : ""));
}

/* ---- Tending ------------------------------------------------------------- */

static const char due_sql[] = SQL(
    UPDATE jobs SET state = 'available' WHERE id = ANY (ARRAY(
        SELECT id FROM jobs
        WHERE state IN ('scheduled', 'retryable') AND run_at <= clock_now()
        ORDER BY run_at LIMIT 5000 FOR NO KEY UPDATE SKIP LOCKED))
);

/* Whose worker is gone runs again at once; who is gone with it too often is
 * given up. */
#define RESUME(tried, said)                                                    \
    "UPDATE jobs SET attempts = " tried ", leased_until = NULL,"               \
    " state = CASE WHEN " tried " >= max_attempts THEN 'discarded'"            \
    " ELSE 'available' END::job_state,"                                        \
    " finished_at = CASE WHEN " tried " >= max_attempts THEN clock_now() END," \
    " errors = errors || jsonb_build_object('attempt', " tried ","             \
    " 'at', clock_now(), 'error', " said ") "

static const char lapsed_sql[] = RESUME("attempts", "'its lease ran out'") SQL(
    WHERE id = ANY (ARRAY(SELECT id FROM jobs
        WHERE state = 'running' AND leased_until < now()
        LIMIT 1000 FOR NO KEY UPDATE SKIP LOCKED))
);

static const char resume_sql[] =
    RESUME("(attempts + (state = 'available')::int)",
           "'its worker died'") SQL(
    WHERE state = 'running' AND worker = $1 OR id = $2 AND state = 'available'
);

void
claim_tend(struct jobs *jobs, struct db_error *ret_error)
{
    struct db_error second;

    db_send(jobs->db, due_sql, NO_ARGS);
    db_send(jobs->db, lapsed_sql, NO_ARGS);
    (void)db_receive(jobs->db, jobs->now, ret_error);
    const struct db_result *lapsed =
        db_receive(jobs->db, jobs->now, &second);
    if (!ret_error->failed)
        *ret_error = second;
    if (!second.failed && db_affected(lapsed) > 0)
        log_warn("resumed %lld jobs whose lease ran out",
                 (long long)db_affected(lapsed));
}

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
                  LOG_NUMBER("jobs", db_affected(resumed)));
}
