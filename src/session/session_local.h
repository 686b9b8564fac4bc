/*
 * session_local.h - what the files of this folder share.
 *
 *   login.c         POST /api/auth/login, in its order; the end of every login
 *   login_try.c     who tries: counters, locks, history
 *   login_factor.c  the second step: challenge and POST /api/auth/login/2fa
 *   location.c      where an address is
 *   reauthenticate.c, session_list.c, alert.c  what one sees and does later
 *   security_page.c the page settings/security
 */
#ifndef SESSION_SESSION_LOCAL_H
#define SESSION_SESSION_LOCAL_H

#include "core/crypto.h"
#include "core/device.h"
#include "core/lockout.h"
#include "session/session.h"

extern const struct route session_login_routes[];
extern const struct route session_factor_routes[];
extern const struct route session_list_routes[];
extern const struct route session_alert_routes[];
extern const struct route session_page_routes[];
extern const struct route session_again_routes[];

extern const struct job_kind session_jobs[];

/* [login] */
struct login_settings {
    const char *geoip_file; /* GeoLite2-City.mmdb, or NULL */
};

/* Of the page: the members `sessions`, `alerts` and `history`. */
const struct problem *sessions_show(struct request *r);
const struct problem *alerts_show(struct request *r);
const struct problem *history_show(struct request *r,
                                   const struct cursor *cursor);

/* ---- A login ------------------------------------------------------------- */

/* What a login answers, in two forms: signed in, or asked for a code. */
extern const struct member login_shape[];
extern const struct problem login_wrong;  /* 401 WRONG_LOGIN */
extern const struct problem login_locked; /* 423 ACCOUNT_LOCKED */

/* The statements of what follows, for a route's .sql. */
extern const char login_done_sql[], login_failed_sql[], login_challenge_sql[],
    login_try_sql[], login_untry_sql[], login_relock_sql[], login_whose_sql[];

/*
 * The password, and the second factor where there is one, were right: begins
 * the session, notes the login, raises its alerts, answers with login_shape.
 * Every login ends here.
 */
const struct problem *login_finish(struct request *r, struct uuid user,
                                   bool remember);

/*
 * The password was right, and a code is wanted: answers with login_shape, no
 * user and a challenge.  Of login_factor.c.
 */
const struct problem *login_challenge(struct request *r, struct uuid user,
                                      bool remember);

/* Notes that a login failed after the right password; reason as in
 * login_history: WRONG_CODE, CODE_WANTED. */
void login_failed(struct request *r, struct uuid user, const char *reason);

/* ---- Who tries ----------------------------------------------------------- */

struct login_try {
    const char *email;            /* as accounts have it */
    uint8_t subject[SHA256_SIZE]; /* its keyed hash: what locks go by */
    struct bytes device_token;    /* hash of a cookie that we signed */
    struct uuid user, device;     /* zero: unknown */
    const char *password_hash;    /* NULL: none */
    const char *status;           /* NULL: no user */
    bool two_factor;              /* a code is asked for too */
    struct instant suspended_until;
    struct instant locked_until; /* 0: not locked */
    int64_t tries; /* the fifth locks, should it fail; 0: locked */
};

/*
 * Takes a try at an address: limits, locks, and who it is, in *ret.  It counts
 * as a failure from here on, so that tries at once cannot be more than one
 * after the other; login_finish forgives it.  NULL, or problem_rate_limit or
 * the lock's, which is answered alike for addresses that nobody has.
 */
const struct problem *login_try(struct request *r, const char *email,
                                struct login_try *ret);

/* It was not decided: as if it had never been. */
void login_untry(struct request *r, const struct login_try *t);

/* It was right: the limit of the account's tries is whole again. */
void login_forgive(struct request *r, const struct login_try *t);

/* It failed: history, the lock's mail and alerts. */
void login_note(struct request *r, const struct login_try *t,
                const char *reason);

/* ---- From where ---------------------------------------------------------- */

/* "Berlin, Germany"; NULL where no database is set or it does not know. */
const char *location_of(struct request *r, const char *ip);

#endif
