/*
 * notification_job.c - after a notification: open tabs, mail; and the end of
 * its time.  Push and SMS have folders of their own.
 */
#include "notification/notification_local.h"

#include <string.h>

#include "core/app.h"
#include "core/batch.h"
#include "core/cache.h"
#include "core/db.h"
#include "notification/notification.h"

/* clang-format off */

/* ---- Realtime ------------------------------------------------------------ */

/* The channel and the word; the job comes after the commit of the row. */
static const char word_sql[] = SQL(
    SELECT 'notifications:' || u.id, json_build_object(
        'type', 'notification', 'unread', (SELECT count(*)
            FROM (SELECT FROM notifications_shown n
                WHERE n.user_id = u.id AND NOT n.read LIMIT 100) unread),
        'notification', (SELECT json_build_object('id', n.id,
                'type', n.type, 'title', n.title, 'actionUrl', n.action_url,
                'priority', n.priority)
            FROM notifications_shown n
            WHERE n.id = ($1->>'notification')::uuid))::text
    FROM users u WHERE u.id = ($1->>'user')::uuid
);

/* ---- Mail ---------------------------------------------------------------- */

static const char mail_sql[] = SQL(
    SELECT notification_mail_put(($1->>'notification')::uuid)::text
);

/* ---- To everybody -------------------------------------------------------- */

static const char bulk_sql[] = SQL(SELECT notification_bulk($1));

/* ---- Expiry -------------------------------------------------------------- */

static const char expired_count_sql[] = SQL(
    SELECT count(*) FROM notifications WHERE expires_at <= clock_now()
);
static const char expire_sql[] = SQL(
    DELETE FROM notifications WHERE id = ANY (ARRAY(
        SELECT id FROM notifications WHERE expires_at <= clock_now()
        ORDER BY expires_at LIMIT 5000))
);
/* clang-format on */

static const char *
publish(struct job *job)
{
    const char *why = NULL, *words[] = { "PUBLISH", NULL, NULL };
    size_t lengths[] = { 7, 0, 0 };
    const struct db_result *row =
        job_query(job, word_sql, ARGS(ARG(job->payload)), &why);

    if (row == NULL || db_rows(row) == 0 || job->app->cache == NULL)
        return why;
    words[1] = db_text(row, 0, 0, &lengths[1]);
    words[2] = db_text(row, 0, 1, &lengths[2]);
    cache_tell(job->app->cache, 3, words, lengths);
    return NULL;
}

static const char *
mail(struct job *job)
{
    const char *why = NULL;

    (void)job_query(job, mail_sql, ARGS(ARG(job->payload)), &why);
    return why;
}

static const char *
tell_all(struct job *job)
{
    const char *why = NULL;

    (void)job_query(job, bulk_sql, ARGS(ARG(job->payload)), &why);
    return why;
}

static const char *const roles[] = {
    "USER", "CREATOR", "VERIFIED_CREATOR", "MODERATOR", "ADMIN", NULL,
};

static const struct payload_member bulk_payload[] = {
    { .name = "title",
      .type = VALUE_TEXT,
      .required = true,
      .max = 200,
      .about = "the title" },
    { .name = "message",
      .type = VALUE_TEXT,
      .max = 2000,
      .about = "what there is to say" },
    { .name = "url",
      .type = VALUE_TEXT,
      .max = 500,
      .about = "what it leads to, from / or https:// on" },
    { .name = "priority",
      .type = VALUE_INTEGER,
      .max = 3,
      .about = "0 to 3, from 2 on also by SMS" },
    { .name = "role",
      .type = VALUE_TEXT,
      .choices = roles,
      .about = "only to users of this role" },
    { .name = "after",
      .type = VALUE_UUID,
      .about = "only to users after this one; for the job itself" },
    { 0 },
};

static int64_t
expire(struct job *job, bool dry_run)
{
    return batch_delete(job, dry_run, expired_count_sql, expire_sql);
}

const struct job_kind notification_jobs[] = {
    {
        .name = "notification.realtime",
        .queue = "notification",
        .about = "Tell open tabs of a notification: {user, notification}.",
        .run = publish,
    },
    {
        .name = "notification.mail",
        .queue = "notification",
        .about = "Mail a notification that is still unread: {notification}.",
        .run = mail,
    },
    {
        .name = "notification.bulk",
        .queue = "notification",
        .about = "Tell all active users, or those of a role, of something.",
        .run = tell_all,
        .payload = bulk_payload,
    },
    { 0 },
};

const struct batch notification_batches[] = {
    {
        .name = "expired-notifications",
        .when = "0 2 * * *",
        .about = "Delete notifications past their time.",
        .step = expire,
    },
    { 0 },
};
