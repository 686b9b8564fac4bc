/*
 * push_crypt.c - see push_crypt.h.  Names are those of RFC 8291, 3.4: the
 * user agent (ua) is the browser, the application server (as) is us.
 */
#include "push/push_crypt.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>
#include <string.h>

#include "base/encode.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "core/crypto.h"
#include "core/json_write.h"

enum { TAG = 16, NONCE = 12, CEK = 16, RECORD = 4096 };

/* ---- Keys ---------------------------------------------------------------- */

/* What making a key needs, released together. */
struct making {
    EC_GROUP *group;
    EC_POINT *point;
    BIGNUM *number;
    OSSL_PARAM_BLD *build;
    OSSL_PARAM *params;
    EVP_PKEY_CTX *context;
};

static void
end_making(struct making *m)
{
    EVP_PKEY_CTX_free(m->context);
    OSSL_PARAM_free(m->params);
    OSSL_PARAM_BLD_free(m->build);
    BN_clear_free(m->number);
    EC_POINT_free(m->point);
    EC_GROUP_free(m->group);
}
#define MAKING __attribute__((cleanup(end_making))) struct making

static void
end_key(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}
#define KEY __attribute__((cleanup(end_key))) EVP_PKEY

static bool
begin_making(struct making *m, const uint8_t *number)
{
    m->group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    m->point = m->group == NULL ? NULL : EC_POINT_new(m->group);
    m->number = number == NULL ? NULL : BN_bin2bn(number, PUSH_PRIVATE, NULL);
    m->build = OSSL_PARAM_BLD_new();
    m->context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    if (m->point == NULL || m->build == NULL || m->context == NULL)
        die("OpenSSL has no P-256");
    return number == NULL ||
           (m->number != NULL && !BN_is_zero(m->number) &&
            BN_cmp(m->number, EC_GROUP_get0_order(m->group)) < 0);
}

bool
push_point_of(const uint8_t key[PUSH_PRIVATE], uint8_t out[PUSH_POINT])
{
    MAKING m = { 0 };

    return begin_making(&m, key) &&
           EC_POINT_mul(m.group, m.point, m.number, NULL, NULL, NULL) == 1 &&
           EC_POINT_point2oct(m.group, m.point, POINT_CONVERSION_UNCOMPRESSED,
                              out, PUSH_POINT, NULL) == PUSH_POINT;
}

/* A key of a point, and of its number where that is given; NULL: it is none. */
static EVP_PKEY *
key_of(const uint8_t point[PUSH_POINT], const uint8_t *number)
{
    MAKING m = { 0 };
    EVP_PKEY *key = NULL;

    if (!begin_making(&m, number) ||
        OSSL_PARAM_BLD_push_utf8_string(m.build, OSSL_PKEY_PARAM_GROUP_NAME,
                                        "prime256v1", 0) != 1 ||
        OSSL_PARAM_BLD_push_octet_string(m.build, OSSL_PKEY_PARAM_PUB_KEY,
                                         point, PUSH_POINT) != 1 ||
        (number != NULL &&
         OSSL_PARAM_BLD_push_BN(m.build, OSSL_PKEY_PARAM_PRIV_KEY, m.number) !=
             1))
        return NULL;
    m.params = OSSL_PARAM_BLD_to_param(m.build);
    if (m.params == NULL || EVP_PKEY_fromdata_init(m.context) != 1 ||
        EVP_PKEY_fromdata(m.context, &key,
                          number == NULL ? EVP_PKEY_PUBLIC_KEY
                                         : EVP_PKEY_KEYPAIR,
                          m.params) != 1)
        return NULL;
    return key;
}

bool
push_point_valid(const uint8_t point[PUSH_POINT])
{
    KEY *key =
        point[0] == POINT_CONVERSION_UNCOMPRESSED ? key_of(point, NULL) : NULL;

    return key != NULL;
}

