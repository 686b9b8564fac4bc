/*
 * batch.h - batch programs: struct batch rows (core/job.h), run by
 * sparkle-batch from cron.
 *
 * A run takes a lock on a file and one in the database, so that two never
 * overlap, on one host or on several; it makes a row of batch_runs, goes step
 * by step with a pause between them, and writes down how it ended.
 */
#ifndef CORE_BATCH_H
#define CORE_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "core/job.h"

struct app;
struct db;
struct db_result;
struct feature;

enum batch_exit {
    BATCH_DONE = 0,
    BATCH_FAILED = 1,
    BATCH_USAGE = 2, /* no such program or option */
    BATCH_BUSY = 3,  /* another run of it is going on */
};

struct batch_options {
    bool dry_run, repair;
    bool scheduled;       /* a run that is left to another is nothing to tell */
    bool progress;        /* a line on standard error that counts */
    const char *lock_dir; /* of the lock files */
};

/* Whether it repairs, in words for cron's file: "repairs", "only reports"; NULL
 * where it never does. */
const char *batch_repair_words(const struct batch *batch);

/* The batch of that name, or NULL. */
const struct batch *batch_named(const struct feature *const *features,
                                const char *name);

/* Runs it to its end. */
enum batch_exit batch_run(struct app *app, const struct batch *batch,
                          const struct batch_options *options);

/*
 * A step that is a statement: delete_sql deletes up to BATCH_ROWS; in a dry
 * run the number that count_sql finds.
 */
int64_t batch_delete(struct job *job, bool dry_run, const char *count_sql,
                     const char *delete_sql);

/* The same for a statement that gives the rows done as its one value. */
int64_t batch_value(struct job *job, const char *sql,
                    const struct sql_arg *args);

/* ---- What is made in C of rows that wait for it -------------------------- */

enum { BATCH_MADE = 128, BATCH_TEXTS = 2 }; /* at most: rows, texts of one */

struct batch_making {
    const char *name;
    const char *count_sql; /* how many wait */
    /* At most $1 of them, their ids first, locked, and none that another
     * locks. */
    const char *read_sql;
    /* Writes what was made, and lets them wait no more; the ids and each of
     * the texts are arrays: $1::text[], $2::text[], ... */
    const char *write_sql;
    int rows;  /* in a transaction: they are locked meanwhile */
    int texts; /* made of a row: $2 to $(1 + texts) */
    void (*make)(void *mem, const struct db_result *res, size_t row,
                 const char *ret[BATCH_TEXTS]);
};

/* Does some, in a transaction: how many, 0 where none waits; -1: an error was
 * logged. */
int64_t batch_make_some(struct db *db, void *mem, const struct batch_making *m);

/* A batch program's step. */
int64_t batch_make(struct job *job, bool dry_run, const struct batch_making *m);

#endif
