/*
 * job_run.c - running handlers: many to a transaction, or one with a lease.
 */
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/app.h"
#include "core/job_local.h"
#include "pool/worker.h"

/* What stopped a batch: nothing where `error` and `why` are empty. */
struct stop {
    struct db_error error; /* of the database, in the statement that ran */
    struct job *job;       /* whose handler failed, and why */
    const char *why;
};

static const char *
said(void *mem, const struct db_error *error)
{
    return mem_printf(mem, "%s (%s)", error->message, error->sqlstate);
}

/* The database took offence at the company, not at the statement. */
static bool
conflict(const struct db_error *error)
{
    return error->sqlstate[0] == '4' && error->sqlstate[1] == '0';
}

static void
stop_at(struct stop *stop, struct job *job, const char *why)
{
    stop->job = job;
    stop->why = why;
}

/* The scoreboard's row: a batch, or a job with a lease, is a request. */
static void
begin_work(struct jobs *jobs, const char *what, const char *request)
{
    if (jobs->app->worker == NULL)
        return;
    worker_begin(jobs->app->worker, request);
    worker_route(jobs->app->worker, what);
}

static void
end_work(struct jobs *jobs)
{
    if (jobs->app->worker != NULL)
        worker_end(jobs->app->worker);
}

/* ---- Directly ------------------------------------------------------------ */

static const char *
run_function(struct jobs *jobs, const struct job_handler *h, struct job *job)
{
    const char *why;

    if (h == NULL)
        return "no handler of this name is here";
    if (h->kind != NULL && h->kind->act != NULL) {
        job->hopeless = true;
        return "jobs of this kind act: they belong into their own queue";
    }
    job_slot_running(jobs->slot, job->id);
    why = h->listener != NULL ? h->listener->run(job) : h->kind->run(job);
    job_slot_running(jobs->slot, 0);
    return why;
}

static bool
is_sql(const struct job_handler *h)
{
    return h != NULL && h->listener != NULL && h->listener->sql != NULL;
}

static bool
run_functions(struct jobs *jobs, struct job *batch, size_t n, struct stop *stop)
{
    for (size_t i = 0; i < n; i++) {
        const struct job_handler *h =
            job_handler_named(jobs->registry, batch[i].kind);
        const char *why = is_sql(h) ? NULL : run_function(jobs, h, &batch[i]);

        if (why != NULL) {
            stop->error = jobs->error;
            stop_at(stop, &batch[i], why);
            return false;
        }
    }
    return true;
}

/* Takes the results of the statements sent for these jobs, all of them. */
static bool
receive(struct jobs *jobs, struct job *const *sent, size_t n, struct stop *stop)
{
    bool fine = true;

    for (size_t i = 0; i < n; i++) {
        struct db_error error;

        (void)db_receive(jobs->db, jobs->now, &error);
        if (!fine || !error.failed)
            continue;
        stop->error = error;
        stop_at(stop, sent[i], said(jobs->now, &error));
        fine = false;
    }
    return fine;
}

#define WINDOW 64 /* statements on their way at once */

static bool
run_statements(struct jobs *jobs, struct job *batch, size_t n,
               struct stop *stop)
{
    struct job *sent[WINDOW];
    size_t waiting = 0;

    for (size_t i = 0; i < n; i++) {
        const struct job_handler *h =
            job_handler_named(jobs->registry, batch[i].kind);

        if (!is_sql(h))
            continue;
        db_send(jobs->db, h->listener->sql,
                ARGS(ARG(batch[i].subject), ARG(batch[i].actor),
                     ARG(batch[i].payload), ARG(batch[i].event),
                     ARG(batch[i].happened)));
        sent[waiting++] = &batch[i];
        if (waiting == WINDOW && !receive(jobs, sent, waiting, stop))
            return false;
        waiting %= WINDOW;
    }
    return receive(jobs, sent, waiting, stop);
}

/* More at once while batches are quick, fewer when they take long. */
static void
adapt(struct job_queue *q, int64_t n, int64_t took)
{
    q->conflicts = 0;
    if (took < 100000 && n >= q->batch && q->batch < JOB_BATCH_MOST)
        q->batch =
            q->batch * 2 < JOB_BATCH_MOST ? q->batch * 2 : JOB_BATCH_MOST;
    else if (took > 250000 && q->batch > JOB_BATCH_FIRST)
        q->batch /= 2;
}

