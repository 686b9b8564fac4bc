/*
 * password_argon2.c - Argon2id (RFC 9106) by libsodium and libargon2.
 *
 * libsodium has code for what the processor can do (SSSE3, AVX2, AVX-512), so a
 * hash takes it two thirds of the time of Debian's libargon2, which is compiled
 * for them all; in huge pages, two fifths.  Only who guards a password would
 * lose that time: who guesses takes the fastest.  But it makes hashes of one
 * lane only, and of one length of salt.  So a string of today's cost is made
 * (and made again and compared) by the one where it can, and any other is left
 * to the other.
 */
#include <argon2.h>
#include <assert.h>
#include <sodium/core.h>
#include <sodium/crypto_pwhash.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "core/password_local.h"

#define HASH_SIZE 32
static_assert(SALT_SIZE == crypto_pwhash_argon2id_SALTBYTES, "one salt");

/* ---- Memory -------------------------------------------------------------- */

/* This thread is in crypto_pwhash. */
static _Thread_local bool hashing;

/*
 * mmap(2), which libsodium has for the memory of a hash, and asks to fill with
 * pages at once: 4,864 of 4 KiB, which takes nearly as long as the hash.  As a
 * program's own definition stands before the C library's, the kernel is asked
 * here for huge pages first; where it has none to give, nothing is lost.
 */
void *map_for_hash(void *at, size_t n, int protection, int flags, int fd,
                   off_t offset) __asm__("mmap");

void *
map_for_hash(void *at, size_t n, int protection, int flags, int fd,
             off_t offset)
{
    const int later = hashing ? flags & MAP_POPULATE : 0;
    void *map =
        (void *)syscall(SYS_mmap, at, n, protection, flags - later, fd, offset);

    if (map != MAP_FAILED && later != 0) {
        (void)madvise(map, n, MADV_HUGEPAGE);
        (void)madvise(map, n, MADV_POPULATE_WRITE);
    }
    return map;
}

/* ---- Strings ------------------------------------------------------------- */

static const char *
prefix_of(void *mem, const struct auth_settings *s)
{
    return mem_printf(mem, "$argon2id$v=%d$m=%lld,t=%lld,p=%lld$",
                      ARGON2_VERSION_NUMBER,
                      (long long)(s->argon2_memory / 1024),
                      (long long)s->argon2_passes, (long long)s->argon2_lanes);
}

static const char *
unpadded(void *mem, const uint8_t *bytes, size_t n)
{
    char *text = base64_encode(mem, bytes, n);

    text[strcspn(text, "=")] = '\0';
    return text;
}

/* Whether there was memory for it.  libargon2 wipes what it took; what
 * libsodium took goes back to the kernel, which does. */
static bool
hashed(const struct auth_settings *s, const char *secret,
       const uint8_t salt[SALT_SIZE], uint8_t hash[HASH_SIZE])
{
    const uint32_t passes = (uint32_t)s->argon2_passes;

    if (s->argon2_lanes > 1)
        return argon2id_hash_raw(passes, (uint32_t)(s->argon2_memory / 1024),
                                 (uint32_t)s->argon2_lanes, secret,
                                 strlen(secret), salt, SALT_SIZE, hash,
                                 HASH_SIZE) == ARGON2_OK;
    /* Finds out what the processor can do, at the first call. */
    if (sodium_init() < 0)
        die("libsodium does not start");
    hashing = true;
    const int failed =
        crypto_pwhash(hash, HASH_SIZE, secret, strlen(secret), salt, passes,
                      (size_t)s->argon2_memory, crypto_pwhash_ALG_ARGON2ID13);
    hashing = false;
    return failed == 0;
}

char *
argon2_string(void *mem, const struct auth_settings *s, const char *secret,
              const uint8_t salt[SALT_SIZE])
{
    uint8_t hash[HASH_SIZE];

    if (!hashed(s, secret, salt, hash))
        die("Argon2: no memory for a hash");
    char *phc = mem_printf(mem, "%s%s$%s", prefix_of(mem, s),
                           unpadded(mem, salt, SALT_SIZE),
                           unpadded(mem, hash, sizeof hash));
    explicit_bzero(hash, sizeof hash);
    return phc;
}

bool
argon2_current(void *mem, const struct auth_settings *s, const char *phc)
{
    return text_starts(phc, prefix_of(mem, s));
}

/* The salt of a string that argon2_string can have made. */
static bool
read_salt(void *mem, const struct auth_settings *s, const char *phc,
          uint8_t ret_salt[SALT_SIZE])
{
    if (!argon2_current(mem, s, phc))
        return false;
    const char *salt = phc + strlen(prefix_of(mem, s));
    const size_t n = strcspn(salt, "$");

    return salt[n] == '$' && strlen(salt + n + 1) == (HASH_SIZE * 8 + 5) / 6 &&
           base64_decode(mem_strndup(mem, salt, n), ret_salt, SALT_SIZE) ==
               SALT_SIZE;
}

bool
argon2_matches(void *mem, const struct auth_settings *s, const char *phc,
               const char *secret)
{
    uint8_t salt[SALT_SIZE];

    if (read_salt(mem, s, phc, salt))
        return text_secret_same(argon2_string(mem, s, secret, salt), phc);
    return argon2id_verify(phc, secret, strlen(secret)) == ARGON2_OK;
}
