/* mustache_spec.h - the tests of mustache_spec.c, for template_test.c. */
#ifndef UNIT_MUSTACHE_SPEC_H
#define UNIT_MUSTACHE_SPEC_H

#include <CUnit/CUnit.h>

extern CU_TestInfo mustache_spec_tests[];

#endif
