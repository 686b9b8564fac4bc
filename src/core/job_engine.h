/*
 * job_engine.h - the queue engine, as sparkle-jobs runs it.
 *
 * Each worker process has one engine and one connection.  A step of it
 *
 *   1. relays: moves outbox rows into jobs, one for each listener of their
 *      event, in one statement.  An advisory lock of the transaction lets one
 *      process at a time do so, any of them, so nobody has to take over;
 *   2. looks which queues have something to do, and takes a batch of the
 *      first in order of lane, by priority and age (FOR UPDATE SKIP LOCKED).
 *      Of the jobs of a queue of one kind and subject only the oldest
 *      unfinished one is taken, and with it those behind it;
 *   3. runs it: see core/job.h.  A queue's concurrency is kept by as many
 *      advisory locks, over all processes and hosts.
 *
 * Once a second one of the workers of a board puts what is scheduled, makes
 * due jobs available and resumes those whose lease ran out or whose worker is
 * gone.
 */
#ifndef CORE_JOB_ENGINE_H
#define CORE_JOB_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "core/event.h"
#include "core/job.h"

struct app;
struct feature;

/* All listeners and kinds of job that the features list. */
struct job_registry;

/*
 * Reads the features' tables (features ends with NULL).  NULL where they
 * contradict themselves, with a line of *faults for each: a name used twice,
 * a listener without sql or run, or for an event that no feature writes.
 */
struct job_registry *job_registry_new(const void *mem,
                                      const struct feature *const *features,
                                      struct text *faults);

/* The queues of all of them, ended by NULL. */
const char *const *job_registry_queues(const struct job_registry *reg);

/* What runs under a name; one of the two is set, or neither. */
struct job_handler {
    const char *name;
    const struct listener *listener;
    const struct job_kind *kind;
};
const struct job_handler *job_handler_named(const struct job_registry *reg,
                                            const char *name);

/*
 * What the workers of one master share: who runs what, so that the jobs of a
 * dead one are resumed at once.  Made before the first fork, for up to
 * `workers` processes, and as many again while a reload lets the old ones
 * finish; never freed.
 *
 * Of more than one worker the last that is free takes no job that acts but
 * urgent ones: so a password reset does not wait for a mail server that lets
 * all the others wait.
 */
struct job_board;
struct job_board *job_board_new(size_t workers);

/*
 * True for one caller now and then, who counts the queues for all, and says
 * how many microseconds that took: it is done again after 5 s, or a hundred
 * times as long.
 */
bool job_board_counts(struct job_board *board);
void job_board_counted(struct job_board *board, int64_t us);

/* The engine of this process; its parts live on mem. */
struct jobs *jobs_new(void *mem, struct app *app,
                      const struct job_registry *reg, struct job_board *board);

enum jobs_outcome {
    JOBS_IDLE,   /* there was nothing to do */
    JOBS_WORKED, /* something was done: there may be more */
    JOBS_AWAY,   /* no database: try again in a moment */
};

/* One step, at most one batch. */
enum jobs_outcome jobs_step(struct jobs *jobs);

/* How many jobs of a queue this engine has run, and how often one failed;
 * for each queue that it met. */
void jobs_count(const struct jobs *jobs,
                void (*tell)(void *with, const char *queue, int64_t run,
                             int64_t failed),
                void *with);

/* Leaves the board, when the process ends in order. */
void jobs_leave(struct jobs *jobs);

#endif
