/*
 * job.h - work that is done after the answer, once.
 */
#ifndef CORE_JOB_H
#define CORE_JOB_H

#include "core/sql.h"

struct app;
struct db;

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
    /* of an event's listener: */
    int64_t event;
    struct uuid subject, actor;
    struct instant happened;
};

struct job_kind {
    const char *name;  /* "mail.send" */
    const char *queue;
    const char *about;
    int max_attempts;  /* 0: 3 */
    const char *(*run)(struct job *job); /* NULL, or why it failed: retried */
};

/* A batch program of sparkle-batch. */
struct batch {
    const char *name;
    const char *when; /* cron's five fields, UTC */
    const char *about;
    /* One step of at most 5,000 rows: the rows done; less ends the run; -1: an
     * error was logged. */
    int64_t (*step)(struct job *job, bool dry_run);
};

/* Runs a statement of a job; NULL where it failed, with *ret_why set. */
struct db_result *job_query(struct job *job, const char *sql,
                            const struct sql_arg *args, const char **ret_why);

#endif
