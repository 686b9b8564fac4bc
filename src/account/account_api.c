/*
 * account_api.c - the JSON API of accounts: register, oneself.
 *
 * registration_begin() in sql/registration.sql reserves the user name and asks
 * for a mail; the account is made when its code comes back (account_verify.c).
 */
#include "account/account_local.h"

#include <string.h>

#include "core/app.h"
#include "core/crypto.h"
#include "core/email.h"
#include "core/password_policy.h"
#include "core/session.h"

/* ---- POST /api/auth/register -------------------------------------------- */

struct registration {
    const char *email, *username, *password, *referral_code;
    bool agree_to_terms;
};

static const struct problem username_taken = {
    .status = 409,
    .code = "USERNAME_TAKEN",
    .title = "This user name is taken.",
};
static const struct problem referral_unusable = {
    .status = 422,
    .code = "REFERRAL_UNUSABLE",
    .title = "This referral code cannot be used.",
};

static const struct refusal registration_refusals[] = {
    { .problem = &username_taken,
      .constraint = "registrations_username_taken",
      .field = "username" },
    { .problem = &referral_unusable,
      .constraint = "referrals_code_usable",
      .field = "referralCode" },
    { 0 },
};

/* The constraint referrals_code_form, in either case. */
static bool
referral_valid(const char *s)
{
    size_t n = strspn(s, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                         "abcdefghijklmnopqrstuvwxyz");

    return n >= 6 && n <= 32 && s[n] == '\0';
}

static const struct field registration_fields[] = {
    FIELD(IN_BODY, struct registration, email, .required = true, .min = 3,
          .max = 255, .valid = email_valid, .wanted = EMAIL_WANTED,
          .about = "Where the verification mail goes."),
    FIELD(IN_BODY, struct registration, username,
          .valid = account_username_valid, .wanted = USERNAME_WANTED,
          .pattern = USERNAME_PATTERN, .max = 30,
          .about = "Made from the address if not given."),
    FIELD(IN_BODY, struct registration, password, .required = true,
          .secret = true, .min = 1, .max = PASSWORD_INPUT_MAX,
          .about = "12 to 128 characters: lower and upper case, a digit, a "
                   "special one."),
    FIELD_AS(IN_BODY, "agreeToTerms", struct registration, agree_to_terms,
             .required = true, .about = "Must be true."),
    FIELD_AS(IN_BODY, "referralCode", struct registration, referral_code,
             .max = 40, .code = true, .valid = referral_valid,
             .wanted = "must be 6 to 32 letters and digits",
             .pattern = "^[\\s-]*([A-Za-z0-9][\\s-]*){6,32}$",
             .about = "From who told you."),
    { 0 },
};

/* No id: there is none to tell where the address was known. */
static const struct member new_user[] = {
    { .name = "username", .type = VALUE_TEXT },
    { .name = "email", .type = VALUE_TEXT },
    { .name = "status", .type = VALUE_TEXT },
    { 0 },
};
static const struct member registered_shape[] = {
    { .name = "user", .object = new_user },
    { 0 },
};

/*
 * The same row for an address that is known and for a new one: nobody learns
 * who is a member, from the answer, its time, or what the name does later.
 */
static const char register_sql[] =
    SQL(
    SELECT username, $1, 'PENDING_VERIFICATION'
    FROM registration_begin($1, $2, $3, $4, $5::text::inet, $6) username
);

static const struct problem *
register_user(struct request *r)
{
    const struct registration *in = r->input;
    const struct auth_settings *auth =
        SETTINGS_OF(r->app, &auth_section, struct auth_settings);

    if (!in->agree_to_terms)
        return problem_field(r, "agreeToTerms", "must be agreed to");
    const char *email = email_normal(r->mem, in->email);
    const struct problem *refused =
        password_refused(r, "password", in->password, in->username, email);
    if (refused != NULL)
        return refused;
    if (!password_turn(auth))
        return &problem_unavailable;
    const char *hash = password_hash(r->mem, auth, in->password);
    /* Nobody is woken: who looks within a second does not run beside this
     * answer, where its time would tell what there is to do. */
    const char *ip = r->ip != NULL && r->ip[0] != '\0' ? r->ip : NULL;
    return answer_row(r, register_sql,
                      ARGS(ARG(email), ARG(in->username), ARG(hash),
                           ARG(in->referral_code), ARG(ip), ARG(r->id)));
}

