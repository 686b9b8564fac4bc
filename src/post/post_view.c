/*
 * post_view.c - counting who reads a post: once a viewer and day.
 *
 * Members are counted when they are given the post.  Guests mostly get a copy
 * of nginx's micro-cache, which no worker hears of: the page's script says that
 * it is shown (POST .../view), once somebody looks at it.  A log that a batch
 * reads would count the copies, too, but each crawler's with them, and would
 * have to be kept, read and turned; a beacon needs a browser that runs scripts.
 * A guest without scripts is counted where a worker made the page.
 *
 * Who it was is a hash by a key of the day, which no other day has: nothing
 * says what somebody read, and nothing can be put together.  A guest is an
 * address (IPv6: /64) and a browser's family and system, of which an address
 * counts for GUESTS a post, so that other names do not add more.
 *
 * The counts are in Redis until flush-views (src/upkeep) adds them to the
 * posts.  Redis is told with the worker's next command, or when the worker
 * rests, so reading costs no more for it; what is told while Redis is away is
 * not counted.
 */
#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/mem.h"
#include "core/agent.h"
#include "core/app.h"
#include "core/cache.h"
#include "core/crypto.h"
#include "core/quota.h"
#include "core/session.h"
#include "post/post_local.h"

/* KEYS: the counts; who read this post today, with the marks of their browsers.
 * ARGV: the reader, the browser's mark, the post, all marks' length at most. */
static const char count_script[] =
    "local marks = redis.call('HGET', KEYS[2], ARGV[1]) or '' "
    "if not marks:find(ARGV[2], 1, true) and #marks < tonumber(ARGV[4]) then "
    "  redis.call('HSET', KEYS[2], ARGV[1], marks .. ARGV[2]) "
    "  redis.call('EXPIRE', KEYS[2], 90000) "
    "  redis.call('HINCRBY', KEYS[1], ARGV[3], 1) "
    "end";

#define READER 8 /* bytes of a hash: two alike are one view less */
#define MARK 2
#define GUESTS "20" /* four marks: a dot and four digits each */

/* Whom this process told of last, so that who reloads is not told again. */
#define TOLD 1024
static uint8_t told[TOLD][READER];

static uint8_t *
place_of(const uint8_t hash[READER])
{
    return told[(hash[0] << 8 | hash[1]) % TOLD];
}

/* A hash by the key of the day. */
static void
hash_of(const struct request *r, int64_t day, const char *what,
        uint8_t ret_hash[SHA256_SIZE])
{
    const char *secret =
        SETTINGS_OF(r->app, &auth_section, struct auth_settings)->signing_key;
    const char *purpose = mem_printf(r->mem, "views:%lld", (long long)day);
    uint8_t key[SHA256_SIZE];

    crypto_hmac(secret, secret == NULL ? 0 : strlen(secret), purpose,
                strlen(purpose), key);
    crypto_hmac(key, sizeof key, what, strlen(what), ret_hash);
}

/* The same person everywhere is one reader; a guest's browser is a part of it.
 */
static const char *
reader(struct request *r, const char *post)
{
    char user[UUID_TEXT];

    uuid_write(&r->viewer, user);
    return mem_printf(r->mem, "%s:%s", post,
                      r->session != NULL ? user : quota_address(r->mem, r->ip));
}

static const char *
browser(struct request *r)
{
    const char *name =
        r->session != NULL ? NULL : agent_name(r->mem, r->user_agent);

    return name != NULL ? name : "";
}

void
post_viewed(struct request *r, struct uuid post)
{
    int64_t day = (r->now.us + CLOCK_UNIX_OFFSET) / CLOCK_DAY;
    uint8_t hash[SHA256_SIZE], who[SHA256_SIZE], mark[SHA256_SIZE];
    char id[UUID_TEXT];

    if (strcmp(r->method, "HEAD") == 0 || agent_is_robot(r->user_agent))
        return;
    uuid_write(&post, id);
    const char *name = reader(r, id), *by = browser(r);
    hash_of(r, day, mem_printf(r->mem, "%s:%s", name, by), hash);
    if (memcmp(place_of(hash), hash, READER) == 0)
        return;
    hash_of(r, day, name, who);
    hash_of(r, day, by, mark);
    const char *const words[] = {
        "EVAL",
        count_script,
        "2",
        POST_VIEWS_KEY,
        mem_printf(r->mem, "viewers:%lld:%s", (long long)day, id),
        hex_encode(r->mem, who, READER),
        mem_printf(r->mem, ".%s", hex_encode(r->mem, mark, MARK)),
        id,
        GUESTS,
    };
    if (cache_tell_later(r->app->cache, sizeof words / sizeof *words, words,
                         NULL))
        memcpy(place_of(hash), hash, READER);
}
