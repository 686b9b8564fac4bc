/*
 * password_policy.h - which passwords are taken, and how good one is.
 *
 * A password has 12 to 128 code points after NFKC (Unicode Annex 15), a lower
 * and an upper case letter, a digit and a special character (anything that is
 * neither letter nor digit), no character three times in a row; it is neither
 * the user's name nor the part of the address before the @, and it is not in
 * the filter of breached passwords (core/breach.h) nor a word of this site with
 * digits and signs around it (SparkleUniverse-2026!); nor does it contain one
 * of nine phrases (MyLetmein12345!), or "password" with fewer than 12 code
 * points beside it.  Case, what is added at the ends, and the usual digits for
 * letters make neither a name nor a common password another one: P@ssword1234!
 * is password1234.
 *
 * Score: 20 for 12 code points, 10 more for 16, 10 more for 20, 15 for each
 * kind of character; 30 less where common, 10 less where repeating; 0 to 100.
 *
 * Whatever takes a new password asks password_refused, before it hashes.
 */
#ifndef CORE_PASSWORD_POLICY_H
#define CORE_PASSWORD_POLICY_H

#include <stdbool.h>

#include "core/endpoint.h"

struct breach;

/* What FIELD rows allow, in code points as they came: NFKC may shorten them to
 * what the policy takes. */
#define PASSWORD_INPUT_MAX 512

enum password_fault {
    PASSWORD_SHORT,
    PASSWORD_LONG,
    PASSWORD_NO_LOWER,
    PASSWORD_NO_UPPER,
    PASSWORD_NO_DIGIT,
    PASSWORD_NO_SPECIAL,
    PASSWORD_REPEATS,
    PASSWORD_IS_NAME,
    PASSWORD_COMMON,
    PASSWORD_EASY, /* nothing else, but below [auth] password_score */
    PASSWORD_FAULTS
};

/* A password in NFKC on mem: what is judged and hashed, however it was typed.
 * As it is where it is no UTF-8. */
char *password_normal(void *mem, const char *password);

/* What to do about each fault, as people read it: "add a digit". */
extern const char *const password_advice[PASSWORD_FAULTS];

struct password_verdict {
    bool valid;
    int64_t score;   /* 0 to 100 */
    unsigned faults; /* 1 << enum password_fault */
};

/*
 * Judges a password of well-formed UTF-8.  username and email may be NULL.
 * filter NULL: no password is common.  wanted: the least score.
 */
struct password_verdict password_judge(const char *password,
                                       const char *username, const char *email,
                                       const struct breach *filter,
                                       int64_t wanted);

/*
 * NULL where a user of that name and address (each may be NULL) may take the
 * password.  Else the problem to return: problem_validation, with all advice
 * at the field; or problem_password_unchecked (503) where the filter cannot
 * be read, which is logged: no filter, no new password.
 */
const struct problem *password_refused(struct request *r, const char *field,
                                       const char *password,
                                       const char *username, const char *email);

/* The verdict by this program's settings, for those who tell it; the same
 * problem where there is no filter. */
const struct problem *password_verdict(struct request *r, const char *password,
                                       const char *username, const char *email,
                                       struct password_verdict *ret_verdict);

#endif
