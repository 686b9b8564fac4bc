/*
 * mail_newcomer.c - the mails of who registers: the code and link that confirm
 * an address, or word to its owner that somebody used it.
 *
 * A registration (sql/registration.sql) gets a code either way, so that what
 * is known of it from outside is the same; only of a new address it is mailed.
 * An account that was made unverified has its code in email_verifications.
 */
#include "base/mem.h"
#include "core/app.h"
#include "core/db.h"
#include "mailing/mailing.h"
#include "mailing/mailing_local.h"

#define CODE_MINUTES 10

/* A code, a link, and what is kept of them. */
struct secrets {
    const char *code, *token;
    uint8_t code_hash[SHA256_SIZE], link_hash[SHA256_SIZE];
};

/* whose: the user or the registration. */
static void
make_secrets(struct job *job, const struct uuid *whose, struct secrets *ret)
{
    ret->code = crypto_code(job->mem);
    ret->token = crypto_token(job->mem, "verify_", 32);
    mailing_code_hash(job->app, whose, ret->code, ret->code_hash);
    mailing_link_hash(ret->token, ret->link_hash);
}

static void
pair_secrets(struct job *job, const struct secrets *s, int64_t minutes,
             struct template_pair pairs[MAIL_PAIRS])
{
    mailing_pair(&pairs[0], "code", s->code);
    mailing_pair(&pairs[1], "link",
                 mem_printf(job->mem, "%s/verify-email?token=%s",
                            app_site(job->app)->url, s->token));
    mailing_pair(&pairs[2], "minutes",
                 mem_printf(job->mem, "%lld", (long long)minutes));
}

/* ---- Of an account ------------------------------------------------------- */

/* clang-format off */
/* The user first, as everywhere (sql/email_change.sql). */
static const char bury_sql[] = SQL(
    WITH first AS MATERIALIZED (
        SELECT id FROM users WHERE id = $1 FOR KEY SHARE
    )
    UPDATE email_verifications SET died_at = clock_now()
    WHERE user_id = (SELECT id FROM first) AND used_at IS NULL
        AND died_at IS NULL
);
static const char verify_sql[] = SQL(
    INSERT INTO email_verifications (user_id, email, code_hash, link_hash,
        expires_at)
    VALUES ($1, $2, $3, $4, clock_now() + interval '1 minute' * $5::int)
);

/* ---- Of a registration --------------------------------------------------- */

/* What was asked for ten minutes ago was waiting until now. */
static const char newcomer_sql[] = SQL(
    UPDATE registrations SET code_hash = $2, link_hash = $3,
        code_expires_at = CASE
            WHEN code_expires_at > clock_now() + interval '1 minute'
            THEN code_expires_at ELSE clock_now() + interval '10 minutes' END
    WHERE id = $1 AND expires_at > clock_now()
    RETURNING ceil(extract(epoch FROM code_expires_at - clock_now()) / 60)
        ::bigint
);
/* clang-format on */

/* A new code kills the one before it.  *ret_minutes: how long it is good; 0:
 * the registration is over. */
static const char *
keep_newcomer(struct job *job, const struct uuid *registration,
              struct secrets *ret, int64_t *ret_minutes)
{
    const char *why = NULL;

    make_secrets(job, registration, ret);
    const struct bytes hashes[] = { { ret->code_hash, SHA256_SIZE },
                                    { ret->link_hash, SHA256_SIZE } };
    const struct db_result *row = job_query(
        job, newcomer_sql,
        ARGS(ARG(*registration), ARG(hashes[0]), ARG(hashes[1])), &why);
    *ret_minutes = row != NULL && db_rows(row) > 0 ? db_integer(row, 0, 0) : 0;
    return why;
}

const char *
mail_fill_verification(struct job *job, const struct recipient *to,
                       struct template_pair pairs[MAIL_PAIRS])
{
    struct secrets s;
    int64_t minutes = CODE_MINUTES;
    const char *why = NULL;

    if (uuid_none(&to->user)) {
        why = keep_newcomer(job, &to->id, &s, &minutes);
        job->done = minutes == 0;
    } else if (to->verified) {
        job->done = true;
    } else {
        make_secrets(job, &to->id, &s);
        const struct bytes hashes[] = { { s.code_hash, SHA256_SIZE },
                                        { s.link_hash, SHA256_SIZE } };
        if (job_query(job, bury_sql, ARGS(ARG(to->id)), &why) != NULL)
            (void)job_query(job, verify_sql,
                            ARGS(ARG(to->id), ARG(to->email), ARG(hashes[0]),
                                 ARG(hashes[1]), ARG(minutes)),
                            &why);
    }
    if (why == NULL && !job->done)
        pair_secrets(job, &s, minutes, pairs);
    return why;
}

/* clang-format off */
static const char which_sql[] = SQL(
    SELECT ($1->'data'->>'registration')::uuid
);
/* clang-format on */

/* The registration's code is made, and told to nobody. */
const char *
mail_fill_registered_again(struct job *job, const struct recipient *to,
                           struct template_pair pairs[MAIL_PAIRS])
{
    const char *why = NULL;
    const struct db_result *row =
        job_query(job, which_sql, ARGS(ARG(job->payload)), &why);
    struct secrets s;
    int64_t minutes;

    (void)to;
    (void)pairs;
    if (row == NULL || db_null(row, 0, 0))
        return why;
    const struct uuid registration = db_uuid(row, 0, 0);
    return keep_newcomer(job, &registration, &s, &minutes);
}

/* ---- Listeners ----------------------------------------------------------- */

/* clang-format off */
static const char created_sql[] = SQL(
    SELECT job_put('mail.send', 'security_email',
        jsonb_build_object('mail', 'verification'), $1,
        p_unique_key => 'verification:' || $1)
    WHERE ($3->>'verify')::boolean
);

/*
 * To the owner three an hour, so that nobody's mailbox is filled by strangers;
 * and four with codes to a new address.  An address that is kept for who can
 * undo its change gets none.
 */
static const char registering_sql[] = SQL(
    SELECT job_put('mail.send', 'security_email', jsonb_build_object('mail',
            CASE WHEN u.id IS NULL THEN 'verification'
                ELSE 'registered-again' END,
            'data', jsonb_build_object('registration', g.id)),
        coalesce(u.id, g.id), p_unique_key => 'registering:' || g.id)
    FROM registrations g
    LEFT JOIN users u ON u.email = g.email AND u.status <> 'DELETED'
    WHERE g.id = $1 AND (u.id IS NOT NULL OR NOT email_taken(g.email))
        AND (SELECT count(*) FROM mail_sent WHERE recipient = g.email
            AND template IN ('verification', 'registered-again')
            AND created_at > clock_now() - interval '1 hour')
            < CASE WHEN u.id IS NULL THEN 4 ELSE 3 END
);

static const char verified_sql[] = SQL(
    SELECT job_put('mail.send', 'email',
        jsonb_build_object('mail', 'welcome'), $1,
        p_unique_key => 'welcome:' || $1)
);
/* clang-format on */

const struct listener mail_newcomer_listeners[] = {
    {
        .name = "mail-verification",
        .event = "user.created",
        .queue = "event",
        .about = "Mail a code to confirm the address.",
        .sql = created_sql,
    },
    {
        .name = "mail-registering",
        .event = "user.registering",
        .queue = "event",
        .about = "Mail a code to a new address; tell the owner of a known one.",
        .sql = registering_sql,
    },
    {
        .name = "mail-welcome",
        .event = "user.verified",
        .queue = "event",
        .about = "Mail a welcome, once the address is confirmed.",
        .sql = verified_sql,
    },
    { 0 },
};