/* ---- GET /api/users/me -------------------------------------------------- */

static const struct member me_shape[] = {
    { .name = "id", .type = VALUE_UUID },
    { .name = "username", .type = VALUE_TEXT },
    { .name = "image", .type = VALUE_TEXT, .nullable = true },
    { .name = "verified", .type = VALUE_BOOLEAN },
    { .name = "level", .type = VALUE_INTEGER },
    { .name = "email", .type = VALUE_TEXT },
    { .name = "emailVerified", .type = VALUE_BOOLEAN },
    { .name = "role", .type = VALUE_TEXT },
    { .name = "status", .type = VALUE_TEXT },
    { .name = "experience", .type = VALUE_INTEGER },
    { .name = "points", .type = VALUE_INTEGER },
    { .name = "profileCompleteness", .type = VALUE_INTEGER },
    { .name = "createdAt", .type = VALUE_TIME },
    { 0 },
};

static const char me_sql[] =
    SQL(
    SELECT u.id, u.username, u.image, u.verified, u.level::bigint, u.email,
        u.email_verified_at IS NOT NULL AS email_verified, u.role::text,
        u.status::text, u.experience, b.sparkle_points,
        p.completeness::bigint, u.created_at
    FROM users u
    JOIN user_balances b ON b.user_id = u.id
    JOIN profiles p ON p.user_id = u.id
    WHERE u.id = $1
);

static const struct problem *
show_me(struct request *r)
{
    return answer_row(r, me_sql, ARGS(ARG(r->viewer)));
}

/* ---- GET /api/users/check-username -------------------------------------- */

struct name_check {
    const char *username;
};

static const struct field check_fields[] = {
    FIELD(IN_QUERY, struct name_check, username, .required = true, .max = 100,
          .about = "The name to look for."),
    { 0 },
};

static const struct member check_shape[] = {
    { .name = "available", .type = VALUE_BOOLEAN },
    { .name = "reason", .type = VALUE_TEXT, .nullable = true },
    { 0 },
};

static const char check_sql[] = SQL(
    SELECT NOT (taken OR reserved),
        CASE WHEN taken THEN 'taken' WHEN reserved THEN 'reserved' END
    FROM (SELECT
        EXISTS(SELECT FROM users WHERE lower(username) = lower($1))
            OR EXISTS(SELECT FROM registrations
                WHERE lower(username) = lower($1) AND expires_at > $2)
            AS taken,
        EXISTS(SELECT FROM reserved_usernames WHERE name = lower($1))
            OR EXISTS(SELECT FROM user_names_old WHERE name = lower($1)
                AND until > $2) AS reserved) found
);

static const struct problem *
check_username(struct request *r)
{
    const struct name_check *in = r->input;
    const bool available = false;
    const char *reason = "must be 3 to 30 letters, digits or underscores";

    if (!account_username_valid(in->username))
        return answer_values(r, ARGS(ARG(available), ARG(reason)));
    return answer_row(r, check_sql, ARGS(ARG(in->username), ARG(r->now)));
}

/* ---- The endpoints ------------------------------------------------------ */

const struct route account_api_routes[] = {
    {
        .on = "POST /api/auth/register",
        .access = ALLOW_ANYONE,
        .quota = QUOTA_AUTH,
        .handle = register_user,
        .about = "Ask for an account. A mail with a code follows, which makes "
                 "it; the user name is reserved for a day.",
        .input = INPUT(struct registration, registration_fields),
        .refusals = registration_refusals,
        .returns = registered_shape,
        .success = 201,
        .sql = STATEMENTS(register_sql),
    },
    {
        .on = "GET /api/users/me",
        .access = ALLOW_SIGNED_IN,
        .handle = show_me,
        .about = "Read your own account.",
        .returns = me_shape,
        .sql = STATEMENTS(me_sql),
    },
    {
        .on = "GET /api/users/check-username",
        .access = ALLOW_ANYONE,
        .handle = check_username,
        .about = "Ask whether a user name can be had.",
        .input = INPUT(struct name_check, check_fields),
        .returns = check_shape,
        .sql = STATEMENTS(check_sql),
    },
    { 0 },
};
