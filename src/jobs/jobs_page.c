/*
 * jobs_page.c - the pages /admin/jobs: the queues and a list of jobs, and one
 * job with its trail.
 */
#include "jobs/jobs_local.h"

#include "base/mem.h"

/* ---- Queues and jobs ----------------------------------------------------- */

static const struct field filter_fields[] = {
    FIELD(IN_QUERY, struct job_filter, queue, .max = 40,
          .about = "Only jobs of this queue."),
    FIELD(IN_QUERY, struct job_filter, kind, .max = 100,
          .about = "Only of this kind."),
    FIELD(IN_QUERY, struct job_filter, state, .choices = job_states,
          .about = "Only in this state."),
    FIELD(IN_QUERY, struct job_filter, cursor,
          .about = "Goes on after a page."),
    { 0 },
};

/* Every page here has the administrators' tabs, and is nothing for search
 * engines. */
static void
begin_page(struct request *r)
{
    page_flag(r, "tab.jobs", true);
    page_flag(r, "viewer.isAdmin", true);
    page_flag(r, "page.noindex", true);
}

static const struct problem *
show_queues(struct request *r)
{
    const struct job_filter *in = r->input;
    const char *queue = job_filter_given(in->queue);
    const char *kind = job_filter_given(in->kind);
    const int64_t limit = 30;
    const struct problem *refused =
        answer_rows_as(r, "queues", queue_shape, 1000, queues_sql, NO_ARGS);

    begin_page(r);
    page_flag(r, mem_printf(r->mem, "is.%s", job_states[in->state]), true);
    page_text(r, "filterState", job_states[in->state]);
    page_text(r, "filterQueue", queue == NULL ? "" : queue);
    page_text(r, "filterKind", kind == NULL ? "" : kind);
    if (refused != NULL)
        return refused;
    return answer_rows_as(
        r, "jobs", job_line_shape, limit, job_list_sql(in->state),
        ARGS(ARG(queue), ARG(kind), ARG(in->cursor.key), ARG(limit)));
}

/* ---- One job ------------------------------------------------------------- */

static const struct member trail_shape[] = {
    { .name = "attempt", .type = VALUE_INTEGER },
    { .name = "at", .type = VALUE_TIME, .nullable = true },
    { .name = "error", .type = VALUE_TEXT, .nullable = true },
    { 0 },
};

static const char trail_sql[] = SQL(
    SELECT coalesce(t.attempt, 0), t.at, t.error
    FROM jobs j, jsonb_to_recordset(j.errors)
        t(attempt bigint, at timestamptz, error text)
    WHERE j.id = $1 ORDER BY t.at DESC LIMIT 101
);

static const struct field choice_fields[] = {
    FIELD(IN_PATH, struct job_choice, job, .min = 1, .about = "The job's id."),
    { 0 },
};

static const struct problem *
show_job(struct request *r)
{
    const struct job_choice *in = r->input;
    const struct problem *refused =
        answer_row_as(r, "job", job_shape, job_sql, ARGS(ARG(in->job)));

    if (refused != NULL)
        return refused;
    const char *state = page_value(r, "job.state");
    begin_page(r);
    page_flag(r, mem_printf(r->mem, "is.%s", state), true);
    page_set(r, "title", mem_printf(r->mem, "Job %lld", (long long)in->job));
    return answer_rows_as(r, "trail", trail_shape, 100, trail_sql,
                          ARGS(ARG(in->job)));
}

const struct route jobs_page_routes[] = {
    {
        .on = "GET /admin/jobs",
        .access = ALLOW_ADMINS,
        .handle = show_queues,
        .about = "The queues, and jobs by queue, kind and state.",
        .input = INPUT(struct job_filter, filter_fields),
        .page = "jobs/list",
        .title = "Jobs",
        .sql = job_list_statements,
    },
    {
        .on = "GET /admin/jobs/{job}",
        .access = ALLOW_ADMINS,
        .handle = show_job,
        .about = "One job, and why it failed.",
        .input = INPUT(struct job_choice, choice_fields),
        .page = "jobs/show",
        .title = "Job",
        .sql = STATEMENTS(trail_sql),
    },
    { 0 },
};
