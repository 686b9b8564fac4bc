/*
 * problem.h - ways to say no, as values (RFC 9457, application/problem+json).
 */
#ifndef CORE_PROBLEM_H
#define CORE_PROBLEM_H

/* Clients switch on the code, people read the title. */
struct problem {
    int status; /* HTTP */
    const char *code, *title;
    int retry_after; /* seconds, for a Retry-After header; 0: none */
};

/* What the core itself may answer; any endpoint may return them too. */
extern const struct problem problem_validation;     /* 400 VALIDATION_ERROR */
extern const struct problem problem_malformed;      /* 400 MALFORMED_REQUEST */
extern const struct problem problem_authentication; /* 401 */
extern const struct problem problem_authorization;  /* 403 */
extern const struct problem problem_csrf;           /* 403 CSRF_ERROR */
extern const struct problem problem_reauthenticate; /* 403 */
extern const struct problem problem_higher_role;    /* 403 HIGHER_ROLE */
extern const struct problem problem_not_found;      /* 404 NOT_FOUND */
extern const struct problem problem_method;         /* 405 */
extern const struct problem problem_conflict;       /* 409 CONFLICT */
extern const struct problem problem_idempotency;    /* 409 IDEMPOTENCY_... */
extern const struct problem problem_too_large;      /* 413 */
extern const struct problem problem_media_type;     /* 415 */
extern const struct problem problem_rate_limit;     /* 429 RATE_LIMIT_ERROR */
extern const struct problem problem_internal;       /* 500 INTERNAL_ERROR */
extern const struct problem problem_unavailable;    /* 503 */
extern const struct problem problem_password_unchecked; /* 503 */
extern const struct problem problem_timeout;            /* 504 */

/* The core's problems, ended by NULL, for `sparklectl describe problems`. */
extern const struct problem *const core_problems[];

#endif
