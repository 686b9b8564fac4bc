/*
 * jobs_list.c - looking at queues and jobs.
 *
 * A list of jobs has a statement for each state, since the indexes of jobs
 * hold one state each; ids grow with time, so they are the cursor.
 */
#include "jobs/jobs_local.h"

#include "base/mem.h"
#include "base/text.h"
#include "core/app.h"

/* ---- Shapes -------------------------------------------------------------- */

const struct member queue_shape[] = {
    { .name = "name", .type = VALUE_TEXT },
    { .name = "lane",
      .type = VALUE_INTEGER,
      .about = "Queues of a lower lane are served first." },
    { .name = "concurrency",
      .type = VALUE_INTEGER,
      .about = "At most as many of its jobs, or batches, at once." },
    { .name = "paused", .type = VALUE_BOOLEAN },
    { .name = "available", .type = VALUE_INTEGER },
    { .name = "running",
      .type = VALUE_INTEGER,
      .about = "With a lease; jobs that touch only the database run unseen." },
    { .name = "scheduled", .type = VALUE_INTEGER },
    { .name = "retryable", .type = VALUE_INTEGER },
    { .name = "completed",
      .type = VALUE_INTEGER,
      .about = "Not cleaned up yet; counted to 100,000." },
    { .name = "discarded", .type = VALUE_INTEGER },
    { .name = "cancelled", .type = VALUE_INTEGER },
    { .name = "oldestAgeSeconds",
      .type = VALUE_INTEGER,
      .about = "How long the oldest job that could start has waited." },
    { .name = "completedLastMinute", .type = VALUE_INTEGER },
    { 0 },
};

#define LINE_MEMBERS                                                           \
    { .name = "id", .type = VALUE_INTEGER },                                   \
        { .name = "queue", .type = VALUE_TEXT },                               \
        { .name = "kind",                                                      \
          .type = VALUE_TEXT,                                                  \
          .about = "Or the name of an event's listener." },                    \
        { .name = "state", .type = VALUE_TEXT },                               \
        { .name = "attempts", .type = VALUE_INTEGER },                         \
        { .name = "maxAttempts", .type = VALUE_INTEGER },                      \
        { .name = "priority",                                                  \
          .type = VALUE_INTEGER,                                               \
          .about = "Higher first." },                                          \
        { .name = "runAt", .type = VALUE_TIME },                               \
        { .name = "createdAt", .type = VALUE_TIME },                           \
        { .name = "finishedAt", .type = VALUE_TIME, .nullable = true },        \
    {                                                                          \
        .name = "error", .type = VALUE_TEXT, .nullable = true,                 \
        .about = "Why its last attempt failed."                                \
    }

const struct member job_line_shape[] = { LINE_MEMBERS, { 0 } };

const struct member job_shape[] = {
    LINE_MEMBERS,
    { .name = "subjectId", .type = VALUE_UUID, .nullable = true },
    { .name = "eventId", .type = VALUE_INTEGER, .nullable = true },
    { .name = "uniqueKey", .type = VALUE_TEXT, .nullable = true },
    { .name = "requestId", .type = VALUE_TEXT, .nullable = true },
    { .name = "worker", .type = VALUE_TEXT, .nullable = true },
    { .name = "startedAt", .type = VALUE_TIME, .nullable = true },
    { .name = "leasedUntil", .type = VALUE_TIME, .nullable = true },
    { .name = "payload", .type = VALUE_JSON },
    { .name = "errors",
      .type = VALUE_JSON,
      .about = "The trail: attempt, at, error of each that failed." },
    { 0 },
};

/* ---- Queues -------------------------------------------------------------- */

const char queues_sql[] = SQL(
    SELECT name, lane, concurrency, paused, available, running, scheduled,
        retryable, completed, discarded, cancelled,
        coalesce(extract(epoch FROM clock_now() - oldest_at), 0)::bigint
            AS oldest,
        completed_minute
    FROM job_queue_rows ORDER BY lane, name
);

