/* cache.c - see cache.h. */
#include "core/cache.h"

#include <errno.h>
#include <signal.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/cache_local.h"

enum {
    FIRST_PAUSE = 100 * 1000, /* us */
    LONGEST_PAUSE = 1000 * 1000,
    COST_SHARE = 20,   /* a pause is so many times what the failure cost */
    MOST_UNTAKEN = 64, /* then they are taken, or they would fill Redis */
};

/* ---- The connection ----------------------------------------------------- */

static int
cache_free(struct cache *c)
{
    if (c->redis != NULL)
        redisFree(c->redis);
    return 0;
}

struct cache *
cache_new(const void *mem, const struct cache_settings *s)
{
    struct cache *c = mem_new(mem, struct cache);

    c->settings = s;
    (void)signal(SIGPIPE, SIG_IGN);
    talloc_set_destructor(c, cache_free);
    return c;
}

static void
drop(struct cache *c)
{
    if (c->redis != NULL)
        redisFree(c->redis);
    c->redis = NULL;
    c->untaken = 0;
}

/* Redis that is gone fails at once; one that hangs costs a time-out each time,
 * and is left alone the longer.  `since`: when the failing call began. */
static void
lose(struct cache *c, const char *why, int64_t since)
{
    int64_t now = clock_steady(), hung = (now - since) * COST_SHARE;

    if (!c->told)
        log_warn("Redis is away: %s", why);
    c->told = true;
    drop(c);
    c->pause = c->pause == 0 ? FIRST_PAUSE : c->pause * 2;
    if (c->pause > LONGEST_PAUSE)
        c->pause = LONGEST_PAUSE;
    c->retry_at = now + (hung > c->pause ? hung : c->pause);
}

/* The connection was closed, by a restart or for idling: nothing hangs. */
static bool
was_closed(const struct cache *c)
{
    return c->redis->err == REDIS_ERR_EOF ||
           (c->redis->err == REDIS_ERR_IO && errno != EAGAIN);
}

/* An error; that a script is not known is none, as it is sent then. */
static bool
refused(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_ERROR && !cache_script_gone(reply);
}

/* Takes the answers of cache_tell, and `ret` the one after them. */
static bool
take_answers(struct cache *c, redisReply **ret)
{
    void *reply;

    while (c->untaken > 0) {
        if (redisGetReply(c->redis, &reply) != REDIS_OK)
            return false;
        c->spent.errors += refused(reply);
        freeReplyObject(reply);
        c->untaken--;
    }
    if (ret == NULL)
        return true;
    if (redisGetReply(c->redis, &reply) != REDIS_OK)
        return false;
    *ret = reply;
    return true;
}

static redisReply *
ask(struct cache *c, size_t argc, const char *const *argv,
    const size_t *lengths)
{
    redisReply *reply = NULL;

    if (redisAppendCommandArgv(c->redis, (int)argc, (const char **)argv,
                               lengths) != REDIS_OK ||
        !take_answers(c, &reply))
        return NULL;
    return reply;
}

/* A short dialogue at the start of a connection. */
static bool
greet(struct cache *c, const char *command, const char *word)
{
    const char *const words[] = { command, word };
    redisReply *reply = ask(c, 2, words, NULL);
    bool fine = reply != NULL && reply->type != REDIS_REPLY_ERROR;

    if (reply != NULL)
        freeReplyObject(reply);
    return fine;
}

static bool
open_connection(struct cache *c)
{
    const struct cache_settings *s = c->settings;
    struct timeval limit = { s->timeout / CLOCK_SECOND,
                             s->timeout % CLOCK_SECOND };
    int64_t began = clock_steady();
    char db[24];

    c->redis = s->socket != NULL
                   ? redisConnectUnixWithTimeout(s->socket, limit)
                   : redisConnectWithTimeout(s->host, (int)s->port, limit);
    if (c->redis == NULL || c->redis->err != 0) {
        lose(c, c->redis != NULL ? c->redis->errstr : "no memory", began);
        return false;
    }
    (void)redisSetTimeout(c->redis, limit);
    (void)snprintf(db, sizeof db, "%lld", (long long)s->db);
    if ((s->password != NULL && !greet(c, "AUTH", s->password)) ||
        (s->db != 0 && !greet(c, "SELECT", db))) {
        lose(c, "it refuses the password or the database", began);
        return false;
    }
    return true;
}

/* An answer came: now it is back, and not when it let us connect. */
static void
works(struct cache *c)
{
    if (c->told)
        log_info("Redis is back");
    c->told = false;
    c->pause = 0;
}

static bool
ready(struct cache *c)
{
    if (c->redis != NULL)
        return true;
    return clock_steady() >= c->retry_at && open_connection(c);
}

const struct metric cache_metrics[] = {
    { .name = "sparkle_redis_duration_seconds",
      .type = METRIC_HISTOGRAM,
      .fine = true,
      .help = "What a worker waited for the answer to a command." },
    { 0 },
};

void
cache_observe(struct cache *c, struct worker *w)
{
    c->worker = w;
}

