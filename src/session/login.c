/*
 * login.c - POST /api/auth/login: rate limit and lock, password, status, and
 * then the second factor, in this order.
 *
 * An address that nobody has costs what a known one costs: the same hash, the
 * same statements, the same answer.  What is told of an account is told to
 * who knows its password.
 */
#include <string.h>

#include "account/account.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "core/agent.h"
#include "core/app.h"
#include "core/db.h"
#include "core/fingerprint.h"
#include "core/networks.h"
#include "core/password_policy.h"
#include "core/session.h"
#include "session/session_local.h"
#include "twofactor/twofactor.h"

struct login {
    const char *email, *password, *two_factor_code;
    bool remember_me;
};

/* ---- What it may answer ------------------------------------------------- */

const struct problem login_wrong = {
    .status = 401,
    .code = "WRONG_LOGIN",
    .title = "The e-mail or the password is wrong, or the e-mail is not "
             "confirmed yet.",
};
static const struct problem banned = {
    .status = 403,
    .code = "ACCOUNT_BANNED",
    .title = "This account is banned.",
};
static const struct problem suspended = {
    .status = 403,
    .code = "ACCOUNT_SUSPENDED",
    .title = "This account is suspended for now.",
};

static const struct refusal login_refusals[] = {
    { .problem = &login_wrong },
    { .problem = &login_locked },
    { .problem = &banned },
    { .problem = &suspended },
    { .problem = &twofactor_wrong, .field = "twoFactorCode" },
    { .problem = &twofactor_spent },
    { 0 },
};

static const struct field login_fields[] = {
    FIELD(IN_BODY, struct login, email, .required = true, .min = 1, .max = 255,
          .raw = true, .about = "The account's address."),
    FIELD(IN_BODY, struct login, password, .required = true, .min = 1,
          .max = PASSWORD_INPUT_MAX, .secret = true, .about = "Its password."),
    FIELD_AS(IN_BODY, "twoFactorCode", struct login, two_factor_code,
             .max = TWOFACTOR_CODE_MAX, .code = true, .secret = true,
             .pattern = TWOFACTOR_CODE_PATTERN, .valid = twofactor_code_formed,
             .wanted = TWOFACTOR_CODE_WANTED,
             .about = "The second factor, in the same step."),
    FIELD_AS(IN_BODY, "rememberMe", struct login, remember_me,
             .about = "Stay signed in for 90 days instead of 30."),
    { 0 },
};

const struct member login_shape[] = {
    { .name = "user", .object = user_card, .nullable = true },
    { .name = "verified",
      .type = VALUE_BOOLEAN,
      .nullable = true,
      .about = "false: the e-mail is still to be verified." },
    { .name = "requiresTwoFactor",
      .type = VALUE_BOOLEAN,
      .about = "true: nobody is signed in yet." },
    { .name = "challenge",
      .type = VALUE_TEXT,
      .nullable = true,
      .about = "For POST /api/auth/login/2fa, within five minutes." },
    { 0 },
};

/* ---- The end of every login --------------------------------------------- */

/* clang-format off */
const char login_done_sql[] = SQL(
    SELECT id, user_id, username, image, role, csrf_secret, active,
        expires_at, reauthenticated_at, state, fresh_until, one_hash,
        other_hash, fingerprint, verified, level
    FROM login_done($1, $2, $3, $4, $5, $6, $7::text::inet, $8, $9, $10, $11,
        $12, $13, $14)
);
const char login_whose_sql[] = SQL(
    SELECT u.email, d.id
    FROM users u
    LEFT JOIN devices d ON d.user_id = u.id AND d.token_hash = $2
    WHERE u.id = $1
);
/* clang-format on */

/* row: of login_done(). */
static const struct problem *
answer_signed_in(struct request *r, const struct session *s,
                 const struct db_result *row)
{
    const bool verified = db_boolean(row, 0, 14), code_wanted = false;
    const int64_t level = db_integer(row, 0, 15);
    const char *challenge = NULL;

    return answer_values(r, ARGS(ARG(s->user), ARG(s->username),
                                 ARG(s->username), ARG(s->image), ARG(verified),
                                 ARG(level), ARG(s->active), ARG(code_wanted),
                                 ARG(challenge)));
}

/* password_hash: as it was looked at; NULL: not now. */
static const struct problem *
complete(struct request *r, struct uuid user,
         const uint8_t subject[SHA256_SIZE], const char *password_hash,
         bool remember)
{
    const char *ip = r->ip != NULL && r->ip[0] != '\0' ? r->ip : NULL;
    const char *name = agent_name(r->mem, r->user_agent);
    const char *place = location_of(r, ip);
    const char *network = networks_kind(r->app->networks, ip);
    const struct bytes fingerprint = fingerprint_of(r);
    const struct bytes device = device_token_or_new(r);
    struct session_token token;
    const struct bytes parts[] = { { subject, SHA256_SIZE },
                                   { token.hash, sizeof token.hash },
                                   { token.csrf, sizeof token.csrf } };
    const struct db_result *row = NULL;

    session_token_new(r->mem, &token);
    const struct problem *refused =
        answer_query(r, login_done_sql,
                     ARGS(ARG(user), ARG(parts[0]), ARG(device), ARG(parts[1]),
                          ARG(parts[2]), ARG(r->user_agent), ARG(ip),
                          ARG(remember), ARG(name), ARG(place), ARG(r->id),
                          ARG(password_hash), ARG(fingerprint), ARG(network)),
                     &row);
    if (refused != NULL)
        return refused;
    /* Banned, deleted or given a new password since it was looked at. */
    if (db_rows(row) == 0)
        return &login_wrong;
    const struct session *made = session_hand_out(r, &token, row);
    session_replaced(r);
    return answer_signed_in(r, made, row);
}