static const struct problem *
list_queues(struct request *r)
{
    return answer_rows(r, 1000, queues_sql, NO_ARGS);
}

/* ---- Kinds --------------------------------------------------------------- */

static const struct member kind_shape[] = {
    { .name = "name", .type = VALUE_TEXT },
    { .name = "queue", .type = VALUE_TEXT, .about = "Where it belongs." },
    { .name = "about", .type = VALUE_TEXT },
    { .name = "payload",
      .type = VALUE_TEXT,
      .about = "Its members in words; those with a * must be there." },
    { 0 },
};

static const char kinds_sql[] = SQL(
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
        k(name, queue, about, payload) ORDER BY name
);

struct kind_table {
    struct texts names, queues, abouts, payloads;
};

static const char *
payload_words(void *mem, const struct payload_member *m)
{
    struct text *to = text_new(mem);

    for (; m->name != NULL; m++)
        text_addf(to, "%s%s%s: %s", to->len > 0 ? "; " : "", m->name,
                  m->required ? "*" : "", m->about);
    return to->at;
}

static void
fill_kinds(struct request *r, struct kind_table *ret)
{
    const struct feature *const *f = r->app->features;
    const char **columns[4] = { NULL };
    size_t n = 0, room = 0;

    for (size_t i = 0; f[i] != NULL; i++)
        for (const struct job_kind *k = f[i]->jobs;
             k != NULL && k->name != NULL; k++)
            room++;
    for (size_t i = 0; i < 4; i++)
        columns[i] = mem_array(r->mem, const char *, room + 1);
    for (; *f != NULL; f++)
        for (const struct job_kind *k = (*f)->jobs;
             k != NULL && k->name != NULL; k++) {
            if (k->payload == NULL)
                continue;
            columns[0][n] = k->name;
            columns[1][n] = k->queue;
            columns[2][n] = k->about;
            columns[3][n++] = payload_words(r->mem, k->payload);
        }
    *ret = (struct kind_table){ { columns[0], n },
                                { columns[1], n },
                                { columns[2], n },
                                { columns[3], n } };
}

static const struct problem *
list_kinds(struct request *r)
{
    struct kind_table t;

    fill_kinds(r, &t);
    return answer_rows(
        r, 1000, kinds_sql,
        ARGS(ARG(t.names), ARG(t.queues), ARG(t.abouts), ARG(t.payloads)));
}

/* ---- Jobs ---------------------------------------------------------------- */

const char *const job_states[] = {
    "any",       "available", "running",   "scheduled", "retryable",
    "completed", "discarded", "cancelled", NULL,
};

/* clang-format off */
#define LIST(only)                                                             \
    SQL_PLANNED SQL(SELECT) JOB_LINE(row) SQL(, row.id AS cursor_key           \
        FROM jobs row                                                          \
        WHERE ($1::text IS NULL OR row.queue = $1)                             \
            AND ($2::text IS NULL OR row.kind = $2) AND row.id < $3)           \
    only SQL(ORDER BY row.id DESC LIMIT least($4, 100) + 1)
#define IN_STATE(is) LIST(SQL(AND row.state = is))

/* In the order of job_states. */
const char *const job_list_statements[JOB_LIST_STATEMENTS + 1] = {
    LIST(""),
    IN_STATE('available'), IN_STATE('running'), IN_STATE('scheduled'),
    IN_STATE('retryable'), IN_STATE('completed'), IN_STATE('discarded'),
    IN_STATE('cancelled'), NULL,
};
/* clang-format on */

const char *
job_list_sql(unsigned state)
{
    return job_list_statements[state];
}

const char *
job_filter_given(const char *word)
{
    return word == NULL || word[0] == '\0' ? NULL : word;
}

static const struct field filter_fields[] = {
    FIELD(IN_QUERY, struct job_filter, queue, .max = 40,
          .about = "Only of this queue."),
    FIELD(IN_QUERY, struct job_filter, kind, .max = 100,
          .about = "Only of this kind, or listener."),
    FIELD(IN_QUERY, struct job_filter, state, .choices = job_states,
          .about = "Only in this state."),
    FIELD(IN_QUERY, struct job_filter, cursor,
          .about = "`nextCursor` of the page before."),
    FIELD(IN_QUERY, struct job_filter, limit, .min = 1, .max = 100,
          .otherwise = 20, .about = "At most this many."),
    { 0 },
};

