/*
 * email.h - e-mail addresses in the one form in which they are kept.
 */
#ifndef CORE_EMAIL_H
#define CORE_EMAIL_H

#include <stdbool.h>

/*
 * The address in lower case, its domain as IDNA has it (UTS 46, not
 * transitional: xn--...), on mem; so that one mailbox has one form.  NULL
 * where it is none: one @, 64 ASCII bytes at most before it and no blanks,
 * quotes or brackets, a valid domain behind it, 255 characters in all.
 */
char *email_normal(const void *mem, const char *address);

/* A field's `valid`. */
bool email_valid(const char *address);
#define EMAIL_WANTED "must be an e-mail address"

/* The part before the @ on mem; "" where there is none. */
char *email_local_part(const void *mem, const char *address);

#endif
