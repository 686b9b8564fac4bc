/* metric_rows.c - see metric_rows.h. */
#include "prog/metric_rows.h"

static const char *const classes[] = {
    "1xx", "2xx", "3xx", "4xx", "5xx", NULL
};

const struct metric request_metrics[] = {
    [REQUESTS_ANSWERED] = { .name = "sparkle_requests_total",
                            .type = METRIC_COUNTER,
                            .labels = { { .name = "route" },
                                        { .name = "status",
                                          .values = classes } },
                            .help = "Requests answered." },
    [REQUEST_DURATIONS] = { .name = "sparkle_request_duration_seconds",
                            .type = METRIC_HISTOGRAM,
                            .labels = { { .name = "route" } },
                            .help = "From the request's head to its answer." },
    [REQUEST_DB_TIME] = { .name = "sparkle_request_db_microseconds_total",
                          .type = METRIC_COUNTER,
                          .help = "Time that requests waited for PostgreSQL." },
    [REQUEST_DB_STATEMENTS] = { .name = "sparkle_request_statements_total",
                                .type = METRIC_COUNTER,
                                .help = "Statements that requests ran." },
    [REQUEST_DB_ERRORS] = { .name = "sparkle_request_db_errors_total",
                            .type = METRIC_COUNTER,
                            .help = "Statements that failed, but for what a "
                                    "constraint refused." },
    [REQUEST_CACHE_TIME] = { .name = "sparkle_request_redis_microseconds_total",
                             .type = METRIC_COUNTER,
                             .help = "Time that requests waited for Redis." },
    [REQUEST_CACHE_ERRORS] = { .name = "sparkle_request_redis_errors_total",
                               .type = METRIC_COUNTER,
                               .help = "Commands that Redis refused or did "
                                       "not answer." },
    { 0 },
};

const char *const metric_job_states[JOB_STATES + 1] = {
    "available", "running", "scheduled", "retryable", "discarded", NULL,
};

const struct metric job_metrics[] = {
    [JOBS_RUN] = { .name = "sparkle_jobs_run_total",
                   .type = METRIC_COUNTER,
                   .labels = { { .name = "queue" } },
                   .help = "Jobs run, listeners of events among them." },
    [JOBS_FAILED] = { .name = "sparkle_jobs_failed_total",
                      .type = METRIC_COUNTER,
                      .labels = { { .name = "queue" } },
                      .help = "Attempts that failed." },
    [JOBS_WAITING] = { .name = "sparkle_jobs",
                       .type = METRIC_GAUGE,
                       .labels = { { .name = "queue" },
                                   { .name = "state",
                                     .values = metric_job_states } },
                       .help = "Jobs in the queues that are not done." },
    [JOBS_OLDEST] = { .name = "sparkle_jobs_oldest_age_milliseconds",
                      .type = METRIC_GAUGE,
                      .labels = { { .name = "queue" } },
                      .help =
                          "How long the oldest job that could start waits." },
    [JOBS_PAUSED] = { .name = "sparkle_jobs_paused",
                      .type = METRIC_GAUGE,
                      .labels = { { .name = "queue" } },
                      .help = "1 where no job of the queue is begun." },
    [BATCH_STARTED] = { .name = "sparkle_batch_last_start_timestamp",
                        .type = METRIC_GAUGE,
                        .labels = { { .name = "batch" } },
                        .help = "When it was last started, Unix time." },
    [BATCH_GOOD] = { .name = "sparkle_batch_last_success_timestamp",
                     .type = METRIC_GAUGE,
                     .labels = { { .name = "batch" } },
                     .help = "When it last ended well, Unix time." },
    [BATCH_TOOK] = { .name = "sparkle_batch_last_duration_milliseconds",
                     .type = METRIC_GAUGE,
                     .labels = { { .name = "batch" } },
                     .help = "What its last run took." },
    [BATCH_EXIT] = { .name = "sparkle_batch_last_exit_code",
                     .type = METRIC_GAUGE,
                     .labels = { { .name = "batch" } },
                     .help = "Of its last run; 0 is fine and not shown." },
    [BATCH_ITEMS] = { .name = "sparkle_batch_last_items",
                      .type = METRIC_GAUGE,
                      .labels = { { .name = "batch" } },
                      .help = "The rows that its last run did." },
    { 0 },
};
