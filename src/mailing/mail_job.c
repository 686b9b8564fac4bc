/*
 * mail_job.c - the job mail.send: exactly one attempt may reach a mailbox.
 *
 *   prepare  writes the row of mail_sent in state 'sending' and renders; it
 *            commits before anything leaves
 *   act      hands the message to the transport
 *   run      notes how that ended, in the transaction that ends the job
 *
 * Prepared again with the row still in 'sending', a worker died in between:
 * the mail may have left.  It is noted as such and not sent again.
 */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/app.h"
#include "core/db.h"
#include "core/template_json.h"
#include "mailing/mailing.h"
#include "mailing/mailing_local.h"

/* What the steps hand on. */
struct sending {
    const struct mail_kind *kind;
    struct recipient to;
    const char *message_id, *from_name, *from;
    struct text *message;
    struct mail_answer answer;
};

/* ---- To whom ------------------------------------------------------------- */

static const char who_sql[] = SQL(
    SELECT u.email, coalesce(p.display_name, u.username), u.username,
        u.status::text, u.email_verified_at IS NOT NULL,
        coalesce($2->>'mail', ''), jsonb_build_object('user',
            jsonb_build_object('name', coalesce(p.display_name, u.username),
                'username', u.username, 'email', u.email))
        || coalesce($2->'data', '{}')
    FROM users u LEFT JOIN profiles p ON p.user_id = u.id
    WHERE u.id = $1
);

static const char *
find(struct job *job, struct sending *s)
{
    const char *why = NULL, *name;
    const struct db_result *row = job_query(
        job, who_sql, ARGS(ARG(job->subject), ARG(job->payload)), &why);

    if (row == NULL)
        return why;
    job->hopeless = true;
    if (db_rows(row) == 0)
        return "there is no such user";
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
    };
    return NULL;
}

/* ---- Whether ------------------------------------------------------------- */

/* $1 address, $2 category, $3 status, $4 always; the reason not to, or NULL.
 */
static const char skip_sql[] = SQL(
    SELECT coalesce(
        CASE WHEN $3 = 'DELETED' THEN 'not_permitted'
            WHEN $3 IN ('BANNED', 'SUSPENDED') AND NOT $4 THEN 'suspended' END,
        (SELECT reason::text FROM mail_suppressions
            WHERE email = $1 AND NOT $4
                AND (category = '' OR category = $2)
                AND (until IS NULL OR until > clock_now())
            ORDER BY category LIMIT 1))
);
static const char skipped_sql[] = SQL(
    INSERT INTO mail_skipped (user_id, recipient, template, category, reason)
    VALUES ($1, $2, $3, $4, $5::text::mail_skip_reason)
);

static const char *
check(struct job *job, const struct sending *s)
{
    const char *why = NULL;
    const struct db_result *row =
        job_query(job, skip_sql,
                  ARGS(ARG(s->to.email), ARG(s->kind->category),
                       ARG(s->to.status), ARG(s->kind->always)),
                  &why);

    if (row == NULL || db_null(row, 0, 0))
        return why;
    const char *reason = db_text(row, 0, 0, NULL);
    job->done = true;
    (void)job_query(job, skipped_sql,
                    ARGS(ARG(s->to.id), ARG(s->to.email), ARG(s->kind->name),
                         ARG(s->kind->category), ARG(reason)),
                    &why);
    return why;
}

