/*
 * password_argon2.c - Argon2id (RFC 9106) by libargon2, in huge pages.
 *
 * Argon2 reads its memory at random; in pages of 4 KiB more than a tenth of the
 * time is spent on finding them, which only who guards a password pays: who
 * guesses has huge pages.  So the memory is ours, and stays mapped until
 * password_rest, as a flood of hashes would fault it in anew each time.
 * libargon2 takes memory of others only with parameters taken apart; so a
 * string of today's cost is made again and compared, and any other is left to
 * argon2id_verify.
 */
#include <argon2.h>
#include <string.h>
#include <sys/mman.h>

#include "base/encode.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "core/password_local.h"

#define HASH_SIZE 32
/* Bytes: of x86-64, and of others whose pages are of 4 KiB. */
#define HUGE_PAGE ((size_t)2 << 20)

/* ---- Memory -------------------------------------------------------------- */

static struct {
    void *map;
    size_t size;
} area;

void
password_rest(void)
{
    if (area.map != NULL)
        (void)munmap(area.map, area.size);
    area.map = NULL;
    area.size = 0;
}

/* From the first place in the area where a huge page can be. */
static int
take(uint8_t **ret_memory, size_t n)
{
    if (area.size < n + HUGE_PAGE) {
        password_rest();
        void *map = mmap(NULL, n + HUGE_PAGE, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (map == MAP_FAILED)
            return ARGON2_MEMORY_ALLOCATION_ERROR;
        area.map = map;
        area.size = n + HUGE_PAGE;
        /* A kernel without them does without. */
        (void)madvise(map, area.size, MADV_HUGEPAGE);
    }
    *ret_memory =
        (uint8_t *)area.map + HUGE_PAGE - (uintptr_t)area.map % HUGE_PAGE;
    return ARGON2_OK;
}

/* libargon2 has wiped it. */
static void
leave(uint8_t *memory, size_t n)
{
    (void)memory;
    (void)n;
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

char *
argon2_string(void *mem, const struct auth_settings *s, const char *secret,
              const uint8_t salt[SALT_SIZE])
{
    uint8_t hash[HASH_SIZE];
    argon2_context context = {
        .out = hash,
        .outlen = sizeof hash,
        .pwd = (uint8_t *)secret,
        .pwdlen = (uint32_t)strlen(secret),
        .salt = (uint8_t *)salt,
        .saltlen = SALT_SIZE,
        .t_cost = (uint32_t)s->argon2_passes,
        .m_cost = (uint32_t)(s->argon2_memory / 1024),
        .lanes = (uint32_t)s->argon2_lanes,
        .threads = (uint32_t)s->argon2_lanes,
        .version = ARGON2_VERSION_NUMBER,
        .allocate_cbk = take,
        .free_cbk = leave,
    };
    const int failed = argon2id_ctx(&context);

    if (failed != ARGON2_OK)
        die("Argon2: %s", argon2_error_message(failed));
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
