/*
 * main.c - runs the unit tests: every suite of the table below.
 *
 * usage: unit [SUITE ...].  Suites that need servers look for SPARKLE_TEST_PG
 * (a connection string) and SPARKLE_TEST_REDIS (a socket), which tests/unit/run
 * sets.  The last line is 'N passed, N failed', of tests.
 */
#include <CUnit/Basic.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/suites.h"

static const struct {
    const char *name;
    int (*add)(void);
} suites[] = {
#define SUITE(name) { #name, name##_suite },
#include "tests/unit/suites.def"
#undef SUITE
};

static int
wanted(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return 1;
    return argc == 1;
}

int
main(int argc, char **argv)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 2;
    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++)
        if (wanted(suites[i].name, argc, argv) &&
            suites[i].add() != CUE_SUCCESS) {
            (void)fprintf(stderr, "%s: the suite cannot be added\n",
                          suites[i].name);
            return 2;
        }
    CU_basic_set_mode(CU_BRM_NORMAL);
    (void)CU_basic_run_tests();
    unsigned run = CU_get_number_of_tests_run();
    unsigned failed =
        CU_get_number_of_tests_failed() + CU_get_number_of_suites_failed();
    CU_cleanup_registry();
    (void)printf("%u passed, %u failed\n", run - failed, failed);
    return failed > 0 || run == 0;
}
