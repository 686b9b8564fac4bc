/*
 * access.h - may this call go on: session, quota, CSRF, role.
 *
 * Session and quota take ONE Redis round trip together (a script); a session
 * that Redis does not know is restored from PostgreSQL.
 */
#ifndef CORE_ACCESS_H
#define CORE_ACCESS_H

#include "core/endpoint.h"
#include "pool/metrics.h"

/* What the request carried, as it came; NULL where it did not. */
struct credentials {
    const char *session_token; /* of the cookie __Host-session */
    const char *csrf_token;    /* of X-CSRF-Token */
    const char *origin;        /* of Origin */
    const char *fetch_site;    /* of Sec-Fetch-Site */
};

/* The state of the rate limit after this call, for the answer's headers. */
struct quota_state {
    bool counted; /* no: the route has none, or Redis is away */
    int64_t limit, remaining;
    struct instant reset; /* when the limit is whole again */
    int64_t retry_after;  /* seconds; more than 0 where refused */
};

/*
 * Fills r->viewer and r->session and says whether the caller may: NULL, or
 * problem_rate_limit, _authentication, _authorization, _csrf, _reauthenticate.
 */
const struct problem *access_enter(struct request *r,
                                   const struct credentials *c,
                                   struct quota_state *ret_quota);

/* Counts the call once more under another key: per account, say. */
bool quota_take(struct request *r, enum quota quota, const char *key,
                struct quota_state *ret_state);

/*
 * The limiter that takes over for QUOTA_AUTH while Redis is away: in memory
 * that workers share, so to be made before the fork, for app->spare.
 */
struct quota_table *quota_table_new(void);

/* How many calls were refused, and let through uncounted; by class. */
extern const struct metric quota_metrics[];

/* Where sessions were read. */
extern const struct metric access_metrics[];

/* [limits]: api 100/60s, write 30/60s, post 10/60s, auth 5/900s ... */
extern const struct section limits_section;

#endif