static const char sending_sql[] = SQL(
    INSERT INTO mail_sent (message_id, job_id, user_id, recipient, template,
        category, subject)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
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
    const struct db_result *res = job_query(
        job, sending_sql,
        ARGS(ARG(s->message_id), ARG(job->id), ARG(s->to.id), ARG(s->to.email),
             ARG(s->kind->name), ARG(s->kind->category), ARG(s->kind->about)),
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
render(struct job *job, struct sending *s,
       const struct template_pair own[MAIL_PAIRS])
{
    const struct site_settings *site = app_site(job->app);
    struct template_pair site_pairs[3] = { { .name = "name" },
                                           { .name = "url" } };
    struct template_pair pairs[4] = { { .name = "site" },
                                      { .name = "reason" },
                                      { .name = "preview" } };
    struct template_value data, of_mail, of_kind;
    struct mail mail = {
        .from_name = s->from_name,
        .from = s->from,
        .to_name = s->to.name,
        .to = s->to.email,
        .reply_to = site->mail_reply_to,
        .message_id = s->message_id,
        .category = s->kind->category,
        .date = { clock_now() },
    };

    template_string(&site_pairs[0].value, site->name);
    template_string(&site_pairs[1].value, site->url);
    template_object(&pairs[0].value, &template_pairs, site_pairs);
    template_string(&pairs[1].value, s->kind->reason);
    template_string(&pairs[2].value, s->kind->preview);
    template_object(&of_mail, &template_pairs, pairs);
    template_object(&of_kind, &template_pairs, own);
    if (!template_json_parse(job->mem, s->to.data, strlen(s->to.data), &data))
        return "its data are no JSON";
    const struct template_scope outer = { &of_mail, NULL };
    const struct template_scope middle = { &data, &outer };
    const struct template_scope inner = { &of_kind, &middle };
    if (!mailer_render(job->app->mails, job->mem, s->kind->name, &inner, &mail))
        return "its templates are missing or do not end";
    s->message = text_new(job->mem);
    return mail_write(s->message, &mail) ? NULL : "its address is not valid";
}

static const char *
prepare(struct job *job)
{
    struct sending *s = mem_new(job->mem, struct sending);
    struct template_pair own[MAIL_PAIRS + 1] = { 0 };
    char user[UUID_TEXT];
    const char *why = find(job, s);

    job->with = s;
    if (why == NULL)
        why = check(job, s);
    if (why != NULL || job->done)
        return why;
    mailing_split(job->mem, app_site(job->app)->mail_from, &s->from_name,
                  &s->from);
    uuid_write(&job->subject, user);
    s->message_id = mem_printf(job->mem, "<%lld.%s@%s>", (long long)job->id,
                               user, mail_domain(s->from));
    why = announce(job, s);
    if (why == NULL && !job->done && s->kind->fill != NULL)
        why = s->kind->fill(job, &s->to, own);
    return why != NULL || job->done ? why : render(job, s, own);
}

/* ---- Sending ------------------------------------------------------------- */

static const char *
act(struct job *job)
{
    struct sending *s = job->with;
    const struct mail_settings *settings =
        SETTINGS_OF(job->app, &mail_section, struct mail_settings);
    const struct mail_letter letter = {
        .from = s->from,
        .to = s->to.email,
        .bytes = s->message->at,
        .len = s->message->len,
    };
    const char *rest;
    const struct mail_transport *by =
        mail_transport_of(settings->transport, &rest);

    if (by == NULL)
        s->answer = (struct mail_answer){ MAIL_LATER, "no such transport" };
    else
        s->answer = by->deliver(job->mem, rest, &letter);
    job->hopeless =
        s->answer.outcome == MAIL_REFUSED || s->answer.outcome == MAIL_UNSURE;
    return s->answer.outcome == MAIL_SENT ? NULL : s->answer.response;
}

/* clang-format off */
static const char noted_sql[] = SQL(
    UPDATE mail_sent SET state = $2::text::mail_state, response = $3,
        provider = $4,
        sent_at = CASE WHEN $2 = 'sent' THEN clock_now() END
    WHERE message_id = $1
);
/* clang-format on */

static const char *
note(struct job *job)
{
    static const char *const states[] = {
        [MAIL_SENT] = "sent",
        [MAIL_LATER] = "failed",
        [MAIL_REFUSED] = "failed",
        [MAIL_UNSURE] = "maybe_sent",
    };
    const struct sending *s = job->with;
    const char *state = states[s->answer.outcome], *why = NULL;
    const char *by =
        SETTINGS_OF(job->app, &mail_section, struct mail_settings)->transport;

    (void)job_query(
        job, noted_sql,
        ARGS(ARG(s->message_id), ARG(state), ARG(s->answer.response), ARG(by)),
        &why);
    return why;
}

const struct job_kind mail_jobs[] = {
    {
        .name = "mail.send",
        .queue = "email",
        .urgent = "security_email",
        .about = "Send a mail to a user: {mail, data}.",
        .prepare = prepare,
        .act = act,
        .run = note,
    },
    { 0 },
};
