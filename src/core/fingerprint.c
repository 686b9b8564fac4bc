/* fingerprint.c - see fingerprint.h. */
#include "core/fingerprint.h"

#include <string.h>

#include "base/encode.h"
#include "base/mem.h"
#include "base/network.h"
#include "core/agent.h"
#include "core/app.h"
#include "core/crypto.h"

enum { TAG = 4, PART = 16, V4_LENGTH = 24, V6_LENGTH = 48 };

struct fingerprint_key {
    uint8_t key[SHA256_SIZE], tag[TAG];
};

const struct fingerprint_key *
fingerprint_key_new(void *mem, const char *signing_key)
{
    static const char purpose[] = "session fingerprint", tag[] = "tag";
    const char *fault;
    const struct keyring *ring = keyring_read(mem, signing_key, &fault);
    struct fingerprint_key *k = mem_new(mem, struct fingerprint_key);
    uint8_t mac[SHA256_SIZE];

    if (ring == NULL || ring->n == 0)
        return NULL;
    const struct crypto_key *oldest = &ring->keys[ring->n - 1];
    crypto_hmac(oldest->bytes, oldest->len, purpose, sizeof purpose - 1,
                k->key);
    crypto_hmac(k->key, sizeof k->key, tag, sizeof tag - 1, mac);
    memcpy(k->tag, mac, TAG);
    return k;
}

static void
hash_part(const struct request *r, const char *what, uint8_t out[PART])
{
    const struct fingerprint_key *k = r->app->fingerprint_key;
    uint8_t mac[SHA256_SIZE];

    crypto_hmac(k->key, sizeof k->key, what, strlen(what), mac);
    memcpy(out, mac, PART);
}

/* Of what no table knows, the name of the product. */
static void
hash_browser(const struct request *r, uint8_t out[PART])
{
    const char *family = agent_family(r->user_agent);
    const char *platform = agent_platform(r->user_agent);
    const size_t product = strcspn(r->user_agent, "/ ");

    if (family == NULL)
        family = mem_strndup(r->mem, r->user_agent, product);
    hash_part(r,
              mem_printf(r->mem, "browser\n%s\n%s", family,
                         platform != NULL ? platform : ""),
              out);
}

static void
hash_network(const struct request *r, uint8_t out[PART])
{
    struct address a;
    const char *prefix = "";

    if (r->ip != NULL && address_read(r->ip, &a)) {
        const struct network n = network_of(&a, a.v4 ? V4_LENGTH : V6_LENGTH);

        prefix = hex_encode(r->mem, n.address.octets, n.length / 8);
    }
    hash_part(r, mem_printf(r->mem, "network\n%s", prefix), out);
}

struct bytes
fingerprint_of(struct request *r)
{
    if (r->app->fingerprint_key == NULL)
        return (struct bytes){ 0 };
    uint8_t *out = mem_alloc(r->mem, FINGERPRINT_SIZE);

    memcpy(out, r->app->fingerprint_key->tag, TAG);
    hash_browser(r, out + TAG);
    hash_network(r, out + TAG + PART);
    return (struct bytes){ out, FINGERPRINT_SIZE };
}

/* The network is worked out only where the browser is another. */
bool
fingerprint_moved(struct request *r, struct bytes was)
{
    const struct fingerprint_key *k = r->app->fingerprint_key;
    uint8_t part[PART];

    if (k == NULL || was.len != FINGERPRINT_SIZE ||
        memcmp(was.at, k->tag, TAG) != 0)
        return false;
    hash_browser(r, part);
    if (memcmp(was.at + TAG, part, PART) == 0)
        return false;
    hash_network(r, part);
    return memcmp(was.at + TAG + PART, part, PART) != 0;
}
