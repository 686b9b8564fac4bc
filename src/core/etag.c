/* etag.c - see etag.h. */
#include "core/etag.h"

#include <stdint.h>
#include <string.h>

/* Odd numbers with well mixed bits: digits of pi, e and square roots. */
static const uint64_t mix[] = {
    UINT64_C(0x243F6A8885A308D3),
    UINT64_C(0x13198A2E03707345),
    UINT64_C(0xB7E151628AED2A6B),
    UINT64_C(0x6A09E667F3BCC909),
};

/* The high and the low half of the product, laid over each other. */
static uint64_t
fold(uint64_t a, uint64_t b)
{
    __uint128_t product = (__uint128_t)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t
eight(const char *at)
{
    uint64_t v;

    memcpy(&v, at, sizeof v);
    return v;
}

struct lanes {
    uint64_t a, b;
};

static void
step(struct lanes *h, const char *at)
{
    uint64_t x = eight(at), y = eight(at + 8);

    h->a = fold(h->a ^ x ^ mix[0], y ^ mix[1]) + x;
    h->b = fold(h->b ^ y ^ mix[2], x ^ mix[3]) + y;
}

static void
hex16(char *out, uint64_t v)
{
    for (int i = 15; i >= 0; i--, v >>= 4)
        out[i] = "0123456789abcdef"[v & 15];
}

void
etag_write(const char *bytes, size_t n, char out[ETAG_TEXT])
{
    struct lanes h = { n * mix[2], n ^ mix[0] };
    char last[16] = { 0 };
    size_t i = 0;

    for (; n - i >= 16; i += 16)
        step(&h, bytes + i);
    memcpy(last, bytes + i, n - i);
    step(&h, last);
    out[0] = '"';
    hex16(out + 1, fold(h.a ^ mix[3], h.b ^ mix[1]));
    hex16(out + 17, fold(h.b ^ mix[2], h.a + mix[0]));
    out[33] = '"';
    out[34] = '\0';
}

bool
etag_matches(const char *header, const char *etag)
{
    if (header == NULL)
        return false;
    return strcmp(header, "*") == 0 || strstr(header, etag) != NULL;
}
