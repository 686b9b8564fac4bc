/*
 * session_local.h - sessions between session.c and access.c.
 */
#ifndef CORE_SESSION_LOCAL_H
#define CORE_SESSION_LOCAL_H

#include "core/crypto.h"
#include "core/session.h"

/* The key of a token's copy in Redis, on mem. */
const char *session_key(void *mem, const uint8_t hash[SHA256_SIZE]);

/* The copy as Redis has it, and back.  The first two lines are the role's
 * number and the user's id, for the script; "-" is a token that nobody has. */
const char *session_pack(void *mem, const struct session *s);
struct session *session_unpack(void *mem, const char *copy);

/*
 * Finds a token in PostgreSQL, notes that it was seen, moves its end where
 * that is due, and copies it to Redis; NULL where nobody has it.  A moved end
 * goes to the browser too.  *ret_problem: the database does not answer.
 */
struct session *session_restore(struct request *r, const char *token,
                                const uint8_t hash[SHA256_SIZE],
                                const struct problem **ret_problem);

#endif
