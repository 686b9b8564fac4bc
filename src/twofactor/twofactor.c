/*
 * twofactor.c - is the second factor on, and is a code right; see twofactor.h.
 */
#include "twofactor/twofactor.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/uuid.h"
#include "core/app.h"
#include "core/batch.h"
#include "core/crypto.h"
#include "core/db.h"
#include "twofactor/twofactor_local.h"

const struct problem twofactor_wrong = {
    .status = 422,
    .code = "WRONG_FACTOR",
    .title = "This code is wrong, or was used already. Wait for the next one.",
};
const struct problem twofactor_spent = {
    .status = 429,
    .code = "TOO_MANY_CODES",
    .title = "Too many wrong codes. Try again in a quarter of an hour.",
    .retry_after = 900,
};
const struct problem twofactor_absent = {
    .status = 409,
    .code = "TWO_FACTOR_OFF",
    .title = "This account has no two-factor sign-in. Set it up first.",
};

/* ---- Secrets at rest ----------------------------------------------------- */

static const struct keyring *
encryption_ring(void *mem, const struct app *app)
{
    return keyring_of(
        mem,
        SETTINGS_OF(app, &auth_section, struct auth_settings)->encryption_key,
        "encryption_key");
}

struct bytes
secret_seal(void *mem, const struct app *app, const struct uuid *user,
            const uint8_t secret[TOTP_SECRET], const char **ret_kid)
{
    const struct keyring *ring = encryption_ring(mem, app);

    *ret_kid = ring->keys[0].id;
    return crypto_seal(mem, ring, (struct bytes){ secret, TOTP_SECRET },
                       (struct bytes){ user->octet, sizeof user->octet });
}

bool
secret_open(void *mem, const struct app *app, const struct uuid *user,
            struct bytes sealed, uint8_t out[TOTP_SECRET])
{
    struct bytes plain =
        crypto_open(mem, encryption_ring(mem, app), sealed,
                    (struct bytes){ user->octet, sizeof user->octet }, NULL);
    char id[UUID_TEXT];

    if (plain.at != NULL && plain.len == TOTP_SECRET) {
        memcpy(out, plain.at, TOTP_SECRET);
        return true;
    }
    uuid_write(user, id);
    log_event(LOG_ERROR,
              "a two-factor secret cannot be opened: is its key "
              "still in the ring?",
              LOG_TEXT("user", id));
    return false;
}

/* ---- What was typed ------------------------------------------------------ */

/* Six digits, perhaps with blanks between them. */
static bool
read_digits(const char *typed, char out[TOTP_DIGITS + 1])
{
    size_t n = 0;

    for (; *typed != '\0'; typed++) {
        if (*typed == ' ')
            continue;
        if (n == TOTP_DIGITS || *typed < '0' || *typed > '9')
            return false;
        out[n++] = *typed;
    }
    out[n] = '\0';
    return n == TOTP_DIGITS;
}

bool
twofactor_code_formed(const char *s)
{
    char digits[TOTP_DIGITS + 1], code[BACKUP_CODE_SIZE + 1];

    return read_digits(s, digits) || backup_code_read(s, code);
}

/* ---- Checking ------------------------------------------------------------ */

/* clang-format off */
const char twofactor_try_sql[] = SQL(
    SELECT outcome, secret, last_step FROM twofactor_try($1, $2)
);
const char twofactor_step_sql[] = SQL(SELECT twofactor_step($1, $2));
const char twofactor_backup_sql[] = SQL(
    SELECT backup_code_use($1, $2, $3::text::inet)
);
/* clang-format on */

const struct problem *
twofactor_try(struct request *r, struct uuid user, bool pending,
              struct factor_try *ret)
{
    const struct db_result *res = NULL;
    const struct problem *refused =
        answer_query(r, twofactor_try_sql, ARGS(ARG(user), ARG(pending)), &res);

