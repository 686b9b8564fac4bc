/*
 * jobs_steer.c - putting a job by hand, pausing queues, retrying and
 * cancelling.  Each writes a row of the audit log in its own statement.
 */
#include "jobs/jobs_local.h"

#include "core/app.h"

/* Who does it, as the functions of sql/job_admin.sql want it. */
#define WHO(r)                                                                 \
    ARG((r)->viewer), ARG((r)->ip), ARG((r)->user_agent), ARG((r)->id)

static const struct problem no_such_queue = {
    .status = 404,
    .code = "NO_SUCH_QUEUE",
    .title = "There is no such queue.",
};
static const struct problem job_running = {
    .status = 409,
    .code = "JOB_RUNNING",
    .title = "The job runs right now: wait for its end.",
};
static const struct problem job_done = {
    .status = 409,
    .code = "JOB_DONE",
    .title = "The job is done already.",
};
static const struct problem job_waits = {
    .status = 409,
    .code = "JOB_WAITS",
    .title = "A job of this kind with the same key is waiting.",
};

/* ---- Putting ------------------------------------------------------------- */

struct wish {
    const char *queue, *kind;
    struct json_text payload;
    struct uuid subject;
    struct instant run_at;
    const char *unique_key;
    int64_t priority;
};

static const struct field wish_fields[] = {
    FIELD(IN_BODY, struct wish, queue, .required = true, .max = 40, .raw = true,
          .about = "A queue for this kind of job."),
    FIELD(IN_BODY, struct wish, kind, .required = true, .max = 100, .raw = true,
          .about = "One of `GET /api/admin/jobs/kinds`."),
    FIELD(IN_BODY, struct wish, payload, .max = 65536,
          .about = "What it wants to know: an object, by its kind."),
    FIELD_AS(IN_BODY, "subjectId", struct wish, subject,
             .about = "Whom or what it is about: jobs of one kind and subject "
                      "run one after the other."),
    FIELD_AS(IN_BODY, "runAt", struct wish, run_at,
             .about = "When it is due; at once if it is not given."),
    FIELD_AS(IN_BODY, "uniqueKey", struct wish, unique_key, .max = 200,
             .raw = true,
             .about = "Of those that wait, at most one of a kind has a key."),
    FIELD(IN_BODY, struct wish, priority, .min = -100, .max = 100,
          .about = "Higher first."),
    { 0 },
};

static const struct refusal put_refusals[] = {
    { .problem = &no_such_queue,
      .constraint = "jobs_queue_known",
      .field = "queue" },
    { .problem = &job_waits,
      .constraint = "jobs_unique_key",
      .field = "uniqueKey" },
    { .problem = &problem_too_large,
      .constraint = "jobs_payload_size",
      .field = "payload" },
    { 0 },
};

/* What a wish has against the rows of the kinds; NULL: nothing. */
static const struct problem *
check_wish(struct request *r, const struct wish *w)
{
    const struct job_kind *kind = job_kind_named(r->app->features, w->kind);
    const char *fault;

    if (kind == NULL || kind->payload == NULL)
        return problem_field(r, "kind", "is none of those that people may put");
    fault = job_queue_fault(r->app->features, kind, w->queue);
    if (fault != NULL)
        return problem_field(r, "queue", fault);
    fault = job_payload_fault(r->mem, kind, w->payload.text);
    return fault == NULL ? NULL : problem_field(r, "payload", fault);
}

static const char put_sql[] = SQL(SELECT) JOB_COLUMNS(row)
    SQL(
    FROM job_put_by_hand($1, $2, $3, $4, $5, $6, $7::int, $8, $9, $10, $11)
        row
);

static const struct problem *
put_job(struct request *r)
{
    const struct wish *w = r->input;
    const struct problem *refused = check_wish(r, w);

    if (refused == NULL)
        refused = answer_row(
            r, put_sql,
            ARGS(ARG(w->kind), ARG(w->queue), ARG(w->payload), ARG(w->subject),
                 ARG(w->run_at), ARG(w->unique_key), ARG(w->priority), WHO(r)));
    if (refused == NULL)
        event_wake(r);
    return refused;
}

/* ---- Queues -------------------------------------------------------------- */

struct queue_choice {
    const char *queue;
};

static const struct field queue_fields[] = {
    FIELD(IN_PATH, struct queue_choice, queue, .max = 40,
          .about = "The queue's name."),
    { 0 },
};

