/* unicode_test.c - what is seen of texts, and where they are cut. */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/unicode.h"
#include "base/utf8.h"
#include "tests/unit/context.h"

int unicode_suite(void);

enum { MOST = 280 };

/* What each must be cut to: a whole cluster, and the ellipsis. */
static void
cuts_between_clusters(void)
{
    static const struct {
        const char *text;
        size_t most;
        const char *is;
    } cases[] = {
        /* Joined people; two flags; a skin tone. */
        { "a\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x91\xA9 b", 4,
          "a\xE2\x80\xA6" },
        { "\xF0\x9F\x87\xA9\xF0\x9F\x87\xAA\xF0\x9F\x87\xAF"
          "\xF0\x9F\x87\xB5",
          3, "\xF0\x9F\x87\xA9\xF0\x9F\x87\xAA\xE2\x80\xA6" },
        { "ab\xF0\x9F\x91\x8D\xF0\x9F\x8F\xBD", 4, NULL },
        { "ab\xF0\x9F\x91\x8D\xF0\x9F\x8F\xBD"
          "c",
          4, "ab\xE2\x80\xA6" },
        /* e with an acute and a dot below; a Thai vowel and tone. */
        { "xe\xCC\xA3\xCC\x81y", 4, "x\xE2\x80\xA6" },
        { "\xE0\xB8\x81\xE0\xB8\x97\xE0\xB8\xB5\xE0\xB9\x88\xE0\xB8\x81", 4,
          "\xE0\xB8\x81\xE2\x80\xA6" },
        /* A cluster that takes all the room. */
        { "e\xCC\xA3\xCC\x81\xCC\x82\xCC\x83", 3, "e\xCC\xA3\xE2\x80\xA6" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CU_ASSERT_STRING_EQUAL(unicode_cut(mem, cases[i].text, cases[i].most),
                               cases[i].is == NULL ? cases[i].text
                                                   : cases[i].is);
}

/* ---- Unicode's own test -------------------------------------------------- */

/* Of the Debian package unicode-data.  Its Unicode may be newer than that of
 * libunistring; where that matters a row below will say so. */
#define BREAKS "/usr/share/unicode/auxiliary/GraphemeBreakTest.txt"

enum { CODES = 32 }; /* of a row, at most */

struct row {
    char text[CODES * 4];
    size_t end[CODES + 1]; /* bytes after so many code points */
    bool breaks[CODES + 1];
    size_t n;
};

/* "÷ 0020 × 0308 ÷ 0020 ÷", to the end of the line or a comment. */
static bool
read_row(const char *line, struct row *ret)
{
    const char *s = line;

    *ret = (struct row){ .n = 0 };
    while (text_starts(s, "\xC3\xB7 ") || text_starts(s, "\xC3\x97 ")) {
        char *end;
        unsigned long code = strtoul(s + 3, &end, 16);

        ret->breaks[ret->n] = s[1] == '\xB7';
        if (end == s + 3 || ret->n == CODES)
            return false;
        size_t at = ret->end[ret->n++];
        ret->end[ret->n] = at + utf8_put(ret->text + at, (uint32_t)code);
        s = end + 1;
    }
    ret->breaks[ret->n] = true;
    return ret->n > 0;
}

/* Where a cut to k code points ends: at the last break before the ellipsis, or
 * before blanks; within the first cluster where that takes all the room. */
static bool
cut_is_right(const struct row *r, size_t k)
{
    const char *cut = unicode_cut(mem, r->text, k);
    size_t len = strlen(cut), i, last = k - 1;

    if (k >= r->n)
        return strcmp(cut, r->text) == 0;
    if (len < 3 || strcmp(cut + len - 3, "\xE2\x80\xA6") != 0 ||
        strncmp(cut, r->text, len - 3) != 0)
        return false;
    for (i = 0; i < r->n && r->end[i] != len - 3; i++)
        continue;
    while (last > 0 && !r->breaks[last])
        last--;
    if (last == 0)
        return i == k - 1 || (i == 0 && strchr(" \r\n", *r->text) != NULL);
    return i == last ||
           (r->breaks[i] && i < last && strpbrk(r->text, " \r\n") != NULL);
}

static void
passes_unicodes_test(void)
{
    char *all = file_read(mem, BREAKS, 1 << 20, NULL);
    size_t rows = 0;

    CU_ASSERT_FATAL(all != NULL);
    for (char *line = all, *next; line != NULL; line = next) {
        struct row r;

        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        if (!read_row(line, &r))
            continue;
        rows++;
        for (size_t k = 1; k <= r.n; k++)
            if (!cut_is_right(&r, k)) {
                printf("cut at %zu: %s\n", k, line);
                CU_ASSERT(false);
            }
    }
    CU_ASSERT(rows > 500);
}

/* A blank is gone back to where it is near, not over the whole of a text. */
static void
cuts_at_near_blanks(void)
{
    struct text *t = text_new(mem);

    text_adds(t, "\xE7\xAC\xAC 1 ");
    for (int i = 0; i < 300; i++)
        text_adds(t, "\xE7\xAB\xA0");
    char *cut = unicode_cut(mem, t->at, MOST);
    CU_ASSERT_EQUAL(utf8_count(cut, strlen(cut)), MOST);
    text_clear(t);
    for (int i = 0; i < 40; i++)
        text_adds(t, "a");
    CU_ASSERT_EQUAL(
        strlen(unicode_cut(mem, mem_printf(mem, "b %sc", t->at), 42)), 1 + 3);
    CU_ASSERT_EQUAL(
        strlen(unicode_cut(mem, mem_printf(mem, "b %sac", t->at), 43)), 42 + 3);
}

/* Each alone is nothing to see; with a letter, and what is like them, is. */
static void
knows_what_is_seen(void)
{
    static const uint32_t unseen[] = {
        ' ',    '\t',   0x7F,   0x85,   0xA0,   0xAD,    0x34F,   0x301,
        0x61C,  0x115F, 0x1160, 0x1680, 0x17B4, 0x180E,  0x2003,  0x200B,
        0x200D, 0x2028, 0x202E, 0x2060, 0x2066, 0x206F,  0x2800,  0x3000,
        0x3164, 0xFE0F, 0xFEFF, 0xFFA0, 0xFFF9, 0xE0001, 0xE0020, 0xE01EF,
    };
    static const uint32_t seen[] = {
        '.', 'a', 0xB4, 0x2801, 0x3042, 0x1F600, 0x0E01, 0x2E3A, 0xFFFD,
    };
    struct text *all = text_new(mem);
    char code[4];

    for (size_t i = 0; i < sizeof unseen / sizeof *unseen; i++) {
        CU_ASSERT(!unicode_seen(unseen[i]));
        text_add(all, code, utf8_put(code, unseen[i]));
    }
    CU_ASSERT(!unicode_visible(all->at));
    CU_ASSERT(!unicode_visible(""));
    text_addc(all, 'x');
    CU_ASSERT(unicode_visible(all->at));
    for (size_t i = 0; i < sizeof seen / sizeof *seen; i++)
        CU_ASSERT(unicode_seen(seen[i]));
}

static CU_TestInfo tests[] = {
    { "cuts between clusters", cuts_between_clusters },
    { "passes Unicode's test of clusters", passes_unicodes_test },
    { "cuts at near blanks", cuts_at_near_blanks },
    { "knows what is seen", knows_what_is_seen },
    CU_TEST_INFO_NULL,
};

int
unicode_suite(void)
{
    CU_SuiteInfo suites[] = {
        { "unicode", NULL, NULL, context_set_up, context_tear_down, tests },
        CU_SUITE_INFO_NULL,
    };

    return CU_register_suites(suites) == CUE_SUCCESS ? 0 : -1;
}
