/*
 * job_local.h - the queue engine, between its files: job_registry.c (what can
 * be run), job_board.c (who runs what), job_relay.c (events into jobs),
 * job_claim.c (the life of a row), job_run.c (handlers), job_engine.c (steps).
 */
#ifndef CORE_JOB_LOCAL_H
#define CORE_JOB_LOCAL_H

#include "core/db.h"
#include "core/job_engine.h"

/* The listeners as arrays, for the relay's statement; in table order. */
struct job_listeners {
    struct texts names, events, queues;
};
const struct job_listeners *
job_registry_listeners(const struct job_registry *reg);

/* Whether jobs of this queue hold leases: one of its kinds acts. */
bool job_registry_leased(const struct job_registry *reg, const char *queue);

/* Whether it is some kind's urgent queue, for which a worker is kept free. */
bool job_registry_urgent(const struct job_registry *reg, const char *queue);

/* ---- The board ----------------------------------------------------------- */

#define JOB_WORKER_NAME 80

struct job_slot;

/* A free slot, taken by this process under a name; NULL where none is. */
struct job_slot *job_board_join(struct job_board *board, const char *name);
void job_slot_leave(struct job_slot *slot);

/* Says which job runs, 0: none that would have to be blamed. NULL is fine. */
void job_slot_running(struct job_slot *slot, int64_t job);

/*
 * Says that this worker is going to act, for as long as that may take; false,
 * and it is not, where it is the last one that is free.  NULL is fine.
 */
bool job_slot_act(struct job_board *board, struct job_slot *slot);
void job_slot_acted(struct job_slot *slot);

/* True for one caller a second. */
bool job_board_turn(struct job_board *board);

/*
 * Takes over the slot of a process that died: what it was called and ran.
 * False where all live.  job_slot_leave gives the slot free.
 */
bool job_board_dead(struct job_board *board, struct job_slot **ret_slot,
                    char name[JOB_WORKER_NAME], int64_t *ret_running);

/* ---- The engine ---------------------------------------------------------- */

/* What a worker knows of a queue. */
struct job_queue {
    const char *name;
    bool leased, urgent;
    int64_t batch; /* jobs to take at once, as handlers are quick or slow */
    int conflicts; /* batches in a row that the database refused to mix */
    int64_t run, failed;
    struct job_queue *next;
};
#define JOB_BATCH_FIRST 50
#define JOB_BATCH_MOST 2000

struct jobs {
    void *mem; /* the engine's */
    void *now; /* freed after each step */
    struct app *app;
    struct db *db;
    const struct job_registry *registry;
    struct job_board *board;
    struct job_slot *slot;
    struct job_queue *queues;
    char name[JOB_WORKER_NAME];
    struct db_error error; /* of the last statement of a handler */
    int64_t beaten;        /* clock_steady() of the lease's last renewal */
};

struct job_queue *jobs_queue(struct jobs *jobs, const char *name);

/* Statements queued for one round trip, and what they found. */
void relay_send(struct jobs *jobs);
int64_t relay_receive(struct jobs *jobs, struct db_error *ret_error);
void look_send(struct jobs *jobs);
struct db_result *look_receive(struct jobs *jobs, struct db_error *ret_error);

/*
 * Takes jobs of a queue.  claim_direct, in an open transaction, marks them
 * completed, which is true once it commits; claim_leased takes one, and holds
 * a lock on one of the queue's places (*ret_place) until place_leave.
 */
struct db_result *claim_direct(struct jobs *jobs, const struct job_queue *q,
                               struct db_error *ret_error);
struct db_result *claim_leased(struct jobs *jobs, const struct job_queue *q,
                               int64_t *ret_place, struct db_error *ret_error);
void place_leave(struct jobs *jobs, const char *queue, int64_t place);

/* Fills a job from a row of either; its memory is jobs->now. */
void claim_read(struct jobs *jobs, const struct db_result *rows, size_t row,
                struct job *ret_job);

/* A line for log_level debug: how a job went, or why not. */
void job_log(const struct job *job, const char *queue, int64_t us,
             const char *why);

/* Ends a leased job as completed; false where the lease is lost. */
bool claim_complete(struct jobs *jobs, int64_t id, struct db_error *ret_error);

/* Notes a failure: the job is to be tried again later, or discarded.  why may
 * be what another program said.  False where the job is another's by now, or
 * the database failed: then nothing was noted. */
bool claim_fail(struct jobs *jobs, const struct job *job, const char *why,
                struct db_error *ret_error);

/* Gives a leased job back until then, as if it had not been taken. */
void claim_put_off(struct jobs *jobs, int64_t id, struct instant until,
                   struct db_error *ret_error);

bool claim_beat(struct jobs *jobs, int64_t id);

/* Makes due jobs available and resumes those whose lease ran out. */
void claim_tend(struct jobs *jobs, struct db_error *ret_error);

/* Resumes what a dead worker had: its leases, and the job it died in. */
void claim_resume(struct jobs *jobs, const char *worker, int64_t running,
                  struct db_error *ret_error);

/* Runs a batch of a queue. */
enum jobs_outcome run_direct(struct jobs *jobs, struct job_queue *q);
enum jobs_outcome run_leased(struct jobs *jobs, struct job_queue *q);

#endif
