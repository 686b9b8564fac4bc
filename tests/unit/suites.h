/* suites.h - the suites of the unit tests, one a file. */
#ifndef TESTS_UNIT_SUITES_H
#define TESTS_UNIT_SUITES_H

#define SUITE(name) int name##_suite(void);
#include "tests/unit/suites.def"
#undef SUITE

#endif
