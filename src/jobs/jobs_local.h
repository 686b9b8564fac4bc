/*
 * jobs_local.h - the queues for administrators, between its files: jobs_list.c
 * (looking), jobs_steer.c (putting, pausing, retrying, cancelling),
 * jobs_page.c (pages).
 */
#ifndef JOBS_JOBS_LOCAL_H
#define JOBS_JOBS_LOCAL_H

#include "core/endpoint.h"
#include "jobs/jobs.h"

extern const struct route jobs_list_routes[];
extern const struct route jobs_steer_routes[];
extern const struct route jobs_page_routes[];

/* A queue, of job_queue_rows. */
extern const struct member queue_shape[];
extern const char queues_sql[];

/* A job without its payload and trail, as lists have it. */
extern const struct member job_line_shape[];

/* The whole job; JOB_COLUMNS(alias) are its columns, of a row of jobs. */
extern const struct member job_shape[];
#define JOB_LINE(row)                                                          \
    SQL(row.id, row.queue, row.kind, row.state::text AS state,                 \
        row.attempts::bigint AS attempts,                                      \
        row.max_attempts::bigint AS max_attempts,                              \
        row.priority::bigint AS priority, row.run_at, row.created_at,          \
        row.finished_at, row.errors->-1->>'error' AS error)
#define JOB_COLUMNS(row)                                                       \
    JOB_LINE(row)                                                              \
    SQL(, row.subject_id, row.event_id, row.unique_key, row.request_id,        \
        row.worker, row.started_at, row.leased_until, row.payload, row.errors)

/* The jobs that some filters leave. */
struct job_filter {
    const char *queue, *kind;
    unsigned state; /* of job_states */
    struct cursor cursor;
    int64_t limit;
};
extern const char *const job_states[]; /* "any" first */

/* A filter's word; NULL for one that is not given, or empty. */
const char *job_filter_given(const char *word);

/* The statement of a filter's state: $1 queue, $2 kind, $3 before which id,
 * $4 how many and one more. */
const char *job_list_sql(unsigned state);
#define JOB_LIST_STATEMENTS 8
extern const char *const job_list_statements[JOB_LIST_STATEMENTS + 1];

/* A job by its id. */
struct job_choice {
    int64_t job;
};
extern const char job_sql[];

#endif
