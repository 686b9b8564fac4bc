/*
 * twofactor_test.c - codes by RFC 6238's table, their window and its edges,
 * secrets at rest, backup codes, key files.
 */
#include <CUnit/CUnit.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/uuid.h"
#include "core/app.h"
#include "core/crypto.h"
#include "tests/unit/context.h"
#include "tests/unit/suites.h"
#include "twofactor/twofactor_local.h"

#define K1 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define K2 "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"

static const struct section *const sections[] = { &site_section, &auth_section,
                                                  NULL };
static const uint8_t secret[TOTP_SECRET] = "12345678901234567890";

static struct instant
unix_time(int64_t seconds)
{
    return (struct instant){ seconds * CLOCK_SECOND - CLOCK_UNIX_OFFSET };
}

/* A program whose rings of keys are these. */
static struct app
app_with(const char *ring)
{
    struct text *faults = text_new(mem);

    CU_ASSERT_EQUAL(setenv("SPARKLE_AUTH_SIGNING_KEY", ring, 1), 0);
    CU_ASSERT_EQUAL(setenv("SPARKLE_AUTH_ENCRYPTION_KEY", ring, 1), 0);
    struct app app = { .config = config_read(mem, NULL, sections, faults) };
    (void)unsetenv("SPARKLE_AUTH_SIGNING_KEY");
    (void)unsetenv("SPARKLE_AUTH_ENCRYPTION_KEY");
    CU_ASSERT_PTR_NOT_NULL_FATAL(app.config);
    return app;
}

/* ---- Codes --------------------------------------------------------------- */

/* RFC 6238, appendix B, SHA-1: the last six of its eight digits. */
static void
codes_are_as_published(void)
{
    static const struct {
        int64_t at;
        const char *code;
    } table[] = {
        { 59, "287082" },         { 1111111109, "081804" },
        { 1111111111, "050471" }, { 1234567890, "005924" },
        { 2000000000, "279037" }, { 20000000000, "353130" },
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        CU_ASSERT_EQUAL(
            totp_step(secret, unix_time(table[i].at), 0, table[i].code),
            table[i].at / 30);
    CU_ASSERT_EQUAL(totp_step(secret, unix_time(59), 0, "287083"), -1);
}

/* The code of step 37037037, which begins at 1111111110. */
static void
a_code_is_good_for_three_steps(void)
{
    const int64_t begins = 1111111110, step = begins / 30;
    const char *code = "050471";
    const struct instant late = { unix_time(begins + 60).us - 1 };
    const struct instant early = { unix_time(begins - 30).us - 1 };

    CU_ASSERT_EQUAL(totp_step(secret, unix_time(begins), 0, code), step);
    CU_ASSERT_EQUAL(totp_step(secret, unix_time(begins - 30), 0, code), step);
    CU_ASSERT_EQUAL(totp_step(secret, early, 0, code), -1);
    CU_ASSERT_EQUAL(totp_step(secret, late, 0, code), step);
    CU_ASSERT_EQUAL(totp_step(secret, unix_time(begins + 60), 0, code), -1);
}

static void
used_steps_are_over(void)
{
    const int64_t step = 37037037;
    const struct instant now = unix_time(1111111111);

    CU_ASSERT_EQUAL(totp_step(secret, now, step - 1, "050471"), step);
    CU_ASSERT_EQUAL(totp_step(secret, now, step, "050471"), -1);
    /* The step before, although its own code was never used. */
    CU_ASSERT_EQUAL(totp_step(secret, now, step, "081804"), -1);
    CU_ASSERT_EQUAL(totp_step(secret, now, 0, "081804"), step - 1);
}

static void
addresses_are_escaped(void)
{
    const char *url = totp_url(mem, "Sparkle & Co", "a+b@x.org", secret);

    CU_ASSERT_STRING_EQUAL(totp_base32(mem, secret),
                           "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    CU_ASSERT_STRING_EQUAL(
        url, "otpauth://totp/Sparkle%20%26%20Co:a%2Bb%40x.org?secret="
             "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Sparkle%20%26%20Co"
             "&algorithm=SHA1&digits=6&period=30");
    CU_ASSERT_TRUE(
        text_starts(qr_data_url(mem, url), "data:image/png;base64,iVBORw0KGg"));
}

static void
typed_codes_are_read(void)
{
    static const char *const good[] = { "123456",    "123 456",   "ABCD-2345",
                                        "abcd-2345", "abcd2345",  "ab cd 23 45",
                                        "23456789",  "ZZZZ-ZZZZ", NULL };
    static const char *const bad[] = { "",          "12345",     "1234567",
                                       "12345a",    "ABCD-234",  "ABCD-23456",
                                       "ABCD-1345", "ABCD-0345", "OBCD-2345",
                                       "IBCD-2345", "ABCD_2345", NULL };

    for (size_t i = 0; good[i] != NULL; i++)
        CU_ASSERT_TRUE(twofactor_code_formed(good[i]));
    for (size_t i = 0; bad[i] != NULL; i++)
        CU_ASSERT_FALSE(twofactor_code_formed(bad[i]));
}

/* ---- At rest ------------------------------------------------------------- */

static void
secrets_open_for_their_user_only(void)
{
    const struct app before = app_with("a:" K1), after = app_with("b:" K2),
                     both = app_with("b:" K2 ",a:" K1);
    const struct uuid one = uuid_new(), two = uuid_new();
    uint8_t out[TOTP_SECRET];
    const char *kid = NULL;
    struct bytes sealed = secret_seal(mem, &before, &one, secret, &kid);

    CU_ASSERT_STRING_EQUAL(kid, "a");
    CU_ASSERT_TRUE(secret_open(mem, &both, &one, sealed, out));
    CU_ASSERT_EQUAL(memcmp(out, secret, sizeof out), 0);
    CU_ASSERT_FALSE(secret_open(mem, &before, &two, sealed, out));
    CU_ASSERT_FALSE(secret_open(mem, &after, &one, sealed, out));
}

/* The hashes of all keys have that of the key that a set was made under. */
static void
backup_codes_outlive_a_key(void)
{
    const struct app before = app_with("a:" K1),
                     both = app_with("b:" K2 ",a:" K1);
    const struct uuid one = uuid_new(), two = uuid_new();
    const struct backup_set *set = backup_codes_make(mem, &before, &one);
    char code[BACKUP_CODE_SIZE + 1];

    CU_ASSERT_STRING_EQUAL(set->kid, "a");
    for (size_t i = 0; i < BACKUP_CODES; i++) {
        const uint8_t *stored = set->hashes + 32 * i;

        CU_ASSERT_EQUAL(strlen(set->codes[i]), 9);
        CU_ASSERT_EQUAL(set->codes[i][4], '-');
        CU_ASSERT_TRUE(backup_code_read(set->codes[i], code));
        struct bytes mine = backup_code_hashes(mem, &both, &one, code);
        struct bytes other = backup_code_hashes(mem, &both, &two, code);
        CU_ASSERT_EQUAL(mine.len, 64);
        CU_ASSERT_NOT_EQUAL(memcmp(mine.at, stored, 32), 0);
        CU_ASSERT_EQUAL(memcmp(mine.at + 32, stored, 32), 0);
        CU_ASSERT_NOT_EQUAL(memcmp(other.at + 32, stored, 32), 0);
    }
    CU_ASSERT_STRING_NOT_EQUAL(set->codes[0], set->codes[1]);
}

/* ---- Rings --------------------------------------------------------------- */

static void
bad_rings_are_told_at_the_start(void)
{
    struct auth_settings s = { .pepper = "a:" K1,
                               .encryption_key = "b:" K1,
                               .signing_key = "c:" K1 };
    struct text *faults = text_new(mem);

    auth_check(&s, false, faults);
    CU_ASSERT_EQUAL(faults->len, 0);
    s.encryption_key = "some words that are no key";
    s.signing_key = NULL;
    auth_check(&s, false, faults);
    CU_ASSERT_PTR_NOT_NULL(strstr(faults->at, "[auth] encryption_key: "));
    CU_ASSERT_PTR_NOT_NULL(strstr(faults->at, "[auth] signing_key: "));
    CU_ASSERT_PTR_NULL(strstr(faults->at, "pepper"));
}

/* In production only: elsewhere it is fine that everybody knows them. */
static void
sample_keys_are_refused(void)
{
    static const char *const samples[] = {
        "1:0000000000000000000000000000000000000000000000000000000000000000",
        "a:adadadadadadadadadadadadadadadadadadadadadadadadadadadadadadadad",
        "a:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "a:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        "a:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff00",
        "a:deadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeef",
        "new:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08,"
        "old:1111111111111111111111111111111111111111111111111111111111111111",
    };
    static const char fine[] =
        "k:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        const struct auth_settings s = { .pepper = fine,
                                         .encryption_key = samples[i],
                                         .signing_key = fine };
        struct text *faults = text_new(mem);

        auth_check(&s, false, faults);
        CU_ASSERT_EQUAL(faults->len, 0);
        auth_check(&s, true, faults);
        CU_ASSERT_PTR_NOT_NULL(strstr(faults->at, "[auth] encryption_key: "));
        CU_ASSERT_PTR_NOT_NULL(strstr(faults->at, " is a sample"));
        CU_ASSERT_PTR_NULL(strstr(faults->at, "pepper"));
    }
}