/*
 * After a rollback: the job that failed is noted, unless others are at fault;
 * what the database will not have in one transaction is tried one by one.
 */
static enum jobs_outcome
give_way(struct jobs *jobs, struct job_queue *q, const struct stop *stop)
{
    struct db_error error;

    if (stop->error.lost)
        return JOBS_AWAY;
    if (stop->job == NULL || (conflict(&stop->error) && q->conflicts < 5)) {
        q->conflicts++;
        q->batch = 1;
        log_warn("a batch of %s is done again: %s", q->name,
                 stop->error.message != NULL ? stop->error.message : "");
        return q->conflicts < 10 ? JOBS_WORKED : JOBS_IDLE;
    }
    q->batch = q->batch > 1 ? q->batch / 2 : 1;
    q->failed++;
    (void)claim_fail(jobs, stop->job, stop->why, &error);
    return error.failed && error.lost ? JOBS_AWAY : JOBS_WORKED;
}

static enum jobs_outcome
run_batch(struct jobs *jobs, struct job_queue *q)
{
    struct stop stop = { 0 };
    int64_t started = clock_steady();

    jobs->error = (struct db_error){ 0 };
    if (!db_begin(jobs->db, &stop.error))
        return JOBS_AWAY;
    const struct db_result *rows = claim_direct(jobs, q, &stop.error);
    size_t n = stop.error.failed ? 0 : db_rows(rows);
    struct job *batch = mem_array(jobs->now, struct job, n + 1);
    for (size_t i = 0; i < n; i++)
        claim_read(jobs, rows, i, &batch[i]);
    if (n == 0) {
        db_rollback(jobs->db);
        return stop.error.failed ? give_way(jobs, q, &stop) : JOBS_IDLE;
    }

    if (!run_functions(jobs, batch, n, &stop) ||
        !run_statements(jobs, batch, n, &stop)) {
        db_rollback(jobs->db);
        return give_way(jobs, q, &stop);
    }
    if (!db_commit(jobs->db, &stop.error))
        return give_way(jobs, q, &stop);
    q->run += (int64_t)n;
    for (size_t i = 0; i < n; i++)
        job_log(&batch[i], q->name, (clock_steady() - started) / (int64_t)n,
                NULL);
    adapt(q, (int64_t)n, clock_steady() - started);
    return JOBS_WORKED;
}

enum jobs_outcome
run_direct(struct jobs *jobs, struct job_queue *q)
{
    begin_work(jobs, q->name, NULL);
    enum jobs_outcome outcome = run_batch(jobs, q);
    end_work(jobs);
    return outcome;
}

/* ---- With a lease -------------------------------------------------------- */

/* A step of a job in a transaction of its own; NULL, or why it failed. */
static const char *
in_transaction(struct jobs *jobs, struct job *job,
               const char *(*step)(struct job *job), bool completes,
               struct db_error *ret_error)
{
    const char *why;

    if (!db_begin(jobs->db, ret_error))
        return "the database is away";
    jobs->error = (struct db_error){ 0 };
    why = step == NULL ? NULL : step(job);
    ret_error->lost = jobs->error.lost;
    if (why == NULL && completes && !claim_complete(jobs, job->id, ret_error)) {
        log_warn("job %lld: its lease was lost", (long long)job->id);
        why = "its lease was lost";
    }
    if (why != NULL) {
        db_rollback(jobs->db);
        return why;
    }
    return db_commit(jobs->db, ret_error) ? NULL : said(job->mem, ret_error);
}

/* Notes a failure, in one transaction with what run makes of it (or NULL);
 * neither where another has the job by now. */
static void
note_failure(struct jobs *jobs, struct job *job,
             const char *(*run)(struct job *job), struct db_error *ret_error)
{
    const char *why = job->why;

    if (!db_begin(jobs->db, ret_error))
        return;
    if (run != NULL)
        (void)run(job);
    if (claim_fail(jobs, job, why, ret_error)) {
        (void)db_commit(jobs->db, ret_error);
        return;
    }
    db_rollback(jobs->db);
    if (!ret_error->failed)
        log_warn("job %lld: its lease was lost", (long long)job->id);
}

