/*
 * mail_job.c - the job mail.send: exactly one attempt may reach a mailbox.
 *
 *   prepare  asks whether the mail may still leave, and when; writes the row
 *            of mail_sent in state 'sending' and renders; it commits before
 *            anything leaves
 *   act      hands the message to the provider, else to the one in reserve
 *   run      notes how that ended, in the transaction that ends the job
 *            (both in mail_send.c)
 *
 * Prepared again with the row still in 'sending', a worker died in between:
 * the mail may have left.  It is noted as such and not sent again.
 */
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "core/app.h"
#include "core/db.h"
#include "mailing/mailing.h"
#include "mailing/mailing_local.h"

/* ---- To whom ------------------------------------------------------------- */

static const char who_sql[] = SQL(
    SELECT mail_address(u, $2),
        coalesce(p.display_name, u.username), u.username,
        u.status::text, u.email_verified_at IS NOT NULL,
        coalesce($2->>'mail', ''), jsonb_build_object('user',
            jsonb_build_object('name', coalesce(p.display_name, u.username),
                'username', u.username, 'email', u.email))
        || coalesce($2->'data', '{}')
        || CASE WHEN n.id IS NULL THEN '{}' ELSE jsonb_build_object(
            'notification', mail_notification(n.id)) END,
        n.action_url, mail_notification_id($2), u.id
    FROM users u LEFT JOIN profiles p ON p.user_id = u.id
    LEFT JOIN notifications n ON n.user_id = u.id
        AND n.id = mail_notification_id($2)
    WHERE u.id = $1
    UNION ALL
    SELECT g.email, g.username, g.username, '', FALSE,
        coalesce($2->>'mail', ''), jsonb_build_object('user',
            jsonb_build_object('name', g.username, 'username', g.username,
                'email', g.email))
        || coalesce($2->'data', '{}'), NULL, NULL, NULL
    FROM registrations g WHERE g.id = $1
);
/* clang-format off */
static const char newcomer_sql[] = SQL(
    SELECT $1->'data'->>'registration' IS NOT NULL
);
/* clang-format on */

/* There is nobody: the registration was confirmed meanwhile, or is over; else
 * it is a mistake. */
static const char *
nobody(struct job *job)
{
    const char *why = NULL;
    const struct db_result *row =
        job_query(job, newcomer_sql, ARGS(ARG(job->payload)), &why);

    if (row == NULL)
        return why;
    job->done = db_boolean(row, 0, 0);
    job->hopeless = !job->done;
    return job->done ? NULL : "there is no such user";
}

static const char *
find(struct job *job, struct sending *s)
{
    const char *why = NULL, *name;
    const struct db_result *row = job_query(
        job, who_sql, ARGS(ARG(job->subject), ARG(job->payload)), &why);

    if (row == NULL)
        return why;
    if (db_rows(row) == 0)
        return nobody(job);
    job->hopeless = true;
    name = db_text(row, 0, 5, NULL);
    s->kind = mail_kind_named(name);
    if (s->kind == NULL)
        return mem_printf(job->mem, "there is no mail '%s'", name);
    job->hopeless = false;
    s->to = (struct recipient){
        .id = job->subject,
        .email = db_text(row, 0, 0, NULL),
        .name = db_text(row, 0, 1, NULL),
        .username = db_text(row, 0, 2, NULL),
        .status = db_text(row, 0, 3, NULL),
        .verified = db_boolean(row, 0, 4),
        .data = db_text(row, 0, 6, NULL),
        .path = db_null(row, 0, 7) ? NULL : db_text(row, 0, 7, NULL),
        .user = db_uuid(row, 0, 9),
    };
    if (!db_null(row, 0, 8))
        s->to.notification = db_uuid(row, 0, 8);
    s->category = mail_kind_category(s->kind);
    return NULL;
}

/* ---- Whether, and when --------------------------------------------------- */

static const char check_sql[] =
    SQL(
    SELECT skip, later FROM mail_check($1, $2, $3, $4, $5, $6::int, $7::int,
        $8::int)
);
static const char skipped_sql[] = SQL(
    INSERT INTO mail_skipped (user_id, recipient, template, category, reason,
        notification_id)
    VALUES ($1, $2, $3, $4, $5::text::mail_skip_reason,
        (SELECT id FROM notifications WHERE id = $6))
);

/* Notes that a mail is not sent, and ends its job. */
static const char *
skip(struct job *job, const struct sending *s, const char *reason)
{
    const char *why = NULL;

    job->done = true;
    (void)job_query(job, skipped_sql,
                    ARGS(ARG(s->to.user), ARG(s->to.email), ARG(s->kind->name),
                         ARG(s->category), ARG(reason),
                         ARG(s->to.notification)),
                    &why);
    return why;
}