static const struct refusal queue_refusals[] = {
    { .problem = &no_such_queue,
      .constraint = "jobs_queue_known",
      .field = "queue" },
    { 0 },
};

static const char pause_sql[] = SQL(SELECT job_pause($1, $2, $3, $4, $5, $6));

static const struct problem *
set_paused(struct request *r, bool paused)
{
    const struct queue_choice *in = r->input;

    return answer_done(r, pause_sql, ARGS(ARG(in->queue), ARG(paused), WHO(r)));
}

static const struct problem *
pause_queue(struct request *r)
{
    return set_paused(r, true);
}

static const struct problem *
resume_queue(struct request *r)
{
    const struct problem *refused = set_paused(r, false);

    if (refused == NULL)
        event_wake(r);
    return refused;
}

/* ---- Jobs ---------------------------------------------------------------- */

static const struct field choice_fields[] = {
    FIELD(IN_PATH, struct job_choice, job, .min = 1, .about = "The job's id."),
    { 0 },
};

static const struct refusal job_refusals[] = {
    { .problem = &problem_not_found, .constraint = "jobs_known" },
    { .problem = &job_running, .constraint = "jobs_not_running" },
    { .problem = &job_done, .constraint = "jobs_not_done" },
    { .problem = &job_waits, .constraint = "jobs_unique_key" },
    { 0 },
};

static const char retry_sql[] =
    SQL(SELECT) JOB_COLUMNS(row) SQL(FROM job_retry($1, $2, $3, $4, $5) row);
static const char cancel_sql[] =
    SQL(SELECT) JOB_COLUMNS(row) SQL(FROM job_cancel($1, $2, $3, $4, $5) row);

static const struct problem *
retry_job(struct request *r)
{
    const struct job_choice *in = r->input;
    const struct problem *refused =
        answer_row(r, retry_sql, ARGS(ARG(in->job), WHO(r)));

    if (refused == NULL)
        event_wake(r);
    return refused;
}

static const struct problem *
cancel_job(struct request *r)
{
    const struct job_choice *in = r->input;

    return answer_row(r, cancel_sql, ARGS(ARG(in->job), WHO(r)));
}

/* ---- The endpoints ------------------------------------------------------- */

const struct route jobs_steer_routes[] = {
    {
        .on = "POST /api/admin/jobs",
        .access = ALLOW_ADMINS,
        .handle = put_job,
        .about = "Put a job into a queue.",
        .input = INPUT(struct wish, wish_fields),
        .refusals = put_refusals,
        .returns = job_shape,
        .success = 201,
        .sql = STATEMENTS(put_sql),
    },
    {
        .on = "POST /api/admin/jobs/queues/{queue}/pause",
        .access = ALLOW_ADMINS,
        .handle = pause_queue,
        .about = "Begin no more jobs of a queue; what runs goes on.",
        .input = INPUT(struct queue_choice, queue_fields),
        .refusals = queue_refusals,
        .form = ANSWER_NOTHING,
        .success = 204,
        .sql = STATEMENTS(pause_sql),
    },
    {
        .on = "POST /api/admin/jobs/queues/{queue}/resume",
        .access = ALLOW_ADMINS,
        .handle = resume_queue,
        .about = "Go on with a queue that was paused.",
        .input = INPUT(struct queue_choice, queue_fields),
        .refusals = queue_refusals,
        .form = ANSWER_NOTHING,
        .success = 204,
        .sql = STATEMENTS(pause_sql),
    },
    {
        .on = "POST /api/admin/jobs/{job}/retry",
        .access = ALLOW_ADMINS,
        .handle = retry_job,
        .about = "Run a job now that waits, failed or was cancelled, with all "
                 "its attempts anew.",
        .input = INPUT(struct job_choice, choice_fields),
        .refusals = job_refusals,
        .returns = job_shape,
        .sql = STATEMENTS(retry_sql),
    },
    {
        .on = "POST /api/admin/jobs/{job}/cancel",
        .access = ALLOW_ADMINS,
        .handle = cancel_job,
        .about = "Never run a job that waits.",
        .input = INPUT(struct job_choice, choice_fields),
        .refusals = job_refusals,
        .returns = job_shape,
        .sql = STATEMENTS(cancel_sql),
    },
    { 0 },
};
