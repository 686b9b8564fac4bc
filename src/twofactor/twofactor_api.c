/*
 * twofactor_api.c - the endpoints of the second factor.
 *
 * To set it up wants the password used of late (recent_auth); what is set up
 * waits ten minutes for a code that proves it.  To switch it off wants the
 * password and a code.  Answers with secrets are kept for no Idempotency-Key.
 */
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "core/app.h"
#include "core/crypto.h"
#include "core/db.h"
#include "core/password_policy.h"
#include "twofactor/twofactor_local.h"

/* ---- GET /api/auth/2fa --------------------------------------------------- */

static const struct member status_shape[] = {
    { .name = "enabled", .type = VALUE_BOOLEAN },
    { .name = "enabledAt", .type = VALUE_TIME, .nullable = true },
    { .name = "backupCodesLeft", .type = VALUE_INTEGER },
    { 0 },
};

/* clang-format off */
static const char status_sql[] = SQL(
    SELECT t.enabled_at IS NOT NULL, t.enabled_at,
        (SELECT count(*) FROM backup_codes b
            WHERE b.user_id = t.user_id AND b.used_at IS NULL
                AND t.enabled_at IS NOT NULL)
    FROM (SELECT $1::uuid AS id) u LEFT JOIN two_factor t ON t.user_id = u.id
);
/* clang-format on */

static const struct problem *
show_status(struct request *r)
{
    return answer_row(r, status_sql, ARGS(ARG(r->viewer)));
}

const struct problem *
twofactor_show(struct request *r)
{
    return answer_row_as(r, "twofactor", status_shape, status_sql,
                         ARGS(ARG(r->viewer)));
}

/* ---- POST /api/auth/2fa/setup -------------------------------------------- */

static const struct problem already_on = {
    .status = 409,
    .code = "TWO_FACTOR_ON",
    .title = "Two-factor sign-in is on. To change it, switch it off first.",
};
static const struct refusal setup_refusals[] = {
    { .problem = &already_on },
    { 0 },
};

static const struct member setup_shape[] = {
    { .name = "secret",
      .type = VALUE_TEXT,
      .about = "Base32, for authenticators that read no QR code." },
    { .name = "otpauthUrl", .type = VALUE_TEXT },
    { .name = "qrCode", .type = VALUE_TEXT, .about = "A PNG as a data: URL." },
    { .name = "backupCodes", .type = VALUE_TEXTS, .about = "Shown this once." },
    { 0 },
};

/* clang-format off */
static const char setup_sql[] = SQL(
    SELECT twofactor_setup($1, $2, $3, $4, $5), email
    FROM users WHERE id = $1
);
/* clang-format on */

static const struct problem *
answer_setup(struct request *r, const char *email,
             const uint8_t secret[TOTP_SECRET], const struct backup_set *set)
{
    const char *base32 = totp_base32(r->mem, secret);
    const char *url = totp_url(r->mem, app_site(r->app)->name, email, secret);
    const char *code = qr_data_url(r->mem, url);
    const struct texts codes = { set->codes, BACKUP_CODES };

    return answer_values(r, ARGS(ARG(base32), ARG(url), ARG(code), ARG(codes)));
}

static const struct problem *
set_up(struct request *r)
{
    const struct backup_set *set =
        backup_codes_make(r->mem, r->app, &r->viewer);
    const struct bytes hashes = { set->hashes, sizeof set->hashes };
    const struct db_result *res = NULL;
    uint8_t secret[TOTP_SECRET];
    const char *kid;

    random_bytes(secret, sizeof secret);
    const struct bytes sealed =
        secret_seal(r->mem, r->app, &r->viewer, secret, &kid);
    const struct problem *refused = answer_query(
        r, setup_sql,
        ARGS(ARG(r->viewer), ARG(sealed), ARG(kid), ARG(hashes), ARG(set->kid)),
        &res);
    if (refused == NULL && db_rows(res) == 0)
        refused = &problem_not_found;
    if (refused == NULL && !db_boolean(res, 0, 0))
        refused = &already_on;
    if (refused == NULL)
        refused = answer_setup(r, db_text(res, 0, 1, NULL), secret, set);
    explicit_bzero(secret, sizeof secret);
    return refused;
}

