/*
 * request_fuzz.h - a small program with inputs of every type, for the fuzzers
 * of the request layer.
 */
#ifndef TESTS_FUZZ_REQUEST_FUZZ_H
#define TESTS_FUZZ_REQUEST_FUZZ_H

#include "tests/lib/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* The exchange of that program, made once. */
struct exchange *fuzz_exchange(void);

/*
 * What holds for every answer: a head of "Name: value" lines without control
 * bytes, a status that a row or the core can give, and never 500.  Aborts
 * where it does not.
 */
void fuzz_check(const struct exchange *ex, const char *answer, size_t n);

#endif
