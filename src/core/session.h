/*
 * session.h - who is calling: sessions in Redis and PostgreSQL.
 *
 * A token is "sess_" and 32 random bytes in base64url, in the cookie
 * __Host-session (Secure, HttpOnly, SameSite=Lax, Path=/).  Only its SHA-256
 * is stored: in PostgreSQL, which has the last word, and in Redis under
 * "session:<hex>" as a hash for the hot path.  Losing Redis logs nobody out.
 */
#ifndef CORE_SESSION_H
#define CORE_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "core/endpoint.h"

enum role {
    ROLE_USER = 1,
    ROLE_CREATOR,
    ROLE_VERIFIED_CREATOR,
    ROLE_MODERATOR,
    ROLE_ADMIN,
};

struct session {
    struct uuid id, user;
    const char *username;
    const char *image; /* NULL if none */
    enum role role;
    bool active;      /* the user is ACTIVE, not PENDING_VERIFICATION */
    const char *csrf; /* what X-CSRF-Token must be */
    struct instant expires, authenticated; /* password or factor last used */
};

/*
 * Begins a session for a user and sets the cookie on the answer: the row in
 * PostgreSQL and the copy in Redis.  `remember`: 90 days instead of 30.
 */
const struct problem *session_begin(struct request *r, struct uuid user,
                                    bool remember);

/* Ends the caller's session and takes the cookie back. */
const struct problem *session_end(struct request *r);

/*
 * After a statement ended sessions in PostgreSQL (ended_at): takes their
 * copies out of Redis.  hashes: bytea column 0 of the rows.
 */
struct db_result;
void session_forget(struct request *r, const struct db_result *hashes);

/* Drops the copies of a user's sessions, after a change of role or status. */
void session_refresh_user(struct request *r, struct uuid user);

#endif
