/*
 * crypto.h - hashes, passwords, secrets.  The door to OpenSSL and Argon2.
 */
#ifndef CORE_CRYPTO_H
#define CORE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/setting.h"

#define SHA256_SIZE 32

void crypto_sha256(const void *bytes, size_t n, uint8_t out[SHA256_SIZE]);
void crypto_hmac(const void *key, size_t key_len, const void *bytes, size_t n,
                 uint8_t out[SHA256_SIZE]);
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
};

/*
 * The PHC string of a password: Argon2id over HMAC-SHA-256(pepper, password).
 * Takes tens of milliseconds and argon2_memory bytes by design.
 */
char *password_hash(void *mem, const struct auth_settings *s,
                    const char *password);

/* Whether it is the password; *ret_outdated: to be hashed anew (older
 * parameters or pepper, bcrypt).  phc NULL: false after the same time. */
bool password_verify(const struct auth_settings *s, const char *phc,
                     const char *password, bool *ret_outdated);

/* "prefix" and n random bytes in base64url, on mem. */
char *crypto_token(void *mem, const char *prefix, size_t n);

/* Six decimal digits, each equally likely. */
char *crypto_code(void *mem);

#endif