static const char *
check(struct job *job, const struct sending *s)
{
    const struct mail_settings *limits = mail_settings_of(job->app);
    const char *why = NULL;
    const struct db_result *row = job_query(
        job, check_sql,
        ARGS(ARG(s->to.user), ARG(s->to.email), ARG(s->category),
             ARG(s->kind->always), ARG(s->to.notification), ARG(limits->hourly),
             ARG(limits->hourly_each), ARG(limits->daily_each)),
        &why);

    if (row == NULL)
        return why;
    if (!db_null(row, 0, 0))
        return skip(job, s, db_text(row, 0, 0, NULL));
    if (!db_null(row, 0, 1))
        job->later = db_time(row, 0, 1);
    return NULL;
}

/*
 * A provider may be away for hours, so a mail is tried more often than other
 * jobs: for some 18 hours.  Of a mail that was refused a row stays 'failed',
 * and is taken again.
 */
static const char sending_sql[] = SQL(
    WITH patient AS (
        UPDATE jobs SET max_attempts = 16 WHERE id = $2 AND max_attempts < 16
    )
    INSERT INTO mail_sent (message_id, job_id, user_id, recipient, template,
        category, subject, notification_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (message_id) DO UPDATE SET state = 'sending',
        recipient = excluded.recipient, response = NULL
        WHERE mail_sent.state = 'failed'
);
/* clang-format off */
static const char doubt_sql[] = SQL(
    UPDATE mail_sent SET state = 'maybe_sent'
    WHERE message_id = $1 AND state = 'sending'
);
/* clang-format on */

/* Says that it is about to be sent; or finds that it may have been. */
static const char *
announce(struct job *job, const struct sending *s)
{
    const char *why = NULL;
    const struct db_result *res =
        job_query(job, sending_sql,
                  ARGS(ARG(s->message_id), ARG(job->id), ARG(s->to.user),
                       ARG(s->to.email), ARG(s->kind->name), ARG(s->category),
                       ARG(s->kind->about), ARG(s->to.notification)),
                  &why);

    if (res == NULL || db_affected(res) == 1)
        return why;
    job->done = true;
    res = job_query(job, doubt_sql, ARGS(ARG(s->message_id)), &why);
    if (res != NULL && db_affected(res) == 1)
        log_event(LOG_WARN, "mail maybe sent", LOG_NUMBER("job", job->id),
                  LOG_TEXT("message", s->message_id),
                  LOG_TEXT("mail", s->kind->name));
    return why;
}

/* ---- What ---------------------------------------------------------------- */

static const char *
name_message(struct job *job, struct sending *s)
{
    char user[UUID_TEXT];

    uuid_write(&job->subject, user);
    mailing_split(job->mem, app_site(job->app)->mail_from, &s->from_name,
                  &s->from);
    s->message_id = mem_printf(job->mem, "<%lld.%s@%s>", (long long)job->id,
                               user, mail_domain(s->from));
    return announce(job, s);
}

/* Only what is filled in last can find out that there is nothing to say. */
static const char *
compose(struct job *job, struct sending *s)
{
    struct template_pair own[MAIL_PAIRS + 1] = { 0 };
    const char *why =
        s->kind->fill == NULL ? NULL : s->kind->fill(job, &s->to, own);

    if (why != NULL || job->done)
        return why;
    s->message = text_new(job->mem);
    const struct mail_job mail = {
        .app = job->app,
        .kind = s->kind,
        .to = &s->to,
        .id = job->id,
        .message_id = s->message_id,
        .from_name = s->from_name,
        .from = s->from,
        .own = own,
    };
    return mailing_render(job->mem, &mail, s->message, NULL);
}

static const char unsaid_sql[] =
    SQL(
    DELETE FROM mail_sent WHERE message_id = $1 AND state = 'sending'
);

static const char *
prepare(struct job *job)
{
    struct sending *s = mem_new(job->mem, struct sending);
    const char *why = find(job, s);

    job->with = s;
    if (why == NULL && !job->done)
        why = check(job, s);
    if (why != NULL || job->done || job->later.us != 0)
        return why;
    why = name_message(job, s);
    if (why != NULL || job->done)
        return why;
    why = compose(job, s);
    if (why == NULL && job->done)
        (void)job_query(job, unsaid_sql, ARGS(ARG(s->message_id)), &why);
    if (why == NULL && job->done && s->kind->tracked)
        why = skip(job, s, "nothing_new");
    return why;
}

static bool
mail_kind_known(const char *name)
{
    return mail_kind_named(name) != NULL;
}

static const struct payload_member payload[] = {
    { .name = "mail",
      .type = VALUE_TEXT,
      .required = true,
      .max = 50,
      .valid = mail_kind_known,
      .wanted = "must be a mail of sparklectl email list",
      .about = "the template, see sparklectl email" },
    { .name = "data",
      .type = VALUE_JSON,
      .about = "what the template wants besides the user" },
    { 0 },
};

const struct job_kind mail_jobs[] = {
    {
        .name = "mail.send",
        .queue = "email",
        .urgent = "security_email",
        .about = "Send a mail to a user: {mail, data}.",
        .max_attempts = 16,
        .prepare = prepare,
        .act = mailing_send,
        .run = mailing_note,
        .payload = payload,
    },
    { 0 },
};
