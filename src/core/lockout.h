/*
 * lockout.h - what is counted against an account whose logins fail.
 *
 * Its rate limit is in Redis, its lock in Redis and in PostgreSQL (login_locks,
 * sql/login.sql).  Both go by the keyed hash of the address, so that one which
 * nobody has is as any other; and apart by each device that is known.
 */
#ifndef CORE_LOCKOUT_H
#define CORE_LOCKOUT_H

#include "core/crypto.h"
#include "core/endpoint.h"

/* The keyed hash of an address in the form that accounts have. */
void lockout_subject(struct request *r, const char *email,
                     uint8_t out[SHA256_SIZE]);

/* The key of the limit (for QUOTA_AUTH) of who comes by a device, by the hash
 * of its cookie; at NULL: of all strangers.  On r->mem. */
const char *lockout_limit_key(struct request *r,
                              const uint8_t subject[SHA256_SIZE],
                              struct bytes device);

/* Redis's key of that limit, and of the lock of a device (zero: strangers). */
const char *lockout_limit_place(struct request *r, const char *limit_key);
const char *lockout_lock_place(struct request *r,
                               const uint8_t subject[SHA256_SIZE],
                               struct uuid device);

/*
 * Who calls has just used a link or code that was mailed to the user's
 * address.  So all that was counted against the account is forgiven, and the
 * browser is one of its devices from now on, with the cookie that tells: a
 * stranger who goes on failing locks it out no more.  The call is answered
 * anyhow: a failure is only logged.
 */
void lockout_proved(struct request *r, struct uuid user);

/* The same without a browser, where staff of the machine gave the account a new
 * password; email in the form that accounts have. */
void lockout_forgive(struct request *r, const char *email);

/* The statements that lockout_proved runs, for STATEMENTS() of a route. */
extern const char lockout_whose_sql[], lockout_proved_sql[];
#define LOCKOUT_PROVED_SQL lockout_whose_sql, lockout_proved_sql

#endif
