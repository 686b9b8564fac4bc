/*
 * job.h - work that is done after the answer, once.
 *
 * A job is a row of the table jobs: of an event's listener (core/event.h), or
 * made by SELECT job_put('mail.send', ...) (sql/job.sql) in the statement that
 * wants it.  It commits with the business write, and its handler's effects
 * commit with its completion.
 *
 * Two kinds of handler:
 *
 *   - one that touches nothing but the database (`run` alone, or a
 *     listener's SQL) runs many to a transaction, which completes them all.
 *     A failure rolls the batch back, notes the failure and does the rest
 *     again; so a handler may be entered twice, but its effects are there
 *     once.
 *   - one with an effect outside (`act`) has three steps: prepare in a
 *     transaction of its own, act without one, run in the transaction that
 *     records the outcome.  It holds a lease of 10 s meanwhile; acting longer
 *     it calls job_beat at least every 5 s.  A worker that dies between act
 *     and run leaves a job that another worker prepares again: prepare must
 *     find out what may have happened (see mailing/mail_job.c).
 */
#ifndef CORE_JOB_H
#define CORE_JOB_H

#include "core/sql.h"

struct app;
struct db;
struct jobs;

/* A job as its handler sees it: in an open transaction, which also completes
 * the job; so what the handler does in the database is done exactly once. */
struct job {
    void *mem; /* freed after the run */
    struct app *app;
    struct db *db; /* statements run in the job's transaction */
    int64_t id;
    const char *kind;
    struct json_text payload;
    int64_t attempt; /* from 1 */
    struct instant now;
    const char *request; /* id of the request that it comes from, or NULL */
    /* of an event's listener: */
    int64_t event;
    struct uuid subject, actor;
    struct instant happened;
    /* of a handler that acts: */
    void *with;           /* what its steps hand on, on mem */
    bool done;            /* set by prepare: nothing is left to do */
    struct instant later; /* set by prepare: not before then; this attempt does
                             not count */
    bool hopeless;   /* set by any step that fails: not to be tried again */
    const char *why; /* for run: NULL, or why act failed */
    /* of a batch program: */
    bool repair; /* it was called with --repair */
    bool more;   /* set by a step after which another is to come in any case */
    /* the engine's own */
    struct jobs *jobs;
};

/* A member of the payload of a kind of job. */
struct payload_member {
    const char *name;
    enum value_type type; /* TEXT, INTEGER, BOOLEAN, UUID or JSON: an object */
    bool required;
    int64_t min, max; /* of a number; of a text's bytes, where 0 is 500 */
    const char *const *choices;   /* a text's only words, ended by NULL */
    bool (*valid)(const char *s); /* a further check of a text */
    const char *wanted;           /* what it wants: "must be ..." */
    const char *about;
};

struct job_kind {
    const char *name;   /* "mail.send" */
    const char *queue;  /* where job_put is told to put it */
    const char *urgent; /* another queue, for those that cannot wait; or NULL */
    const char *about;
    int max_attempts;                    /* 0: 3 */
    const char *(*run)(struct job *job); /* NULL, or why it failed: retried */
    /* For an effect outside of the database; NULL, or why it failed. */
    const char *(*prepare)(struct job *job);
    const char *(*act)(struct job *job);
    /* What the payload says, ended by one without a name; NULL: people put no
     * jobs of this kind by hand. */
    const struct payload_member *payload;
};

/* A batch program of sparkle-batch. */
enum batch_repair {
    BATCH_REPAIRS_NOTHING, /* takes no --repair */
    BATCH_REPAIRS_WHEN_TOLD,
    BATCH_REPAIRS_SCHEDULED, /* and whenever cron or a timer starts it */
};

struct batch {
    const char *name;
    const char *when; /* cron's five fields, UTC */
    const char *about;
    /* One step of about 5,000 rows: the rows done; less than BATCH_ROWS ends
     * the run; -1: an error was logged.  A dry run counts what would be done,
     * all of it at once, and changes nothing. */
    int64_t (*step)(struct job *job, bool dry_run);
    enum batch_repair repairs;
    bool once;    /* one step is all of it, whatever it counts */
    size_t state; /* bytes, zero at first, that the steps of a run share: their
                     job->with */
};
#define BATCH_ROWS INT64_C(5000)

/* ---- Jobs that people put by hand ---------------------------------------- */

struct feature;

/* The kind of that name, or NULL. */
const struct job_kind *job_kind_named(const struct feature *const *features,
                                      const char *name);

/*
 * Why a job of this kind cannot go into a queue: NULL if it can.  That is its
 * own or its urgent one; where it does not act, any where none does.
 */
const char *job_queue_fault(const struct feature *const *features,
                            const struct job_kind *kind, const char *queue);

/* What is wrong with a payload (JSON; NULL is {}), on mem; NULL: nothing. */
const char *job_payload_fault(void *mem, const struct job_kind *kind,
                              const char *payload);

/* ---- For handlers -------------------------------------------------------- */

/* Runs a statement of a job; NULL where it failed, with *ret_why set. */
struct db_result *job_query(struct job *job, const char *sql,
                            const struct sql_arg *args, const char **ret_why);

/* Says that act is alive, and so renews the lease where it is time to.  False:
 * the lease is lost, stop. */
bool job_beat(struct job *job);

#endif