/* ---- POST /api/auth/2fa/enable ------------------------------------------- */

struct proof {
    const char *password, *code;
};

static const struct field enable_fields[] = {
    FIELD(IN_BODY, struct proof, code, .required = true, .min = 1,
          .max = TWOFACTOR_CODE_MAX, .code = true, .secret = true,
          .pattern = TWOFACTOR_CODE_PATTERN, .valid = twofactor_code_formed,
          .wanted = TWOFACTOR_CODE_WANTED,
          .about = "Six digits, of the authenticator."),
    { 0 },
};

static const struct problem setup_gone = {
    .status = 410,
    .code = "SETUP_GONE",
    .title = "There is nothing to confirm, or it has waited for more than ten "
             "minutes. Set it up again.",
};
static const struct refusal enable_refusals[] = {
    { .problem = &twofactor_wrong, .field = "code" },
    { .problem = &twofactor_spent },
    { .problem = &setup_gone },
    { 0 },
};

/* clang-format off */
static const char enable_sql[] = SQL(
    SELECT twofactor_enable($1, $2, $3, $4::text::inet, $5, $6)
);
/* clang-format on */

static const struct problem *
enable(struct request *r)
{
    const struct proof *in = r->input;
    const char *ip = factor_ip(r);
    const struct db_result *res = NULL;
    struct factor_try t;
    int64_t step = 0;
    const struct problem *refused = twofactor_try(r, r->viewer, true, &t);

    if (refused == &twofactor_absent)
        return &setup_gone;
    if (refused == NULL)
        refused = twofactor_match(r, r->viewer, in->code, &t, &step);
    if (refused == NULL)
        refused = answer_query(r, enable_sql,
                               ARGS(ARG(r->viewer), ARG(t.sealed), ARG(step),
                                    ARG(ip), ARG(r->user_agent), ARG(r->id)),
                               &res);
    if (refused != NULL)
        return refused;
    return db_boolean(res, 0, 0) ? show_status(r) : &setup_gone;
}

/* ---- POST /api/auth/2fa/disable ------------------------------------------ */

static const struct problem wrong_password = {
    .status = 422,
    .code = "WRONG_PASSWORD",
    .title = "This is not your password.",
};
static const struct refusal disable_refusals[] = {
    { .problem = &wrong_password, .field = "password" },
    { .problem = &twofactor_wrong, .field = "code" },
    { .problem = &twofactor_spent },
    { .problem = &twofactor_absent },
    { 0 },
};

static const struct field disable_fields[] = {
    FIELD(IN_BODY, struct proof, password, .required = true, .min = 1,
          .max = PASSWORD_INPUT_MAX, .secret = true, .about = "Your password."),
    FIELD(IN_BODY, struct proof, code, .required = true, .min = 1,
          .max = TWOFACTOR_CODE_MAX, .code = true, .secret = true,
          .pattern = TWOFACTOR_CODE_PATTERN, .valid = twofactor_code_formed,
          .wanted = TWOFACTOR_CODE_WANTED,
          .about = "Of the authenticator, or a backup code."),
    { 0 },
};

/* clang-format off */
static const char password_sql[] = SQL(
    SELECT password_hash, twofactor_on(id) FROM users WHERE id = $1
);
static const char disable_sql[] = SQL(
    SELECT twofactor_disable($1, $2::text::inet, $3, $4)
);
/* clang-format on */

static const struct problem *
check_password(struct request *r, const char *password)
{
    const struct auth_settings *auth =
        SETTINGS_OF(r->app, &auth_section, struct auth_settings);
    const struct db_result *user = NULL;
    const struct problem *refused =
        answer_query(r, password_sql, ARGS(ARG(r->viewer)), &user);
    bool outdated;

    if (refused != NULL)
        return refused;
    if (db_rows(user) == 0 || !db_boolean(user, 0, 1))
        return &twofactor_absent;
    if (!password_turn(auth))
        return &problem_unavailable;
    const char *phc = db_null(user, 0, 0) ? NULL : db_text(user, 0, 0, NULL);
    return password_verify(auth, phc, password, &outdated) ? NULL
                                                           : &wrong_password;
}

