/*
 * context.h - the memory of the test that runs, or of its suite.
 *
 * A suite that wants nothing else names context_begin and context_end as
 * pInitFunc and pCleanupFunc, or context_set_up and context_tear_down for a
 * new one each test; one that makes more of it calls them.
 */
#ifndef TESTS_UNIT_CONTEXT_H
#define TESTS_UNIT_CONTEXT_H

#include "base/mem.h"

extern void *mem;

/* 0, as CUnit wants it of a suite. */
int context_begin(void);
int context_end(void);

void context_set_up(void);
void context_tear_down(void);

#endif