/* ECDH (SP 800-56A, 5.7.1.2). */
static bool
agree(EVP_PKEY *mine, EVP_PKEY *theirs, uint8_t secret[32])
{
    MAKING m = { .context = EVP_PKEY_CTX_new_from_pkey(NULL, mine, NULL) };
    size_t n = 32;

    return m.context != NULL && EVP_PKEY_derive_init(m.context) == 1 &&
           EVP_PKEY_derive_set_peer(m.context, theirs) == 1 &&
           EVP_PKEY_derive(m.context, secret, &n) == 1 && n == 32;
}

/* ---- Encryption ---------------------------------------------------------- */

/* HKDF-Expand (RFC 5869) for up to 32 bytes: one HMAC. */
static void
expand(const uint8_t prk[SHA256_SIZE], const void *info, size_t n,
       uint8_t out[SHA256_SIZE])
{
    uint8_t text[192];

    if (n >= sizeof text)
        BUG("this info is too long");
    memcpy(text, info, n);
    text[n] = 1;
    crypto_hmac(prk, SHA256_SIZE, text, n + 1, out);
}

/* From the shared secret to the key and nonce of the only record. */
static void
derive(const uint8_t secret[32], const uint8_t ua[PUSH_POINT],
       const uint8_t as[PUSH_POINT], const uint8_t auth[PUSH_AUTH],
       const uint8_t salt[PUSH_SALT], uint8_t cek[SHA256_SIZE],
       uint8_t nonce[SHA256_SIZE])
{
    static const char first[] = "WebPush: info"; /* with its NUL */
    static const char of_key[] = "Content-Encoding: aes128gcm";
    static const char of_nonce[] = "Content-Encoding: nonce";
    uint8_t info[sizeof first + 2 * (size_t)PUSH_POINT];
    uint8_t prk[SHA256_SIZE], ikm[SHA256_SIZE];

    memcpy(info, first, sizeof first);
    memcpy(info + sizeof first, ua, PUSH_POINT);
    memcpy(info + sizeof first + PUSH_POINT, as, PUSH_POINT);
    crypto_hmac(auth, PUSH_AUTH, secret, 32, prk);
    expand(prk, info, sizeof info, ikm);
    crypto_hmac(salt, PUSH_SALT, ikm, sizeof ikm, prk);
    expand(prk, of_key, sizeof of_key, cek);
    expand(prk, of_nonce, sizeof of_nonce, nonce);
    explicit_bzero(prk, sizeof prk);
    explicit_bzero(ikm, sizeof ikm);
}

static void
end_cipher(EVP_CIPHER_CTX **cipher)
{
    EVP_CIPHER_CTX_free(*cipher);
}

/* AES-128-GCM of plain and the delimiter 2 of a last record; no padding. */
static bool
encrypt(const uint8_t *cek, const uint8_t *nonce, struct bytes plain,
        uint8_t *out)
{
    __attribute__((cleanup(end_cipher))) EVP_CIPHER_CTX *cipher =
        EVP_CIPHER_CTX_new();
    const uint8_t last = 2;
    int n = 0, one = 0, rest = 0;

    return cipher != NULL &&
           EVP_EncryptInit_ex2(cipher, EVP_aes_128_gcm(), cek, nonce, NULL) ==
               1 &&
           EVP_EncryptUpdate(cipher, out, &n, plain.at, (int)plain.len) == 1 &&
           EVP_EncryptUpdate(cipher, out + n, &one, &last, 1) == 1 &&
           EVP_EncryptFinal_ex(cipher, out + n + one, &rest) == 1 &&
           EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, TAG,
                               out + plain.len + 1) == 1;
}