static const struct problem *
disable(struct request *r)
{
    const struct proof *in = r->input;
    const char *ip = factor_ip(r);
    const struct db_result *res = NULL;
    const struct problem *refused = check_password(r, in->password);

    if (refused == NULL)
        refused = twofactor_check(r, r->viewer, in->code);
    if (refused == NULL)
        refused = answer_query(
            r, disable_sql,
            ARGS(ARG(r->viewer), ARG(ip), ARG(r->user_agent), ARG(r->id)),
            &res);
    if (refused != NULL)
        return refused;
    return db_boolean(res, 0, 0) ? NULL : &twofactor_absent;
}

/* ---- POST /api/auth/2fa/backup-codes ------------------------------------- */

static const struct refusal codes_refusals[] = {
    { .problem = &twofactor_absent },
    { 0 },
};
static const struct member codes_shape[] = {
    { .name = "backupCodes", .type = VALUE_TEXTS, .about = "Shown this once." },
    { 0 },
};

/* clang-format off */
static const char codes_sql[] = SQL(
    SELECT twofactor_codes($1, $2, $3, $4::text::inet, $5, $6)
);
/* clang-format on */

static const struct problem *
renew_codes(struct request *r)
{
    const struct backup_set *set =
        backup_codes_make(r->mem, r->app, &r->viewer);
    const struct bytes hashes = { set->hashes, sizeof set->hashes };
    const struct texts codes = { set->codes, BACKUP_CODES };
    const char *ip = factor_ip(r);
    const struct db_result *res = NULL;
    const struct problem *refused =
        answer_query(r, codes_sql,
                     ARGS(ARG(r->viewer), ARG(hashes), ARG(set->kid), ARG(ip),
                          ARG(r->user_agent), ARG(r->id)),
                     &res);

    if (refused != NULL)
        return refused;
    if (!db_boolean(res, 0, 0))
        return &twofactor_absent;
    return answer_values(r, ARGS(ARG(codes)));
}

/* ---- The endpoints ------------------------------------------------------- */

const struct route twofactor_routes[] = {
    {
        .on = "GET /api/auth/2fa",
        .access = ALLOW_SIGNED_IN,
        .handle = show_status,
        .about = "Read whether you sign in with a second factor.",
        .returns = status_shape,
        .sql = STATEMENTS(status_sql),
    },
    {
        .on = "POST /api/auth/2fa/setup",
        .access = ALLOW_MEMBERS,
        .handle = set_up,
        .about = "Make a secret for your authenticator, and backup codes. "
                 "Prove it by a code within ten minutes.",
        .refusals = setup_refusals,
        .returns = setup_shape,
        .recent_auth = true,
        .secret_answer = true,
        .sql = STATEMENTS(setup_sql),
    },
    {
        .on = "POST /api/auth/2fa/enable",
        .access = ALLOW_MEMBERS,
        .handle = enable,
        .about = "Switch two-factor sign-in on, by a code of what was set up.",
        .input = INPUT(struct proof, enable_fields),
        .refusals = enable_refusals,
        .returns = status_shape,
        .sql = STATEMENTS(twofactor_try_sql, enable_sql, status_sql),
    },
    {
        .on = "POST /api/auth/2fa/disable",
        .access = ALLOW_MEMBERS,
        .quota = QUOTA_AUTH,
        .handle = disable,
        .about = "Switch two-factor sign-in off, by password and code.",
        .input = INPUT(struct proof, disable_fields),
        .refusals = disable_refusals,
        .form = ANSWER_NOTHING,
        .success = 204,
        .sql = STATEMENTS(password_sql, TWOFACTOR_CHECK_SQL, disable_sql),
    },
    {
        .on = "POST /api/auth/2fa/backup-codes",
        .access = ALLOW_MEMBERS,
        .handle = renew_codes,
        .about = "Get new backup codes; the old ones work no more.",
        .refusals = codes_refusals,
        .returns = codes_shape,
        .recent_auth = true,
        .secret_answer = true,
        .sql = STATEMENTS(codes_sql),
    },
    { 0 },
};
