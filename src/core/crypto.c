/*
 * crypto.c - what OpenSSL does for us; see crypto.h.  Key rings and passwords
 * are in keyring.c and password.c.
 */
#include "core/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
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
crypto_sha1(const void *bytes, size_t n, uint8_t out[20])
{
    unsigned size = 20;

    if (EVP_Digest(bytes, n, out, &size, EVP_sha1(), NULL) != 1)
        die("SHA-1 failed");
}

/* RFC 2104, by hand: OpenSSL's own looks its algorithm up each time. */
void
crypto_hmac(const void *key, size_t key_len, const void *bytes, size_t n,
            uint8_t out[SHA256_SIZE])
{
    enum { BLOCK = 64 };
    uint8_t pad[BLOCK] = { 0 };
    unsigned size = SHA256_SIZE;
    EVP_MD_CTX *hash = EVP_MD_CTX_new();

    if (key_len > BLOCK)
        crypto_sha256(key, key_len, pad);
    else if (key_len > 0)
        memcpy(pad, key, key_len);
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < BLOCK; i++)
            pad[i] ^= pass == 0 ? 0x36 : 0x36 ^ 0x5c;
        if (EVP_DigestInit_ex2(hash, sha256_algorithm(), NULL) != 1 ||
            EVP_DigestUpdate(hash, pad, BLOCK) != 1 ||
            EVP_DigestUpdate(hash, pass == 0 ? bytes : out,
                             pass == 0 ? n : SHA256_SIZE) != 1 ||
            EVP_DigestFinal_ex(hash, out, &size) != 1)
            die("HMAC failed");
    }
    explicit_bzero(pad, sizeof pad);
    EVP_MD_CTX_free(hash);
}

bool
crypto_same(const void *a, const void *b, size_t n)
{
    return CRYPTO_memcmp(a, b, n) == 0;
}

bool
crypto_certificate_end(const char *pem, int64_t *ret_end)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    struct tm end;
    bool fine = certificate != NULL &&
                ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) == 1;

    if (fine)
        *ret_end = (int64_t)timegm(&end) * CLOCK_SECOND - CLOCK_UNIX_OFFSET;
    X509_free(certificate);
    BIO_free(bio);
    return fine;
}

bool
crypto_certificate_for(const char *pem, const char *host)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    bool fine = certificate != NULL &&
                X509_check_host(certificate, host, 0, 0, NULL) == 1;

    X509_free(certificate);
    BIO_free(bio);
    return fine;
}

/* ---- AES-256-GCM (NIST SP 800-38D) --------------------------------------- */

/* A sealed value: version, length of the key's id, the id; nonce; text; tag. */
enum { SEAL_VERSION = 1, NONCE = 12, TAG = 16 };

struct sealing {
    EVP_CIPHER_CTX *cipher;
    uint8_t key[SHA256_SIZE];
};

static void
end_sealing(struct sealing *s)
{
    EVP_CIPHER_CTX_free(s->cipher);
    explicit_bzero(s->key, sizeof s->key);
}
#define SEALING __attribute__((cleanup(end_sealing))) struct sealing

static const EVP_CIPHER *
gcm_algorithm(void)
{
    static EVP_CIPHER *algorithm;

    if (algorithm == NULL)
        algorithm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    if (algorithm == NULL)
        die("OpenSSL has no AES-256-GCM");
    return algorithm;
}

/* Key, nonce, and what is authenticated without being in the value: the head
 * is, so that it cannot be made to name another key. */
static bool
begin_sealing(struct sealing *s, const struct crypto_key *key, bool sealing,
              struct bytes head, const uint8_t *nonce, struct bytes about)
{
    static const char purpose[] = "sparkle: secrets at rest";
    int n;

