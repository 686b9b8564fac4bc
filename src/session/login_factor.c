/*
 * login_factor.c - the second step of a login: between the right password and
 * the code there is a challenge, which tells nobody who it is for.
 *
 * It is good for five minutes and five codes, from the address that it was
 * given to, and dies with the password.  Only its SHA-256 is stored.
 */
#include <string.h>

#include "core/app.h"
#include "core/crypto.h"
#include "core/db.h"
#include "session/session_local.h"
#include "twofactor/twofactor.h"

static void
hash_of(const char *challenge, uint8_t out[SHA256_SIZE])
{
    crypto_sha256(challenge, strlen(challenge), out);
}

static const char *
address_of(const struct request *r)
{
    return r->ip != NULL && r->ip[0] != '\0' ? r->ip : NULL;
}

/* ---- Giving -------------------------------------------------------------- */

/* The columns of login_shape: nobody yet, and the challenge. */
/* clang-format off */
const char login_challenge_sql[] = SQL(
    WITH made AS (
        INSERT INTO login_challenges (token_hash, user_id, ip, remember,
            created_at, expires_at)
        VALUES ($1, $2, $3::text::inet, $4, $5,
            $5::timestamptz + interval '5 minutes')
        RETURNING 1
    )
    SELECT NULL::uuid, NULL::text, NULL::text, NULL::text, NULL::boolean,
        NULL::bigint, NULL::boolean, TRUE, $6::text
    FROM made
);
/* clang-format on */

const struct problem *
login_challenge(struct request *r, struct uuid user, bool remember)
{
    const char *challenge = crypto_token(r->mem, "login_", 32);
    const char *ip = address_of(r);
    uint8_t hash[SHA256_SIZE];
    const struct bytes stored = { hash, sizeof hash };

    hash_of(challenge, hash);
    return answer_row(r, login_challenge_sql,
                      ARGS(ARG(stored), ARG(user), ARG(ip), ARG(remember),
                           ARG(r->now), ARG(challenge)));
}

/* ---- POST /api/auth/login/2fa -------------------------------------------- */

struct step {
    const char *challenge, *code;
};

static const struct field step_fields[] = {
    FIELD(IN_BODY, struct step, challenge, .required = true, .min = 1,
          .max = 100, .secret = true, .about = "From POST /api/auth/login."),
    FIELD(IN_BODY, struct step, code, .required = true, .min = 1,
          .max = TWOFACTOR_CODE_MAX, .code = true, .secret = true,
          .pattern = TWOFACTOR_CODE_PATTERN, .valid = twofactor_code_formed,
          .wanted = TWOFACTOR_CODE_WANTED,
          .about = "Of the authenticator, or a backup code."),
    { 0 },
};

static const struct problem challenge_gone = {
    .status = 410,
    .code = "CHALLENGE_GONE",
    .title = "This took more than five minutes, or too many codes. Log in "
             "with your password again.",
};
static const struct refusal step_refusals[] = {
    { .problem = &challenge_gone },
    { .problem = &login_wrong },
    { .problem = &twofactor_wrong, .field = "code" },
    { .problem = &twofactor_spent },
    { 0 },
};

/* A try is counted before the code is looked at. */
/* clang-format off */
static const char try_sql[] = SQL(
    UPDATE login_challenges c SET tries = tries + 1
    FROM users u
    WHERE c.token_hash = $1 AND c.used_at IS NULL AND c.expires_at > $2
        AND c.tries < 5 AND c.ip IS NOT DISTINCT FROM $3::text::inet
        AND u.id = c.user_id
        AND (u.password_changed_at IS NULL
            OR u.password_changed_at <= c.created_at)
    RETURNING c.user_id, c.remember
);
static const char use_sql[] = SQL(
    UPDATE login_challenges SET used_at = $2
    WHERE token_hash = $1 AND used_at IS NULL
);
/* clang-format on */

static const struct problem *
take_step(struct request *r)
{
    const struct step *in = r->input;
    const char *ip = address_of(r);
    uint8_t hash[SHA256_SIZE];
    const struct bytes key = { hash, sizeof hash };
    const struct db_result *found = NULL, *used = NULL;

    hash_of(in->challenge, hash);
    const struct problem *refused =
        answer_query(r, try_sql, ARGS(ARG(key), ARG(r->now), ARG(ip)), &found);
    if (refused != NULL)
        return refused;
    if (db_rows(found) == 0)
        return &challenge_gone;
    const struct uuid user = db_uuid(found, 0, 0);
    refused = twofactor_check(r, user, in->code);
    if (refused == &twofactor_wrong || refused == &twofactor_spent)
        login_failed(r, user, "WRONG_CODE");
    /* Switched off meanwhile: the password alone would do, if given anew. */
    if (refused == &twofactor_absent)
        return &challenge_gone;
    if (refused == NULL)
        refused = answer_query(r, use_sql, ARGS(ARG(key), ARG(r->now)), &used);
    if (refused != NULL)
        return refused;
    return db_affected(used) == 1
               ? login_finish(r, user, db_boolean(found, 0, 1))
               : &challenge_gone;
}

const struct route session_factor_routes[] = {
    {
        .on = "POST /api/auth/login/2fa",
        .access = ALLOW_ANYONE,
        .quota = QUOTA_AUTH,
        .handle = take_step,
        .about = "The second step of a login: a code for its challenge.",
        .input = INPUT(struct step, step_fields),
        .refusals = step_refusals,
        .returns = login_shape,
        .secret_answer = true,
        .sql = STATEMENTS(try_sql, TWOFACTOR_CHECK_SQL, use_sql,
                          login_whose_sql, login_failed_sql, login_done_sql),
    },
    { 0 },
};
