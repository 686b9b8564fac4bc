/*
 * login_try.c - who tries to sign in, and whether they may try: limits, locks
 * and history.  What is counted and told is in sql/login.sql.
 *
 * An account's tries are counted twice: by the rate limit, in Redis, and by
 * login_try(), in PostgreSQL.  The lock is in both too, and either holds, so
 * neither of them can lose it.  Right logins give their share of the limit
 * back.
 */
#include <ctype.h>
#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "core/access.h"
#include "core/app.h"
#include "core/cache.h"
#include "core/db.h"
#include "core/email.h"
#include "core/exchange.h"
#include "core/networks.h"
#include "core/quota.h"
#include "session/session_local.h"

/* ---- Whose try ---------------------------------------------------------- */

/* Accounts have addresses in one form; what is none is nobody's. */
static const char *
address_form(void *mem, const char *email)
{
    char *form = email_normal(mem, email);

    if (form != NULL)
        return form;
    form = mem_strdup(mem, email);
    for (char *p = form; *p != '\0'; p++)
        *p = (char)tolower((unsigned char)*p);
    return form;
}

/* ---- Limits -------------------------------------------------------------- */

/* The answer's headers speak of the limit that refused; else of the first. */
static bool
limited(struct request *r, const struct quota_rule *rule, const char *key)
{
    struct quota_state state;
    bool allowed = quota_take_as(r, rule, true, key, &state);

    if (!allowed || !r->exchange->quota.counted)
        r->exchange->quota = state;
    return !allowed;
}

static bool
address_limited(struct request *r)
{
    const struct quota_rule rule = quota_rule_here(r, QUOTA_AUTH);

    return limited(
        r, &rule, mem_printf(r->mem, "login:%s", quota_address(r->mem, r->ip)));
}

static bool
account_limited(struct request *r, const struct login_try *t,
                struct bytes device)
{
    const struct quota_rule rule = quota_rule_of(r, QUOTA_AUTH);

    return limited(r, &rule, lockout_limit_key(r, t->subject, device));
}

/*
 * Before anybody is looked up: strangers by address and account; who has a
 * cookie of ours by it, for each account and in all.  What others at the same
 * address do must not keep out a browser that the account knows; so that is
 * asked first, and where it does not, stranger_limited() counts it as one.
 */
static bool
try_limited(struct request *r, const struct login_try *t)
{
    const struct quota_rule rule = quota_rule_here(r, QUOTA_WRITE);

    if (t->device_token.at == NULL)
        return address_limited(r) || account_limited(r, t, NO_DEVICE);
    return limited(r, &rule,
                   mem_printf(r->mem, "device:%s",
                              hex_encode(r->mem, t->device_token.at,
                                         t->device_token.len))) ||
           account_limited(r, t, t->device_token);
}

/* A device of ours that is none of the account's counts as a stranger. */
static bool
stranger_limited(struct request *r, const struct login_try *t)
{
    return t->device_token.at != NULL && uuid_none(&t->device) &&
           (address_limited(r) || account_limited(r, t, NO_DEVICE));
}

/* ---- The lock ----------------------------------------------------------- */

/* The page shows the words of every status but 429. */
const struct problem login_locked = {
    .status = 423,
    .code = "ACCOUNT_LOCKED",
    .title = "Too many logins failed. Wait 15 minutes, or sign in from a "
             "browser that you used before.",
};

static const struct problem *
say_locked(struct request *r, struct instant until)
{
    struct problem *p = mem_new(r->mem, struct problem);

    *p = login_locked;
    p->retry_after = (int)((until.us - r->now.us) / CLOCK_SECOND) + 1;
    return p;
}

/* Tells Redis, for 15 minutes. */
static void
keep_lock(struct request *r, const struct login_try *t)
{
    const char *until =
        mem_printf(r->mem, "%lld", (long long)t->locked_until.us);
    const char *const words[] = { "SET",
                                  lockout_lock_place(r, t->subject, t->device),
                                  until, "EX", "900" };

    cache_tell(r->app->cache, 5, words, NULL);
}

static void
drop_lock(struct request *r, const struct login_try *t)
{
    const char *const words[] = { "DEL", lockout_lock_place(r, t->subject,
                                                            t->device) };

    cache_tell(r->app->cache, 2, words, NULL);
}

/* When the lock ends that Redis knows of; 0: it knows of none. */
static struct instant
kept_lock(struct request *r, const struct login_try *t)
{
    const char *const words[] = { "GET", lockout_lock_place(r, t->subject,
                                                            t->device) };
    const struct cache_reply *reply =
        cache_command(r->app->cache, r->mem, 2, words, NULL);
    struct instant until = { 0 };

    if (reply != NULL && reply->kind == CACHE_TEXT)
        (void)text_to_int(reply->text, &until.us);
    return until;
}

/* ---- Trying ------------------------------------------------------------- */

