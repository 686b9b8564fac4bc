/*
 * cache_script.c - Lua scripts in Redis: each is sent once, then named by its
 * SHA-1.
 */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "core/cache_local.h"

#define MOST_WORDS 32

/* Where the SHA-1 of a script is kept; "" where it is not loaded yet. */
static char *
sha_of(struct cache *c, const struct cache_script *script)
{
    for (size_t i = 0; i < KNOWN_SCRIPTS; i++)
        if (c->known[i].script == script || c->known[i].script == NULL) {
            c->known[i].script = script;
            return c->known[i].sha;
        }
    BUG("more than %d scripts", KNOWN_SCRIPTS);
}

static bool
load(struct cache *c, const struct cache_script *script, char *sha)
{
    const char *const words[] = { "SCRIPT", "LOAD", script->source };
    redisReply *reply = cache_ask(c, 3, words, NULL);
    bool fine =
        reply != NULL && reply->type == REDIS_REPLY_STRING && reply->len == 40;

    if (fine)
        memcpy(sha, reply->str, 41);
    else if (reply != NULL)
        log_warn("the script %s is refused: %s", script->name,
                 reply->str != NULL ? reply->str : "");
    if (reply != NULL)
        freeReplyObject(reply);
    return fine;
}

bool
cache_script_gone(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_ERROR &&
           strncmp(reply->str, "NOSCRIPT", 8) == 0;
}

/* EVALSHA; loaded before where Redis does not know it (any more). */
static redisReply *
run_known(struct cache *c, const struct cache_script *script, char *sha,
          size_t argc, const char *const *argv, const size_t *lengths)
{
    redisReply *reply = NULL;

    for (int attempt = 0; attempt < 2; attempt++) {
        if (sha[0] == '\0' && !load(c, script, sha))
            return NULL;
        reply = cache_ask(c, argc, argv, lengths);
        if (reply == NULL || !cache_script_gone(reply))
            return reply;
        sha[0] = '\0';
        if (attempt == 0)
            freeReplyObject(reply);
    }
    return reply;
}

const struct cache_reply *
cache_run(struct cache *c, void *mem, const struct cache_script *script,
          size_t n_keys, size_t argc, const char *const *argv,
          const size_t *lengths)
{
    char *sha = sha_of(c, script), keys[8];
    const char *words[MOST_WORDS] = { "EVALSHA", sha, keys };
    size_t sizes[MOST_WORDS] = { 7, 40 };

    if (argc + 3 > MOST_WORDS)
        BUG("%zu arguments of a script", argc);
    sizes[2] = (size_t)snprintf(keys, sizeof keys, "%zu", n_keys);
    for (size_t i = 0; i < argc; i++) {
        words[3 + i] = argv[i];
        sizes[3 + i] = lengths != NULL ? lengths[i] : strlen(argv[i]);
    }
    return cache_taken(mem, run_known(c, script, sha, argc + 3, words, sizes));
}
