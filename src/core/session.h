/*
 * session.h - who is calling: sessions in Redis and PostgreSQL.
 *
 * A token is "sess_" and 32 random bytes in base64url, in the cookie
 * __Host-session (Secure, HttpOnly, SameSite=Lax, Path=/).  Only its SHA-256
 * is stored: in PostgreSQL, which has the last word, and in Redis under
 * "session:<hex>" as a copy for the hot path.  Losing Redis logs nobody out.
 *
 * After ten minutes of use the token is replaced (sql/session.sql has the
 * rules).  The one before stays good until the new one was seen, so tabs that
 * call at the same time never log out; used later than a minute after that it
 * ends the session and raises SESSION_THEFT.
 *
 * What keeps a copy from outliving what it is a copy of:
 *   - the statement that ends or changes a session puts the job
 *     session.refresh, which lays marks over its copies until Redis confirms
 *   - the caller does the same at once by session_forget or session_refresh_*
 *   - where Redis does not confirm that, no worker of this machine believes
 *     copies from before (the fence, in memory that workers share)
 *   - a copy lives ten minutes at most
 */
#ifndef CORE_SESSION_H
#define CORE_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "core/crypto.h"
#include "core/endpoint.h"

struct app;
struct db_result;

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
    struct instant copied, fresh_until;    /* the core's own */
    struct bytes fingerprint; /* core/fingerprint.h; at NULL: unknown */
};

/* ---- Beginning ----------------------------------------------------------- */

/*
 * Begins a session for a user and sets the cookie on the answer: the row in
 * PostgreSQL and the copy in Redis.  `remember`: 90 days instead of 30.
 */
const struct problem *session_begin(struct request *r, struct uuid user,
                                    bool remember);

/* The same in parts, for a statement that does more: what to give to
 * session_make() in sql/session.sql, and what to do with the row it returns,
 * which is the session (on r->mem). */
struct session_token {
    const char *text;
    uint8_t hash[SHA256_SIZE];
    uint8_t csrf[32];
};
void session_token_new(void *mem, struct session_token *ret);
const struct session *session_hand_out(struct request *r,
                                       const struct session_token *token,
                                       const struct db_result *row);

/* ---- Ending and changing ------------------------------------------------- */

/* Ends the caller's session and takes the cookie back. */
const struct problem *session_end(struct request *r);

/* Ends the session that the caller came with, if any, once another one was
 * handed out to the same browser: a token that nobody uses any more would be
 * good for weeks. */
void session_replaced(struct request *r);

/*
 * After sessions_end() or session_end() of sql/session.sql: takes the copies
 * of those tokens out of Redis.  hashes: bytea column 0 of the rows.
 */
void session_forget(struct request *r, const struct db_result *hashes);

/* Drops the copies of a user's sessions, after a change of role or status. */
void session_refresh_user(struct request *r, struct uuid user);

/* The same for tokens that a statement returned, as session_hashes() does;
 * false where Redis did not confirm it. */
bool session_refresh(struct app *app, void *mem,
                     const struct db_result *hashes);

/* The fence: in memory that workers share, so to be made before the fork, for
 * app->fence. */
struct session_fence *session_fence_new(void);

#endif
