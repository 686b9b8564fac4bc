/*
 * mail_send.c - the last two steps of the job mail.send (mail_job.c): the
 * mail leaves, and what came of it is noted.
 */
#include "base/log.h"
#include "base/mem.h"
#include "core/app.h"
#include "core/db.h"
#include "mailing/mailing.h"
#include "mailing/mailing_local.h"

/* ---- Sending ------------------------------------------------------------- */

static bool
beat(void *with)
{
    return job_beat(with);
}

static void
deliver(struct job *job, struct sending *s,
        const struct mail_provider *provider)
{
    const struct mail_letter letter = {
        .from = mailing_envelope(job->app, job->mem, job->id, s->from),
        .to = s->to.email,
        .bytes = s->message->at,
        .len = s->message->len,
    };
    const struct mail_pulse pulse = { beat, job };

    s->by = provider->url;
    s->answer =
        mail_deliver(job->app->mails, job->mem, provider, &letter, &pulse);
    mail_count(job->app, &s->answer);
}

const char *
mailing_send(struct job *job)
{
    struct sending *s = job->with;
    const struct mail_settings *m = mail_settings_of(job->app);
    const struct mail_provider first = { m->transport, m->user, m->password,
                                         m->tls_ca, m->timeout };
    const struct mail_provider second = { m->backup, m->backup_user,
                                          m->backup_password, m->tls_ca,
                                          m->timeout };

    deliver(job, s, &first);
    if (s->answer.outcome == MAIL_LATER && m->backup != NULL) {
        log_event(LOG_WARN, "the first mail provider does not take a mail",
                  LOG_NUMBER("job", job->id),
                  LOG_TEXT("error", s->answer.response));
        deliver(job, s, &second);
    }
    job->hopeless =
        s->answer.outcome == MAIL_REFUSED || s->answer.outcome == MAIL_UNSURE;
    return s->answer.outcome == MAIL_SENT ? NULL : s->answer.response;
}

/* ---- Noting -------------------------------------------------------------- */

/* clang-format off */
static const char noted_sql[] = SQL(
    WITH noted AS (
        UPDATE mail_sent SET state = $2::text::mail_state, response = $3,
            provider = $4,
            sent_at = CASE WHEN $2 = 'sent' THEN clock_now() END
        WHERE message_id = $1
    )
    UPDATE mail_scores SET score = greatest(0, score - 0.1)
    WHERE email = $5 AND $2 = 'sent' AND score > 0
);
/* clang-format on */
static const char bounced_sql[] =
    SQL(
    SELECT mail_bounce($1, $2::text::bounce_kind, $3, $4)
);

/* A refusal is a bounce; a word of "later" is one when patience is at its
 * end. */
static const char *
bounce_of(const struct job *job, const struct mail_answer *a)
{
    if (a->outcome == MAIL_REFUSED)
        return "hard";
    return a->outcome == MAIL_LATER && a->answered && job->attempt >= 16
               ? "soft"
               : NULL;
}

const char *
mailing_note(struct job *job)
{
    static const char *const states[] = {
        [MAIL_SENT] = "sent",
        [MAIL_LATER] = "failed",
        [MAIL_REFUSED] = "failed",
        [MAIL_UNSURE] = "maybe_sent",
    };
    const struct sending *s = job->with;
    const char *state = states[s->answer.outcome], *why = NULL;
    const char *bounce = bounce_of(job, &s->answer);

    if (job_query(job, noted_sql,
                  ARGS(ARG(s->message_id), ARG(state), ARG(s->answer.response),
                       ARG(s->by), ARG(s->to.email)),
                  &why) == NULL)
        return why;
    if (bounce != NULL)
        (void)job_query(job, bounced_sql,
                        ARGS(ARG(s->to.email), ARG(bounce), ARG(s->message_id),
                             ARG(s->answer.response)),
                        &why);
    return why;
}