static const struct problem *
list_jobs(struct request *r)
{
    const struct job_filter *in = r->input;
    const char *queue = job_filter_given(in->queue);
    const char *kind = job_filter_given(in->kind);

    return answer_rows(
        r, in->limit, job_list_sql(in->state),
        ARGS(ARG(queue), ARG(kind), ARG(in->cursor.key), ARG(in->limit)));
}

const char job_sql[] =
    SQL(SELECT) JOB_COLUMNS(row) SQL(FROM jobs row WHERE row.id = $1);

static const struct problem *
show_job(struct request *r)
{
    const struct job_choice *in = r->input;

    return answer_row(r, job_sql, ARGS(ARG(in->job)));
}

static const struct field choice_fields[] = {
    FIELD(IN_PATH, struct job_choice, job, .min = 1, .about = "The job's id."),
    { 0 },
};

/* ---- Schedules ----------------------------------------------------------- */

static const struct member schedule_shape[] = {
    { .name = "name", .type = VALUE_TEXT },
    { .name = "cron",
      .type = VALUE_TEXT,
      .about = "Cron's five fields, or \"every 15 minutes\"." },
    { .name = "timeZone", .type = VALUE_TEXT },
    { .name = "queue", .type = VALUE_TEXT },
    { .name = "kind", .type = VALUE_TEXT },
    { .name = "payload", .type = VALUE_JSON },
    { .name = "enabled", .type = VALUE_BOOLEAN },
    { .name = "lastRunAt", .type = VALUE_TIME, .nullable = true },
    { .name = "nextRunAt", .type = VALUE_TIME, .nullable = true },
    { 0 },
};

static const char schedules_sql[] =
    SQL(
    SELECT name, cron, time_zone, queue, kind, payload, enabled, last_run_at,
        next_run_at
    FROM job_schedules ORDER BY name LIMIT 1000
);

static const struct problem *
list_schedules(struct request *r)
{
    return answer_rows(r, 1000, schedules_sql, NO_ARGS);
}

/* ---- The endpoints ------------------------------------------------------- */

const struct route jobs_list_routes[] = {
    {
        .on = "GET /api/admin/jobs",
        .access = ALLOW_ADMINS,
        .handle = list_queues,
        .about = "List the queues with what waits, runs and is done.",
        .returns = queue_shape,
        .form = ANSWER_ARRAY,
        .sql = STATEMENTS(queues_sql),
    },
    {
        .on = "GET /api/admin/jobs/list",
        .access = ALLOW_ADMINS,
        .handle = list_jobs,
        .about = "List jobs, newest first.",
        .input = INPUT(struct job_filter, filter_fields),
        .returns = job_line_shape,
        .form = ANSWER_LIST,
        .sql = job_list_statements,
    },
    {
        .on = "GET /api/admin/jobs/kinds",
        .access = ALLOW_ADMINS,
        .handle = list_kinds,
        .about = "List the kinds of jobs that may be put by hand.",
        .returns = kind_shape,
        .form = ANSWER_ARRAY,
        .sql = STATEMENTS(kinds_sql),
    },
    {
        .on = "GET /api/admin/jobs/schedules",
        .access = ALLOW_ADMINS,
        .handle = list_schedules,
        .about = "List what is put by the clock.",
        .returns = schedule_shape,
        .form = ANSWER_ARRAY,
        .sql = STATEMENTS(schedules_sql),
    },
    {
        .on = "GET /api/admin/jobs/{job}",
        .access = ALLOW_ADMINS,
        .handle = show_job,
        .about = "Read one job with its payload and the trail of its errors.",
        .input = INPUT(struct job_choice, choice_fields),
        .returns = job_shape,
        .sql = STATEMENTS(job_sql),
    },
    { 0 },
};
