/*
 * random.h - the one source of randomness: the kernel's, fit for secrets.
 */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Fills n bytes.  Small requests come from a buffer that forks do not share. */
void random_bytes(void *out, size_t n);

/* A number from 0 to below - 1, each equally likely; below > 0. */
uint32_t random_below(uint32_t below);

#endif
