/*
 * upkeep_content.c - batch programs for content: posts whose time has come,
 * views that were counted in Redis.
 */
#include "upkeep/upkeep_local.h"

#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "core/batch.h"
#include "core/cache.h"
#include "core/event.h"
#include "post/post.h"

/* ---- publish-scheduled --------------------------------------------------- */

/* Not while the author may not write; a later run does it then. */
/* clang-format off */
#define DUE_POSTS                                                              \
    SQL(FROM posts p LEFT JOIN users u ON u.id = p.author_id                   \
        WHERE p.status = 'scheduled' AND p.deleted_at IS NULL                  \
            AND p.publish_at <= clock_now()                                    \
            AND (u.id IS NULL OR u.status = 'ACTIVE'))

static const char due_sql[] = SQL(SELECT count(*)) DUE_POSTS;

/* The date is the one that was promised; the event is that of an edit, whose
 * listeners do for a post what its publication asks for. */
static const char publish_sql[] =
    SQL(WITH due AS) "(SELECT p.id " DUE_POSTS
        "ORDER BY p.publish_at LIMIT 5000 FOR NO KEY UPDATE OF p SKIP LOCKED)"
    SQL(, made AS (
        UPDATE posts p SET status = 'published', published_at = p.publish_at,
            version = version + 1
        FROM due WHERE p.id = due.id
        RETURNING p.id, p.author_id
    ), news AS (
        INSERT INTO outbox (event, subject_id, actor_id, data)
        SELECT 'post.updated', id, author_id, '{"mentions": null}'::jsonb
        FROM made
    )
    SELECT count(*) FROM made);
/* clang-format on */

int64_t
upkeep_publish(struct job *job, bool dry_run)
{
    int64_t n = batch_value(job, dry_run ? due_sql : publish_sql, NO_ARGS);

    if (n > 0 && !dry_run)
        event_wake_from(job->app);
    return n;
}

/* ---- flush-views --------------------------------------------------------- */

/*
 * What was counted is set aside under a token, added chunk by chunk, each with
 * a row that says so, and dropped at the end: a run that dies in between is
 * taken up by the next, and adds nothing twice.
 */
#define ASIDE_KEY POST_VIEWS_KEY ":flushing"

static const struct cache_script set_aside = {
    .name = "views_set_aside",
    .source = "if redis.call('EXISTS', KEYS[2]) == 0 then "
              "  if redis.call('EXISTS', KEYS[1]) == 0 then return {} end "
              "  redis.call('RENAME', KEYS[1], KEYS[2]) "
              "  redis.call('HSET', KEYS[2], 'token', ARGV[1]) "
              "end "
              "return redis.call('HGETALL', KEYS[2])",
};

/* The fields of the hash: posts and numbers, by post; what is neither is left
 * out. */
struct views {
    const char **posts, **numbers;
    size_t n;
    const char *token;
};
struct view {
    const char *post, *number;
};

static int
by_post(const void *a, const void *b)
{
    return strcmp(((const struct view *)a)->post,
                  ((const struct view *)b)->post);
}

static void
read_views(void *mem, const struct cache_reply *hash, struct views *ret)
{
    struct view *all = mem_array(mem, struct view, hash->len / 2 + 1);
    struct uuid id;
    int64_t number;

    *ret = (struct views){ .posts = mem_array(mem, const char *, hash->len + 1),
                           .numbers =
                               mem_array(mem, const char *, hash->len + 1) };
    for (size_t i = 0; i + 1 < hash->len; i += 2) {
        const char *name = hash->list[i].text, *value = hash->list[i + 1].text;

        if (strcmp(name, "token") == 0)
            ret->token = value;
        else if (uuid_read(name, &id) && text_to_int(value, &number) &&
                 number > 0)
            all[ret->n++] = (struct view){ name, value };
    }
    qsort(all, ret->n, sizeof *all, by_post);
    for (size_t i = 0; i < ret->n; i++) {
        ret->posts[i] = all[i].post;
        ret->numbers[i] = all[i].number;
    }
}

static const char add_sql[] = SQL(
    WITH fresh AS (
        INSERT INTO idempotency_keys (scope, key, route, request_hash)
        VALUES ('batch:flush-views', $1, 'flush-views', '')
        ON CONFLICT (scope, key) DO NOTHING
        RETURNING 1
    ), added AS (
        UPDATE posts p SET views = p.views + v.n::bigint
        FROM unnest($2::text[], $3::text[]) v(id, n), fresh
        WHERE p.id = v.id::uuid
        RETURNING 1
    )
    SELECT count(*) FROM added
);

/* All chunks; how many posts, or -1. */
static int64_t
add_views(struct job *job, const struct views *views)
{
    int64_t sum = 0;

    for (size_t at = 0; at < views->n; at += (size_t)BATCH_ROWS) {
        size_t n = views->n - at < (size_t)BATCH_ROWS ? views->n - at
                                                      : (size_t)BATCH_ROWS;
        const char *key = mem_printf(job->mem, "%s:%zu", views->token, at);
        const struct texts posts = { views->posts + at, n };
        const struct texts numbers = { views->numbers + at, n };
        int64_t done =
            batch_value(job, add_sql, ARGS(ARG(key), ARG(posts), ARG(numbers)));

        if (done < 0)
            return -1;
        sum += done;
    }
    return sum;
}

static int64_t
count_views(struct job *job)
{
    static const char *const keys[] = { POST_VIEWS_KEY, ASIDE_KEY };
    int64_t sum = 0;

    for (size_t i = 0; i < 2; i++) {
        const char *const words[] = { "HLEN", keys[i] };
        const struct cache_reply *reply =
            cache_command(job->app->cache, job->mem, 2, words, NULL);

        if (reply == NULL)
            return -1;
        sum += reply->number;
    }
    return sum;
}

static int64_t
flush_views(struct job *job)
{
    uint8_t token[12];
    struct views views;

    random_bytes(token, sizeof token);
    const char *const words[] = { POST_VIEWS_KEY, ASIDE_KEY,
                                  hex_encode(job->mem, token, sizeof token) };
    const struct cache_reply *hash =
        cache_run(job->app->cache, job->mem, &set_aside, 2, 3, words, NULL);
    if (hash == NULL)
        return -1;
    if (hash->len == 0)
        return 0;
    read_views(job->mem, hash, &views);
    int64_t n = views.token == NULL ? 0 : add_views(job, &views);
    const char *const drop[] = { "DEL", ASIDE_KEY };
    if (n >= 0 &&
        cache_command(job->app->cache, job->mem, 2, drop, NULL) == NULL)
        return -1; /* the next run finds all of it added, and drops it */
    return n;
}

int64_t
upkeep_flush_views(struct job *job, bool dry_run)
{
    int64_t n = dry_run ? count_views(job) : flush_views(job);

    if (n < 0 && cache_away(job->app->cache))
        log_error("%s: Redis does not answer", job->kind);
    return n;
}