    s->cipher = EVP_CIPHER_CTX_new();
    crypto_hmac(key->bytes, key->len, purpose, sizeof purpose - 1, s->key);
    return s->cipher != NULL &&
           EVP_CipherInit_ex2(s->cipher, gcm_algorithm(), s->key, nonce,
                              sealing, NULL) == 1 &&
           EVP_CipherUpdate(s->cipher, NULL, &n, head.at, (int)head.len) == 1 &&
           (about.len == 0 || EVP_CipherUpdate(s->cipher, NULL, &n, about.at,
                                               (int)about.len) == 1);
}

struct bytes
crypto_seal(void *mem, const struct keyring *ring, struct bytes plain,
            struct bytes about)
{
    const struct crypto_key *key = keyring_find(ring, NULL);
    size_t id = strlen(key->id), head = 2 + id;
    size_t len = head + NONCE + plain.len + TAG;
    uint8_t *value = mem_alloc(mem, len), *text = value + head + NONCE;
    int n = 0, rest = 0;
    SEALING s = { 0 };

    value[0] = SEAL_VERSION;
    value[1] = (uint8_t)id;
    memcpy(value + 2, key->id, id);
    random_bytes(value + head, NONCE);
    if (!begin_sealing(&s, key, true, (struct bytes){ value, head },
                       value + head, about) ||
        EVP_CipherUpdate(s.cipher, text, &n, plain.at, (int)plain.len) != 1 ||
        EVP_CipherFinal_ex(s.cipher, text + n, &rest) != 1 ||
        EVP_CIPHER_CTX_ctrl(s.cipher, EVP_CTRL_AEAD_GET_TAG, TAG,
                            text + plain.len) != 1)
        die("AES-256-GCM failed");
    return (struct bytes){ value, len };
}

struct bytes
crypto_open(void *mem, const struct keyring *ring, struct bytes sealed,
            struct bytes about, bool *ret_outdated)
{
    static const struct bytes none;
    const uint8_t *v = sealed.at;
    size_t head = sealed.len < 2 ? 0 : 2 + (size_t)v[1];
    int n = 0, rest = 0;
    SEALING s = { 0 };

    if (head == 0 || v[0] != SEAL_VERSION || sealed.len < head + NONCE + TAG)
        return none;
    const char *id = mem_strndup(mem, (const char *)v + 2, v[1]);
    const struct crypto_key *key = keyring_find(ring, id);
    size_t len = sealed.len - head - NONCE - TAG;
    const uint8_t *text = v + head + NONCE;
    uint8_t tag[TAG], *plain = mem_alloc(mem, len + 1);

    memcpy(tag, text + len, TAG);
    if (key == NULL ||
        !begin_sealing(&s, key, false, (struct bytes){ v, head }, v + head,
                       about) ||
        EVP_CipherUpdate(s.cipher, plain, &n, text, (int)len) != 1 ||
        EVP_CIPHER_CTX_ctrl(s.cipher, EVP_CTRL_AEAD_SET_TAG, TAG, tag) != 1 ||
        EVP_CipherFinal_ex(s.cipher, plain + n, &rest) != 1)
        return none;
    plain[len] = '\0';
    if (ret_outdated != NULL)
        *ret_outdated = key != &ring->keys[0];
    return (struct bytes){ plain, len };
}

/* ---- Tokens -------------------------------------------------------------- */

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
    SETTING(struct auth_settings, hash_concurrency, INTEGER, .otherwise = "0",
            .min = 0, .max = 64,
            .about = "Password hashes at once, over all processes; 0: as many "
                     "as half of the processors."),
    SETTING(struct auth_settings, breached_passwords, TEXT,
            .otherwise = SPARKLE_DATADIR "/breached-passwords.filter",
            .about = "Filter of passwords that are known from breaches, made "
                     "by sparklectl breached build.  Without it no new "
                     "password is taken."),
    SETTING(struct auth_settings, password_score, INTEGER, .otherwise = "60",
            .min = 0, .max = 100,
            .about = "What a new password must score: one that keeps all "
                     "rules has 80 to 100, by its length."),
    { 0 },
};

const struct section auth_section = {
    .name = "auth",
    .settings = rows,
    .size = sizeof(struct auth_settings),
    .about = "Passwords and keys.",
};
