/*
 * privacy_erase.c - the batch program account-deletion: erases the accounts
 * whose 14 days are over, place by place of the list in sql/privacy.sql.
 *
 * The account is closed first; then its sessions' copies and all that bears
 * its id go out of Redis, then its files, then its rows in chunks; a second
 * later the same again, for what jobs wrote that ran meanwhile.  A run that
 * ends early leaves a request without an end, which the next one takes up;
 * everything may be done twice.
 */
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/mem.h"
#include "core/app.h"
#include "core/batch.h"
#include "core/cache.h"
#include "core/db.h"
#include "core/session.h"
#include "privacy/privacy_local.h"

#define DUE                                                                    \
    SQL(FROM deletion_requests                                                 \
        WHERE cancelled_at IS NULL AND done_at IS NULL                         \
            AND due_at <= clock_now())

static const char count_sql[] = "SELECT count(*) " DUE;
static const char due_sql[] =
    "SELECT user_id " DUE "ORDER BY due_at, id LIMIT 1000";
static const char adopt_sql[] = SQL(SELECT privacy_adopt());
static const char begin_sql[] = SQL(SELECT privacy_erase_begin($1));
static const char end_sql[] = SQL(SELECT privacy_erase_end($1));

static struct db_result *
query(struct job *job, const char *sql, const struct sql_arg *args)
{
    struct db_error error;
    struct db_result *res = db_query(job->db, job->mem, sql, args, &error);

    if (!error.failed)
        return res;
    log_error("%s: %s (%s)", job->kind, error.message, error.sqlstate);
    return NULL;
}

/* ---- Redis --------------------------------------------------------------- */

static const char hashes_sql[] =
    SQL(
    SELECT h FROM sessions s, unnest(ARRAY[s.token_hash, s.previous_hash]) h
    WHERE s.user_id = $1 AND h IS NOT NULL
);

/* What to forget: the keys of a pattern, or their member. */
struct forgotten {
    const char *pattern;
    const char *member; /* NULL: the whole key */
};

static bool
forget_key(struct job *job, const struct forgotten *f, const char *key)
{
    const char *const whole[] = { "DEL", key };
    const char *const member[] = { "ZREM", key, f->member };

    return (f->member == NULL
                ? cache_command(job->app->cache, job->mem, 2, whole, NULL)
                : cache_command(job->app->cache, job->mem, 3, member, NULL)) !=
           NULL;
}

/* Forgets a page of SCAN; the cursor of the next, or NULL. */
static const char *
scan(struct job *job, const struct forgotten *f, const char *cursor)
{
    const char *const words[] = { "SCAN",     cursor,  "MATCH",
                                  f->pattern, "COUNT", "1000" };
    const struct cache_reply *page =
        cache_command(job->app->cache, job->mem, 6, words, NULL);

    if (page == NULL || page->kind != CACHE_LIST || page->len != 2)
        return NULL;
    for (size_t i = 0; i < page->list[1].len; i++)
        if (!forget_key(job, f, page->list[1].list[i].text))
            return NULL;
    return page->list[0].text;
}

static bool
forget(struct job *job, const struct forgotten *f)
{
    const char *cursor = "0";

    do {
        cursor = scan(job, f, cursor);
    } while (cursor != NULL && strcmp(cursor, "0") != 0);
    return cursor != NULL;
}

/* Whatever bears the user's id, and its places on the live boards.  Here a
 * scan hinders nobody. */
static bool
forget_keys(struct job *job, const struct uuid *user)
{
    char id[UUID_TEXT];

    uuid_write(user, id);
    const struct forgotten keys = { mem_printf(job->mem, "*%s*", id), NULL };
    const struct forgotten places = { "leaderboard:*", id };
    return forget(job, &keys) && forget(job, &places);
}

static bool
forget_cache(struct job *job, const struct uuid *user)
{
    const struct db_result *hashes = query(job, hashes_sql, ARGS(ARG(*user)));

    if (hashes == NULL)
        return false;
    if (session_refresh(job->app, job->mem, hashes) && forget_keys(job, user))
        return true;
    log_error("%s: Redis is away, so nothing is erased yet", job->kind);
    return false;
}

/* ---- Files --------------------------------------------------------------- */

static const char files_sql[] = SQL(
    SELECT path FROM data_exports WHERE user_id = $1 AND path IS NOT NULL
);

