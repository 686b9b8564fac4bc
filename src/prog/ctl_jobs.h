/*
 * ctl_jobs.h - what the commands about jobs share.
 */
#ifndef PROG_CTL_JOBS_H
#define PROG_CTL_JOBS_H

#include "prog/ctl.h"

struct db_result;

/* The result of a statement, or NULL with what was refused said. */
const struct db_result *ctl_ask(struct ctl *c, const char *sql,
                                const struct sql_arg *args);

/* Runs a statement for its effect, wakes sparkle-jobs and prints a word. */
int ctl_act(struct ctl *c, const char *sql, const struct sql_arg *args,
            const char *done);

/* A time of a result in UTC, or "-". */
const char *ctl_time(struct ctl *c, const struct db_result *res, size_t row,
                     size_t column);

/* The kind, where it may be put and its queue (NULL: its own) and payload fit;
 * else NULL, said. */
const struct job_kind *ctl_job_kind(struct ctl *c, const char *name,
                                    const char *queue, const char *payload);

#endif
