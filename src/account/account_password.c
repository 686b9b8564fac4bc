/*
 * account_password.c - new passwords: how good one is, and taking one by a
 * mail's link or by the old one.
 *
 * password_reset() and password_change() in sql/password.sql do what is done
 * in one transaction, and return the sessions that ended.  The token of a link
 * is made when its mail is, in mailing/mail_account.c.
 */
#include <string.h>

#include "account/account_local.h"
#include "base/clock.h"
#include "core/access.h"
#include "core/app.h"
#include "core/crypto.h"
#include "core/db.h"
#include "core/email.h"
#include "core/lockout.h"
#include "core/password_policy.h"
#include "core/quota.h"
#include "core/session.h"
#include "mailing/mailing.h"

static const struct auth_settings *
auth_of(const struct request *r)
{
    return SETTINGS_OF(r->app, &auth_section, struct auth_settings);
}

/* ---- POST /api/auth/password-strength ----------------------------------- */

struct candidate {
    const char *password, *username, *email;
};

static const struct field candidate_fields[] = {
    FIELD(IN_BODY, struct candidate, password, .required = true, .secret = true,
          .max = PASSWORD_INPUT_MAX, .about = "What somebody types."),
    FIELD(IN_BODY, struct candidate, username, .max = 100, .raw = true,
          .about = "Whose it is to be; your own where you are signed in."),
    FIELD(IN_BODY, struct candidate, email, .max = 255, .raw = true,
          .about = "With which address."),
    { 0 },
};

static const struct member strength_shape[] = {
    { .name = "valid", .type = VALUE_BOOLEAN },
    { .name = "score", .type = VALUE_INTEGER, .about = "0 to 100." },
    { .name = "errors",
      .type = VALUE_TEXTS,
      .about = "What to do about it, in words." },
    { 0 },
};

static const struct problem *
tell_strength(struct request *r)
{
    const struct candidate *in = r->input;
    const char *name = in->username;
    const char *advice[PASSWORD_FAULTS];
    struct texts errors = { advice, 0 };
    struct password_verdict v;

    if (name == NULL && r->session != NULL)
        name = r->session->username;
    const struct problem *unchecked =
        password_verdict(r, in->password, name, in->email, &v);
    if (unchecked != NULL)
        return unchecked;
    for (size_t i = 0; i < PASSWORD_FAULTS; i++)
        if ((v.faults & 1U << i) != 0)
            advice[errors.n++] = password_advice[i];
    return answer_values(r, ARGS(ARG(v.valid), ARG(v.score), ARG(errors)));
}

/* ---- POST /api/auth/forgot-password ------------------------------------- */

struct forgotten {
    const char *email;
};

static const struct field forgotten_fields[] = {
    FIELD(IN_BODY, struct forgotten, email, .required = true, .min = 3,
          .max = 255, .valid = email_valid, .wanted = EMAIL_WANTED,
          .about = "The account's address."),
    { 0 },
};

static const struct problem too_many_resets = {
    .status = 429,
    .code = "RATE_LIMIT_ERROR",
    .title = "Too many links were asked for from here; wait a little.",
    .retry_after = 360,
};
static const struct refusal forgotten_refusals[] = {
    { .problem = &too_many_resets },
    { 0 },
};

/*
 * One row whether the address is known or not, so that both take the same
 * time: for nobody its subject is nobody.  What becomes of it is the business
 * of the listener, who looks within a second and is not woken: else it would
 * run beside the answer, whose time would tell what there is to do.
 */
static const char forgotten_sql[] = SQL(
    INSERT INTO outbox (event, subject_id, request_id)
    SELECT 'user.reset_wanted', coalesce((SELECT id FROM users
        WHERE email = $1 AND status <> 'DELETED'), uuidv7()), $2
);

static const struct problem *
forgot(struct request *r)
{
    static const struct quota_rule by_ip = { .name = "reset_ip",
                                             .limit = 10,
                                             .window = CLOCK_HOUR },
                                   by_email = { .name = "reset_email",
                                                .limit = 3,
                                                .window = CLOCK_HOUR };
    const struct forgotten *in = r->input;
    const char *email = email_normal(r->mem, in->email);
    struct quota_state state;
    struct db_error error;

    if (!quota_take_rule(r, &by_ip, quota_address(r->mem, r->ip), &state))
        return &too_many_resets;
    /* More for one address are not refused, since that would tell somebody
     * that others asked: they have no effect. */
    if (!quota_take_rule(r, &by_email, quota_secret(r, email), &state))
        return NULL;
    (void)db_query(r->app->db, r->mem, forgotten_sql,
                   ARGS(ARG(email), ARG(r->id)), &error);
    return error.failed ? db_problem(&error) : NULL;
}

