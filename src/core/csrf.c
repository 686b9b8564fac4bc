/* csrf.c - see csrf.h. */
#include "core/csrf.h"

#include <stdint.h>
#include <string.h>

#include "base/encode.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"
#include "core/crypto.h"

enum { SECRET = 32 };

const char *
csrf_mask(const void *mem, const char *token)
{
    uint8_t both[2 * SECRET];

    if (base64url_decode(token, both + SECRET, SECRET) != SECRET)
        return token;
    random_bytes(both, SECRET);
    for (size_t i = 0; i < SECRET; i++)
        both[SECRET + i] ^= both[i];
    return base64url_encode(mem, both, sizeof both);
}

bool
csrf_matches(const char *given, const char *token)
{
    uint8_t both[2 * SECRET], secret[SECRET];

    if (base64url_decode(given, both, sizeof both) != (long)sizeof both ||
        base64url_decode(token, secret, SECRET) != SECRET)
        return text_secret_same(given, token);
    for (size_t i = 0; i < SECRET; i++)
        both[SECRET + i] ^= both[i];
    return crypto_same(both + SECRET, secret, SECRET);
}
