/* crypto.c - see crypto.h; passwords are in password.c. */
#include "core/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/encode.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"

/* Fetched once: the implicit fetch of each call costs more than the hash. */
static const EVP_MD *
sha256_algorithm(void)
{
    static EVP_MD *algorithm;

    if (algorithm == NULL)
        algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (algorithm == NULL)
        die("OpenSSL has no SHA-256");
    return algorithm;
}

void
crypto_sha256(const void *bytes, size_t n, uint8_t out[SHA256_SIZE])
{
    unsigned size = SHA256_SIZE;

    if (EVP_Digest(bytes, n, out, &size, sha256_algorithm(), NULL) != 1)
        die("SHA-256 failed");
}

void
crypto_hmac(const void *key, size_t key_len, const void *bytes, size_t n,
            uint8_t out[SHA256_SIZE])
{
    unsigned size = SHA256_SIZE;

    if (HMAC(sha256_algorithm(), key, (int)key_len, bytes, n, out, &size) ==
        NULL)
        die("HMAC failed");
}

bool
crypto_same(const void *a, const void *b, size_t n)
{
    return CRYPTO_memcmp(a, b, n) == 0;
}

char *
crypto_token(void *mem, const char *prefix, size_t n)
{
    uint8_t *bytes = mem_alloc(mem, n);

    random_bytes(bytes, n);
    return mem_printf(mem, "%s%s", prefix, base64url_encode(mem, bytes, n));
}

char *
crypto_code(void *mem)
{
    return mem_printf(mem, "%06u", random_below(1000000));
}

/* ---- Settings ----------------------------------------------------------- */

static const struct setting rows[] = {
    SETTING(struct auth_settings, pepper, SECRET,
            .about = "Key that passwords are mixed with, as ID:HEX of 32 "
                     "bytes or more; further keys after a comma are for "
                     "older hashes."),
    SETTING(struct auth_settings, encryption_key, SECRET,
            .about = "Key ring of what is stored encrypted, in the same form."),
    SETTING(struct auth_settings, signing_key, SECRET,
            .about = "Key ring of signed links and codes, in the same form."),
    SETTING(struct auth_settings, argon2_memory, SIZE, .otherwise = "19m",
            .min = 8192, .about = "Memory of one password hash."),
    SETTING(struct auth_settings, argon2_passes, INTEGER, .otherwise = "2",
            .min = 1, .max = 100, .about = "Passes of a password hash."),
    SETTING(struct auth_settings, argon2_lanes, INTEGER, .otherwise = "1",
            .min = 1, .max = 16, .about = "Lanes of a password hash."),
    SETTING(struct auth_settings, hash_concurrency, INTEGER, .otherwise = "4",
            .min = 1, .max = 64,
            .about = "Password hashes at once, over all processes."),
    { 0 },
};

const struct section auth_section = {
    .name = "auth",
    .settings = rows,
    .size = sizeof(struct auth_settings),
    .about = "Passwords and keys.",
};
