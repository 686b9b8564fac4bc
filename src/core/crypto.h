/*
 * crypto.h - hashes, passwords, secrets.  The door to OpenSSL and Argon2.
 */
#ifndef CORE_CRYPTO_H
#define CORE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/setting.h"
#include "base/text.h"
#include "core/sql.h"

#define SHA256_SIZE 32

void crypto_sha256(const void *bytes, size_t n, uint8_t out[SHA256_SIZE]);
/* For lists that others publish so, and for nothing that is to be safe. */
void crypto_sha1(const void *bytes, size_t n, uint8_t out[20]);
void crypto_hmac(const void *key, size_t key_len, const void *bytes, size_t n,
                 uint8_t out[SHA256_SIZE]);
/* When a certificate in PEM ends, as base/clock counts; false: it is none. */
bool crypto_certificate_end(const char *pem, int64_t *ret_end);
/* Whether a certificate in PEM is for a host (RFC 6125). */
bool crypto_certificate_for(const char *pem, const char *host);
bool crypto_same(const void *a, const void *b, size_t n); /* constant time */

/* [auth]: pepper(_file), argon2_memory 19m, argon2_passes 2,
 * argon2_lanes 1, hash_concurrency ... */
extern const struct section auth_section;
struct auth_settings {
    const char *pepper;         /* hex, >= 32 bytes; "kid:hex,kid:hex" ring,
                                   the first is used for new hashes */
    const char *encryption_key; /* the same, for AES-256-GCM */
    const char *signing_key;    /* the same, for HMAC of links */
    int64_t argon2_memory, argon2_passes, argon2_lanes, hash_concurrency;
    const char *breached_passwords; /* file: core/breach.h */
    int64_t password_score;         /* core/password_policy.h */
};

/* ---- Passwords ----------------------------------------------------------- */

/*
 * Takes the turn to hash that the next password_hash or password_verify uses
 * and gives back: at most hash_concurrency (0: half of the processors, at least
 * one) are out over all processes of this user on the host (processes that die
 * give theirs back); where they are waited for, each is followed by a rest as
 * long (to 250 ms).  False where none came free in 3 s: answer
 * problem_unavailable.  Without it they wait for one as long as it takes.
 */
bool password_turn(const struct auth_settings *s);

/*
 * The PHC string of a password: Argon2id over HMAC-SHA-256(pepper, password).
 * Takes tens of milliseconds and argon2_memory bytes by design.
 */
char *password_hash(void *mem, const struct auth_settings *s,
                    const char *password);

/*
 * Whether it is the password; *ret_outdated: to be hashed anew (older
 * parameters or pepper, no pepper, bcrypt).  phc NULL: false after the time
 * that one of today's takes; imported ones take their own until they are hashed
 * anew, so they can be told from no account.
 */
bool password_verify(const struct auth_settings *s, const char *phc,
                     const char *password, bool *ret_outdated);

/* ---- Keys ---------------------------------------------------------------- */

/* Keys by id: the first makes what is new, the others know what is old. */
struct keyring {
    const struct crypto_key {
        const char *id;
        const uint8_t *bytes;
        size_t len; /* 32 or more */
    } * keys;
    size_t n;
};

/* Reads "id:hex,id:hex" onto mem; NULL with *ret_fault (literal). */
const struct keyring *keyring_read(void *mem, const char *text,
                                   const char **ret_fault);

/* The ring of the setting of that name; dies where it cannot be read, which
 * auth_check() has found out at the start. */
const struct keyring *keyring_of(void *mem, const char *text, const char *name);

/* The id of a key that is no random number, but a sample's; NULL: none is. */
const char *keyring_sample(const struct keyring *ring);

/* Adds a line to the faults for each ring that cannot be read, or has a
 * sample's key in production, and for less memory than the lanes need. */
void auth_check(const struct auth_settings *s, bool production,
                struct text *faults);

/* The key of an id, or the first (id NULL); NULL: there is none. */
const struct crypto_key *keyring_find(const struct keyring *ring,
                                      const char *id);

/*
 * AES-256-GCM: secrets at rest.  The value names its key.  `about` (a user's
 * id, say) is not in it, but must be the same when it is opened, so that a
 * value is worth nothing in another row.  On mem.
 */
struct bytes crypto_seal(void *mem, const struct keyring *ring,
                         struct bytes plain, struct bytes about);

/* at NULL: forged, damaged, another's, or the key is gone.  *ret_outdated (may
 * be NULL): not sealed with the first key. */
struct bytes crypto_open(void *mem, const struct keyring *ring,
                         struct bytes sealed, struct bytes about,
                         bool *ret_outdated);

/* ---- Tokens -------------------------------------------------------------- */

/* "prefix" and n random bytes in base64url, on mem. */
char *crypto_token(void *mem, const char *prefix, size_t n);

/* Six decimal digits, each equally likely. */
char *crypto_code(void *mem);

#endif