struct bytes
push_seal_with(void *mem, struct bytes plain, const uint8_t to[PUSH_POINT],
               const uint8_t auth[PUSH_AUTH], const uint8_t once[PUSH_PRIVATE],
               const uint8_t salt[PUSH_SALT])
{
    static const struct bytes none;
    uint8_t point[PUSH_POINT], secret[32], cek[SHA256_SIZE], nonce[SHA256_SIZE];
    const size_t head = PUSH_SALT + 4 + 1 + PUSH_POINT;
    uint8_t *out = mem_alloc(mem, head + plain.len + 1 + TAG);

    if (plain.len > PUSH_PLAIN_MOST || !push_point_of(once, point))
        return none;
    KEY *mine = key_of(point, once), *theirs = key_of(to, NULL);
    if (mine == NULL || theirs == NULL || !agree(mine, theirs, secret))
        return none;
    derive(secret, to, point, auth, salt, cek, nonce);
    memcpy(out, salt, PUSH_SALT);
    memcpy(out + PUSH_SALT, (const uint8_t[]){ 0, 0, RECORD >> 8, 0 }, 4);
    out[PUSH_SALT + 4] = PUSH_POINT;
    memcpy(out + PUSH_SALT + 5, point, PUSH_POINT);
    bool done = encrypt(cek, nonce, plain, out + head);
    explicit_bzero(secret, sizeof secret);
    explicit_bzero(cek, sizeof cek);
    return done ? (struct bytes){ out, head + plain.len + 1 + TAG } : none;
}

struct bytes
push_seal(void *mem, struct bytes plain, const uint8_t to[PUSH_POINT],
          const uint8_t auth[PUSH_AUTH])
{
    uint8_t once[PUSH_PRIVATE], salt[PUSH_SALT], point[PUSH_POINT];

    do
        random_bytes(once, sizeof once);
    while (!push_point_of(once, point));
    random_bytes(salt, sizeof salt);
    struct bytes sealed = push_seal_with(mem, plain, to, auth, once, salt);
    explicit_bzero(once, sizeof once);
    return sealed;
}

/* ---- VAPID --------------------------------------------------------------- */

/* Signed by ES256 (RFC 7518, 3.4): r and s, not in DER. */
static bool
sign(EVP_PKEY *key, const char *text, size_t n, uint8_t out[64])
{
    uint8_t der[80];
    const uint8_t *at = der;
    size_t len = sizeof der;
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    bool done = hash != NULL &&
                EVP_DigestSignInit_ex(hash, NULL, "SHA256", NULL, NULL, key,
                                      NULL) == 1 &&
                EVP_DigestSign(hash, der, &len, (const uint8_t *)text, n) == 1;
    ECDSA_SIG *pair = done ? d2i_ECDSA_SIG(NULL, &at, (long)len) : NULL;

    done = pair != NULL &&
           BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, 32) == 32 &&
           BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + 32, 32) == 32;
    ECDSA_SIG_free(pair);
    EVP_MD_CTX_free(hash);
    return done;
}

const char *
push_token(void *mem, const uint8_t key[PUSH_PRIVATE], const char *audience,
           int64_t expires, const char *contact)
{
    static const char head[] = "{\"typ\":\"JWT\",\"alg\":\"ES256\"}";
    struct text *claims = text_new(mem), *token = text_new(mem);
    struct json_writer w = { .to = claims };
    uint8_t point[PUSH_POINT], signature[64];

    json_open_object(&w, NULL);
    json_put_text(&w, "aud", audience);
    json_put_number(&w, "exp", expires);
    json_put_text(&w, "sub", contact);
    json_close_object(&w);
    text_adds(token,
              base64url_encode(mem, (const uint8_t *)head, sizeof head - 1));
    text_addc(token, '.');
    text_adds(token,
              base64url_encode(mem, (const uint8_t *)claims->at, claims->len));
    KEY *mine = push_point_of(key, point) ? key_of(point, key) : NULL;
    if (mine == NULL || !sign(mine, token->at, token->len, signature))
        return NULL;
    text_addc(token, '.');
    text_adds(token, base64url_encode(mem, signature, sizeof signature));
    return token->at;
}
