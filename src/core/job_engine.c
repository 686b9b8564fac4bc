/*
 * job_engine.c - one step after another; see job_engine.h.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/app.h"
#include "core/job_local.h"

struct jobs *
jobs_new(void *mem, struct app *app, const struct job_registry *reg,
         struct job_board *board)
{
    struct jobs *jobs = mem_new(mem, struct jobs);
    char host[40] = "";

    (void)gethostname(host, sizeof host - 1);
    jobs->mem = jobs;
    jobs->now = mem_context(jobs, "step");
    jobs->app = app;
    jobs->db = app->db;
    jobs->registry = reg;
    jobs->board = board;
    (void)snprintf(jobs->name, sizeof jobs->name, "%s/%ld/%lld", host,
                   (long)getpid(), (long long)clock_steady());
    jobs->slot = job_board_join(board, jobs->name);
    return jobs;
}

void
jobs_leave(struct jobs *jobs)
{
    job_slot_leave(jobs->slot);
    jobs->slot = NULL;
}

void
jobs_count(const struct jobs *jobs,
           void (*tell)(void *with, const char *queue, int64_t run,
                        int64_t failed),
           void *with)
{
    for (const struct job_queue *q = jobs->queues; q != NULL; q = q->next)
        tell(with, q->name, q->run, q->failed);
}

struct job_queue *
jobs_queue(struct jobs *jobs, const char *name)
{
    struct job_queue *q = jobs->queues;

    while (q != NULL && strcmp(q->name, name) != 0)
        q = q->next;
    if (q != NULL)
        return q;
    q = mem_new(jobs->mem, struct job_queue);
    q->name = mem_strdup(q, name);
    q->leased = job_registry_leased(jobs->registry, name);
    q->urgent = job_registry_urgent(jobs->registry, name);
    q->batch = JOB_BATCH_FIRST;
    q->next = jobs->queues;
    jobs->queues = q;
    return q;
}

/* Once a second, one of us: due jobs, lapsed leases, dead workers. */
static void
tend(struct jobs *jobs)
{
    struct db_error error = { 0 };
    struct job_slot *slot;
    char worker[JOB_WORKER_NAME];
    int64_t running;

    if (!job_board_turn(jobs->board))
        return;
    claim_tend(jobs, &error);
    while (!error.failed &&
           job_board_dead(jobs->board, &slot, worker, &running)) {
        claim_resume(jobs, worker, running, &error);
        job_slot_leave(slot);
    }
}

static enum jobs_outcome
run_one(struct jobs *jobs, struct job_queue *q)
{
    if (!q->leased)
        return run_direct(jobs, q);
    if (q->urgent)
        return run_leased(jobs, q);
    if (!job_slot_act(jobs->board, jobs->slot))
        return JOBS_IDLE;
    enum jobs_outcome outcome = run_leased(jobs, q);
    job_slot_acted(jobs->slot);
    return outcome;
}

static enum jobs_outcome
run_first(struct jobs *jobs, const struct db_result *names)
{
    for (size_t i = 0; i < db_rows(names); i++) {
        struct job_queue *q = jobs_queue(jobs, db_text(names, i, 0, NULL));
        enum jobs_outcome outcome = run_one(jobs, q);

        if (outcome != JOBS_IDLE)
            return outcome;
    }
    return JOBS_IDLE;
}

enum jobs_outcome
jobs_step(struct jobs *jobs)
{
    struct db_error relaying, looking;

    mem_clear(jobs->now);
    tend(jobs);
    relay_send(jobs);
    look_send(jobs);
    int64_t moved = relay_receive(jobs, &relaying);
    const struct db_result *names = look_receive(jobs, &looking);
    if (relaying.failed || looking.failed)
        return JOBS_AWAY;
    enum jobs_outcome outcome = run_first(jobs, names);
    return outcome == JOBS_IDLE && moved > 0 ? JOBS_WORKED : outcome;
}