/* Which counters a user's try from this browser has. */
static const struct problem *
whose(struct request *r, struct uuid user, struct login_try *ret)
{
    const struct bytes token = device_token(r);
    const struct db_result *row = NULL;
    const struct problem *refused =
        answer_query(r, login_whose_sql, ARGS(ARG(user), ARG(token)), &row);

    if (refused != NULL)
        return refused;
    if (db_rows(row) == 0)
        return &login_wrong;
    *ret = (struct login_try){ .user = user,
                               .device_token = token,
                               .device = db_uuid(row, 0, 1) };
    lockout_subject(r, db_text(row, 0, 0, NULL), ret->subject);
    return NULL;
}

const struct problem *
login_finish(struct request *r, struct uuid user, bool remember)
{
    struct login_try t;
    const struct problem *refused = whose(r, user, &t);

    if (refused != NULL)
        return refused;
    refused = complete(r, user, t.subject, NULL, remember);
    if (refused == NULL)
        login_forgive(r, &t);
    return refused;
}

void
login_failed(struct request *r, struct uuid user, const char *reason)
{
    struct login_try t;

    if (whose(r, user, &t) == NULL)
        login_note(r, &t, reason);
}

/* ---- The steps ---------------------------------------------------------- */

/* A password made with older parameters is stored anew, unless it was changed
 * while that was worked out. */
static const char rehash_sql[] = SQL(
    UPDATE users SET password_hash = $2 WHERE id = $1 AND password_hash = $3
);

static void
hash_anew(struct request *r, struct login_try *t,
          const struct auth_settings *auth)
{
    const struct login *in = r->input;
    const char *hash = password_hash(r->mem, auth, in->password);
    struct db_error error;

    const struct db_result *res =
        db_query(r->app->db, r->mem, rehash_sql,
                 ARGS(ARG(t->user), ARG(hash), ARG(t->password_hash)), &error);

    if (!error.failed && db_affected(res) == 1)
        t->password_hash = hash;
}

static const struct problem *
say_suspended(struct request *r, struct instant until)
{
    struct problem *p = mem_new(r->mem, struct problem);
    struct text *date = text_new(r->mem);

    if (until.us == 0)
        return &suspended;
    *p = suspended;
    clock_iso(date, until.us);
    p->title =
        mem_printf(r->mem, "This account is suspended until %s.", date->at);
    return p;
}

/* NULL, or what the status says against it. */
static const struct problem *
status_refused(struct request *r, const struct login_try *t)
{
    if (strcmp(t->status, "BANNED") == 0)
        return &banned;
    if (strcmp(t->status, "SUSPENDED") != 0)
        return NULL;
    if (t->suspended_until.us != 0 && t->suspended_until.us <= r->now.us)
        return NULL;
    return say_suspended(r, t->suspended_until);
}

static const struct problem *
second_factor(struct request *r, const struct login_try *t)
{
    const struct login *in = r->input;
    const struct problem *refused = NULL;

    if (t->two_factor && in->two_factor_code == NULL) {
        login_untry(r, t);
        login_note(r, t, "CODE_WANTED");
        return login_challenge(r, t->user, in->remember_me);
    }
    if (t->two_factor)
        refused = twofactor_check(r, t->user, in->two_factor_code);
    if (refused == &twofactor_wrong || refused == &twofactor_spent)
        login_note(r, t, "WRONG_CODE");
    if (refused != NULL)
        return refused;
    refused =
        complete(r, t->user, t->subject, t->password_hash, in->remember_me);
    if (refused == NULL)
        login_forgive(r, t);
    return refused;
}

static const struct problem *
password_was_right(struct request *r, const struct login_try *t)
{
    const struct problem *refused = status_refused(r, t);

    if (refused == NULL)
        return second_factor(r, t);
    login_untry(r, t);
    login_note(r, t, t->status);
    return refused;
}

static const struct problem *
login(struct request *r)
{
    const struct login *in = r->input;
    const struct auth_settings *auth =
        SETTINGS_OF(r->app, &auth_section, struct auth_settings);
    bool outdated = false;
    struct login_try t;
    const struct problem *refused = login_try(r, in->email, &t);

    if (refused != NULL)
        return refused;
    if (!password_turn(auth)) {
        login_untry(r, &t);
        return &problem_unavailable;
    }
    if (!password_verify(auth, t.password_hash, in->password, &outdated)) {
        login_note(r, &t,
                   t.status == NULL ? "UNKNOWN_EMAIL" : "WRONG_PASSWORD");
        return &login_wrong;
    }
    if (outdated)
        hash_anew(r, &t, auth);
    return password_was_right(r, &t);
}

const struct route session_login_routes[] = {
    {
        .on = "POST /api/auth/login",
        .access = ALLOW_ANYONE,
        .quota = QUOTA_OWN, /* login_try.c: as QUOTA_AUTH */
        .handle = login,
        .about = "Sign in: sets the cookie __Host-session, or asks for the "
                 "second factor.",
        .input = INPUT(struct login, login_fields),
        .refusals = login_refusals,
        .returns = login_shape,
        .secret_answer = true,
        .sql = STATEMENTS(login_try_sql, login_relock_sql, login_untry_sql,
                          login_failed_sql, rehash_sql, TWOFACTOR_CHECK_SQL,
                          login_challenge_sql, login_done_sql),
    },
    { 0 },
};
