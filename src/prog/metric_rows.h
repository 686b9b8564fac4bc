/*
 * metric_rows.h - the metrics of the programs themselves, as rows: their
 * programs count in them, sparklectl describe prints them.  (Those of every
 * master are master_metric's, those of the limits quota_metrics.)
 */
#ifndef PROG_METRIC_ROWS_H
#define PROG_METRIC_ROWS_H

#include "pool/metrics.h"

/* sparkle-fcgi: of requests. */
enum {
    REQUESTS_ANSWERED,
    REQUEST_DURATIONS,
    REQUEST_DB_TIME,
    REQUEST_DB_STATEMENTS,
    REQUEST_DB_ERRORS,
    REQUEST_CACHE_TIME,
    REQUEST_CACHE_ERRORS,
};
extern const struct metric request_metrics[];

/* sparkle-jobs: of jobs, queues and batch programs. */
enum {
    JOBS_RUN,
    JOBS_FAILED,
    JOBS_WAITING,
    JOBS_OLDEST,
    JOBS_PAUSED,
    BATCH_STARTED,
    BATCH_GOOD,
    BATCH_TOOK,
    BATCH_EXIT,
    BATCH_ITEMS,
    JOB_METRICS,
};
extern const struct metric job_metrics[];

/* The states that jobs are counted in, ended by NULL. */
enum { JOB_STATES = 5 };
extern const char *const metric_job_states[];

#endif