/* Only the command's name: keys and values can be secret. */
static void
count(struct cache *c, const char *command, int64_t us, bool fine)
{
    c->spent.us += us;
    c->spent.trips++;
    c->spent.errors += !fine;
    if (c->worker != NULL)
        metric_observe(c->worker, &cache_metrics[0], 0, us);
    log_event(LOG_DEBUG, "command to Redis", LOG_MILLIS("ms", us),
              LOG_TEXT("command", command),
              LOG_TEXT("outcome", fine ? "answered" : "failed"));
}

redisReply *
cache_ask(struct cache *c, size_t argc, const char *const *argv,
          const size_t *lengths)
{
    int64_t began = clock_steady();
    bool old = c->redis != NULL;
    redisReply *reply = ready(c) ? ask(c, argc, argv, lengths) : NULL;

    if (reply == NULL && old && was_closed(c)) {
        drop(c);
        if (open_connection(c))
            reply = ask(c, argc, argv, lengths);
    }
    if (reply != NULL)
        works(c);
    else if (c->redis != NULL)
        lose(c, c->redis->errstr, began);
    count(c, argv[0], clock_steady() - began, reply != NULL && !refused(reply));
    return reply;
}

/* ---- Answers ------------------------------------------------------------ */

static void
convert(void *mem, const redisReply *from, struct cache_reply *to)
{
    *to = (struct cache_reply){ .kind = CACHE_NOTHING, .text = "" };
    switch (from->type) {
    case REDIS_REPLY_INTEGER:
        to->kind = CACHE_INTEGER;
        to->number = from->integer;
        break;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
        to->kind = CACHE_TEXT;
        to->text = mem_strndup(mem, from->str, from->len);
        to->len = from->len;
        break;
    case REDIS_REPLY_ARRAY: {
        struct cache_reply *list =
            mem_array(mem, struct cache_reply, from->elements + 1);

        for (size_t i = 0; i < from->elements; i++)
            convert(mem, from->element[i], &list[i]);
        to->kind = CACHE_LIST;
        to->list = list;
        to->len = from->elements;
        break;
    }
    default:
        break;
    }
}

const struct cache_reply *
cache_taken(void *mem, redisReply *reply)
{
    struct cache_reply *out = NULL;

    if (reply == NULL)
        return NULL;
    if (reply->type == REDIS_REPLY_ERROR) {
        log_warn("Redis refuses: %s", reply->str);
    } else {
        out = mem_new(mem, struct cache_reply);
        convert(mem, reply, out);
    }
    freeReplyObject(reply);
    return out;
}

const struct cache_reply *
cache_command(struct cache *c, void *mem, size_t argc, const char *const *argv,
              const size_t *lengths)
{
    return cache_taken(mem, cache_ask(c, argc, argv, lengths));
}

static bool
say(struct cache *c, size_t argc, const char *const *argv,
    const size_t *lengths)
{
    if (redisAppendCommandArgv(c->redis, (int)argc, (const char **)argv,
                               lengths) != REDIS_OK)
        return false;
    c->untaken++;
    return c->untaken < MOST_UNTAKEN || take_answers(c, NULL);
}

static bool
send_all(struct cache *c)
{
    int done = 0;

    while (!done)
        if (redisBufferWrite(c->redis, &done) != REDIS_OK)
            return false;
    return true;
}

static bool
tell(struct cache *c, size_t argc, const char *const *argv,
     const size_t *lengths)
{
    return say(c, argc, argv, lengths) && send_all(c);
}

void
cache_tell(struct cache *c, size_t argc, const char *const *argv,
           const size_t *lengths)
{
    int64_t began = clock_steady();
    bool old = c->redis != NULL;
    bool told = ready(c) && tell(c, argc, argv, lengths);

    if (!told && old && was_closed(c)) {
        drop(c);
        told = open_connection(c) && tell(c, argc, argv, lengths);
    }
    if (told)
        return;
    c->spent.errors++;
    if (c->redis != NULL)
        lose(c, c->redis->errstr, began);
}

/* Closed while it was idle is not away: the next command opens it anew. */
static bool
failed(struct cache *c, int64_t began)
{
    c->spent.errors++;
    if (was_closed(c))
        drop(c);
    else
        lose(c, c->redis->errstr, began);
    return false;
}

bool
cache_tell_later(struct cache *c, size_t argc, const char *const *argv,
                 const size_t *lengths)
{
    int64_t began = clock_steady();

    if (!ready(c))
        return false;
    return say(c, argc, argv, lengths) || failed(c, began);
}

void
cache_flush(struct cache *c)
{
    int64_t began = clock_steady();

    if (c->redis != NULL && !send_all(c))
        (void)failed(c, began);
}

/* ---- The rest ----------------------------------------------------------- */

void
cache_spent(struct cache *c, struct cache_spent *ret)
{
    *ret = c->spent;
    c->spent = (struct cache_spent){ 0 };
}

bool
cache_ping(struct cache *c)
{
    const char *const words[] = { "PING" };
    redisReply *reply = cache_ask(c, 1, words, NULL);
    bool fine = reply != NULL && reply->type == REDIS_REPLY_STATUS;

    if (reply != NULL)
        freeReplyObject(reply);
    return fine;
}

bool
cache_away(const struct cache *c)
{
    return c->redis == NULL && clock_steady() < c->retry_at;
}
