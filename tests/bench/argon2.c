/*
 * argon2.c - the bare cost of one Argon2id hash: CPU microseconds.
 *
 * usage: argon2 KIB PASSES TRIES.  Prints that of libargon2, the reference, and
 * that of libsodium, which the program hashes with; by turns, so that noise
 * meets both.
 */
#include <argon2.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char password[] = "Sparkle-demo-2026!";
static const uint8_t salt[] = "0123456789abcdef";
static uint32_t kib, passes;

static int
by_sodium(uint8_t hash[32])
{
    return crypto_pwhash(hash, 32, password, strlen(password), salt, passes,
                         (size_t)kib * 1024, crypto_pwhash_ALG_ARGON2ID13);
}

static int
by_argon2(uint8_t hash[32])
{
    return argon2id_hash_raw(passes, kib, 1, password, strlen(password), salt,
                             16, hash, 32);
}

static double
cost(int (*make)(uint8_t hash[32]))
{
    struct timespec t0, t1;
    uint8_t hash[32];

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t0);
    if (make(hash) != 0)
        exit(1);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t1);
    return (double)(t1.tv_sec - t0.tv_sec) * 1e6 +
           (double)(t1.tv_nsec - t0.tv_nsec) / 1e3;
}

int
main(int argc, char **argv)
{
    double sodium = 0, argon2 = 0;

    if (argc != 4 || sodium_init() < 0)
        return 2;
    kib = (uint32_t)strtoul(argv[1], NULL, 10);
    passes = (uint32_t)strtoul(argv[2], NULL, 10);
    int tries = (int)strtol(argv[3], NULL, 10);
    for (int i = 0; i < tries; i++) {
        sodium += cost(by_sodium);
        argon2 += cost(by_argon2);
    }
    (void)printf("%.0f %.0f\n", argon2 / tries, sodium / tries);
    return 0;
}
