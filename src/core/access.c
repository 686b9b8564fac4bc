/*
 * access.c - see access.h.
 */
#include "core/access.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/app.h"
#include "core/cache.h"
#include "core/csrf.h"
#include "core/fingerprint.h"
#include "core/quota.h"
#include "core/session_local.h"

/* ---- Session and quota, in one round trip ------------------------------- */

/*
 * KEYS[1] the session's copy, or "" without a cookie; KEYS[2] the quota's key
 * without the caller.  ARGV: quota_words (window 0: no limit), the caller's
 * address, 1 where staff are exempt, 1 where the address counts whoever calls.
 * Answers {copy or "", counted, let through, when all is spent back}.
 *
 * Who has a token, but no copy that says whose it is, counts for the moment
 * among those of the address who are looked up: apart from its visitors, who
 * must not keep anybody from being found.
 */
static const struct cache_script enter_script = {
    .name = "enter",
    .source =
        "local copy = KEYS[1] ~= '' and redis.call('GET', KEYS[1]) or ''\n"
        "local role, user = string.match(copy, '^(%d+)\\n([^\\n]+)\\n')\n"
        "if ARGV[3] == '0' or\n"
        "  (ARGV[6] == '1' and role and tonumber(role) >= 4)\n"
        "then return {copy, 0, 1, 0} end\n"
        "local lost = not user and KEYS[1] ~= '' and copy ~= '-'\n"
        "local who = user or (lost and 'lost:' or '') .. ARGV[5]\n"
        "if ARGV[7] == '1' then who = ARGV[5] end\n"
        "local key, ttl = KEYS[2] .. who, ARGV[4]\n"
        "local now, step, window =\n"
        "  tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])\n" QUOTA_LUA
        "return {copy, 1, ok, full}\n",
};

struct entry {
    const char *copy; /* "" where Redis has none */
    bool allowed;
};

/* What is before the caller in the quota's key.  Guesses at one form must not
 * use up what others are to be had by: each path has a limit of its own. */
static const char *
quota_prefix(const struct request *r, const struct quota_rule *rule)
{
    if (rule->name == NULL)
        return "";
    if (!rule->by_address)
        return mem_printf(r->mem, "quota:%s:", rule->name);
    return mem_printf(r->mem, "quota:%s:%s:", rule->name,
                      strchr(r->route->on, '/'));
}

static struct entry
ask_cache(struct request *r, const struct quota_rule *rule, const char *key,
          struct quota_state *ret_quota)
{
    struct entry e = { .copy = "", .allowed = true };
    const char *address = quota_address(r->mem, r->ip);
    const char *argv[2 + QUOTA_WORDS + 3] = {
        key,
        quota_prefix(r, rule),
        [2 + QUOTA_WORDS] = address,
        rule->staff_exempt ? "1" : "0",
        rule->by_address ? "1" : "0",
    };

    quota_words(r->mem, rule, r->now.us, argv + 2);
    const struct cache_reply *reply =
        cache_run(r->app->cache, r->mem, &enter_script, 2,
                  sizeof argv / sizeof *argv, argv, NULL);

    if (reply == NULL || reply->kind != CACHE_LIST || reply->len != 4) {
        if (rule->name != NULL && strcmp(rule->name, "auth") == 0)
            e.allowed = quota_spare(
                r, rule, mem_printf(r->mem, "%s%s", argv[1], address),
                ret_quota);
        quota_tell(r, rule, true, e.allowed);
        return e;
    }
    e.copy = reply->list[0].text;
    e.allowed = reply->list[2].number == 1;
    if (reply->list[1].number == 1)
        quota_state_of(rule, r->now.us, reply->list[3].number, e.allowed,
                       ret_quota);
    quota_tell(r, rule, false, e.allowed);
    return e;
}

/* ---- Who ---------------------------------------------------------------- */

enum { FROM_REDIS, FROM_POSTGRESQL };
static const char *const sources[] = { "redis", "postgresql", NULL };

const struct metric access_metrics[] = {
    { .name = "sparkle_sessions_read_total",
      .type = METRIC_COUNTER,
      .labels = { { .name = "from", .values = sources } },
      .help = "Sessions of callers; from PostgreSQL where Redis has no copy." },
    { 0 },
};

static void
tell_source(const struct request *r, size_t source)
{
    if (r->app->worker != NULL)
        metric_add(r->app->worker, &access_metrics[0], source, 1);
}

static const struct problem *
find_session(struct request *r, const uint8_t hash[SHA256_SIZE],
             const char *copy)
{
    const struct problem *problem = NULL;
    struct session *s = NULL;

    if (strcmp(copy, SESSION_NOBODY) == 0)
        return NULL;
    if (copy[0] != '\0' && strcmp(copy, SESSION_CHANGED) != 0)
        s = session_unpack(r->mem, copy);
    /* PostgreSQL has the last word on a copy that seems to have moved, too. */
    const bool copied = s != NULL && session_fresh(r, s) &&
                        !fingerprint_moved(r, s->fingerprint);
    if (!copied)
        s = session_restore(r, hash, &problem);
    if (s == NULL || s->expires.us <= r->now.us)
        return problem;
    tell_source(r, copied ? FROM_REDIS : FROM_POSTGRESQL);
    r->session = s;
    r->viewer = s->user;
    return NULL;
}

