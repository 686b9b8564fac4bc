/* base_test.c - texts, UTF-8, escapes, encodings, ids, times. */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"
#include "base/utf8.h"
#include "base/uuid.h"
#include "tests/unit/context.h"
#include "tests/unit/suites.h"

static void
text_grows(void)
{
    struct text *t = text_new(mem);

    for (int i = 0; i < 10000; i++)
        text_adds(t, "abc");
    CU_ASSERT_EQUAL(t->len, 30000);
    CU_ASSERT_EQUAL(strlen(t->at), 30000);
    text_clear(t);
    text_addi(t, INT64_MIN);
    text_addc(t, ' ');
    text_addi(t, 0);
    text_addf(t, " %s", "x");
    CU_ASSERT_STRING_EQUAL(t->at, "-9223372036854775808 0 x");
}

static void
quotes_are_taken_off(void)
{
    static const struct {
        const char *is, *becomes;
    } texts[] = {
        { "\"a b\"", "a b" },
        { "'a'", "a" },
        { "\"\"", "" },
        { "\"it's\"", "it's" },
        { "\"a", "\"a" },
        { "a\"", "a\"" },
        { "\"a'", "\"a'" },
        { "\"", "\"" },
        { "", "" },
        { "a", "a" },
        { "'\"a\"'", "\"a\"" },
        { "\"A\" or \"B\"", "\"A\" or \"B\"" },
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        CU_ASSERT_STRING_EQUAL(text_unquoted(mem, texts[i].is),
                               texts[i].becomes);
}

static void
numbers_are_whole(void)
{
    static const char *const bad[] = { "",    " 1",  "1 ",
                                       "+1",  "1.0", "0x1",
                                       "1e3", "-",   "9223372036854775808" };
    int64_t n = 7;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CU_ASSERT_FALSE(text_to_int(bad[i], &n));
    CU_ASSERT_EQUAL(n, 7);
    CU_ASSERT_TRUE(text_to_int("-9223372036854775808", &n));
    CU_ASSERT_EQUAL(n, INT64_MIN);
}

static void
secrets_compare(void)
{
    CU_ASSERT_TRUE(text_secret_same("", ""));
    CU_ASSERT_TRUE(text_secret_same("abc", "abc"));
    CU_ASSERT_FALSE(text_secret_same("abc", "abd"));
    CU_ASSERT_FALSE(text_secret_same("abc", "abcd"));
}

static void
utf8_refuses_malformed(void)
{
    static const char *const bad[] = {
        "\x80",
        "\xC0\xAF",
        "\xC1\x81",
        "\xE0\x80\xAF",
        "\xED\xA0\x80",
        "\xF0\x80\x80\x80",
        "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80",
        "\xE2\x82",
        "a\xFF",
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CU_ASSERT_FALSE(utf8_valid(bad[i], strlen(bad[i])));
    CU_ASSERT_TRUE(utf8_valid("\xEF\xBF\xBD", 3)); /* U+FFFD itself */
    CU_ASSERT_TRUE(utf8_valid("a\xF4\x8F\xBF\xBF", 5));
}

static void
utf8_refuses_controls(void)
{
    CU_ASSERT_TRUE(utf8_clean("a\tb\nc", 5, true));
    CU_ASSERT_FALSE(utf8_clean("a\nb", 3, false));
    CU_ASSERT_FALSE(utf8_clean("a\0b", 3, true));
    CU_ASSERT_FALSE(utf8_clean("a\x7F", 2, true));
    CU_ASSERT_FALSE(utf8_clean("\xC2\x85", 2, true)); /* NEL, of C1 */
}

static void
utf8_is_mended(void)
{
    CU_ASSERT_STRING_EQUAL(text_mended(mem, "a\xC3\xA9\xEF\xBF\xBD"),
                           "a\xC3\xA9\xEF\xBF\xBD");
    CU_ASSERT_STRING_EQUAL(text_mended(mem, "a\xE9\r\n\t\xC2\x85z\xE2\x82"),
                           "a\xEF\xBF\xBD   \xEF\xBF\xBDz\xEF\xBF\xBD"
                           "\xEF\xBF\xBD");
    CU_ASSERT_STRING_EQUAL(text_mended(mem, ""), "");
}

static void
utf8_counts_code_points(void)
{
    const char *s = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80";

    CU_ASSERT_EQUAL(utf8_count(s, strlen(s)), 4);
    CU_ASSERT_EQUAL(utf8_prefix(s, strlen(s), 3), 6);
    for (uint32_t c = 1; c < 0x110000; c += 97) {
        char out[4];
        const char *p = out;

        if (c >= 0xD800 && c <= 0xDFFF)
            continue;
        size_t n = utf8_put(out, c);
        if (utf8_next(&p, out + n) != c || p != out + n)
            CU_FAIL("a code point does not survive");
    }
}

static const char *
json(const char *s)
{
    struct text *t = text_new(mem);

    escape_json(t, s, strlen(s));
    return t->at;
}

static void
json_is_escaped(void)
{
    CU_ASSERT_STRING_EQUAL(json("a\"b\\c\n\x01"), "a\\\"b\\\\c\\n\\u0001");
    CU_ASSERT_STRING_EQUAL(json("</script>&"), "\\u003C/script\\u003E\\u0026");
    CU_ASSERT_STRING_EQUAL(json("\xE2\x80\xA8"), "\\u2028");
    CU_ASSERT_STRING_EQUAL(json("\xC3\xA9\xFF"), "\xC3\xA9\xEF\xBF\xBD");
}

/* A text is looked at by words: every byte at every place of one. */
static void
json_is_escaped_anywhere(void)
{
    for (int c = 1; c < 0x80; c++)
        for (int at = 0; at < 17; at++) {
            char s[18] = "aaaaaaaaaaaaaaaaa", alone[2] = { (char)c };
            char want[32];

            s[at] = (char)c;
            (void)snprintf(want, sizeof want, "%.*s%s%s", at, s, json(alone),
                           s + at + 1);
            if (strcmp(json(s), want) != 0)
                CU_FAIL("a byte is escaped otherwise in a word");
        }
}

static void
html_is_escaped(void)
{
    struct text *t = text_new(mem);

    escape_html(t, "<a href='x'>\"&", 14);
    CU_ASSERT_STRING_EQUAL(t->at, "&lt;a href=&#39;x&#39;&gt;&quot;&amp;");
}

/* What a line says cannot end its member, or the line. */
static void
log_lines_are_json(void)
{
    char name[] = "/tmp/base_test.XXXXXX";
    int fd = mkstemp(name);
    size_t n = 0;

    CU_ASSERT_TRUE_FATAL(fd >= 0 && log_open(name));
    log_event(LOG_ERROR, "a\"b\nc", LOG_TEXT("x", "1\",\"y\":\"2\n{}"));
    CU_ASSERT_TRUE(log_open(NULL));
    const char *line = file_read(mem, name, 4096, &n);
    CU_ASSERT_PTR_NOT_NULL_FATAL(line);
    CU_ASSERT_PTR_EQUAL(strchr(line, '\n'), line + n - 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(line, "\"msg\":\"a\\\"b\\nc\""));
    CU_ASSERT_PTR_NOT_NULL(
        strstr(line, "\"x\":\"1\\\",\\\"y\\\":\\\"2\\n{}\""));
    (void)close(fd);
    (void)unlink(name);
}

static void
urls_go_and_come(void)
{
    struct text *t = text_new(mem);
    char out[64];

    escape_url(t, "a b/\xC3\xA9~", 7);
    CU_ASSERT_STRING_EQUAL(t->at, "a%20b%2F%C3%A9~");
    text_clear(t);
    escape_url(t, "!\"#$&'()*+,:;<=>?@[\\]^`{|}", 26);
    CU_ASSERT_EQUAL(t->len, 3 * 26);
    text_clear(t);
    escape_url(t, "a b/\xC3\xA9~", 7);
    CU_ASSERT_EQUAL(unescape_url(out, t->at, t->len, false), 7);
    CU_ASSERT_STRING_EQUAL(out, "a b/\xC3\xA9~");
    CU_ASSERT_EQUAL(unescape_url(out, "a+b", 3, true), 3);
    CU_ASSERT_STRING_EQUAL(out, "a b");
    CU_ASSERT_EQUAL(unescape_url(out, "a%00", 4, false), -1);
    CU_ASSERT_EQUAL(unescape_url(out, "a%4", 3, false), -1);
    CU_ASSERT_EQUAL(unescape_url(out, "%zz", 3, false), -1);
}

static void
base64_goes_and_comes(void)
{
    uint8_t bytes[100], back[100];

    for (size_t n = 0; n < sizeof bytes; n++) {
        random_bytes(bytes, n);
        const char *s = base64url_encode(mem, bytes, n);
        CU_ASSERT_EQUAL(base64url_decode(s, back, sizeof back), (long)n);
        CU_ASSERT_EQUAL(memcmp(bytes, back, n), 0);
    }
    CU_ASSERT_STRING_EQUAL(base64_encode(mem, (const uint8_t *)"ab", 2),
                           "YWI=");
    CU_ASSERT_EQUAL(base64url_decode("YWJ", back, sizeof back), -1);
    CU_ASSERT_EQUAL(base64url_decode("YQ==", back, sizeof back), -1);
    CU_ASSERT_EQUAL(base64url_decode("YWJjZA", back, 3), -1);
    CU_ASSERT_EQUAL(base64_decode("+/8", back, sizeof back), 2);
    CU_ASSERT_EQUAL(base64_decode("-_8", back, sizeof back), -1);
}

static void
uuids_sort_by_time(void)
{
    char a[UUID_TEXT];
    struct uuid last = uuid_new(), id, back;

    for (int i = 0; i < 1000; i++) {
        id = uuid_new();
        CU_ASSERT_TRUE(memcmp(&last, &id, 8) <= 0);
        last = id;
    }
    uuid_write(&id, a);
    CU_ASSERT_EQUAL(a[14], '7');
    CU_ASSERT_TRUE(uuid_read(a, &back) && uuid_same(&id, &back));
    CU_ASSERT_FALSE(uuid_read("00000000-0000-0000-0000-00000000000", &back));
    CU_ASSERT_FALSE(uuid_read("g0000000-0000-0000-0000-000000000000", &back));
    CU_ASSERT_FALSE(uuid_read("00000000000000000000000000000000----", &back));
}

static void
times_are_written(void)
{
    struct text *t = text_new(mem);

    clock_iso(t, 0);
    CU_ASSERT_STRING_EQUAL(t->at, "2000-01-01T00:00:00.000Z");
    text_clear(t);
    clock_iso(t, -1000);
    CU_ASSERT_STRING_EQUAL(t->at, "1999-12-31T23:59:59.999Z");
    text_clear(t);
    clock_date(t, 59 * CLOCK_DAY);
    CU_ASSERT_STRING_EQUAL(t->at, "29 Feb 2000");
    text_clear(t);
    clock_rfc5322(t, 59 * CLOCK_DAY + CLOCK_HOUR);
    CU_ASSERT_STRING_EQUAL(t->at, "Tue, 29 Feb 2000 01:00:00 +0000");
}

/* 20,000 times between the years 1000 and 9999, by the C library. */
static void
calendar_is_that_of_gmtime(void)
{
    struct text *t = text_new(mem);
    char want[64];

    for (int i = 0; i < 20000; i++) {
        time_t at =
            (time_t)(random_below(2840125000U) * 100ULL) - INT64_C(30610224000);
        struct tm tm;

        text_clear(t);
        clock_rfc5322(t, (int64_t)at * CLOCK_SECOND - CLOCK_UNIX_OFFSET);
        (void)strftime(want, sizeof want, "%a, %d %b %Y %H:%M:%S +0000",
                       gmtime_r(&at, &tm));
        if (strcmp(t->at, want) != 0)
            CU_FAIL("a time is written otherwise than by gmtime");
    }
}

static void
random_is_even(void)
{
    int counts[10] = { 0 };

    for (int i = 0; i < 10000; i++)
        counts[random_below(10)]++;
    for (int i = 0; i < 10; i++)
        CU_ASSERT_TRUE(counts[i] > 850 && counts[i] < 1150);
}

int
base_suite(void)
{
    CU_TestInfo tests[] = {
        { "text grows", text_grows },
        { "quotes are taken off", quotes_are_taken_off },
        { "numbers are whole", numbers_are_whole },
        { "secrets compare", secrets_compare },
        { "UTF-8 refuses malformed", utf8_refuses_malformed },
        { "UTF-8 refuses controls", utf8_refuses_controls },
        { "UTF-8 is mended", utf8_is_mended },
        { "UTF-8 counts code points", utf8_counts_code_points },
        { "JSON is escaped", json_is_escaped },
        { "JSON is escaped anywhere", json_is_escaped_anywhere },
        { "HTML is escaped", html_is_escaped },
        { "log lines are JSON", log_lines_are_json },
        { "URLs go and come", urls_go_and_come },
        { "base64 goes and comes", base64_goes_and_comes },
        { "UUIDs sort by time", uuids_sort_by_time },
        { "times are written", times_are_written },
        { "calendar is that of gmtime", calendar_is_that_of_gmtime },
        { "random is even", random_is_even },
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        { .pName = "base",
          .pInitFunc = context_begin,
          .pCleanupFunc = context_end,
          .pTests = tests },
        CU_SUITE_INFO_NULL,
    };

    return (int)CU_register_suites(suites);
}
