/*
 * password.c - passwords as Argon2id strings (PHC), with a pepper.
 *
 * What is hashed is HMAC-SHA-256 of the password (in NFKC, so that keyboards
 * agree) under the pepper, in hex; the pepper's id stands behind the string:
 * $argon2id$...$hash$pepper=ID.  Strings of an imported database have no pepper
 * and hash what was typed.  A login for nobody verifies against a dummy of the
 * same cost.  Secrets that lie here are wiped.
 */
#include <crypt.h>
#include <string.h>

#include "base/encode.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"
#include "core/password_local.h"
#include "core/password_policy.h"

#define MIXED_SIZE (2 * SHA256_SIZE + 1)

static const char mark[] = "$pepper=";

/* ---- The pepper --------------------------------------------------------- */

static const struct keyring *
peppers(void *mem, const struct auth_settings *s)
{
    const char *fault;
    const struct keyring *ring = keyring_read(mem, s->pepper, &fault);

    if (ring == NULL)
        die("[auth] pepper: %s", fault);
    return ring;
}

/* The password under a pepper, in hex. */
static void
mix(void *mem, const struct crypto_key *pepper, const char *password,
    char out[MIXED_SIZE])
{
    char *normal = password_normal(mem, password);
    uint8_t mac[SHA256_SIZE];

    crypto_hmac(pepper->bytes, pepper->len, normal, strlen(normal), mac);
    char *hex = hex_encode(mem, mac, sizeof mac);

    memcpy(out, hex, MIXED_SIZE);
    explicit_bzero(hex, MIXED_SIZE);
    explicit_bzero(normal, strlen(normal));
    explicit_bzero(mac, sizeof mac);
}

/* ---- Hashing ------------------------------------------------------------ */

char *
password_hash(void *mem, const struct auth_settings *s, const char *password)
{
    const struct crypto_key *pepper = keyring_find(peppers(mem, s), NULL);
    char mixed[MIXED_SIZE];
    uint8_t salt[SALT_SIZE];

    mix(mem, pepper, password, mixed);
    random_bytes(salt, sizeof salt);
    (void)password_turn_until(s, INT64_MAX);
    const char *encoded = argon2_string(mem, s, mixed, salt);
    password_turn_end();
    explicit_bzero(mixed, sizeof mixed);
    return mem_printf(mem, "%s%s%s", encoded, mark, pepper->id);
}

/* ---- Verifying ---------------------------------------------------------- */

/* bcrypt of an imported database. */
static bool
verify_bcrypt(const char *phc, const char *password)
{
    struct crypt_data data = { 0 };
    const char *again = crypt_r(password, phc, &data);
    bool same = again != NULL && text_secret_same(again, phc);

    explicit_bzero(&data, sizeof data);
    return same;
}

/* A string that nobody's password has, of today's cost. */
static const char *
dummy(void *mem, const struct auth_settings *s)
{
    return mem_printf(mem,
                      "$argon2id$v=19$m=%lld,t=%lld,p=%lld$"
                      "AAAAAAAAAAAAAAAAAAAAAA$"
                      "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA%s%s",
                      (long long)(s->argon2_memory / 1024),
                      (long long)s->argon2_passes, (long long)s->argon2_lanes,
                      mark, keyring_find(peppers(mem, s), NULL)->id);
}

static bool
verify_argon2(void *mem, const struct auth_settings *s, const char *phc,
              const char *password, bool *ret_outdated)
{
    const struct keyring *ring = peppers(mem, s);
    const char *at = strstr(phc, mark);
    /* An imported string may have no pepper at all. */
    const struct crypto_key *pepper =
        at == NULL ? NULL : keyring_find(ring, at + strlen(mark));
    size_t len = at == NULL ? strlen(phc) : (size_t)(at - phc);
    char mixed[MIXED_SIZE];

    /* With its pepper gone nobody has it; it costs the same, and the turn that
     * the caller took ends. */
    if (at != NULL && pepper == NULL)
        return verify_argon2(mem, s, dummy(mem, s), password, ret_outdated);
    const char *encoded = mem_strndup(mem, phc, len), *secret = password;
    if (pepper != NULL) {
        mix(mem, pepper, password, mixed);
        secret = mixed;
    }
    (void)password_turn_until(s, INT64_MAX);
    bool same = argon2_matches(mem, s, encoded, secret);
    password_turn_end();
    explicit_bzero(mixed, sizeof mixed);
    *ret_outdated =
        same && (!argon2_current(mem, s, encoded) || pepper != &ring->keys[0]);
    return same;
}

bool
password_verify(const struct auth_settings *s, const char *phc,
                const char *password, bool *ret_outdated)
{
    void *mem = mem_context(NULL, "password");
    bool same;

    *ret_outdated = false;
    if (phc != NULL && text_starts(phc, "$2")) {
        (void)password_turn_until(s, INT64_MAX);
        same = verify_bcrypt(phc, password);
        *ret_outdated = same;
        password_turn_end();
    } else {
        same = verify_argon2(mem, s, phc != NULL ? phc : dummy(mem, s),
                             password, ret_outdated);
    }
    mem_free(mem);
    return same;
}
