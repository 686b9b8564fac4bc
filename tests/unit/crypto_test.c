/*
 * crypto_test.c - hashes against published values, key rings, sealing,
 * passwords, and turns to hash among processes.
 */
#include <CUnit/CUnit.h>
#include <argon2.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"
#include "core/csrf.h"
#include "core/password_local.h"
#include "tests/unit/context.h"
#include "tests/unit/suites.h"

#define K1 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define K2 "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"

static const struct auth_settings cheap = {
    .pepper = "new:" K2 ",old:" K1,
    .argon2_memory = 64 * 1024,
    .argon2_passes = 1,
    .argon2_lanes = 1,
    .hash_concurrency = 2,
};

static struct bytes
bytes_of(const char *s)
{
    return (struct bytes){ (const uint8_t *)s, strlen(s) };
}

/* FIPS 180-2; RFC 4231, cases 1, 2 and 6 (a key longer than a block). */
static void
hashes_are_as_published(void)
{
    uint8_t out[SHA256_SIZE], key[131];

    crypto_sha256("abc", 3, out);
    CU_ASSERT_STRING_EQUAL(
        hex_encode(mem, out, sizeof out),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    memset(key, 0x0b, 20);
    crypto_hmac(key, 20, "Hi There", 8, out);
    CU_ASSERT_STRING_EQUAL(
        hex_encode(mem, out, sizeof out),
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    crypto_hmac("Jefe", 4, "what do ya want for nothing?", 28, out);
    CU_ASSERT_STRING_EQUAL(
        hex_encode(mem, out, sizeof out),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    crypto_hmac(key, sizeof key,
                "Test Using Larger Than Block-Size Key - Hash Key First", 54,
                out);
    CU_ASSERT_STRING_EQUAL(
        hex_encode(mem, out, sizeof out),
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void
rings_are_read(void)
{
    const char *fault;
    const struct keyring *ring = keyring_read(mem, "a:" K1 ",b:" K2, &fault);

    CU_ASSERT_PTR_NOT_NULL_FATAL(ring);
    CU_ASSERT_EQUAL(ring->n, 2);
    CU_ASSERT_STRING_EQUAL(keyring_find(ring, NULL)->id, "a");
    CU_ASSERT_EQUAL(keyring_find(ring, "b")->bytes[0], 0x20);
    CU_ASSERT_EQUAL(keyring_find(ring, "b")->len, 32);
    CU_ASSERT_PTR_NULL(keyring_find(ring, "c"));
    CU_ASSERT_EQUAL(keyring_read(mem, "a:" K1, &fault)->n, 1);
}

static void
bad_rings_are_refused(void)
{
    static const char *const bad[] = {
        NULL,        "",     K1,          ":" K1,          "a:00ff",
        "a:" K1 ",", "a:xy", "a:" K1 "0", "a:" K1 ",b:00", "a:" K1 "zz"
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *fault = NULL;

        CU_ASSERT_PTR_NULL(keyring_read(mem, bad[i], &fault));
        CU_ASSERT_PTR_NOT_NULL(fault);
    }
}

/* ---- Sealing ------------------------------------------------------------- */

static void
sealed_values_open(void)
{
    const char *fault;
    const struct keyring *one = keyring_read(mem, "a:" K1, &fault);
    const struct keyring *two = keyring_read(mem, "b:" K2 ",a:" K1, &fault);
    struct bytes sealed =
        crypto_seal(mem, one, bytes_of("secret"), bytes_of("user 1"));
    struct bytes empty = crypto_seal(mem, one, bytes_of(""), bytes_of(""));
    bool outdated = true;
    struct bytes plain =
        crypto_open(mem, one, sealed, bytes_of("user 1"), &outdated);

    CU_ASSERT_PTR_NOT_NULL_FATAL(plain.at);
    CU_ASSERT_STRING_EQUAL((const char *)plain.at, "secret");
    CU_ASSERT_FALSE(outdated);
    plain = crypto_open(mem, two, sealed, bytes_of("user 1"), &outdated);
    CU_ASSERT_STRING_EQUAL((const char *)plain.at, "secret");
    CU_ASSERT_TRUE(outdated);
    plain = crypto_open(mem, one, empty, bytes_of(""), NULL);
    CU_ASSERT_PTR_NOT_NULL(plain.at);
    CU_ASSERT_EQUAL(plain.len, 0);
}

static void
forged_values_do_not_open(void)
{
    const char *fault;
    const struct keyring *one = keyring_read(mem, "a:" K1 ",c:" K1, &fault);
    const struct keyring *other = keyring_read(mem, "b:" K2, &fault);
    struct bytes sealed =
        crypto_seal(mem, one, bytes_of("secret"), bytes_of("user 1"));
    uint8_t *copy = mem_alloc(mem, sealed.len);

    CU_ASSERT_PTR_NULL(
        crypto_open(mem, one, sealed, bytes_of("user 2"), NULL).at);
    CU_ASSERT_PTR_NULL(
        crypto_open(mem, other, sealed, bytes_of("user 1"), NULL).at);
    for (size_t i = 0; i < sealed.len; i++) {
        memcpy(copy, sealed.at, sealed.len);
        copy[i] ^= 2; /* also makes the key's id another one of the ring */
        struct bytes damaged = { copy, sealed.len }, cut = { sealed.at, i };

        CU_ASSERT_PTR_NULL(
            crypto_open(mem, one, damaged, bytes_of("user 1"), NULL).at);
        CU_ASSERT_PTR_NULL(
            crypto_open(mem, one, cut, bytes_of("user 1"), NULL).at);
    }
}

/* ---- Passwords ----------------------------------------------------------- */

static void
passwords_verify(void)
{
    const char *phc = password_hash(mem, &cheap, "correct horse");
    bool outdated = true;

    CU_ASSERT_TRUE(text_starts(phc, "$argon2id$v=19$m=64,t=1,p=1$"));
    CU_ASSERT_TRUE(password_verify(&cheap, phc, "correct horse", &outdated));
    CU_ASSERT_FALSE(outdated);
    CU_ASSERT_FALSE(password_verify(&cheap, phc, "correct horsf", &outdated));
    CU_ASSERT_FALSE(password_verify(&cheap, NULL, "correct horse", &outdated));
    CU_ASSERT_FALSE(outdated);
    CU_ASSERT_STRING_NOT_EQUAL(phc,
                               password_hash(mem, &cheap, "correct horse"));
}

static void
old_strings_are_told(void)
{
    struct auth_settings before = cheap, dearer = cheap, other = cheap;
    bool outdated = false;

    before.pepper = "old:" K1;
    dearer.argon2_passes = 2;
    other.pepper = "other:" K1;
    const char *phc = password_hash(mem, &before, "pw");

    CU_ASSERT_TRUE(password_verify(&cheap, phc, "pw", &outdated));
    CU_ASSERT_TRUE(outdated);
    CU_ASSERT_FALSE(password_verify(&other, phc, "pw", &outdated));
    phc = password_hash(mem, &cheap, "pw");
    CU_ASSERT_TRUE(password_verify(&dearer, phc, "pw", &outdated));
    CU_ASSERT_TRUE(outdated);
}

/* Ours are those of libargon2, for all that can be set: KiB, lanes, passes. */
static void
strings_are_libargon2s(void)
{
    static const int64_t costs[][3] = {
        { 64, 1, 1 },  { 19 * 1024, 1, 2 }, { 67, 1, 3 },
        { 256, 4, 2 }, { 9 * 1024, 2, 1 },
    };
    static const char salt[] = "sixteen bytes, 8";
    struct auth_settings s = cheap;
    char theirs[200];

    for (size_t i = 0; i < sizeof costs / sizeof *costs; i++) {
        s.argon2_memory = costs[i][0] * 1024;
        s.argon2_lanes = costs[i][1];
        s.argon2_passes = costs[i][2];
        (void)argon2id_hash_encoded(
            (uint32_t)costs[i][2], (uint32_t)costs[i][0], (uint32_t)costs[i][1],
            "secret", 6, salt, 16, 32, theirs, sizeof theirs);
        CU_ASSERT_STRING_EQUAL(
            argon2_string(mem, &s, "secret", (const uint8_t *)salt), theirs);
    }
}

/* Theirs are ours, whatever the lengths of salt and hash. */
static void
strings_of_any_length_verify(void)
{
    static const char salt[] = "twenty bytes or less";
    static const size_t sizes[][2] = {
        { 8, 8 }, { 16, 32 }, { 16, 24 }, { 20, 32 }, { 12, 64 },
    };
    char theirs[300];
    bool outdated;

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        (void)argon2id_hash_encoded(1, 64, 1, "secret", 6, salt, sizes[i][0],
                                    sizes[i][1], theirs, sizeof theirs);
        CU_ASSERT_TRUE(password_verify(&cheap, theirs, "secret", &outdated));
        CU_ASSERT_FALSE(password_verify(&cheap, theirs, "secres", &outdated));
        char *first = strrchr(theirs, '$') + 1;
        *first = *first == 'A' ? 'B' : 'A';
        CU_ASSERT_FALSE(password_verify(&cheap, theirs, "secret", &outdated));
    }
}

/* The test vectors of the reference implementations. */
static void
imported_strings_verify(void)
{
    static const char bcrypt[] =
        "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
    static const char argon[] = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ"
                                "$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    bool outdated = false;

    CU_ASSERT_TRUE(password_verify(&cheap, bcrypt, "U*U", &outdated));
    CU_ASSERT_TRUE(outdated);
    CU_ASSERT_FALSE(password_verify(&cheap, bcrypt, "U*V", &outdated));
    CU_ASSERT_FALSE(outdated);
    CU_ASSERT_TRUE(password_verify(&cheap, argon, "password", &outdated));
    CU_ASSERT_TRUE(outdated);
    CU_ASSERT_FALSE(password_verify(&cheap, "nonsense", "pw", &outdated));
    CU_ASSERT_FALSE(password_verify(&cheap, "$2y$nonsense", "pw", &outdated));
}

/* ---- Turns --------------------------------------------------------------- */

/* A process that takes a turn, says so, and holds it until it is killed. */
static pid_t
holder(void)
{
    int ends[2];
    char byte = 0;

    CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
    pid_t child = fork();

    if (child == 0) {
        byte = password_turn(&cheap) ? 'y' : 'n';
        (void)!write(ends[1], &byte, 1);
        (void)pause();
        _exit(0);
    }
    CU_ASSERT_EQUAL(read(ends[0], &byte, 1), 1);
    CU_ASSERT_EQUAL(byte, 'y');
    (void)close(ends[0]);
    (void)close(ends[1]);
    return child;
}

static void
turns_are_limited_and_never_lost(void)
{
    pid_t holders[] = { holder(), holder() };
    int64_t began = clock_steady();

    CU_ASSERT_FALSE(password_turn(&cheap));
    CU_ASSERT_TRUE(clock_steady() - began >= 3 * CLOCK_SECOND);
    (void)kill(holders[0], SIGKILL);
    (void)waitpid(holders[0], NULL, 0);
    CU_ASSERT_TRUE(password_turn(&cheap));
    (void)password_hash(mem, &cheap, "pw"); /* gives it back */

    pid_t next = holder();

    (void)kill(next, SIGKILL);
    (void)kill(holders[1], SIGKILL);
    (void)waitpid(next, NULL, 0);
    (void)waitpid(holders[1], NULL, 0);
}

/* ---- Tokens -------------------------------------------------------------- */

/* Masked, as pages have it, or plain: every bit counts. */
static void
all_of_a_token_counts(void)
{
    uint8_t secret[32], bytes[64];
    const char *token, *masked;

    random_bytes(secret, sizeof secret);
    token = base64url_encode(mem, secret, sizeof secret);
    masked = csrf_mask(mem, token);
    CU_ASSERT_TRUE(csrf_matches(token, token));
    CU_ASSERT_TRUE(csrf_matches(masked, token));
    CU_ASSERT_STRING_NOT_EQUAL(masked, csrf_mask(mem, token));
    CU_ASSERT_EQUAL_FATAL(base64url_decode(masked, bytes, sizeof bytes), 64);
    for (size_t i = 0; i < 8 * sizeof bytes; i++) {
        bytes[i / 8] ^= (uint8_t)(1 << i % 8);
        CU_ASSERT_FALSE(
            csrf_matches(base64url_encode(mem, bytes, sizeof bytes), token));
        bytes[i / 8] ^= (uint8_t)(1 << i % 8);
    }
}

static void
tokens_have_their_form(void)
{
    const char *token = crypto_token(mem, "sess_", 32);

    CU_ASSERT_EQUAL(strlen(token), 48);
    CU_ASSERT_TRUE(text_starts(token, "sess_"));
    CU_ASSERT_STRING_NOT_EQUAL(token, crypto_token(mem, "sess_", 32));
    for (int i = 0; i < 100; i++) {
        const char *code = crypto_code(mem);

        CU_ASSERT_EQUAL(strlen(code), 6);
        CU_ASSERT_EQUAL(strspn(code, "0123456789"), 6);
    }
}

int
crypto_suite(void)
{
    CU_TestInfo tests[] = {
        { "hashes are as published", hashes_are_as_published },
        { "rings are read", rings_are_read },
        { "bad rings are refused", bad_rings_are_refused },
        { "sealed values open", sealed_values_open },
        { "forged values do not open", forged_values_do_not_open },
        { "passwords verify", passwords_verify },
        { "old strings are told", old_strings_are_told },
        { "strings are libargon2's", strings_are_libargon2s },
        { "strings of any length verify", strings_of_any_length_verify },
        { "imported strings verify", imported_strings_verify },
        { "turns are limited and never lost",
          turns_are_limited_and_never_lost },
        { "tokens have their form", tokens_have_their_form },
        { "all of a token counts", all_of_a_token_counts },
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        { .pName = "crypto",
          .pInitFunc = context_begin,
          .pCleanupFunc = context_end,
          .pTests = tests },
        CU_SUITE_INFO_NULL,
    };

    return (int)CU_register_suites(suites);
}