/*
 * After act: what run notes of the failure commits with the failure.  Where
 * that cannot be, the failure is noted alone: lost, it would look as if the
 * worker had died, and the job be done again without a word.
 */
static void
settle_failure(struct jobs *jobs, struct job *job, const struct job_kind *kind,
               struct db_error *ret_error)
{
    note_failure(jobs, job, kind->run, ret_error);
    if (!ret_error->failed || ret_error->lost)
        return;
    log_warn("job %lld: what came of it could not be noted: %s",
             (long long)job->id,
             said(job->mem, jobs->error.failed ? &jobs->error : ret_error));
    *ret_error = (struct db_error){ 0 };
    note_failure(jobs, job, NULL, ret_error);
}

/*
 * What was done outside must be noted: for the time of the lease the database
 * is given the chance to come back.
 */
static const char *
settle(struct jobs *jobs, struct job *job, const struct job_kind *kind)
{
    struct db_error error = { 0 };
    int64_t until = clock_steady() + 8 * CLOCK_SECOND;
    const struct timespec pause = { .tv_nsec = 300000000 };

    for (;;) {
        error = (struct db_error){ 0 };
        const char *why = in_transaction(jobs, job, kind->run, true, &error);
        if (why == NULL || !error.lost || clock_steady() > until)
            return why;
        (void)nanosleep(&pause, NULL);
    }
}

/* Runs a claimed job; what went wrong before its effect is noted. */
static const char *
run_steps(struct jobs *jobs, struct job_queue *q, struct job *job,
          const struct job_kind *kind, struct db_error *ret_error)
{
    const char *why;

    if (kind->prepare != NULL) {
        why = in_transaction(jobs, job, kind->prepare, false, ret_error);
        if (why != NULL)
            return why;
        if (job->later.us != 0) {
            claim_put_off(jobs, job->id, job->later, ret_error);
            return NULL;
        }
        if (job->done)
            return in_transaction(jobs, job, NULL, true, ret_error);
    }
    if (kind->act == NULL)
        return in_transaction(jobs, job, kind->run, true, ret_error);
    jobs->beaten = clock_steady();
    job->why = kind->act(job);
    if (job->why == NULL)
        return settle(jobs, job, kind);
    job->why = text_mended(job->mem, job->why);
    jobs->error = (struct db_error){ 0 };
    q->failed++;
    settle_failure(jobs, job, kind, ret_error);
    return NULL;
}

enum jobs_outcome
run_leased(struct jobs *jobs, struct job_queue *q)
{
    struct db_error error = { 0 };
    struct job job;
    int64_t place = 0, began = clock_steady();
    const struct db_result *rows = claim_leased(jobs, q, &place, &error);

    if (rows == NULL)
        return error.failed ? JOBS_AWAY : JOBS_IDLE;
    claim_read(jobs, rows, 0, &job);
    const struct job_handler *h = job_handler_named(jobs->registry, job.kind);
    begin_work(jobs, job.kind, job.request);
    job_slot_running(jobs->slot, job.id);
    const char *why = h == NULL || h->kind == NULL
                          ? "no handler of this name is here"
                          : run_steps(jobs, q, &job, h->kind, &error);
    if (why != NULL && !error.lost) {
        error = (struct db_error){ 0 };
        q->failed++;
        (void)claim_fail(jobs, &job, why, &error);
    }
    job_log(&job, q->name, clock_steady() - began, why != NULL ? why : job.why);
    job_slot_running(jobs->slot, 0);
    end_work(jobs);
    q->run++;
    if (error.lost)
        return JOBS_AWAY;
    place_leave(jobs, q->name, place);
    return JOBS_WORKED;
}

bool
job_beat(struct job *job)
{
    struct jobs *jobs = job->jobs;

    if (clock_steady() - jobs->beaten < 3 * CLOCK_SECOND)
        return true;
    jobs->beaten = clock_steady();
    return claim_beat(jobs, job->id);
}

struct db_result *
job_query(struct job *job, const char *sql, const struct sql_arg *args,
          const char **ret_why)
{
    struct db_error *error = &job->jobs->error;
    struct db_result *rows = db_query(job->db, job->mem, sql, args, error);

    if (!error->failed)
        return rows;
    *ret_why = said(job->mem, error);
    return NULL;
}
