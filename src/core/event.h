/*
 * event.h - what happened, and who wants to know.
 *
 * A feature that changes something writes a row of the table outbox in the
 * same statement: INSERT INTO outbox (event, subject_id, actor_id, data,
 * request_id) SELECT ... FROM the CTE that wrote, so that the row's place in
 * the order of its subject follows the subject's lock.  sparkle-jobs turns
 * each row into one job a listener, and each listener runs exactly once for
 * each event: (event id, listener name) is unique, and what the listener does
 * commits together with the job's completion.  Events of one subject reach a
 * listener in the order in which they were committed.
 */
#ifndef CORE_EVENT_H
#define CORE_EVENT_H

#include "core/sql.h"

struct job;

struct listener {
    const char *name;  /* "notify-post-author"; never renamed */
    const char *event; /* "comment.created" */
    const char *queue; /* a row of job_queues: notification, email, ... */
    const char *about;
    /*
     * Either one statement, whose $1..$5 are the event's subject_id uuid,
     * actor_id uuid, data jsonb, id bigint and created_at timestamptz; or a
     * function, which runs in the job's transaction.
     */
    const char *sql;
    const char *(*run)(struct job *job); /* NULL, or why it failed */
};

struct request;

/* Wakes sparkle-jobs, after the commit: a hint that costs no round trip. */
void event_wake(struct request *r);

#endif
