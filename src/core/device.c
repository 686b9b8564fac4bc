/* device.c - see device.h. */
#include "core/device.h"

#include <string.h>

#include "base/encode.h"
#include "base/mem.h"
#include "base/text.h"
#include "core/app.h"
#include "core/crypto.h"
#include "core/exchange.h"

enum { TOKEN = 43, SIGNATURE = 43, SECONDS = 400 * 24 * 60 * 60 };

static const struct keyring *
keys(struct request *r)
{
    const struct auth_settings *auth =
        SETTINGS_OF(r->app, &auth_section, struct auth_settings);
    const char *fault;

    return keyring_read(r->mem, auth->signing_key, &fault);
}

/* The signature of a token by a key, as text on mem. */
static char *
sign(void *mem, const struct crypto_key *key, const char *token)
{
    const char *what = mem_printf(mem, "device:%s", token);
    uint8_t mac[SHA256_SIZE];

    crypto_hmac(key->bytes, key->len, what, strlen(what), mac);
    return base64url_encode(mem, mac, sizeof mac);
}

static struct bytes
hash_of(struct request *r, const char *token)
{
    uint8_t *hash = mem_alloc(r->mem, SHA256_SIZE);

    crypto_sha256(token, strlen(token), hash);
    return (struct bytes){ hash, SHA256_SIZE };
}

struct bytes
device_token(struct request *r)
{
    const struct keyring *ring = keys(r);
    const char *header = request_header(r, "COOKIE");
    size_t n = 0;
    const char *value =
        header == NULL ? NULL : cookie_find(header, "__Host-device", &n);

    if (value == NULL || ring == NULL || n != TOKEN + 1 + SIGNATURE ||
        value[TOKEN] != '.')
        return NO_DEVICE;
    const char *token = mem_strndup(r->mem, value, TOKEN);
    const char *signature = mem_strndup(r->mem, value + TOKEN + 1, SIGNATURE);
    for (size_t i = 0; i < ring->n; i++)
        if (text_secret_same(sign(r->mem, &ring->keys[i], token), signature))
            return hash_of(r, token);
    return NO_DEVICE;
}

struct bytes
device_token_or_new(struct request *r)
{
    const struct keyring *ring = keys(r);
    struct bytes known = device_token(r);
    const char *token = crypto_token(r->mem, "", 32);

    if (known.at != NULL)
        return known;
    if (ring != NULL)
        answer_header(r, "Set-Cookie",
                      mem_printf(r->mem,
                                 "__Host-device=%s.%s; Path=/; Max-Age=%d; "
                                 "Secure; HttpOnly; SameSite=Lax",
                                 token, sign(r->mem, &ring->keys[0], token),
                                 SECONDS));
    return hash_of(r, token);
}
