/*
 * password.c - passwords as Argon2id strings (PHC), with a pepper.
 *
 * What is hashed is HMAC-SHA-256 of the password under the pepper, in hex; the
 * pepper's id stands behind the string: $argon2id$...$hash$pepper=ID.  A login
 * for nobody verifies against a dummy of the same cost.
 */
#include <argon2.h>
#include <crypt.h>
#include <string.h>

#include "base/encode.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"
#include "core/crypto.h"

#define SALT_SIZE 16
#define HASH_SIZE 32
#define MIXED_SIZE (2 * SHA256_SIZE + 1)

static const char mark[] = "$pepper=";

/* ---- The pepper --------------------------------------------------------- */

/* The key of an id in a ring "id:hex,id:hex", or the first (id NULL); on mem,
 * *ret_id too.  NULL: there is none. */
static uint8_t *
ring_key(void *mem, const char *ring, const char *id, const char **ret_id,
         size_t *ret_len)
{
    while (ring != NULL && *ring != '\0') {
        size_t id_len = strcspn(ring, ":,"), len = strcspn(ring, ",");
        const char *name = mem_strndup(mem, ring, id_len);

        if (ring[id_len] == ':' && (id == NULL || strcmp(name, id) == 0)) {
            size_t digits = len - id_len - 1;
            uint8_t *key = mem_alloc(mem, digits / 2 + 1);

            if (!hex_decode(ring + id_len + 1, digits, key))
                return NULL;
            *ret_id = name;
            *ret_len = digits / 2;
            return key;
        }
        ring += len + (ring[len] == ',');
    }
    return NULL;
}

/* The password under a pepper; false where the ring lacks the id. */
static bool
mix(void *mem, const struct auth_settings *s, const char *id,
    const char *password, char out[MIXED_SIZE], const char **ret_id)
{
    uint8_t mac[SHA256_SIZE];
    size_t len;
    uint8_t *key = ring_key(mem, s->pepper, id, ret_id, &len);

    if (key == NULL)
        return false;
    crypto_hmac(key, len, password, strlen(password), mac);
    memcpy(out, hex_encode(mem, mac, sizeof mac), MIXED_SIZE);
    explicit_bzero(mac, sizeof mac);
    return true;
}

/* ---- Hashing ------------------------------------------------------------ */

char *
password_hash(void *mem, const struct auth_settings *s, const char *password)
{
    char mixed[MIXED_SIZE], encoded[256];
    uint8_t salt[SALT_SIZE];
    const char *id;

    if (!mix(mem, s, NULL, password, mixed, &id))
        die("[auth] pepper is missing or is not ID:HEX");
    random_bytes(salt, sizeof salt);
    int failed = argon2id_hash_encoded(
        (uint32_t)s->argon2_passes, (uint32_t)(s->argon2_memory / 1024),
        (uint32_t)s->argon2_lanes, mixed, MIXED_SIZE - 1, salt, sizeof salt,
        HASH_SIZE, encoded, sizeof encoded);
    explicit_bzero(mixed, sizeof mixed);
    if (failed != ARGON2_OK)
        die("Argon2: %s", argon2_error_message(failed));
    return mem_printf(mem, "%s%s%s", encoded, mark, id);
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

/* Whether a string was made with today's parameters. */
static bool
is_current(void *mem, const struct auth_settings *s, const char *encoded)
{
    const char *wanted = mem_printf(
        mem, "$argon2id$v=19$m=%lld,t=%lld,p=%lld$",
        (long long)(s->argon2_memory / 1024), (long long)s->argon2_passes,
        (long long)s->argon2_lanes);

    return text_starts(encoded, wanted);
}

static bool
verify_argon2(void *mem, const struct auth_settings *s, const char *phc,
              const char *password, bool *ret_outdated)
{
    const char *at = strstr(phc, mark), *id = NULL, *first = NULL;
    char mixed[MIXED_SIZE];
    size_t len;

    if (at == NULL || !mix(mem, s, at + strlen(mark), password, mixed, &id))
        return false;
    const char *encoded = mem_strndup(mem, phc, (size_t)(at - phc));
    bool same = argon2id_verify(encoded, mixed, MIXED_SIZE - 1) == ARGON2_OK;
    explicit_bzero(mixed, sizeof mixed);
    (void)ring_key(mem, s->pepper, NULL, &first, &len);
    *ret_outdated = same && (!is_current(mem, s, encoded) ||
                             !text_same(id, first));
    return same;
}

bool
password_verify(const struct auth_settings *s, const char *phc,
                const char *password, bool *ret_outdated)
{
    void *mem = mem_context(NULL, "password");
    bool same = false;

    *ret_outdated = false;
    if (phc == NULL) {
        (void)password_hash(mem, s, password); /* for the same time */
    } else if (text_starts(phc, "$2")) {
        same = verify_bcrypt(phc, password);
        *ret_outdated = same;
    } else {
        same = verify_argon2(mem, s, phc, password, ret_outdated);
    }
    mem_free(mem);
    return same;
}