/* ---- POST /api/auth/reset-password -------------------------------------- */

struct reset {
    const char *token, *new_password;
};

static const struct problem link_gone = {
    .status = 410,
    .code = "LINK_GONE",
    .title = "This link is used, replaced or too old. Ask for a new one.",
};
static const struct refusal reset_refusals[] = {
    { .problem = &link_gone, .constraint = "password_resets_open" },
    { .problem = &link_gone, .constraint = "users_system_no_login" },
    { 0 },
};

static const struct field reset_fields[] = {
    FIELD(IN_BODY, struct reset, token, .required = true, .min = 1, .max = 100,
          .secret = true, .about = "From the mail's link."),
    FIELD_AS(IN_BODY, "newPassword", struct reset, new_password,
             .required = true, .min = 1, .max = PASSWORD_INPUT_MAX,
             .secret = true, .about = "As for registration."),
    { 0 },
};

/* Whose link it is, for the rules; and no hashing for one that is no good. */
static const char link_sql[] =
    SQL(
    SELECT u.username, u.email, u.id
    FROM password_resets r JOIN users u ON u.id = r.user_id
    WHERE r.token_hash = $1 AND r.used_at IS NULL AND r.died_at IS NULL
        AND r.expires_at > $2 AND u.status <> 'DELETED'
);

static const char reset_sql[] = SQL(
    SELECT token_hash FROM password_reset($1, $2, $3::text::inet, $4, $5)
);

static const struct problem *
set_by_link(struct request *r, struct bytes token, struct uuid user)
{
    const struct reset *in = r->input;
    const struct db_result *ended;

    if (!password_turn(auth_of(r)))
        return &problem_unavailable;
    const char *hash = password_hash(r->mem, auth_of(r), in->new_password);
    const struct problem *refused = answer_query(
        r, reset_sql,
        ARGS(ARG(token), ARG(hash), ARG(r->ip), ARG(r->user_agent), ARG(r->id)),
        &ended);
    if (refused != NULL)
        return refused;
    session_forget(r, ended);
    lockout_proved(r, user);
    event_wake(r);
    return NULL;
}

static const struct problem *
reset(struct request *r)
{
    const struct reset *in = r->input;
    uint8_t hash[SHA256_SIZE];
    const struct bytes token = { hash, sizeof hash };
    const struct db_result *user;

    mailing_link_hash(in->token, hash);
    const struct problem *refused =
        answer_query(r, link_sql, ARGS(ARG(token), ARG(r->now)), &user);
    if (refused == NULL && db_rows(user) == 0)
        refused = &link_gone;
    if (refused == NULL)
        refused = password_refused(r, "newPassword", in->new_password,
                                   db_text(user, 0, 0, NULL),
                                   db_text(user, 0, 1, NULL));
    return refused != NULL ? refused
                           : set_by_link(r, token, db_uuid(user, 0, 2));
}

/* ---- POST /api/auth/change-password ------------------------------------- */

struct change {
    const char *current_password, *new_password;
};

static const struct problem wrong_password = {
    .status = 403,
    .code = "WRONG_PASSWORD",
    .title = "This is not your password.",
};
static const struct refusal change_refusals[] = {
    { .problem = &wrong_password },
    { .problem = &problem_conflict, .constraint = "users_password_moved" },
    { 0 },
};

static const struct field change_fields[] = {
    FIELD_AS(IN_BODY, "currentPassword", struct change, current_password,
             .required = true, .min = 1, .max = PASSWORD_INPUT_MAX,
             .secret = true, .about = "The one you have."),
    FIELD_AS(IN_BODY, "newPassword", struct change, new_password,
             .required = true, .min = 1, .max = PASSWORD_INPUT_MAX,
             .secret = true, .about = "As for registration."),
    { 0 },
};

static const char mine_sql[] =
    SQL(
    SELECT username, email, password_hash FROM users WHERE id = $1
);

