/*
 * account_email.c - another address for an account: asked for, confirmed by a
 * link at the new one, undone by a link at the old one.
 *
 * See sql/email_change.sql.  The answer does not tell whether the address is
 * somebody's: only who reads its mail learns.
 */
#include "account/account_local.h"
#include "base/clock.h"
#include "core/app.h"
#include "core/crypto.h"
#include "core/db.h"
#include "core/email.h"
#include "core/lockout.h"
#include "core/quota.h"
#include "core/session.h"
#include "mailing/mailing.h"

/* ---- POST /api/auth/email-change ---------------------------------------- */

struct wish {
    const char *email;
};

static const struct field wish_fields[] = {
    FIELD(IN_BODY, struct wish, email, .required = true, .min = 3, .max = 255,
          .valid = email_valid, .wanted = EMAIL_WANTED,
          .about = "The new address."),
    { 0 },
};

static const struct problem same_email = {
    .status = 422,
    .code = "SAME_EMAIL",
    .title = "This is your address already.",
};
static const struct problem too_many_changes = {
    .status = 429,
    .code = "TOO_MANY_MAILS",
    .title = "Three mails an hour are the most; wait a little.",
    .retry_after = 1200,
};
static const struct refusal wish_refusals[] = {
    { .problem = &same_email,
      .constraint = "email_changes_new",
      .field = "email" },
    { .problem = &too_many_changes },
    { 0 },
};

static const char begin_sql[] = SQL(
    SELECT email_change_begin($1, $2, $3)
);

/*
 * Three an hour by a user; and to an address, whoever names it: it may be that
 * of somebody else.  This is said, other than at forgot-password, whose mails
 * would tell: it says no more than that somebody named it.
 */
static bool
may_mail(struct request *r, const char *email)
{
    static const struct quota_rule by_user = { .name = "email_change",
                                               .limit = 3,
                                               .window = CLOCK_HOUR },
                                   by_email = { .name = "email_change_to",
                                                .limit = 3,
                                                .window = CLOCK_HOUR };

    return quota_take_message(r, &by_user, &by_email, email);
}

static const struct problem *
begin(struct request *r)
{
    const struct wish *in = r->input;
    const char *email = email_normal(r->mem, in->email);
    const struct db_result *made;

    if (!may_mail(r, email))
        return &too_many_changes;
    const struct problem *refused = answer_query(
        r, begin_sql, ARGS(ARG(r->viewer), ARG(email), ARG(r->id)), &made);
    event_wake(r);
    return refused;
}

static const char drop_sql[] = SQL(SELECT email_change_drop($1));

static const struct problem *
drop(struct request *r)
{
    return answer_done_anyway(r, drop_sql, ARGS(ARG(r->viewer)));
}

/* ---- The links ----------------------------------------------------------- */

struct proof {
    const char *token;
};

static const struct field proof_fields[] = {
    FIELD(IN_BODY, struct proof, token, .required = true, .min = 1, .max = 100,
          .secret = true, .about = "From the mail's link."),
    { 0 },
};

static const struct problem link_gone = {
    .status = 410,
    .code = "LINK_GONE",
    .title = "This link is used, replaced or too old.",
};
static const struct problem email_taken = {
    .status = 409,
    .code = "EMAIL_TAKEN",
    .title = "Another account has this address.",
};
static const struct refusal confirm_refusals[] = {
    { .problem = &link_gone, .constraint = "email_changes_open" },
    { .problem = &email_taken, .constraint = "users_email_key" },
    { 0 },
};
static const struct refusal undo_refusals[] = {
    { .problem = &link_gone, .constraint = "email_changes_undoable" },
    { .problem = &email_taken, .constraint = "users_email_key" },
    { 0 },
};

static const char confirm_sql[] =
    SQL(
    SELECT email_change_confirm($1, $2::text::inet, $3, $4)
);
static const char undo_sql[] =
    SQL(
    SELECT token_hash FROM email_change_undo($1, $2::text::inet, $3, $4)
);

/* Whose a link to undo was. */
static const char undone_sql[] =
    SQL(
    SELECT user_id FROM email_changes WHERE undo_hash = $1
);

static const struct problem *
follow(struct request *r, const char *sql, const struct db_result **ret_result)
{
    const struct proof *in = r->input;
    uint8_t hash[SHA256_SIZE];
    const struct bytes token = { hash, sizeof hash };

    mailing_link_hash(in->token, hash);
    return answer_query(
        r, sql, ARGS(ARG(token), ARG(r->ip), ARG(r->user_agent), ARG(r->id)),
        ret_result);
}

static const struct problem *
confirm(struct request *r)
{
    const struct db_result *user;
    const struct problem *refused = follow(r, confirm_sql, &user);

    if (refused != NULL)
        return refused;
    session_refresh_user(r, db_uuid(user, 0, 0));
    lockout_proved(r, db_uuid(user, 0, 0));
    event_wake(r);
    return NULL;
}

static const struct problem *
undo(struct request *r)
{
    const struct proof *in = r->input;
    uint8_t hash[SHA256_SIZE];
    const struct bytes token = { hash, sizeof hash };
    const struct db_result *ended, *user;
    const struct problem *refused = follow(r, undo_sql, &ended);

    if (refused != NULL)
        return refused;
    session_forget(r, ended);
    event_wake(r);
    mailing_link_hash(in->token, hash);
    refused = answer_query(r, undone_sql, ARGS(ARG(token)), &user);
    if (refused == NULL && db_rows(user) > 0)
        lockout_proved(r, db_uuid(user, 0, 0));
    return refused;
}

/* ---- The endpoints ------------------------------------------------------ */

const struct route account_email_routes[] = {
    {
        .on = "POST /api/auth/email-change",
        .access = ALLOW_SIGNED_IN,
        .recent_auth = true,
        .handle = begin,
        .about = "Ask for another address: a mail with a link goes there. "
                 "Three an hour by you, and to an address; the one asked for "
                 "before is dropped.",
        .input = INPUT(struct wish, wish_fields),
        .refusals = wish_refusals,
        .form = ANSWER_NOTHING,
        .success = 202,
        .sql = STATEMENTS(begin_sql),
    },
    {
        .on = "DELETE /api/auth/email-change",
        .access = ALLOW_SIGNED_IN,
        .handle = drop,
        .about = "Drop the change of address that you asked for.",
        .form = ANSWER_NOTHING,
        .success = 204,
        .sql = STATEMENTS(drop_sql),
    },
    {
        .on = "POST /api/auth/email-change/confirm",
        .access = ALLOW_ANYONE,
        .quota = QUOTA_WRITE,
        .handle = confirm,
        .about = "Confirm a new address by the link that was mailed there.",
        .input = INPUT(struct proof, proof_fields),
        .refusals = confirm_refusals,
        .form = ANSWER_NOTHING,
        .success = 204,
        .sql = STATEMENTS(confirm_sql, LOCKOUT_PROVED_SQL),
    },
    {
        .on = "POST /api/auth/email-change/undo",
        .access = ALLOW_ANYONE,
        .quota = QUOTA_WRITE,
        .handle = undo,
        .about = "Undo a change of address by the link that was mailed to the "
                 "old one, within seven days. All sessions end.",
        .input = INPUT(struct proof, proof_fields),
        .refusals = undo_refusals,
        .form = ANSWER_NOTHING,
        .success = 204,
        .sql = STATEMENTS(undo_sql, undone_sql, LOCKOUT_PROVED_SQL),
    },
    { 0 },
};
