/*
 * argon2.c - the bare cost of one Argon2id hash: CPU microseconds.
 *
 * usage: argon2 KIB PASSES TRIES.  The bound of the login row: in the pages
 * that malloc gives.  (The program's own are huge, where the system has these
 * to give: core/password_argon2.c.)
 */
#include <argon2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int
main(int argc, char **argv)
{
    static const char password[] = "Sparkle-demo-2026!",
                      salt[] = "0123456789abcdef";
    unsigned char hash[32];
    struct timespec t0, t1;

    if (argc != 4)
        return 2;
    uint32_t kib = (uint32_t)strtoul(argv[1], NULL, 10);
    uint32_t passes = (uint32_t)strtoul(argv[2], NULL, 10);
    int tries = (int)strtol(argv[3], NULL, 10);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t0);
    for (int i = 0; i < tries; i++)
        if (argon2id_hash_raw(passes, kib, 1, password, strlen(password), salt,
                              16, hash, sizeof hash) != ARGON2_OK)
            return 1;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t1);
    (void)printf("%.0f\n", ((double)(t1.tv_sec - t0.tv_sec) * 1e6 +
                            (double)(t1.tv_nsec - t0.tv_nsec) / 1e3) /
                               tries);
    return 0;
}
