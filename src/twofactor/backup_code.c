/*
 * backup_code.c - codes for when the authenticator is lost: XXXX-XXXX of 32
 * letters and digits that nobody mistakes for others, 40 bits each.
 *
 * They are stored as HMACs under the signing ring, with the user's id in them;
 * which key that was is found by trying each, as the ring is short.
 */
#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/uuid.h"
#include "core/app.h"
#include "core/crypto.h"
#include "twofactor/twofactor_local.h"

/* No 0, 1, I and O. */
static const char alphabet[] = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

static const struct keyring *
signing_ring(void *mem, const struct app *app)
{
    return keyring_of(
        mem, SETTINGS_OF(app, &auth_section, struct auth_settings)->signing_key,
        "signing_key");
}

static void
hash_code(const struct crypto_key *key, const struct uuid *user,
          const char *code, uint8_t out[SHA256_SIZE])
{
    static const char purpose[] = "sparkle: backup code";
    uint8_t all[sizeof purpose + sizeof user->octet + BACKUP_CODE_SIZE];

    memcpy(all, purpose, sizeof purpose);
    memcpy(all + sizeof purpose, user->octet, sizeof user->octet);
    memcpy(all + sizeof purpose + sizeof user->octet, code, BACKUP_CODE_SIZE);
    crypto_hmac(key->bytes, key->len, all, sizeof all, out);
    explicit_bzero(all, sizeof all);
}

struct backup_set *
backup_codes_make(void *mem, const struct app *app, const struct uuid *user)
{
    const struct crypto_key *key = keyring_find(signing_ring(mem, app), NULL);
    struct backup_set *set = mem_new(mem, struct backup_set);

    set->kid = key->id;
    for (size_t i = 0; i < BACKUP_CODES; i++) {
        char code[BACKUP_CODE_SIZE + 1] = { 0 };

        for (size_t k = 0; k < BACKUP_CODE_SIZE; k++)
            code[k] = alphabet[random_below(sizeof alphabet - 1)];
        set->codes[i] = mem_printf(mem, "%.4s-%s", code, code + 4);
        hash_code(key, user, code, set->hashes + i * SHA256_SIZE);
    }
    return set;
}

bool
backup_code_read(const char *typed, char out[BACKUP_CODE_SIZE + 1])
{
    size_t n = 0;

    for (; *typed != '\0'; typed++) {
        int c = toupper((unsigned char)*typed);

        if (c == ' ' || c == '-')
            continue;
        if (n == BACKUP_CODE_SIZE || strchr(alphabet, c) == NULL)
            return false;
        out[n++] = (char)c;
    }
    out[n] = '\0';
    return n == BACKUP_CODE_SIZE;
}

struct bytes
backup_code_hashes(void *mem, const struct app *app, const struct uuid *user,
                   const char *code)
{
    const struct keyring *ring = signing_ring(mem, app);
    uint8_t *hashes = mem_alloc(mem, mem_size(ring->n, SHA256_SIZE));

    for (size_t i = 0; i < ring->n; i++)
        hash_code(&ring->keys[i], user, code, hashes + i * SHA256_SIZE);
    return (struct bytes){ hashes, ring->n * SHA256_SIZE };
}
