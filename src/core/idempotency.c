/* idempotency.c - see idempotency.h. */
#include "core/idempotency.h"

#include <string.h>

#include "base/encode.h"
#include "base/mem.h"
#include "core/app.h"
#include "core/crypto.h"
#include "core/db.h"

/* Keys are a caller's own: a user's, or an address's, where the program that
 * calls tells apart who shares one: see own_key. */
static const char *
scope_of(const struct request *r)
{
    char id[UUID_TEXT];

    if (r->session == NULL)
        return mem_printf(r->mem, "ip:%s", r->ip);
    uuid_write(&r->viewer, id);
    return mem_printf(r->mem, "user:%s", id);
}

/* What makes a request the same: its path, query and body; under a key, since
 * a body may hold a password, which a plain hash would let be guessed. */
static void
hash_request(const struct request *r, const char *body, size_t n,
             uint8_t out[SHA256_SIZE])
{
    const char *key =
        SETTINGS_OF(r->app, &auth_section, struct auth_settings)->signing_key;
    struct text *all = text_new(r->mem);

    text_adds(all, r->path);
    text_addc(all, '\n');
    text_adds(all, r->query);
    text_addc(all, '\n');
    text_add(all, body, n);
    crypto_hmac(key, key == NULL ? 0 : strlen(key), all->at, all->len, out);
    explicit_bzero(all->at, all->len);
}

/*
 * What a key is kept as.  Guests behind one address must not meet on a word
 * that both chose, nor get each other's answer for it; so theirs goes with
 * what their browsers say of themselves.
 */
static const char *
own_key(const struct request *r, const char *key)
{
    const char *secret =
        SETTINGS_OF(r->app, &auth_section, struct auth_settings)->signing_key;
    const char *language = request_header(r, "ACCEPT_LANGUAGE");
    uint8_t hash[SHA256_SIZE];

    if (r->session != NULL)
        return key;
    const char *all = mem_printf(r->mem, "%s\n%s\n%s", r->user_agent,
                                 language != NULL ? language : "", key);
    crypto_hmac(secret, secret == NULL ? 0 : strlen(secret), all, strlen(all),
                hash);
    return hex_encode(r->mem, hash, sizeof hash);
}

/* An expired key is taken over; a live one's row is waited for and returned. */
static const char take_sql[] = SQL(
    INSERT INTO idempotency_keys AS k (scope, key, route, request_hash)
    VALUES ($1, $2, $3, $4)
    ON CONFLICT (scope, key) DO UPDATE SET
        route = CASE WHEN k.expires_at <= $5 THEN excluded.route
            ELSE k.route END,
        request_hash = CASE WHEN k.expires_at <= $5
            THEN excluded.request_hash ELSE k.request_hash END,
        status = CASE WHEN k.expires_at <= $5 THEN NULL ELSE k.status END,
        body = CASE WHEN k.expires_at <= $5 THEN NULL ELSE k.body END,
        expires_at = CASE WHEN k.expires_at <= $5 THEN excluded.expires_at
            ELSE k.expires_at END
    RETURNING k.route = $3 AND k.request_hash = $4, k.status::bigint, k.body
);

const struct problem *
idempotency_begin(struct request *r, const char *key, const char *body,
                  size_t n, struct idempotent *ret_stored)
{
    const char *scope = scope_of(r), *own = own_key(r, key);
    uint8_t hash[SHA256_SIZE];
    const struct bytes request = { hash, sizeof hash };
    struct db_error error;

    *ret_stored = (struct idempotent){ 0 };
    hash_request(r, body, n, hash);
    struct db_result *res =
        db_query(r->app->db, r->mem, take_sql,
                 ARGS(ARG(scope), ARG(own), ARG(r->route->on), ARG(request),
                      ARG(r->now)),
                 &error);
    if (error.failed)
        return db_problem(&error);
    if (!db_boolean(res, 0, 0))
        return &problem_idempotency;
    if (db_null(res, 0, 1))
        return NULL;
    struct bytes stored = db_bytes(res, 0, 2);
    ret_stored->status = (int)db_integer(res, 0, 1);
    ret_stored->body = mem_strndup(r->mem, (const char *)stored.at, stored.len);
    return NULL;
}

static const char store_sql[] =
    SQL(
    UPDATE idempotency_keys SET status = $3::int, body = $4
    WHERE scope = $1 AND key = $2
);

const struct problem *
idempotency_store(struct request *r, const char *key, int status,
                  const char *body, size_t n)
{
    const char *scope = scope_of(r), *own = own_key(r, key);
    const int64_t code = status;
    const struct bytes answer = { (const uint8_t *)(body != NULL ? body : ""),
                                  n };
    struct db_error error;

    (void)db_query(r->app->db, r->mem, store_sql,
                   ARGS(ARG(scope), ARG(own), ARG(code), ARG(answer)), &error);
    return db_problem(&error);
}

/* clang-format off */
static const char forget_sql[] = SQL(
    DELETE FROM idempotency_keys WHERE scope = $1 AND key = $2
);
/* clang-format on */

const struct problem *
idempotency_forget(struct request *r, const char *key)
{
    const char *scope = scope_of(r), *own = own_key(r, key);
    struct db_error error;

    (void)db_query(r->app->db, r->mem, forget_sql, ARGS(ARG(scope), ARG(own)),
                   &error);
    return db_problem(&error);
}
