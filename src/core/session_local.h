/*
 * session_local.h - sessions between session.c, session_copy.c and access.c.
 */
#ifndef CORE_SESSION_LOCAL_H
#define CORE_SESSION_LOCAL_H

#include "core/crypto.h"
#include "core/session.h"

/* ---- The copy in Redis: session_copy.c ----------------------------------- */

/* The key of a token's copy, on mem. */
const char *session_key(void *mem, const uint8_t hash[SHA256_SIZE]);

/* The copy as Redis has it, and back (NULL: it is none).  The first two lines
 * are the role's number and the user's id, for the script in access.c. */
const char *session_pack(void *mem, const struct session *s);
struct session *session_unpack(void *mem, const char *copy);

/* What stands where a copy would: a token that nobody has; one of which
 * PostgreSQL is to be asked each time, for it has just changed. */
#define SESSION_NOBODY "-"
#define SESSION_CHANGED "?"

/* Whether a copy may be believed now. */
bool session_fresh(const struct request *r, const struct session *s);

/* Lays a copy of what was read after s->copied; not over a mark, nor over a
 * younger copy. */
void session_keep(struct request *r, const uint8_t hash[SHA256_SIZE],
                  const struct session *s);

/* Notes that nobody has a token. */
void session_keep_nobody(struct request *r, const uint8_t hash[SHA256_SIZE]);

/* Lays a mark over the copies of tokens; false where Redis did not say that
 * it is done, and then no copy made before now is believed here any more. */
bool session_mark(struct app *app, void *mem, const struct bytes *hashes,
                  size_t n, const char *mark);

/* ---- session.c ---------------------------------------------------------- */

/*
 * Finds a token in PostgreSQL, notes that it was seen, rotates it where that
 * is due (the new one goes to the browser), and copies it to Redis; NULL where
 * nobody has it.  *ret_problem: the database does not answer.
 */
struct session *session_restore(struct request *r,
                                const uint8_t hash[SHA256_SIZE],
                                const struct problem **ret_problem);

#endif
