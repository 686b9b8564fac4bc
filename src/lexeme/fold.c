/* fold.c - see lexeme.h: one form for all ways to write a text. */
#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "lexeme/lexeme.h"

/* Letters that no decomposition leads to what people type for them. */
static const struct {
    uint32_t from;
    const char *to;
} letters[] = {
    { 0xE6, "ae" },      { 0xF0, "d" },       { 0xF8, "o" },
    { 0xFE, "th" },      { 0x111, "d" },      { 0x127, "h" },
    { 0x131, "i" },      { 0x142, "l" },      { 0x153, "oe" },
    { 0x167, "t" },      { 0x649, "\u064A" }, { 0x671, "\u0627" },
    { 0x6A9, "\u0643" }, { 0x6CC, "\u064A" },
};

/*
 * Accents, points and vowel signs that readers leave out.  Those that make
 * another letter stay: viramas and nuktas of India, the voicing of kana, the
 * tones and vowels of Thai, Lao and Myanmar.
 */
static bool
is_mark(uint32_t code)
{
    int class = code < 0x300 ? 0 : uc_combining_class(code);

    return class == 1 || (class >= 10 && class <= 36) ||
           (class >= 200 && class <= 240) ||
           (class == 0 && code >= 0x20DD && code <= 0x20E4);
}

/* Soft hyphens, joiners, variation selectors; the kashida; skin tones. */
static bool
is_unseen(uint32_t code)
{
    if (code < 0xAD)
        return false;
    return code == 0x640 || (code >= 0x1F3FB && code <= 0x1F3FF) ||
           uc_is_property_default_ignorable_code_point(code);
}

static void
put(struct text *to, uint32_t code)
{
    char bytes[4];
    int digit = code < 0x660 ? -1 : uc_decimal_value(code);

    if (digit >= 0)
        code = (uint32_t)('0' + digit);
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
        if (letters[i].from == code) {
            text_adds(to, letters[i].to);
            return;
        }
    if (code == 0xFFFD || code == 0)
        code = ' ';
    text_add(to, bytes, utf8_put(bytes, code));
}

/* What libunistring allocated, on mem, and no copy left. */
static char *
taken(const void *mem, uint8_t *made, size_t n)
{
    if (made == NULL)
        return mem_strdup(mem, "");
    char *copy = mem_strndup(mem, (const char *)made, n);
    free(made);
    return copy;
}

static char *
ascii_fold(const void *mem, const char *s, size_t n)
{
    char *copy = mem_strndup(mem, s, n);

    for (char *c = copy; *c != '\0'; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    return copy;
}

static struct text
unmarked(const void *mem, const char *s, size_t n)
{
    struct text to;
    const char *end = s + n;

    text_init(&to, mem, n + 1);
    while (s < end) {
        uint32_t code = utf8_next(&s, end);

        if (!is_mark(code) && !is_unseen(code))
            put(&to, code);
    }
    return to;
}

char *
lexeme_fold(const void *mem, const char *s, size_t n)
{
    size_t ascii = 0, len;

    while (ascii < n && s[ascii] > 0)
        ascii++;
    if (ascii == n)
        return ascii_fold(mem, s, n);
    if (!utf8_valid(s, n)) {
        const struct text valid = unmarked(mem, s, n);

        s = valid.at;
        n = valid.len;
    }
    uint8_t *made =
        u8_casefold((const uint8_t *)s, n, NULL, UNINORM_NFKD, NULL, &len);
    char *apart = taken(mem, made, len);
    const struct text bare = unmarked(mem, apart, made == NULL ? 0 : len);
    made = u8_normalize(UNINORM_NFC, (const uint8_t *)bare.at, bare.len, NULL,
                        &len);
    return taken(mem, made, len);
}
