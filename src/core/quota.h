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
};

struct quota_rule {
    const char *name;      /* in keys and metrics; NULL: no limit */
    int64_t limit, window; /* calls, microseconds */
    bool staff_exempt;
};

/* The rule for a call of this route by this method. */
struct quota_rule quota_rule_of(const struct request *r, enum quota quota);

/* The caller's key without a session: the address, IPv6 by its /64. */
const char *quota_address(void *mem, const char *ip);

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

/* The GCRA part of scripts: function gcra(key, now, limit, window). */
#define QUOTA_LUA                                                              \
    "local function gcra(key, now, limit, window)\n"                           \
    "  local step = math.floor(window / limit)\n"                              \
    "  local full = math.max(tonumber(redis.call('GET', key) or 0), now)\n"    \
    "  if full + step - now > window then return 0, full end\n"                \
    "  full = full + step\n"                                                   \
    "  redis.call('SET', key, string.format('%.0f', full), 'PX',\n"            \
    "    string.format('%.0f', math.ceil((full - now) / 1000) + 1000))\n"      \
    "  return 1, full\n"                                                       \
    "end\n"

#endif