static bool
remove_files(struct job *job, const struct uuid *user)
{
    const struct db_result *files = query(job, files_sql, ARGS(ARG(*user)));
    bool fine = files != NULL;

    for (size_t i = 0; fine && i < db_rows(files); i++)
        fine = privacy_unlink(job->app, job->mem, db_text(files, i, 0, NULL));
    return fine;
}

/* ---- Rows ---------------------------------------------------------------- */

static const char places_sql[] =
    SQL(
    SELECT n FROM privacy_places WHERE erase <> 'keep' ORDER BY n
);
/* Some rows are counted off elsewhere one by one: so many take far less than
 * a statement may. */
enum { CHUNK = 1000 };
static const char erase_sql[] = SQL(SELECT privacy_erase($1, $2, $3));

/* Between full chunks others get their turn. */
static void
rest(void)
{
    const struct timespec pause = { .tv_nsec = 20000000 };

    (void)nanosleep(&pause, NULL);
}

static bool
erase_place(struct job *job, const struct uuid *user, int64_t place)
{
    const int64_t most = CHUNK;
    int64_t done;

    do {
        const struct db_result *row =
            query(job, erase_sql, ARGS(ARG(*user), ARG(place), ARG(most)));

        if (row == NULL)
            return false;
        done = db_integer(row, 0, 0);
        if (done >= most)
            rest();
    } while (done >= most);
    return true;
}

static bool
erase_rows(struct job *job, const struct uuid *user)
{
    const struct db_result *places = query(job, places_sql, NO_ARGS);
    bool fine = places != NULL;

    for (size_t i = 0; fine && i < db_rows(places); i++)
        fine = erase_place(job, user, db_integer(places, i, 0));
    return fine;
}

/* ---- An account ---------------------------------------------------------- */

/* An account of this run. */
struct account {
    struct uuid user;
    bool erased; /* once; what was written meanwhile may still be there */
};

/* Nothing where its owner was faster and cancelled. */
static bool
erase_account(struct job *job, struct account *a)
{
    const struct db_result *begun = query(job, begin_sql, ARGS(ARG(a->user)));

    if (begun == NULL)
        return false;
    if (!db_boolean(begun, 0, 0))
        return true;
    a->erased = forget_cache(job, &a->user) && remove_files(job, &a->user) &&
                erase_rows(job, &a->user);
    return a->erased;
}

/* A job or a request that began before may have written since. */
static bool
erase_rest(struct job *job, struct account *a)
{
    char id[UUID_TEXT];

    if (!a->erased)
        return true;
    if (!remove_files(job, &a->user) || !erase_rows(job, &a->user) ||
        query(job, end_sql, ARGS(ARG(a->user))) == NULL)
        return false;
    uuid_write(&a->user, id);
    log_event(LOG_INFO, "account erased", LOG_TEXT("user", id));
    return true;
}

/* What fails for one account does not keep the others waiting. */
static bool
for_each(struct job *job, struct account *accounts, size_t n,
         bool (*erase)(struct job *job, struct account *a))
{
    bool fine = true;

    for (size_t i = 0; i < n; i++) {
        struct job one = *job;

        one.mem = mem_context(job->mem, "account");
        fine = erase(&one, &accounts[i]) && fine;
        mem_free(one.mem);
    }
    return fine;
}

static int64_t
erase_all(struct job *job, struct account *accounts, size_t n)
{
    const struct timespec pause = { .tv_sec = 1 };
    int64_t done = 0;
    bool fine = for_each(job, accounts, n, erase_account);

    for (size_t i = 0; i < n; i++)
        done += accounts[i].erased;
    if (done > 0)
        (void)nanosleep(&pause, NULL);
    return for_each(job, accounts, n, erase_rest) && fine ? done : -1;
}

int64_t
privacy_erase_due(struct job *job, bool dry_run)
{
    if (dry_run)
        return batch_value(job, count_sql, NO_ARGS);
    if (batch_value(job, adopt_sql, NO_ARGS) < 0)
        return -1;
    const struct db_result *due = query(job, due_sql, NO_ARGS);
    if (due == NULL)
        return -1;
    struct account *accounts =
        mem_array(job->mem, struct account, db_rows(due) + 1);
    for (size_t i = 0; i < db_rows(due); i++)
        accounts[i].user = db_uuid(due, i, 0);
    return erase_all(job, accounts, db_rows(due));
}