/* clang-format off */
const char login_try_sql[] = SQL(
    SELECT user_id, password_hash, status, suspended_until, device_id,
        two_factor, locked_until, tries
    FROM login_try($1, $2, $3)
);
const char login_relock_sql[] = SQL(SELECT login_relock($1, $2, $3) IS NULL);
const char login_untry_sql[] = SQL(SELECT login_untry($1, $2) IS NULL);
/* clang-format on */

static void
take_row(struct login_try *t, const struct db_result *row)
{
    t->user = db_uuid(row, 0, 0);
    t->password_hash = db_null(row, 0, 1) ? NULL : db_text(row, 0, 1, NULL);
    t->status = db_null(row, 0, 2) ? NULL : db_text(row, 0, 2, NULL);
    t->suspended_until = db_time(row, 0, 3);
    t->device = db_uuid(row, 0, 4);
    t->two_factor = db_boolean(row, 0, 5);
    t->locked_until = db_time(row, 0, 6);
    t->tries = db_integer(row, 0, 7);
}

static const struct problem *
ask(struct request *r, struct login_try *t)
{
    const struct bytes subject = { t->subject, SHA256_SIZE };
    struct db_error error;
    const struct db_result *row = db_query(
        r->app->db, r->mem, login_try_sql,
        ARGS(ARG(t->email), ARG(subject), ARG(t->device_token)), &error);

    if (error.failed)
        return db_problem(&error);
    take_row(t, row);
    return NULL;
}

void
login_untry(struct request *r, const struct login_try *t)
{
    const struct bytes subject = { t->subject, SHA256_SIZE };
    struct db_error error;

    (void)db_query(r->app->db, r->mem, login_untry_sql,
                   ARGS(ARG(subject), ARG(t->device)), &error);
    /* Somebody may have seen it locked by this try. */
    drop_lock(r, t);
}

/* A try that PostgreSQL takes for the first may be one after a lock that only
 * Redis remembers. */
static void
compare_locks(struct request *r, struct login_try *t)
{
    const struct bytes subject = { t->subject, SHA256_SIZE };
    struct db_error error;

    if (t->tries != 1)
        return;
    struct instant kept = kept_lock(r, t);
    if (kept.us <= r->now.us)
        return;
    t->locked_until = kept;
    (void)db_query(r->app->db, r->mem, login_relock_sql,
                   ARGS(ARG(subject), ARG(t->device), ARG(kept)), &error);
}

const struct problem *
login_try(struct request *r, const char *email, struct login_try *t)
{
    *t = (struct login_try){ .email = address_form(r->mem, email),
                             .device_token = device_token(r) };
    lockout_subject(r, t->email, t->subject);
    if (try_limited(r, t))
        return &problem_rate_limit;
    const struct problem *refused = ask(r, t);
    if (refused != NULL)
        return refused;
    if (stranger_limited(r, t)) {
        if (t->locked_until.us == 0)
            login_untry(r, t);
        return &problem_rate_limit;
    }
    if (t->locked_until.us == 0)
        compare_locks(r, t);
    else
        keep_lock(r, t);
    if (t->locked_until.us == 0)
        return NULL;
    login_note(r, t, "LOCKED");
    return say_locked(r, t->locked_until);
}

/* ---- Afterwards --------------------------------------------------------- */

/* clang-format off */
const char login_failed_sql[] = SQL(
    SELECT login_failed($1, $2, $3, $4, $5::text::inet, $6, $7, $8, $9)
);
/* clang-format on */

void
login_note(struct request *r, const struct login_try *t, const char *reason)
{
    const struct bytes subject = { t->subject, SHA256_SIZE };
    const char *ip = r->ip != NULL && r->ip[0] != '\0' ? r->ip : NULL;
    const char *place = location_of(r, ip);
    const char *network = networks_kind(r->app->networks, ip);
    const bool last = t->tries >= 5;
    struct db_error error;
    const struct db_result *until = db_query(
        r->app->db, r->mem, login_failed_sql,
        ARGS(ARG(t->user), ARG(subject), ARG(t->device), ARG(reason), ARG(ip),
             ARG(r->user_agent), ARG(place), ARG(last), ARG(network)),
        &error);

    if (error.failed) {
        log_warn("a failed login was not noted: %s", error.message);
        return;
    }
    if (db_null(until, 0, 0))
        return;
    struct login_try now_locked = *t;
    now_locked.locked_until = db_time(until, 0, 0);
    keep_lock(r, &now_locked);
}

void
login_forgive(struct request *r, const struct login_try *t)
{
    const char *words[] = { "DEL", lockout_lock_place(r, t->subject, t->device),
                            NULL, NULL };
    size_t n = 2;

    if (t->device_token.at != NULL)
        words[n++] = lockout_limit_place(
            r, lockout_limit_key(r, t->subject, t->device_token));
    if (uuid_none(&t->device))
        words[n++] =
            lockout_limit_place(r, lockout_limit_key(r, t->subject, NO_DEVICE));
    cache_tell(r->app->cache, n, words, NULL);
}
