/* keyring.c - key rings: "id:hex,id:hex"; see crypto.h. */
#include <string.h>

#include "base/encode.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/crypto.h"

enum { SHORTEST = 32, LONGEST_ID = 32 };

static const char *
read_key(void *mem, const char *item, size_t n, struct crypto_key *ret)
{
    const char *colon = memchr(item, ':', n);

    if (colon == NULL || colon == item || colon - item > LONGEST_ID)
        return "a key has no id before a colon";

    size_t id = (size_t)(colon - item), digits = n - id - 1;
    uint8_t *bytes = mem_alloc(mem, digits / 2 + 1);

    if (digits % 2 != 0 || !hex_decode(colon + 1, digits, bytes))
        return "a key is not hexadecimal";
    if (digits / 2 < SHORTEST)
        return "a key is shorter than 32 bytes";
    *ret = (struct crypto_key){ mem_strndup(mem, item, id), bytes, digits / 2 };
    return NULL;
}

const struct keyring *
keyring_read(void *mem, const char *text, const char **ret_fault)
{
    struct keyring *ring = mem_new(mem, struct keyring);
    size_t most = 1;

    for (const char *p = text; p != NULL && *p != '\0'; p++)
        most += *p == ',';
    struct crypto_key *keys = mem_array(ring, struct crypto_key, most);

    *ret_fault = text == NULL ? "there is no key" : NULL;
    for (const char *p = text; *ret_fault == NULL; ring->n++) {
        size_t n = strcspn(p, ",");

        *ret_fault = read_key(ring, p, n, &keys[ring->n]);
        if (p[n] == '\0') {
            ring->n++;
            break;
        }
        p += n + 1;
    }
    ring->keys = keys;
    return *ret_fault == NULL ? ring : NULL;
}

const struct keyring *
keyring_of(void *mem, const char *text, const char *name)
{
    const char *fault;
    const struct keyring *ring = keyring_read(mem, text, &fault);

    if (ring == NULL)
        die("[auth] %s: %s", name, fault);
    return ring;
}

/* Bytes that somebody typed, or that a page shows: few different ones, or each
 * as far from the one before it.  Of 32 random ones about 30 differ. */
static bool
is_sample(const struct crypto_key *key)
{
    bool seen[256] = { false }, even = true;
    size_t different = 0;

    for (size_t i = 0; i < key->len; i++) {
        different += !seen[key->bytes[i]];
        seen[key->bytes[i]] = true;
        even = even && (i < 2 || (uint8_t)(key->bytes[i] - key->bytes[i - 1]) ==
                                     (uint8_t)(key->bytes[1] - key->bytes[0]));
    }
    return different < 20 || even;
}

const char *
keyring_sample(const struct keyring *ring)
{
    for (size_t i = 0; i < ring->n; i++)
        if (is_sample(&ring->keys[i]))
            return ring->keys[i].id;
    return NULL;
}

void
auth_check(const struct auth_settings *s, bool production, struct text *faults)
{
    const struct {
        const char *name, *text;
    } rings[] = { { "pepper", s->pepper },
                  { "encryption_key", s->encryption_key },
                  { "signing_key", s->signing_key } };

    for (size_t i = 0; i < sizeof rings / sizeof *rings; i++) {
        void *mem = mem_context(NULL, "ring");
        const char *fault;

        const struct keyring *ring = keyring_read(mem, rings[i].text, &fault);

        if (ring == NULL)
            text_addf(faults, "[auth] %s: %s\n", rings[i].name, fault);
        else if (production && keyring_sample(ring) != NULL)
            text_addf(faults,
                      "[auth] %s: the key %s is a sample; make one: "
                      "openssl rand -hex 32\n",
                      rings[i].name, keyring_sample(ring));
        mem_free(mem);
    }
    if (s->argon2_memory < s->argon2_lanes * 8192)
        text_addf(faults,
                  "[auth] argon2_memory: 8 KiB a lane is the least "
                  "(RFC 9106), so %lld here\n",
                  (long long)s->argon2_lanes * 8192);
}

const struct crypto_key *
keyring_find(const struct keyring *ring, const char *id)
{
    for (size_t i = 0; i < ring->n; i++)
        if (id == NULL || strcmp(ring->keys[i].id, id) == 0)
            return &ring->keys[i];
    return NULL;
}