    if (refused != NULL)
        return refused;
    const char *outcome = db_text(res, 0, 0, NULL);
    if (strcmp(outcome, "spent") == 0)
        return &twofactor_spent;
    if (strcmp(outcome, "absent") == 0)
        return &twofactor_absent;
    ret->sealed = db_bytes(res, 0, 1);
    ret->last_step = db_integer(res, 0, 2);
    return NULL;
}

const struct problem *
twofactor_match(struct request *r, struct uuid user, const char *code,
                const struct factor_try *t, int64_t *ret_step)
{
    uint8_t secret[TOTP_SECRET];
    char digits[TOTP_DIGITS + 1];

    if (!read_digits(code, digits))
        return &twofactor_wrong;
    if (!secret_open(r->mem, r->app, &user, t->sealed, secret))
        return &problem_internal;
    *ret_step = totp_step(secret, r->now, t->last_step, digits);
    explicit_bzero(secret, sizeof secret);
    return *ret_step < 0 ? &twofactor_wrong : NULL;
}

/* The row has the last word on whether the step is new. */
static const struct problem *
check_totp(struct request *r, struct uuid user, const char *code,
           const struct factor_try *t)
{
    const struct db_result *res = NULL;
    int64_t step = 0;
    const struct problem *refused = twofactor_match(r, user, code, t, &step);

    if (refused == NULL)
        refused = answer_query(r, twofactor_step_sql,
                               ARGS(ARG(user), ARG(step)), &res);
    if (refused != NULL)
        return refused;
    return db_boolean(res, 0, 0) ? NULL : &twofactor_wrong;
}

static const struct problem *
check_backup(struct request *r, struct uuid user, const char *code)
{
    const struct db_result *res = NULL;
    const struct bytes hashes = backup_code_hashes(r->mem, r->app, &user, code);
    const char *ip = factor_ip(r);
    const struct problem *refused = answer_query(
        r, twofactor_backup_sql, ARGS(ARG(user), ARG(hashes), ARG(ip)), &res);

    if (refused != NULL)
        return refused;
    return db_boolean(res, 0, 0) ? NULL : &twofactor_wrong;
}

const struct problem *
twofactor_check(struct request *r, struct uuid user, const char *code)
{
    char backup[BACKUP_CODE_SIZE + 1];
    struct factor_try t;
    bool is_backup = backup_code_read(code, backup);

    if (!twofactor_code_formed(code))
        return &twofactor_wrong;
    const struct problem *refused = twofactor_try(r, user, false, &t);
    if (refused != NULL)
        return refused;
    return is_backup ? check_backup(r, user, backup)
                     : check_totp(r, user, code, &t);
}

/* ---- What nobody proved -------------------------------------------------- */

/* clang-format off */
static const char stale_sql[] = SQL(
    SELECT count(*) FROM two_factor
    WHERE enabled_at IS NULL AND setup_expires_at <= clock_now()
);
static const char forget_sql[] = SQL(
    WITH stale AS (
        SELECT user_id FROM two_factor
        WHERE enabled_at IS NULL AND setup_expires_at <= clock_now()
        LIMIT 5000 FOR UPDATE SKIP LOCKED
    ), codes AS (
        DELETE FROM backup_codes b USING stale WHERE b.user_id = stale.user_id
    )
    DELETE FROM two_factor t USING stale WHERE t.user_id = stale.user_id
);
/* clang-format on */

static int64_t
forget_setups(struct job *job, bool dry_run)
{
    return batch_delete(job, dry_run, stale_sql, forget_sql);
}

/* ---- The feature --------------------------------------------------------- */

static const struct batch batches[] = {
    {
        .name = "key-rotation",
        .when = "30 2 * * *",
        .about = "Seal anew what is encrypted under an old key.",
        .step = key_rotation_step,
    },
    {
        .name = "two-factor-setups",
        .when = "35 * * * *",
        .about = "Forget second factors that nobody proved in time.",
        .step = forget_setups,
    },
    { 0 },
};

const struct feature twofactor_feature = {
    .name = "twofactor",
    .about = "The second factor: authenticators and backup codes.",
    .routes = twofactor_routes,
    .batches = batches,
};
