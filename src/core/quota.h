/*
 * quota.h - rate limits by GCRA, between the files of the core.
 *
 * A limit of n calls in a window lets a caller spend all n at once and gives
 * one back every window / n.  Only what is let through counts: a refused call
 * moves nothing, so retrying never pushes the end of the wait away.
 */
#ifndef CORE_QUOTA_H
#define CORE_QUOTA_H

#include "core/access.h"

/* [limits] */
struct limits_settings {
    int64_t read, write, post, auth, upload;
    int64_t read_window, write_window, post_window, auth_window, upload_window;
    int64_t flagged; /* per cent of a limit, for flagged networks */
};

struct quota_rule {
    const char *name;      /* in keys and metrics; NULL: no limit */
    int64_t limit, window; /* calls, microseconds */
    bool staff_exempt;
    bool by_address; /* even of who is signed in, for each such path apart */
};

/* The rule for a call of this route by this method. */
struct quota_rule quota_rule_of(const struct request *r, enum quota quota);

/* The same for this caller: tighter from a network that hides who is behind it
 * (core/networks.h).  Not for what counts for others too, an account's tries
 * say, which such a caller must not spend faster. */
struct quota_rule quota_rule_here(const struct request *r, enum quota quota);

/* Counts a call by a rule of a route's own, as quota_take does (core/access.h);
 * in shared memory while Redis is away. */
bool quota_take_rule(struct request *r, const struct quota_rule *rule,
                     const char *key, struct quota_state *ret_state);

/* Both, by a rule; spare: in shared memory while Redis is away. */
bool quota_take_as(struct request *r, const struct quota_rule *rule, bool spare,
                   const char *key, struct quota_state *ret_state);

/* The caller's key without a session: the address, IPv6 by its /64, in one
 * spelling; IPv4 in IPv6 as IPv4. */
const char *quota_address(void *mem, const char *ip);

/* The key of an address or a number that somebody names: its keyed hash, so
 * that none can be read in Redis.  On r->mem. */
const char *quota_secret(struct request *r, const char *whom);

/* Counts a message that the viewer wants to have sent to an address or a number
 * which may be somebody else's: by the viewer, and then by whom it reaches.
 * False: not to be sent. */
bool quota_take_message(struct request *r, const struct quota_rule *by_viewer,
                        const struct quota_rule *by_target, const char *target);

/* Fills the state from what the script answered: the time at which all is
 * spent back, and whether the call was let through. */
void quota_state_of(const struct quota_rule *rule, int64_t now, int64_t full_at,
                    bool allowed, struct quota_state *ret);

/* Redis is away: what the workers remember together, for QUOTA_AUTH. */
bool quota_spare(struct request *r, const struct quota_rule *rule,
                 const char *key, struct quota_state *ret);

/* Counts in quota_metrics: a call that Redis could not be asked about, and one
 * that was refused. */
void quota_tell(const struct request *r, const struct quota_rule *rule,
                bool blind, bool allowed);

/*
 * The GCRA part of scripts, on the locals key, now, step and window (numbers)
 * and ttl (milliseconds, as text); makes the locals full and ok (1 or 0).
 * Numbers stay whole and below 2^53, so Lua keeps them exactly.
 */
#define QUOTA_LUA                                                              \
    "local full = tonumber(redis.call('GET', key) or 0)\n"                     \
    "if full < now then full = now end\n"                                      \
    "local ok = full + step - now <= window and 1 or 0\n"                      \
    "if ok == 1 then\n"                                                        \
    "  full = full + step\n"                                                   \
    "  redis.call('SET', key, full, 'PX', ttl)\n"                              \
    "end\n"

/* Its four numbers as text: now, step, window, ttl.  On mem. */
#define QUOTA_WORDS 4
void quota_words(void *mem, const struct quota_rule *rule, int64_t now,
                 const char *ret_words[QUOTA_WORDS]);

#endif
