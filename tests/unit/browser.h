/*
 * browser.h - a browser and a small program with sessions, on PostgreSQL and
 * Redis: what session_test.c and access_test.c share.
 *
 * Needs SPARKLE_TEST_PG, the connection string of a superuser to a database of
 * its own (it is given the schema), and SPARKLE_TEST_REDIS, a socket (its
 * database 8 is emptied).
 */
#ifndef UNIT_BROWSER_H
#define UNIT_BROWSER_H

#include "core/app.h"
#include "core/cache.h"
#include "core/db.h"
#include "core/session.h"

/* The program: GET /api/open, member, pending, staff, plain; POST /api/change,
 * fresh, slow (members'), in, try (anybody's; try is of class auth), out,
 * changed, strict (serializable; calls fail_once(the run), which the test
 * makes). */
extern struct app *app;
extern void *browser_mem;

extern struct uuid user;    /* who signs in at POST /api/in */
extern bool remember;       /* for how long */
extern struct session seen; /* what the last handler saw; all zero: a visitor */
extern int64_t runs;        /* of handlers that look */
extern const char *strict_level; /* what POST /api/strict ran at */
extern int slow_started[2];      /* a pipe: POST /api/slow has begun */

/* What the browser has; NULL and "": nothing. */
extern struct browser {
    char cookie[100]; /* "__Host-session=..." */
    const char *csrf, *origin, *site, *key, *ip;
} browser;
extern const char *answer; /* to the last call, whole */

/* CUnit's init and cleanup; and whether the servers are named. */
int browser_begin(void);
int browser_end(void);
bool browser_can(const char *suite);

/* New connections of this process, after a fork. */
void browser_connect(void);

/* The status of "POST /path", 0 where it is not to be found. */
int call(const char *line);

/* Takes the session's cookie from the answer; false: there is none. */
bool cookie_set(void);

/* How many since the last time; and of Redis's round trips. */
int64_t statements(void);
int64_t trips(void);

void empty_redis(void);
void run_sql(const char *sql);
int64_t number(const char *sql);
void shift(int64_t us); /* moves the clock */

/* A user of this role and status at a browser with an address of its own;
 * sign_in: with a session, its token and the right origin. */
void new_user(const char *role, const char *status);
void sign_in(const char *role, const char *status);

#endif