static const char change_sql[] = SQL(
    SELECT token_hash
    FROM password_change($1, $2, $3, $4, $5::text::inet, $6, $7)
);

/* Not the rest of a turn: two hashes are two turns. */
static const struct problem *
replace(struct request *r, const char *old)
{
    const struct change *in = r->input;
    const struct uuid session = r->session->id;
    const struct db_result *ended;

    if (!password_turn(auth_of(r)))
        return &problem_unavailable;
    const char *hash = password_hash(r->mem, auth_of(r), in->new_password);
    const struct problem *refused =
        answer_query(r, change_sql,
                     ARGS(ARG(r->viewer), ARG(session), ARG(old), ARG(hash),
                          ARG(r->ip), ARG(r->user_agent), ARG(r->id)),
                     &ended);
    if (refused != NULL)
        return refused;
    session_forget(r, ended);
    event_wake(r);
    return NULL;
}

static const struct problem *
change(struct request *r)
{
    const struct change *in = r->input;
    const struct db_result *user;
    bool outdated;
    const struct problem *refused =
        answer_query(r, mine_sql, ARGS(ARG(r->viewer)), &user);

    if (refused != NULL)
        return refused;
    if (strcmp(in->current_password, in->new_password) == 0)
        return problem_field(r, "newPassword", "must be another one");
    refused =
        password_refused(r, "newPassword", in->new_password,
                         db_text(user, 0, 0, NULL), db_text(user, 0, 1, NULL));
    if (refused != NULL)
        return refused;
    if (!password_turn(auth_of(r)))
        return &problem_unavailable;
    const char *old = db_text(user, 0, 2, NULL);
    if (!password_verify(auth_of(r), old, in->current_password, &outdated)) {
        (void)problem_field(r, "currentPassword", wrong_password.title);
        return &wrong_password;
    }
    return replace(r, old);
}

/* ---- What else happens --------------------------------------------------- */

static const char mail_link_sql[] = SQL(
    SELECT job_put('mail.send', 'security_email',
        jsonb_build_object('mail', 'password-reset'), id)
    FROM users WHERE id = $1 AND status <> 'DELETED'
);

const struct listener account_listeners[] = {
    {
        .name = "mail-password-reset",
        .event = "user.reset_wanted",
        .queue = "event",
        .about = "Mail a link for a new password, where the address is known.",
        .sql = mail_link_sql,
    },
    { 0 },
};

/* ---- The endpoints ------------------------------------------------------ */

const struct route account_password_routes[] = {
    {
        .on = "POST /api/auth/password-strength",
        .access = ALLOW_ANYONE,
        .quota = QUOTA_READ,
        .handle = tell_strength,
        .about = "Ask how good a password is. Nothing of it is kept.",
        .input = INPUT(struct candidate, candidate_fields),
        .returns = strength_shape,
    },
    {
        .on = "POST /api/auth/forgot-password",
        .access = ALLOW_ANYONE,
        .quota = QUOTA_OWN,
        .handle = forgot,
        .about = "Ask for a mail with a link for a new password: three an "
                 "hour. The answer is the same for an address that nobody has.",
        .input = INPUT(struct forgotten, forgotten_fields),
        .refusals = forgotten_refusals,
        .form = ANSWER_NOTHING,
        .success = 202,
        .sql = STATEMENTS(forgotten_sql),
    },
    {
        .on = "POST /api/auth/reset-password",
        .access = ALLOW_ANYONE,
        .quota = QUOTA_AUTH,
        .handle = reset,
        .about = "Take a new password by the mail's link. All sessions end.",
        .input = INPUT(struct reset, reset_fields),
        .refusals = reset_refusals,
        .form = ANSWER_NOTHING,
        .success = 204,
        .sql = STATEMENTS(link_sql, reset_sql, LOCKOUT_PROVED_SQL),
    },
    {
        .on = "POST /api/auth/change-password",
        .access = ALLOW_SIGNED_IN,
        .quota = QUOTA_AUTH,
        .recent_auth = true,
        .handle = change,
        .about = "Take a new password. All your other sessions end.",
        .input = INPUT(struct change, change_fields),
        .refusals = change_refusals,
        .form = ANSWER_NOTHING,
        .success = 204,
        .sql = STATEMENTS(mine_sql, change_sql),
    },
    { 0 },
};
