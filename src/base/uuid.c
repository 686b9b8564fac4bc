/* uuid.c - see uuid.h. */
#include "base/uuid.h"

#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/random.h"

struct uuid
uuid_new(void)
{
    struct uuid id;
    uint64_t us = (uint64_t)(clock_now() + CLOCK_UNIX_OFFSET);
    uint64_t ms = us / 1000;
    unsigned fraction = (unsigned)((us % 1000) * 4096 / 1000);

    random_bytes(id.octet, sizeof id.octet);
    for (int i = 0; i < 6; i++)
        id.octet[i] = (uint8_t)(ms >> (40 - 8 * i));
    id.octet[6] = (uint8_t)(0x70 | fraction >> 8);
    id.octet[7] = (uint8_t)fraction;
    id.octet[8] = (uint8_t)(0x80 | (id.octet[8] & 0x3F));
    return id;
}

bool
uuid_read(const char *s, struct uuid *ret_id)
{
    char digits[32];
    size_t n = 0;

    if (strlen(s) != UUID_TEXT - 1)
        return false;
    for (int i = 0; i < UUID_TEXT - 1; i++) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (s[i] != '-')
                return false;
        } else {
            digits[n++] = s[i];
        }
    }
    return hex_decode(digits, n, ret_id->octet);
}

void
uuid_write(const struct uuid *id, char out[UUID_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    char *p = out;

    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *p++ = '-';
        *p++ = digits[id->octet[i] >> 4];
        *p++ = digits[id->octet[i] & 15];
    }
    *p = '\0';
}

bool
uuid_none(const struct uuid *id)
{
    static const struct uuid none;

    return uuid_same(id, &none);
}

bool
uuid_same(const struct uuid *a, const struct uuid *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}
