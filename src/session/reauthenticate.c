/*
 * reauthenticate.c - who is signed in proves it again, for what a stolen
 * session must not do (.recent_auth in the routes): good for ten minutes.
 */
#include "core/app.h"
#include "core/db.h"
#include "core/password_policy.h"
#include "core/session.h"
#include "session/session_local.h"
#include "twofactor/twofactor.h"

struct proof {
    const char *password, *code;
};

static const struct problem wrong_password = {
    .status = 422,
    .code = "WRONG_PASSWORD",
    .title = "This is not your password.",
};

static const struct refusal proof_refusals[] = {
    { .problem = &wrong_password, .field = "password" },
    { .problem = &twofactor_wrong, .field = "code" },
    { .problem = &twofactor_spent },
    { .problem = &twofactor_absent },
    { 0 },
};

static const struct field proof_fields[] = {
    FIELD(IN_BODY, struct proof, password, .min = 1, .max = PASSWORD_INPUT_MAX,
          .secret = true, .about = "Your password; or"),
    FIELD(IN_BODY, struct proof, code, .min = 1, .max = TWOFACTOR_CODE_MAX,
          .code = true, .secret = true, .pattern = TWOFACTOR_CODE_PATTERN,
          .valid = twofactor_code_formed, .wanted = TWOFACTOR_CODE_WANTED,
          .about = "a second factor."),
    { 0 },
};

/* clang-format off */
static const char password_sql[] = SQL(
    SELECT password_hash FROM users WHERE id = $1
);
static const char proved_sql[] = SQL(
    SELECT token_hash FROM session_proved($1, $2)
);
/* clang-format on */

static const struct problem *
check_password(struct request *r, const char *password)
{
    const struct auth_settings *auth =
        SETTINGS_OF(r->app, &auth_section, struct auth_settings);
    const struct db_result *row = NULL;
    bool outdated;
    const struct problem *refused =
        answer_query(r, password_sql, ARGS(ARG(r->viewer)), &row);

    if (refused != NULL)
        return refused;
    const char *hash = db_rows(row) == 0 || db_null(row, 0, 0)
                           ? NULL
                           : db_text(row, 0, 0, NULL);
    if (!password_turn(auth))
        return &problem_unavailable;
    return password_verify(auth, hash, password, &outdated) ? NULL
                                                            : &wrong_password;
}

static const struct problem *
reauthenticate(struct request *r)
{
    const struct proof *in = r->input;
    const struct uuid session = r->session->id;
    const struct db_result *hashes = NULL;

    if ((in->password == NULL) == (in->code == NULL))
        return problem_field(r, "password", "give either this or a code");
    const struct problem *refused =
        in->password != NULL ? check_password(r, in->password)
                             : twofactor_check(r, r->viewer, in->code);
    if (refused == NULL)
        refused = answer_query(r, proved_sql,
                               ARGS(ARG(session), ARG(r->viewer)), &hashes);
    if (refused == NULL)
        (void)session_refresh(r->app, r->mem, hashes);
    return refused;
}

const struct route session_again_routes[] = {
    {
        .on = "POST /api/auth/reauthenticate",
        .access = ALLOW_SIGNED_IN,
        .quota = QUOTA_AUTH,
        .handle = reauthenticate,
        .about = "Prove that it is you, by password or second factor: good "
                 "for ten minutes in this session.",
        .input = INPUT(struct proof, proof_fields),
        .refusals = proof_refusals,
        .form = ANSWER_NOTHING,
        .success = 204,
        .sql = STATEMENTS(password_sql, TWOFACTOR_CHECK_SQL, proved_sql),
    },
    { 0 },
};
