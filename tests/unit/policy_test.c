/*
 * policy_test.c - which passwords are taken; the filter of breached ones; the
 * one form of an address.
 */
#include <CUnit/CUnit.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "core/breach.h"
#include "core/crypto.h"
#include "core/email.h"
#include "core/password_policy.h"
#include "tests/unit/context.h"
#include "tests/unit/suites.h"

static char dir[] = "/tmp/sparkle-policy-XXXXXX";

static int
begin(void)
{
    context_set_up();
    return mkdtemp(dir) == NULL;
}

static int
end(void)
{
    static const char *const names[] = { "known", "small", "large", "other",
                                         "cut" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        (void)unlink(mem_printf(mem, "%s/%s", dir, names[i]));
    context_tear_down();
    return rmdir(dir);
}

/* ---- The filter ---------------------------------------------------------- */

/* The hash of a number, from two families that never meet. */
static void
hash_of(char family, int64_t number, uint8_t out[SHA1_SIZE])
{
    char text[40];
    int n = snprintf(text, sizeof text, "%c%lld", family, (long long)number);

    crypto_sha1(text, (size_t)n, out);
}

static const char *
make_filter(const char *name, int64_t entries, int64_t step)
{
    const char *path = mem_printf(mem, "%s/%s", dir, name);
    struct breach_builder *b = breach_build_begin(mem, path, entries);
    uint8_t sha1[SHA1_SIZE];

    CU_ASSERT_PTR_NOT_NULL_FATAL(b);
    for (int64_t i = 0; i < entries; i++) {
        hash_of('k', step > 0 ? i : entries - 1 - i, sha1);
        CU_ASSERT_TRUE_FATAL(breach_build_add(b, sha1));
    }
    CU_ASSERT_TRUE_FATAL(breach_build_end(b));
    return path;
}

static int64_t
count_known(const struct breach *filter, char family, int64_t n)
{
    uint8_t sha1[SHA1_SIZE];
    int64_t known = 0;

    for (int64_t i = 0; i < n; i++) {
        hash_of(family, i, sha1);
        known += breach_has(filter, sha1);
    }
    return known;
}

/* Enough entries for more blocks than the builder keeps would take minutes; a
 * hundred thousand make 74 blocks, so that most leave no room for luck. */
static void
filter_knows_all_and_few_others(void)
{
    enum { ENTRIES = 100000, OTHERS = 1000000 };
    const char *why, *path = make_filter("known", ENTRIES, 1);
    const struct breach *filter = breach_open(path, &why);

    CU_ASSERT_PTR_NOT_NULL_FATAL(filter);
    CU_ASSERT_EQUAL(breach_entries(filter), ENTRIES);
    CU_ASSERT_EQUAL(count_known(filter, 'k', ENTRIES), ENTRIES);
    int64_t wrong = count_known(filter, 'u', OTHERS);
    CU_ASSERT_TRUE(wrong * 10000 < OTHERS);
    CU_ASSERT_TRUE(wrong > 0); /* else the question would mean nothing */
}

static void
order_does_not_matter(void)
{
    const char *one = make_filter("known", 5000, 1);
    const char *two = make_filter("other", 5000, -1);
    size_t n = 0, m = 0;
    const char *a = file_read(mem, one, 1 << 20, &n);
    const char *b = file_read(mem, two, 1 << 20, &m);

    CU_ASSERT_PTR_NOT_NULL_FATAL(a);
    CU_ASSERT_PTR_NOT_NULL_FATAL(b);
    CU_ASSERT_EQUAL_FATAL(n, m);
    CU_ASSERT_EQUAL(memcmp(a, b, n), 0);
}

/* 7 million entries need more blocks than the builder holds at once. */
static void
large_filters_are_built_in_little_memory(void)
{
    const char *path = mem_printf(mem, "%s/large", dir), *why;
    struct breach_builder *b = breach_build_begin(mem, path, 7000000);
    uint8_t sha1[SHA1_SIZE];

    CU_ASSERT_PTR_NOT_NULL_FATAL(b);
    CU_ASSERT_TRUE(talloc_total_size(b) < 20 << 20);
    for (int64_t i = 0; i < 20000; i++) {
        hash_of('k', i, sha1);
        CU_ASSERT_TRUE_FATAL(breach_build_add(b, sha1));
    }
    CU_ASSERT_TRUE_FATAL(breach_build_end(b));
    const struct breach *filter = breach_open(path, &why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(filter);
    CU_ASSERT_EQUAL(count_known(filter, 'k', 20000), 20000);
}

static void
replaced_filters_are_seen(void)
{
    const char *path = make_filter("small", 100, 1), *why;

    CU_ASSERT_EQUAL(breach_entries(breach_open(path, &why)), 100);
    (void)make_filter("small", 200, 1);
    CU_ASSERT_EQUAL(breach_entries(breach_open(path, &why)), 200);
}

static void
damaged_filters_are_refused(void)
{
    const char *path = make_filter("small", 100, 1), *why = NULL;
    const char *cut = mem_printf(mem, "%s/cut", dir);
    size_t n = 0;
    char *bytes = file_read(mem, path, 1 << 20, &n);

    CU_ASSERT_PTR_NULL(breach_open("/nowhere/at/all", &why));
    CU_ASSERT_PTR_NOT_NULL(why);
    CU_ASSERT_TRUE(file_write(cut, bytes, n - 4096, 0600));
    CU_ASSERT_PTR_NULL(breach_open(cut, &why));
    CU_ASSERT_TRUE(file_write(cut, "", 0, 0600));
    CU_ASSERT_PTR_NULL(breach_open(cut, &why));
    bytes[3] ^= 1;
    CU_ASSERT_TRUE(file_write(cut, bytes, n, 0600));
    CU_ASSERT_PTR_NULL(breach_open(cut, &why));
    CU_ASSERT_STRING_EQUAL(why, "is no filter of breached passwords, or "
                                "damaged");
}

static const struct breach *
shipped(void)
{
    const char *top = getenv("srcdir"), *why;

    return breach_open(mem_printf(mem, "%s/data/breached-passwords.filter",
                                  top == NULL ? "." : top),
                       &why);
}

static void
shipped_filter_is_large_enough(void)
{
    static const char *const known[] = { "password1234", "qwertyuiop123",
                                         "123456789012", "iloveyou123" };
    const struct breach *filter = shipped();

    CU_ASSERT_PTR_NOT_NULL_FATAL(filter);
    CU_ASSERT_TRUE(breach_entries(filter) >= 50000);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        CU_ASSERT_TRUE(breach_has_password(filter, known[i], strlen(known[i])));
    CU_ASSERT_TRUE(count_known(filter, 'u', 200000) * 10000 < 200000);
}

/* ---- The policy ---------------------------------------------------------- */

#define BIT(fault) (1U << (fault))

struct judged {
    const char *password;
    unsigned faults;
    int64_t score;
};

static void
check_all(const struct judged *cases, size_t n)
{
    const struct breach *filter = shipped();

    CU_ASSERT_PTR_NOT_NULL_FATAL(filter);
    for (size_t i = 0; i < n; i++) {
        struct password_verdict v =
            password_judge(cases[i].password, "Star_Gazer_2024",
                           "nova.lane77@example.org", filter, 60);
        bool right = v.faults == cases[i].faults && v.score == cases[i].score &&
                     v.valid == (cases[i].faults == 0);

        if (!right)
            (void)fprintf(stderr, "\n%s: %x, %lld\n", cases[i].password,
                          v.faults, (long long)v.score);
        CU_ASSERT_TRUE(right);
    }
}

static void
rules_are_kept(void)
{
    static const struct judged cases[] = {
        { "Velvet-Otter7", 0, 80 },
        { "Velvet-Otter-77-x", 0, 90 },
        { "Velvet-Otter-77-xyzw", 0, 100 },
        { "Velvet-Ott7", BIT(PASSWORD_SHORT), 60 },
        { "VELVET-OTTER7", BIT(PASSWORD_NO_LOWER), 65 },
        { "velvet-otter7", BIT(PASSWORD_NO_UPPER), 65 },
        { "Velvet-Otterx", BIT(PASSWORD_NO_DIGIT), 65 },
        { "VelvetOtter77", BIT(PASSWORD_NO_SPECIAL), 65 },
        { "Velvet Otter7", 0, 80 },
        { "Velvet-Otttter7", BIT(PASSWORD_REPEATS), 70 },
        { "Velvet-Otter777", BIT(PASSWORD_REPEATS), 70 },
        { "Velvet--Otter77", 0, 80 },
        { "",
          BIT(PASSWORD_SHORT) | BIT(PASSWORD_NO_LOWER) |
              BIT(PASSWORD_NO_UPPER) | BIT(PASSWORD_NO_DIGIT) |
              BIT(PASSWORD_NO_SPECIAL),
          0 },
    };

    check_all(cases, sizeof cases / sizeof *cases);
}

static void
names_are_no_passwords(void)
{
    static const struct judged cases[] = {
        { "Star_Gazer_2024", BIT(PASSWORD_IS_NAME), 80 },
        { "sTAR_gAZER_2024", BIT(PASSWORD_IS_NAME), 80 },
        { "Star_Gazer_2024!!", BIT(PASSWORD_IS_NAME), 90 },
        { "Nova.Lane77?!", BIT(PASSWORD_IS_NAME), 80 },
        { "Nova.Lane77-and-more", 0, 100 },
        { "My-Star_Gazer_2024", 0, 90 },
    };

    check_all(cases, sizeof cases / sizeof *cases);
}

/* Known ones, and what makes no other password of them; but a long phrase is
 * not refused because a common word is in it (facts.md 6-50). */
static void
common_passwords_are_known(void)
{
    static const struct judged cases[] = {
        { "Password1234!", BIT(PASSWORD_COMMON), 50 },
        { "P@ssw0rd1234!", BIT(PASSWORD_COMMON), 50 },
        { "!!Qwertyuiop123", BIT(PASSWORD_COMMON), 50 },
        { "password1234",
          BIT(PASSWORD_COMMON) | BIT(PASSWORD_NO_UPPER) |
              BIT(PASSWORD_NO_SPECIAL),
          20 },
        { "My-Password-is-7-otters", 0, 100 },
        { "Sparkle-demo-2026!", 0, 90 },
        { "Correct-Horse-7-Battery", 0, 100 },
    };

    check_all(cases, sizeof cases / sizeof *cases);
}

/* facts.md 3.2: wherever they stand, in any case, and as they are respelled. */
static void
phrases_are_refused_inside_others(void)
{
    static const struct judged cases[] = {
        { "Sparkleverse1!", BIT(PASSWORD_COMMON), 50 },
        { "Letmein12345!", BIT(PASSWORD_COMMON), 50 },
        { "My-L3tme1n12345-Otter!", BIT(PASSWORD_COMMON), 70 },
        { "Otter+WELCOME12345+fox", BIT(PASSWORD_COMMON), 70 },
        { "sP4rkl3v3rse-Velvet!", BIT(PASSWORD_COMMON), 70 },
        { "Velvet:qwertyuiop12", BIT(PASSWORD_COMMON), 60 },
        { "Velvet:Qwerty123456", BIT(PASSWORD_COMMON), 60 },
        { "Velvet:12345678901", BIT(PASSWORD_COMMON), 60 },
        { "Velvet:Sparkle123456!", BIT(PASSWORD_COMMON), 70 },
        { "Velvet:Admin1234567!", BIT(PASSWORD_COMMON), 70 },
        { "My-Velvet-Password123-is-long", BIT(PASSWORD_COMMON), 70 },
        /* The word alone: 11 beside it, and 12. */
        { "Otter-7-P4ssw0rd-ab", BIT(PASSWORD_COMMON), 60 },
        { "Otter-7-Password-abc", 0, 100 },
        /* Nearly one. */
        { "Letmein-12345-velvet", 0, 100 },
        { "Velvet-1234567890x", 0, 90 },
    };

    check_all(cases, sizeof cases / sizeof *cases);
}

static void
words_of_the_site_are_known(void)
{
    static const struct judged cases[] = {
        { "Sparkle-Universe-1!", BIT(PASSWORD_COMMON), 60 },
        { "!Sparkl3Un1verse2026", BIT(PASSWORD_COMMON), 70 },
        { "Admin-2026-11-21", BIT(PASSWORD_COMMON), 60 },
        { "Sparkle-otter-2026!", 0, 90 },
    };

    check_all(cases, sizeof cases / sizeof *cases);
}

/* Code points after NFKC: "é" of two code points is one, "ﬁ" is two. */
static void
unicode_is_counted_after_nfkc(void)
{
    static const struct judged cases[] = {
        { "Ve\xCC\x81lvet-Ott7", BIT(PASSWORD_SHORT), 60 },
        { "Ve\xCC\x81lvet-Otte7", 0, 80 },
        { "Velvet-\xEF\xAC\x81"
          "77",
          BIT(PASSWORD_SHORT), 60 },
        { "Velvet-O\xEF\xAC\x81"
          "77",
          0, 80 },
        /* Cyrillic letters have case; a digit may be Arabic. */
        { "\xD0\x9F\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82-"
          "\xD0\xBC\xD0\xB8\xD1\x80-\xD9\xA7\xD9\xA8",
          0, 80 },
        { "\xF0\x9F\xA6\xA6\xF0\x9F\xA6\xA6\xF0\x9F\xA6\xA6Velvet77x",
          BIT(PASSWORD_REPEATS), 70 },
    };
    char *a = mem_printf(mem, "Aa1-%.*s", 124,
                         "bcbcbcbcbcbcbcbcbcbcbcbcbcbcbcbcbcbcbcbcbcbcbcbc"
                         "bcbcbcbcbcbcbcbcbcbcbcbcbcbcbcbcbcbcbcbcbcbcbcbc"
                         "bcbcbcbcbcbcbcbcbcbcbcbcbcbcbcbc");

    check_all(cases, sizeof cases / sizeof *cases);
    CU_ASSERT_EQUAL(strlen(a), 128);
    CU_ASSERT_TRUE(password_judge(a, NULL, NULL, NULL, 60).valid);
    CU_ASSERT_EQUAL(
        password_judge(mem_printf(mem, "%sz", a), NULL, NULL, NULL, 60).faults,
        BIT(PASSWORD_LONG));
}

/* 6-49: that a score is asked for must be able to matter. */
static void
sites_can_ask_for_more(void)
{
    CU_ASSERT_EQUAL(
        password_judge("Velvet-Otter7", NULL, NULL, NULL, 90).faults,
        BIT(PASSWORD_EASY));
    CU_ASSERT_TRUE(
        password_judge("Velvet-Otter-77-x", NULL, NULL, NULL, 90).valid);
}

static void
hashes_are_of_nfkc(void)
{
    static const struct auth_settings cheap = {
        .pepper = "k:000102030405060708090a0b0c0d0e0f"
                  "101112131415161718191a1b1c1d1e1f",
        .argon2_memory = 64 * 1024,
        .argon2_passes = 1,
        .argon2_lanes = 1,
        .hash_concurrency = 1,
    };
    const char *phc = password_hash(mem, &cheap, "Cafe\xCC\x81-Noir-77");
    bool outdated;

    CU_ASSERT_TRUE(
        password_verify(&cheap, phc, "Caf\xC3\xA9-Noir-77", &outdated));
    CU_ASSERT_FALSE(password_verify(&cheap, phc, "Cafe-Noir-77", &outdated));
    /* What is no UTF-8 is not all the same. */
    phc = password_hash(mem, &cheap, "\xFF\xFE one");
    CU_ASSERT_FALSE(password_verify(&cheap, phc, "\xFF\xFE two", &outdated));
}

/* ---- Addresses ----------------------------------------------------------- */

static void
addresses_have_one_form(void)
{
    static const char *const same[][2] = {
        { "Nova@Example.ORG", "nova@example.org" },
        { "nova+tag.x@example.org", "nova+tag.x@example.org" },
        { "nova@B\xC3\xBC"
          "cher.example",
          "nova@xn--bcher-kva.example" },
        { "nova@xn--bcher-kva.example", "nova@xn--bcher-kva.example" },
        { "nova@Fa\xC3\x9F.example", "nova@xn--fa-hia.example" },
        { "nova@\xE4\xBE\x8B\xE3\x81\x88.jp", "nova@xn--r8jz45g.jp" },
    };
    static const char *const none[] = {
        "",        "@",        "a",         "@b",           "a@",      "a@b@c",
        "a b@c.d", "a@b c",    "a@b..c",    "a@.b",         "a@b.",    ".a@b.c",
        "a.@b.c",  "a..b@c.d", "\"a\"@b.c", "a@[1.2]",      "a@b_c.d", "a@-b.c",
        "a\n@b.c", "<a@b.c>",  "a@b.c,d",   "\xC3\xA9@b.c",
    };

    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        const char *made = email_normal(mem, same[i][0]);

        CU_ASSERT_PTR_NOT_NULL_FATAL(made);
        CU_ASSERT_STRING_EQUAL(made, same[i][1]);
    }
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        if (email_valid(none[i]))
            CU_FAIL(none[i]);
    const char *part = mem_printf(mem, "%064d", 7);
    CU_ASSERT_TRUE(email_valid(mem_printf(mem, "%s@b.c", part)));
    CU_ASSERT_FALSE(email_valid(mem_printf(mem, "%s7@b.c", part)));
}

int
policy_suite(void)
{
    CU_TestInfo tests[] = {
        { "a filter knows all and few others",
          filter_knows_all_and_few_others },
        { "order does not matter", order_does_not_matter },
        { "large filters are built in little memory",
          large_filters_are_built_in_little_memory },
        { "replaced filters are seen", replaced_filters_are_seen },
        { "damaged filters are refused", damaged_filters_are_refused },
        { "the shipped filter is large enough",
          shipped_filter_is_large_enough },
        { "rules are kept", rules_are_kept },
        { "names are no passwords", names_are_no_passwords },
        { "common passwords are known", common_passwords_are_known },
        { "phrases are refused inside others",
          phrases_are_refused_inside_others },
        { "words of the site are known", words_of_the_site_are_known },
        { "Unicode is counted after NFKC", unicode_is_counted_after_nfkc },
        { "sites can ask for more", sites_can_ask_for_more },
        { "hashes are of NFKC", hashes_are_of_nfkc },
        { "addresses have one form", addresses_have_one_form },
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        { .pName = "policy",
          .pInitFunc = begin,
          .pCleanupFunc = end,
          .pTests = tests },
        CU_SUITE_INFO_NULL,
    };

    return (int)CU_register_suites(suites);
}
