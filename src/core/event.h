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
 *
 * The events, and what their rows say; members of data are camelCase, as in
 * the JSON API.  A listener reads the database for what it needs besides: by
 * the time it runs the subject may have changed or be gone.
 *
 *   event             subject     actor      data
 *   user.registering  registration           (a mail is wanted)
 *   user.created      user        user       verify: mail a code (boolean)
 *   user.reset_wanted user, or    (a link for a new password; nobody has
 *                       nobody     that address)
 *   user.verified     user        user
 *   user.deleted      user                   (erased; only its id is left)
 *   user.day_begun    user        user       day streak (the first visit of it)
 *   user.level_up     user                   oldLevel newLevel experience bonus
 *   profile.completed user        user
 *   referral.completed referrer   who joined referralId bonus
 *   user.followed     followed    follower
 *   user.unfollowed   followed    follower
 *   post.created      post        author     mentions: [user name] (drafts too)
 *   post.updated      post        editor     mentions: [user name] or null
 *   post.deleted      post        deleter
 *   comment.created   comment     author     postId parentId mentions
 *   comment.updated   comment     author     postId mentions
 *   comment.deleted   comment     deleter    postId
 *   reaction.created  post or     who        postId or commentId, type, owner
 *   reaction.deleted    comment   who        the same
 */
#ifndef CORE_EVENT_H
#define CORE_EVENT_H

#include "core/sql.h"

struct app;
struct job;

struct listener {
    const char *name;  /* "notify-post-author"; never renamed */
    const char *event; /* "comment.created" */
    const char *queue; /* a row of job_queues: notification, email, ... */
    const char *about;
    /*
     * Either one statement, whose $1..$5 are the event's subject_id uuid,
     * actor_id uuid, data jsonb, id bigint and created_at timestamptz; or a
     * function, which runs in the job's transaction.  Statements of a batch
     * of jobs are sent together, so prefer them.
     */
    const char *sql;
    const char *(*run)(struct job *job); /* NULL, or why it failed */
};

struct request;

/* Wakes sparkle-jobs, after the commit: a hint that costs no round trip. */
void event_wake(struct request *r);

/* The same from a program that serves no requests. */
void event_wake_from(struct app *app);

/* The channel of Redis where the hint is published. */
#define EVENT_CHANNEL "sparkle:jobs"

#endif
