/*
 * post_view.c - counting who reads a post: once a viewer and day.
 *
 * The counts are in Redis until flush-views (src/upkeep) adds them to the
 * posts.  Redis is told with the worker's next command, or when the worker
 * rests, so reading costs no more for it; what is told while Redis is away is
 * not counted.  A page that nginx answers from its cache is not counted,
 * either.
 */
#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/mem.h"
#include "core/app.h"
#include "core/cache.h"
#include "core/crypto.h"
#include "core/quota.h"
#include "core/session.h"
#include "post/post_local.h"

/* KEYS: the counts; who read this post today.  ARGV: the reader, the post. */
static const char count_script[] =
    "if redis.call('SADD', KEYS[2], ARGV[1]) == 1 then "
    "  redis.call('EXPIRE', KEYS[2], 90000) "
    "  redis.call('HINCRBY', KEYS[1], ARGV[2], 1) "
    "end";

#define READER 8 /* bytes of a hash: two alike are one view less */

/* Whom this process told of last, so that who reloads is not told again. */
#define TOLD 1024
static uint8_t told[TOLD][READER];

static uint8_t *
place_of(const uint8_t hash[READER])
{
    return told[(hash[0] << 8 | hash[1]) % TOLD];
}

/* A visitor is their address.  Hashed with post and day, so that the sets are
 * small and say of nobody what they read. */
static void
reader(struct request *r, const char *post, int64_t day,
       uint8_t ret_hash[SHA256_SIZE])
{
    char user[UUID_TEXT];

    uuid_write(&r->viewer, user);
    const char *text =
        mem_printf(r->mem, "view:%lld:%s:%s", (long long)day, post,
                   r->session != NULL ? user : quota_address(r->mem, r->ip));
    crypto_sha256(text, strlen(text), ret_hash);
}

void
post_viewed(struct request *r, struct uuid post)
{
    int64_t day = (r->now.us + CLOCK_UNIX_OFFSET) / CLOCK_DAY;
    uint8_t hash[SHA256_SIZE];
    char id[UUID_TEXT];

    if (strcmp(r->method, "GET") != 0)
        return;
    uuid_write(&post, id);
    reader(r, id, day, hash);
    if (memcmp(place_of(hash), hash, READER) == 0)
        return;
    const char *const words[] = {
        "EVAL",
        count_script,
        "2",
        POST_VIEWS_KEY,
        mem_printf(r->mem, "viewed:%lld:%s", (long long)day, id),
        hex_encode(r->mem, hash, READER),
        id,
    };
    if (cache_tell_later(r->app->cache, sizeof words / sizeof *words, words,
                         NULL))
        memcpy(place_of(hash), hash, READER);
}
