/*
 * session.c - signing in and out, and the token that forms carry.
 */
#include "session/session.h"

#include <string.h>

#include "account/account.h"
#include "core/access.h"
#include "core/app.h"
#include "core/crypto.h"
#include "core/db.h"
#include "core/session.h"
#include "session/session_local.h"

/* ---- POST /api/auth/login ----------------------------------------------- */

struct login {
    const char *email, *password;
    bool remember_me;
};

static const struct problem wrong_login = {
    .status = 401,
    .code = "WRONG_LOGIN",
    .title = "The e-mail or the password is wrong.",
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
    { .problem = &wrong_login },
    { .problem = &banned },
    { .problem = &suspended },
    { 0 },
};

static const struct field login_fields[] = {
    FIELD(IN_BODY, struct login, email, .required = true, .min = 1, .max = 255,
          .about = "The account's address."),
    FIELD(IN_BODY, struct login, password, .required = true, .min = 1,
          .max = 128, .secret = true, .about = "Its password."),
    FIELD_AS(IN_BODY, "rememberMe", struct login, remember_me,
             .about = "Stay signed in for 90 days instead of 30."),
    { 0 },
};

static const struct member login_shape[] = {
    { .name = "user", .object = user_card },
    { .name = "verified",
      .type = VALUE_BOOLEAN,
      .about = "false: the e-mail is still to be verified." },
    { 0 },
};

/* user_card, then what login decides by. */
static const char login_sql[] =
    SQL(
    SELECT id, username, image, verified, level::bigint,
        status <> 'PENDING_VERIFICATION' AS settled, password_hash,
        CASE WHEN status = 'SUSPENDED' AND suspended_until <= $2
            THEN 'ACTIVE' ELSE status::text END AS status
    FROM users WHERE email = lower($1) AND status <> 'DELETED'
);

/* A password made with older parameters is stored anew, unless it was changed
 * while that was worked out; nor is a suspension of that time undone. */
static const char rehash_sql[] = SQL(
    UPDATE users SET password_hash = $2 WHERE id = $1 AND password_hash = $3
);
static const char seen_sql[] =
    SQL(
    UPDATE users SET last_seen_at = $2,
        status = CASE WHEN status = 'SUSPENDED' AND suspended_until <= $2
            THEN 'ACTIVE' ELSE status END
    WHERE id = $1
);

static const struct problem *
status_refused(const char *status)
{
    if (strcmp(status, "BANNED") == 0)
        return &banned;
    return strcmp(status, "SUSPENDED") == 0 ? &suspended : NULL;
}

static const struct problem *
sign_in(struct request *r, const struct db_result *user)
{
    const struct login *in = r->input;
    struct uuid id = db_uuid(user, 0, 0);
    struct db_error error;
    const struct problem *refused = status_refused(db_text(user, 0, 7, NULL));

    if (refused != NULL)
        return refused;
    (void)db_query(r->app->db, r->mem, seen_sql, ARGS(ARG(id), ARG(r->now)),
                   &error);
    refused = session_begin(r, id, in->remember_me);
    if (refused != NULL)
        return refused;
    return answer_row(r, login_sql, ARGS(ARG(in->email), ARG(r->now)));
}

static void
hash_anew(struct request *r, const struct db_result *user,
          const struct auth_settings *auth)
{
    const struct uuid id = db_uuid(user, 0, 0);
    const char *old = db_text(user, 0, 6, NULL);
    const struct login *in = r->input;
    const char *hash = password_hash(r->mem, auth, in->password);
    struct db_error error;

    (void)db_query(r->app->db, r->mem, rehash_sql,
                   ARGS(ARG(id), ARG(hash), ARG(old)), &error);
}

static const struct problem *
login(struct request *r)
{
    const struct login *in = r->input;
    const struct auth_settings *auth =
        SETTINGS_OF(r->app, &auth_section, struct auth_settings);
    struct db_error error;
    bool outdated = false;
    struct db_result *user =
        db_query(r->app->db, r->mem, login_sql,
                 ARGS(ARG(in->email), ARG(r->now)), &error);

    if (error.failed)
        return db_problem(&error);
    bool known = db_rows(user) == 1 && !db_null(user, 0, 6);
    const char *phc = known ? db_text(user, 0, 6, NULL) : NULL;
    if (!password_turn(auth))
        return &problem_unavailable;
    if (!password_verify(auth, phc, in->password, &outdated))
        return &wrong_login;
    if (outdated)
        hash_anew(r, user, auth);
    return sign_in(r, user);
}

/* ---- The rest ----------------------------------------------------------- */

static const struct problem *
logout(struct request *r)
{
    return session_end(r);
}

static const struct member csrf_shape[] = {
    { .name = "token",
      .type = VALUE_TEXT,
      .about = "For the header X-CSRF-Token of calls that change something." },
    { 0 },
};

static const struct problem *
show_csrf(struct request *r)
{
    const char *token = r->session->csrf;

    return answer_values(r, ARGS(ARG(token)));
}

static const struct problem *
show_login(struct request *r)
{
    return r->session != NULL ? answer_redirect(r, "/") : NULL;
}

/* ---- The endpoints ------------------------------------------------------ */

static const struct route routes[] = {
    {
        .on = "POST /api/auth/login",
        .access = ALLOW_ANYONE,
        .quota = QUOTA_AUTH,
        .handle = login,
        .about = "Sign in: sets the cookie __Host-session.",
        .input = INPUT(struct login, login_fields),
        .refusals = login_refusals,
        .returns = login_shape,
        .sql = STATEMENTS(login_sql, rehash_sql, seen_sql),
    },
    {
        .on = "POST /api/auth/logout",
        .access = ALLOW_SIGNED_IN,
        .handle = logout,
        .about = "Sign out: ends this session.",
        .form = ANSWER_NOTHING,
        .success = 204,
    },
    {
        .on = "GET /api/auth/csrf",
        .access = ALLOW_SIGNED_IN,
        .handle = show_csrf,
        .about = "Read the session's token against forged requests.",
        .returns = csrf_shape,
    },
    {
        .on = "GET /login",
        .access = ALLOW_ANYONE,
        .handle = show_login,
        .about = "The form to sign in.",
        .page = "session/login",
        .title = "Log in",
    },
    { 0 },
};

const struct feature session_feature = {
    .name = "session",
    .about = "Signing in and out.",
    .routes = routes,
    .route_tables = (const struct route *const[]){ session_list_routes, NULL },
};
