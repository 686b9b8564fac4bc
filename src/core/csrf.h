/*
 * csrf.h - the session's token as pages carry it.
 *
 * A page is packed by gzip and may repeat what a stranger put into its address;
 * from the sizes of many such pages a secret that stands in all of them can be
 * guessed, letter by letter (BREACH).  So each page has the token under a mask
 * of its own: base64url of 32 random bytes and of the token's bytes XORed with
 * them.
 */
#ifndef CORE_CSRF_H
#define CORE_CSRF_H

#include <stdbool.h>

/* A session's token (base64url of 32 bytes) under a new mask, on mem; as it is
 * where it is none. */
const char *csrf_mask(const void *mem, const char *token);

/* Whether what a call carries is the session's token, masked or not.  The time
 * does not tell where they differ. */
bool csrf_matches(const char *given, const char *token);

#endif
