/* encode.c - see encode.h. */
#include "base/encode.h"

#include <string.h>

#include "base/mem.h"

static const char url_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char plain_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *
hex_encode(const void *mem, const uint8_t *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    char *out = mem_alloc(mem, mem_size(n, 2) + 1);

    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * n] = '\0';
    return out;
}

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool
hex_decode(const char *digits, size_t n, uint8_t *out)
{
    if (n % 2 != 0)
        return false;
    for (size_t i = 0; i < n; i += 2) {
        int high = hex_digit(digits[i]), low = hex_digit(digits[i + 1]);

        if (high < 0 || low < 0)
            return false;
        out[i / 2] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* Writes groups of three bytes as four characters; returns the length. */
static size_t
base64(char *out, const char *alphabet, const uint8_t *bytes, size_t n)
{
    size_t len = 0;

    for (size_t i = 0; i < n; i += 3) {
        size_t have = n - i < 3 ? n - i : 3;
        uint32_t group = (uint32_t)bytes[i] << 16;

        if (have > 1)
            group |= (uint32_t)bytes[i + 1] << 8;
        if (have > 2)
            group |= bytes[i + 2];
        for (size_t c = 0; c <= have; c++)
            out[len++] = alphabet[group >> (18 - 6 * c) & 63];
    }
    return len;
}

char *
base64url_encode(const void *mem, const uint8_t *bytes, size_t n)
{
    char *out = mem_alloc(mem, mem_size(n / 3 + 1, 4) + 1);

    out[base64(out, url_alphabet, bytes, n)] = '\0';
    return out;
}

char *
base64_encode(const void *mem, const uint8_t *bytes, size_t n)
{
    char *out = mem_alloc(mem, mem_size(n / 3 + 1, 4) + 1);
    size_t len = base64(out, plain_alphabet, bytes, n);

    while (len % 4 != 0)
        out[len++] = '=';
    out[len] = '\0';
    return out;
}

static long
undo_base64(const char *alphabet, const char *s, uint8_t *out, size_t room)
{
    size_t n = strlen(s), len = 0;
    uint32_t bits = 0;
    unsigned have = 0;

    if (n % 4 == 1 || n / 4 * 3 + (n % 4 + 1) / 2 > room + 1)
        return -1;
    for (size_t i = 0; i < n; i++) {
        const char *at = strchr(alphabet, s[i]);

        if (at == NULL)
            return -1;
        bits = bits << 6 | (uint32_t)(at - alphabet);
        have += 6;
        if (have < 8)
            continue;
        have -= 8;
        if (len == room)
            return -1;
        out[len++] = (uint8_t)(bits >> have);
    }
    return (bits & ((1u << have) - 1)) != 0 ? -1 : (long)len;
}

long
base64url_decode(const char *s, uint8_t *out, size_t room)
{
    return undo_base64(url_alphabet, s, out, room);
}

long
base64_decode(const char *s, uint8_t *out, size_t room)
{
    return undo_base64(plain_alphabet, s, out, room);
}
