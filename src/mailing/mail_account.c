/*
 * mail_account.c - what goes into the mails of an account's safety: the links
 * for a new password and for a change of address.
 *
 * A token is made when its mail is, and only its SHA-256 is kept; so no job
 * ever holds a secret, and a mail that is made again has a new one.
 */
#include "base/mem.h"
#include "core/app.h"
#include "core/db.h"
#include "mailing/mailing.h"
#include "mailing/mailing_local.h"

/* A link to a page of ours, as the pair "link". */
static void
pair_link(struct job *job, struct template_pair *p, const char *page,
          const char *token)
{
    mailing_pair(p, "link",
                 mem_printf(job->mem, "%s/%s?token=%s", app_site(job->app)->url,
                            page, token));
}

/* ---- password-reset ------------------------------------------------------ */

/* clang-format off */
/* The user first, as everywhere (sql/email_change.sql). */
static const char bury_sql[] = SQL(
    WITH first AS MATERIALIZED (
        SELECT id FROM users WHERE id = $1 FOR KEY SHARE
    )
    UPDATE password_resets SET died_at = clock_now()
    WHERE user_id = (SELECT id FROM first) AND used_at IS NULL
        AND died_at IS NULL
);
/* clang-format on */
static const char reset_sql[] =
    SQL(
    INSERT INTO password_resets (user_id, token_hash) VALUES ($1, $2)
);

/* A new link kills the one before it. */
const char *
mail_fill_password_reset(struct job *job, const struct recipient *to,
                         struct template_pair pairs[MAIL_PAIRS])
{
    const char *token = crypto_token(job->mem, "reset_", 32), *why = NULL;
    uint8_t hash[SHA256_SIZE];
    const struct bytes of_token = { hash, sizeof hash };

    mailing_link_hash(token, hash);
    if (job_query(job, bury_sql, ARGS(ARG(to->id)), &why) == NULL ||
        job_query(job, reset_sql, ARGS(ARG(to->id), ARG(of_token)), &why) ==
            NULL)
        return why;
    pair_link(job, &pairs[0], "reset-password", token);
    return NULL;
}

/* ---- email-change, email-changed ----------------------------------------- */

/*
 * Both give their token to the row that the job's data name; where that was
 * dropped meanwhile, or the new address is another's, no mail is sent.
 */
static const char confirm_sql[] = SQL(
    UPDATE email_changes SET confirm_hash = $3
    WHERE id = ($2->'data'->>'change')::uuid AND user_id = $1
        AND confirmed_at IS NULL AND died_at IS NULL
        AND expires_at > clock_now() AND NOT email_taken(new_email, $1)
    RETURNING new_email, old_email
);
static const char undo_sql[] =
    SQL(
    UPDATE email_changes SET undo_hash = $3
    WHERE id = ($2->'data'->>'change')::uuid AND user_id = $1
        AND undone_at IS NULL AND undo_expires_at > clock_now()
    RETURNING new_email, old_email
);

static const char *
fill_change(struct job *job, const struct recipient *to, const char *sql,
            const char *page, struct template_pair pairs[MAIL_PAIRS])
{
    const char *token = crypto_token(job->mem, "email_", 32), *why = NULL;
    uint8_t hash[SHA256_SIZE];
    const struct bytes of_token = { hash, sizeof hash };

    mailing_link_hash(token, hash);
    const struct db_result *row = job_query(
        job, sql, ARGS(ARG(to->id), ARG(job->payload), ARG(of_token)), &why);
    if (row == NULL)
        return why;
    if (db_rows(row) == 0) {
        job->done = true;
        return NULL;
    }
    pair_link(job, &pairs[0], page, token);
    mailing_pair(&pairs[1], "newEmail", db_text(row, 0, 0, NULL));
    mailing_pair(&pairs[2], "oldEmail", db_text(row, 0, 1, NULL));
    return NULL;
}

const char *
mail_fill_email_change(struct job *job, const struct recipient *to,
                       struct template_pair pairs[MAIL_PAIRS])
{
    return fill_change(job, to, confirm_sql, "confirm-email", pairs);
}

const char *
mail_fill_email_changed(struct job *job, const struct recipient *to,
                        struct template_pair pairs[MAIL_PAIRS])
{
    return fill_change(job, to, undo_sql, "undo-email", pairs);
}
