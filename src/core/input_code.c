/*
 * input_code.c - codes as people type and paste them: "  556324", "556 324",
 * "ABCD-2345", with what a mail program or an input method put between.
 */
#include "core/input.h"

#include "base/mem.h"
#include "base/utf8.h"

/* What stands around and between the signs of a code: Unicode's white space,
 * dashes and joiners without width. */
static const struct span {
    uint32_t first, last;
} between[] = {
    { 0x09, 0x0D },     { 0x20, 0x20 },     { 0x2D, 0x2D },
    { 0x85, 0x85 },     { 0xA0, 0xA0 },     { 0xAD, 0xAD },
    { 0x1680, 0x1680 }, { 0x2000, 0x2015 }, { 0x2028, 0x202F },
    { 0x205F, 0x2064 }, { 0x2066, 0x2069 }, { 0x2212, 0x2212 },
    { 0x3000, 0x3000 }, { 0xFE58, 0xFE58 }, { 0xFE63, 0xFE63 },
    { 0xFEFF, 0xFEFF }, { 0xFF0D, 0xFF0D },
};

static bool
is_between(uint32_t c)
{
    for (size_t i = 0; i < sizeof between / sizeof *between; i++)
        if (c >= between[i].first && c <= between[i].last)
            return true;
    return false;
}

const char *
input_code(void *mem, const char *s, size_t n, size_t *ret_n)
{
    const char *end = s + n;
    char *out = mem_alloc(mem, n + 1), *at = out;

    while (s < end) {
        uint32_t c = utf8_next(&s, end);

        if (is_between(c))
            continue;
        /* Full-width forms, of East Asian input methods. */
        if (c >= 0xFF01 && c <= 0xFF5E)
            c -= 0xFEE0;
        at += utf8_put(at, c);
    }
    *at = '\0';
    *ret_n = (size_t)(at - out);
    return out;
}
