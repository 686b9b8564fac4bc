/* markup_hostile.h - the tests of markup_hostile.c, for markup_test.c. */
#ifndef UNIT_MARKUP_HOSTILE_H
#define UNIT_MARKUP_HOSTILE_H

#include <CUnit/CUnit.h>

void markup_hostile_begin(void);
void markup_hostile_end(void);
extern CU_TestInfo markup_hostile_tests[];

#endif
