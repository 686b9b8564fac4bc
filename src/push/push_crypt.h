/*
 * push_crypt.h - the cryptography of Web Push.  A door to OpenSSL.
 *
 * Keys are P-256 (FIPS 186-4): private ones the 32 bytes of the number, public
 * ones the 65 bytes of the uncompressed point.
 */
#ifndef PUSH_PUSH_CRYPT_H
#define PUSH_PUSH_CRYPT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/sql.h"

#define PUSH_PRIVATE 32
#define PUSH_POINT 65
#define PUSH_AUTH 16
#define PUSH_SALT 16

/* What fits into one record of 4096 bytes, the least that services take. */
#define PUSH_PLAIN_MOST ((size_t)3993)

/* The public key of a private one; false where the number is none. */
bool push_point_of(const uint8_t key[PUSH_PRIVATE], uint8_t out[PUSH_POINT]);

/* Whether it is a point of the curve. */
bool push_point_valid(const uint8_t point[PUSH_POINT]);

/*
 * Encrypts for a browser (RFC 8291), with a key and a salt that are used
 * once.  On mem; at NULL: plain is too long, or to is no point.
 */
struct bytes push_seal(void *mem, struct bytes plain,
                       const uint8_t to[PUSH_POINT],
                       const uint8_t auth[PUSH_AUTH]);

/* The same with key and salt given, for the vectors of the standard. */
struct bytes push_seal_with(void *mem, struct bytes plain,
                            const uint8_t to[PUSH_POINT],
                            const uint8_t auth[PUSH_AUTH],
                            const uint8_t once[PUSH_PRIVATE],
                            const uint8_t salt[PUSH_SALT]);

/*
 * A JSON Web Token, ES256, of these claims (RFC 8292, 2): an origin, seconds
 * of Unix time, a mailto: or https: URL.  On mem; NULL: key is none.
 */
const char *push_token(void *mem, const uint8_t key[PUSH_PRIVATE],
                       const char *audience, int64_t expires,
                       const char *contact);

#endif
