/* lockout.c - see lockout.h. */
#include "core/lockout.h"

#include <string.h>

#include "base/encode.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/agent.h"
#include "core/app.h"
#include "core/cache.h"
#include "core/db.h"
#include "core/device.h"

/* By the oldest key of the ring: a new one in front lifts no lock. */
void
lockout_subject(struct request *r, const char *email, uint8_t out[SHA256_SIZE])
{
    const struct auth_settings *auth =
        SETTINGS_OF(r->app, &auth_section, struct auth_settings);
    const char *fault, *what = mem_printf(r->mem, "login:%s", email);
    const struct keyring *ring =
        keyring_read(r->mem, auth->signing_key, &fault);
    const struct crypto_key *key =
        ring != NULL && ring->n > 0 ? &ring->keys[ring->n - 1] : NULL;

    crypto_hmac(key != NULL ? key->bytes : NULL, key != NULL ? key->len : 0,
                what, strlen(what), out);
}

/* ---- Keys ---------------------------------------------------------------- */

const char *
lockout_limit_key(struct request *r, const uint8_t subject[SHA256_SIZE],
                  struct bytes device)
{
    const char *hash = hex_encode(r->mem, subject, SHA256_SIZE);

    if (device.at == NULL)
        return mem_printf(r->mem, "account:%s", hash);
    return mem_printf(r->mem, "account:%s:%s", hash,
                      hex_encode(r->mem, device.at, device.len));
}

const char *
lockout_limit_place(struct request *r, const char *limit_key)
{
    return mem_printf(r->mem, "quota:auth:%s", limit_key);
}

const char *
lockout_lock_place(struct request *r, const uint8_t subject[SHA256_SIZE],
                   struct uuid device)
{
    char id[UUID_TEXT];

    uuid_write(&device, id);
    return mem_printf(r->mem, "lock:%s:%s",
                      hex_encode(r->mem, subject, SHA256_SIZE), id);
}

/* ---- A proof ------------------------------------------------------------- */

/* clang-format off */
const char lockout_whose_sql[] = SQL(
    SELECT email FROM users WHERE id = $1 AND status <> 'DELETED'
);
const char lockout_proved_sql[] = SQL(
    SELECT device_id FROM login_proved($1, $2, $3, $4, $5, $6::text::inet)
);
/* clang-format on */

/* locks: the devices that were counted; strangers may have been, too. */
static void
forget_counts(struct request *r, const uint8_t subject[SHA256_SIZE],
              struct bytes device, const struct db_result *locks)
{
    size_t n = 0, most = 4 + db_rows(locks);
    const char **words = mem_alloc(r->mem, mem_size(most, sizeof *words));
    const struct bytes limits[] = { NO_DEVICE, device };

    words[n++] = "DEL";
    for (size_t i = 0; i < 2; i++)
        words[n++] =
            lockout_limit_place(r, lockout_limit_key(r, subject, limits[i]));
    words[n++] = lockout_lock_place(r, subject, (struct uuid){ 0 });
    for (size_t i = 0; i < db_rows(locks); i++)
        words[n++] = lockout_lock_place(r, subject, db_uuid(locks, i, 0));
    cache_tell(r->app->cache, n, words, NULL);
}

/* clang-format off */
static const char forgive_sql[] = SQL(
    DELETE FROM login_locks WHERE subject = $1 RETURNING device_id
);
/* clang-format on */

void
lockout_forgive(struct request *r, const char *email)
{
    uint8_t subject[SHA256_SIZE];
    const struct bytes whose = { subject, sizeof subject };
    struct db_error error;

    lockout_subject(r, email, subject);
    const struct db_result *locks =
        db_query(r->app->db, r->mem, forgive_sql, ARGS(ARG(whose)), &error);
    if (error.failed)
        log_warn("no lock was forgiven: %s", error.message);
    else
        forget_counts(r, subject, NO_DEVICE, locks);
}

void
lockout_proved(struct request *r, struct uuid user)
{
    const struct bytes device = device_token_or_new(r);
    const char *name = agent_name(r->mem, r->user_agent);
    const char *ip = r->ip != NULL && r->ip[0] != '\0' ? r->ip : NULL;
    uint8_t subject[SHA256_SIZE];
    const struct bytes whose = { subject, sizeof subject };
    const struct db_result *res;
    struct db_error error;

    res = db_query(r->app->db, r->mem, lockout_whose_sql, ARGS(ARG(user)),
                   &error);
    if (!error.failed && db_rows(res) > 0) {
        lockout_subject(r, db_text(res, 0, 0, NULL), subject);
        res = db_query(r->app->db, r->mem, lockout_proved_sql,
                       ARGS(ARG(user), ARG(whose), ARG(device), ARG(name),
                            ARG(r->user_agent), ARG(ip)),
                       &error);
        if (!error.failed)
            forget_counts(r, subject, device, res);
    }
    if (error.failed)
        log_warn("a proof by mail forgave no lock: %s", error.message);
}