/* Whether Redis could not say whose token it is. */
static bool
was_lost(const struct entry *e)
{
    return e->copy[0] == '\0' || strcmp(e->copy, SESSION_CHANGED) == 0;
}

/* Who was looked up counts, after all, as what was found: a user, or a
 * visitor. */
static bool
count_found(struct request *r, const struct quota_rule *rule,
            struct quota_state *ret_quota)
{
    char user[UUID_TEXT];
    const char *key = quota_address(r->mem, r->ip);

    if (rule->name == NULL || rule->by_address || !ret_quota->counted)
        return true;
    if (r->session != NULL) {
        if (rule->staff_exempt && r->session->role >= ROLE_MODERATOR) {
            *ret_quota = (struct quota_state){ 0 };
            return true;
        }
        uuid_write(&r->viewer, user);
        key = user;
    }
    return quota_take_as(r, rule, r->route->quota == QUOTA_AUTH, key,
                         ret_quota);
}

/* A token has one form: anything else is no session, and costs nothing. */
static bool
token_formed(const char *token)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    return token != NULL && text_starts(token, "sess_") &&
           strlen(token) == 48 && strspn(token + 5, alphabet) == 43;
}

/* ---- From where --------------------------------------------------------- */

static bool
changes(const char *method)
{
    return strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0 &&
           strcmp(method, "OPTIONS") != 0;
}

static bool
same_origin(const struct request *r, const struct credentials *c)
{
    if (c->origin != NULL)
        return strcmp(c->origin, app_site(r->app)->url) == 0;
    return c->fetch_site != NULL && strcmp(c->fetch_site, "same-origin") == 0;
}

/*
 * With a session a call must come from our pages and carry its token.
 * Without one there is nothing to ride on, but a browser that says that it
 * comes from elsewhere is refused: nobody is logged in by another's page.
 */
static const struct problem *
check_csrf(const struct request *r, const struct credentials *c)
{
    bool told = c->origin != NULL || c->fetch_site != NULL;

    if (!changes(r->method) || r->route->no_csrf)
        return NULL;
    if (r->session == NULL)
        return told && !same_origin(r, c) ? &problem_csrf : NULL;
    if (!same_origin(r, c) || c->csrf_token == NULL ||
        !csrf_matches(c->csrf_token, r->session->csrf))
        return &problem_csrf;
    return NULL;
}

/* ---- May they ----------------------------------------------------------- */

static const struct problem *
check_role(const struct request *r)
{
    static const enum role least[] = {
        [ALLOW_ADMINS] = ROLE_ADMIN,
        [ALLOW_MODERATORS] = ROLE_MODERATOR,
        [ALLOW_MEMBERS] = ROLE_USER,
        [ALLOW_SIGNED_IN] = ROLE_USER,
    };
    enum access access = r->route->access;

    if (access == ALLOW_ANYONE)
        return NULL;
    if (access == ALLOW_NOBODY)
        return &problem_authorization;
    if (r->session == NULL)
        return &problem_authentication;
    if (r->session->role < least[access] ||
        (access != ALLOW_SIGNED_IN && !r->session->active))
        return &problem_authorization;
    return NULL;
}

static const struct problem *
check_recent(const struct request *r)
{
    if (!r->route->recent_auth || r->session == NULL ||
        r->now.us - r->session->authenticated.us <= 10 * CLOCK_MINUTE)
        return NULL;
    return &problem_reauthenticate;
}

const struct problem *
access_enter(struct request *r, const struct credentials *c,
             struct quota_state *ret_quota)
{
    const struct quota_rule rule = quota_rule_here(r, r->route->quota);
    bool token = !r->route->no_session && token_formed(c->session_token);
    uint8_t hash[SHA256_SIZE] = { 0 };
    const char *key = "";
    const struct problem *problem = NULL;

    *ret_quota = (struct quota_state){ 0 };
    if (token) {
        crypto_sha256(c->session_token, strlen(c->session_token), hash);
        key = session_key(r->mem, hash);
    }
    if (token || rule.name != NULL) {
        const struct entry e = ask_cache(r, &rule, key, ret_quota);

        /* Who is refused costs no query. */
        if (!e.allowed)
            return &problem_rate_limit;
        if (token)
            problem = find_session(r, hash, e.copy);
        if (token && was_lost(&e) && !count_found(r, &rule, ret_quota))
            return &problem_rate_limit;
    }
    if (problem == NULL)
        problem = check_role(r);
    if (problem == NULL)
        problem = check_csrf(r, c);
    return problem != NULL ? problem : check_recent(r);
}
