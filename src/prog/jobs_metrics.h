/*
 * jobs_metrics.h - the numbers of sparkle-jobs' /metrics: what its workers
 * run, what waits in the queues, how the batch programs fared.
 */
#ifndef PROG_JOBS_METRICS_H
#define PROG_JOBS_METRICS_H

#include "core/app.h"
#include "core/job_engine.h"
#include "pool/metrics.h"

/* What the workers share: made before the fork. */
struct jobs_metrics;
struct jobs_metrics *jobs_metrics_new(void *mem, struct metrics *metrics,
                                      const struct job_registry *registry,
                                      const struct feature *const *features);

/* What one worker remembers of what it told. */
struct jobs_told;
struct jobs_told *jobs_told_new(void *mem, const struct jobs_metrics *shared,
                                struct worker *w);

/* Adds what the engine has done since the last call. */
void jobs_told_run(struct jobs_told *told, const struct jobs *jobs);

/* Where it is this worker's turn: counts the queues and the batch runs. */
void jobs_told_count(struct jobs_told *told, struct app *app,
                     struct job_board *board);

#endif
