/*
 * twofactor.h - the second factor: codes of an authenticator, backup codes.
 *
 * TOTP (RFC 6238): a secret of 20 bytes, SHA-1, six digits, steps of 30 s; the
 * step before and the one after count too, and a step that was used, or one
 * before it, never again.  Ten backup codes XXXX-XXXX work once each.
 *
 * Five wrong codes in 15 minutes are the most for an account, wherever they
 * are given (sign-in, re-authentication, settings); PostgreSQL counts them,
 * before it is looked whether they are right, so that a race gains nothing.
 */
#ifndef TWOFACTOR_TWOFACTOR_H
#define TWOFACTOR_TWOFACTOR_H

#include "core/feature.h"

extern const struct feature twofactor_feature;

/* What twofactor_check may answer, for the route's refusals. */
extern const struct problem twofactor_wrong;  /* 422 WRONG_FACTOR */
extern const struct problem twofactor_spent;  /* 429 TOO_MANY_CODES */
extern const struct problem twofactor_absent; /* 409 TWO_FACTOR_OFF */

/*
 * Uses up a code of a user who signs in with a second factor (twofactor_on() in
 * SQL): six digits, or a backup code (blanks, dashes and
 * case do not matter).  NULL where it is right, else twofactor_wrong, _spent,
 * _absent or what the database says.  Do not call it in a transaction that may
 * be rolled back: the try would be free.
 */
const struct problem *twofactor_check(struct request *r, struct uuid user,
                                      const char *code);

/* The statements that it runs, for STATEMENTS() of a route. */
extern const char twofactor_try_sql[], twofactor_step_sql[],
    twofactor_backup_sql[];
#define TWOFACTOR_CHECK_SQL                                                    \
    twofactor_try_sql, twofactor_step_sql, twofactor_backup_sql

/* A field's `valid` for such a code, with what to say in `wanted`. */
bool twofactor_code_formed(const char *s);
#define TWOFACTOR_CODE_WANTED                                                  \
    "must be six digits, or a backup code like ABCD-2345"
#define TWOFACTOR_CODE_PATTERN                                                 \
    "^[\\s-]*(([0-9][\\s-]*){6}|([2-9A-HJ-NP-Za-hj-np-z][\\s-]*){8})$"
#define TWOFACTOR_CODE_MAX 20

/*
 * For the page settings/security: the data of the partial
 * twofactor/security.html, as `twofactor`.
 */
const struct problem *twofactor_show(struct request *r);

#endif