static void
replaced_files_keep_their_mode(void)
{
    char path[] = "/tmp/sparkle-unit-XXXXXX";
    int fd CLOSED_AT_END = mkstemp(path);
    struct stat now;

    CU_ASSERT_TRUE_FATAL(fd >= 0);
    CU_ASSERT_EQUAL(fchmod(fd, 0600), 0);
    CU_ASSERT_TRUE(file_replace(path, "new", 3));
    CU_ASSERT_STRING_EQUAL(file_read(mem, path, 10, NULL), "new");
    CU_ASSERT_EQUAL(stat(path, &now), 0);
    CU_ASSERT_EQUAL(now.st_mode & 07777, 0600);
    CU_ASSERT_EQUAL(chmod(path, 0666), 0);
    CU_ASSERT_TRUE(file_replace(path, "more", 4));
    CU_ASSERT_EQUAL(stat(path, &now), 0);
    CU_ASSERT_EQUAL(now.st_mode & 07777, 0640);
    (void)unlink(path);
    CU_ASSERT_FALSE(file_replace(path, "gone", 4));
}

int
twofactor_suite(void)
{
    static CU_TestInfo tests[] = {
        { "codes are as published", codes_are_as_published },
        { "a code is good for three steps", a_code_is_good_for_three_steps },
        { "used steps are over", used_steps_are_over },
        { "addresses are escaped", addresses_are_escaped },
        { "typed codes are read", typed_codes_are_read },
        { "secrets open for their user only",
          secrets_open_for_their_user_only },
        { "backup codes outlive a key", backup_codes_outlive_a_key },
        { "bad rings are told at the start", bad_rings_are_told_at_the_start },
        { "sample keys are refused in production", sample_keys_are_refused },
        { "replaced files keep their mode", replaced_files_keep_their_mode },
        CU_TEST_INFO_NULL,
    };
    static CU_SuiteInfo suite[] = {
        { "twofactor", context_begin, context_end, NULL, NULL, tests },
        CU_SUITE_INFO_NULL,
    };

    return (int)CU_register_suites(suite);
}
