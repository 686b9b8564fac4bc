/* quota.c - see quota.h. */
#include "core/quota.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "base/encode.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "core/app.h"
#include "core/cache.h"
#include "core/crypto.h"
#include "core/networks.h"

/* ---- Rules -------------------------------------------------------------- */

#define LIMIT(member, calls, duration, what)                                   \
    SETTING(struct limits_settings, member, INTEGER, .otherwise = calls,       \
            .min = 1, .max = 1000000, .about = what " in a window."),          \
        SETTING(struct limits_settings, member##_window, DURATION,             \
                .otherwise = duration, .min = 1000000,                         \
                .about = "The window of " #member ".")

static const struct setting rows[] = {
    LIMIT(read, "100", "60s", "Reads of one caller"),
    LIMIT(write, "30", "60s", "Writes of one caller"),
    LIMIT(post, "10", "60s", "New posts of one caller"),
    LIMIT(auth, "5", "15m", "Logins, registrations and resets of one address"),
    LIMIT(upload, "20", "1h", "Uploads of one caller"),
    SETTING(struct limits_settings, flagged, INTEGER, .otherwise = "100",
            .min = 1, .max = 100,
            .about = "How much of each limit a caller from a network in "
                     "[networks] has, per cent; one call at least."),
    { 0 },
};

const struct section limits_section = {
    .name = "limits",
    .settings = rows,
    .size = sizeof(struct limits_settings),
    .about = "Rate limits.  A caller is a user, or an address (IPv6: its "
             "/64).  Staff are exempt from read, write and post.",
};

struct quota_rule
quota_rule_of(const struct request *r, enum quota quota)
{
    const struct limits_settings *s =
        SETTINGS_OF(r->app, &limits_section, struct limits_settings);
    bool reads =
        strcmp(r->method, "GET") == 0 || strcmp(r->method, "HEAD") == 0;

    if (quota == QUOTA_BY_METHOD)
        quota = reads ? QUOTA_READ : QUOTA_WRITE;
    switch (quota) {
    case QUOTA_READ:
        return (struct quota_rule){ "read", s->read, s->read_window, true,
                                    false };
    case QUOTA_WRITE:
        return (struct quota_rule){ "write", s->write, s->write_window, true,
                                    false };
    case QUOTA_POST:
        return (struct quota_rule){ "post", s->post, s->post_window, true,
                                    false };
    case QUOTA_AUTH:
        /* Many accounts must not make many tries at signing in to others. */
        return (struct quota_rule){ "auth", s->auth, s->auth_window, false,
                                    r->route->access == ALLOW_ANYONE };
    case QUOTA_UPLOAD:
        return (struct quota_rule){ "upload", s->upload, s->upload_window,
                                    false, false };
    default:
        return (struct quota_rule){ 0 };
    }
}

struct quota_rule
quota_rule_here(const struct request *r, enum quota quota)
{
    const struct limits_settings *s =
        SETTINGS_OF(r->app, &limits_section, struct limits_settings);
    struct quota_rule rule = quota_rule_of(r, quota);

    if (s->flagged >= 100 || rule.name == NULL ||
        networks_kind(r->app->networks, r->ip) == NULL)
        return rule;
    rule.limit = rule.limit * s->flagged / 100;
    if (rule.limit < 1)
        rule.limit = 1;
    return rule;
}

const char *
quota_address(void *mem, const char *ip)
{
    /* IPv4 in IPv6 (RFC 4291, 2.5.5.2): all of it would be one network. */
    static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
    unsigned char octets[16];
    char text[INET6_ADDRSTRLEN];

    if (strchr(ip, ':') == NULL || inet_pton(AF_INET6, ip, octets) != 1)
        return ip;
    if (memcmp(octets, mapped, sizeof mapped) == 0) {
        (void)inet_ntop(AF_INET, octets + sizeof mapped, text, sizeof text);
        return mem_strdup(mem, text);
    }
    memset(octets + 8, 0, 8);
    (void)inet_ntop(AF_INET6, octets, text, sizeof text);
    return mem_strdup(mem, text);
}

const char *
quota_secret(struct request *r, const char *whom)
{
    const char *secret =
        SETTINGS_OF(r->app, &auth_section, struct auth_settings)->signing_key;
    uint8_t mac[SHA256_SIZE];

    crypto_hmac(secret, secret == NULL ? 0 : strlen(secret), whom, strlen(whom),
                mac);
    return hex_encode(r->mem, mac, sizeof mac);
}

void
quota_words(void *mem, const struct quota_rule *rule, int64_t now,
            const char *ret_words[QUOTA_WORDS])
{
    const int64_t numbers[QUOTA_WORDS] = {
        now,
        rule->limit > 0 ? rule->window / rule->limit : 0,
        rule->window,
        rule->window / 1000 + 1000,
    };

    for (size_t i = 0; i < QUOTA_WORDS; i++)
        ret_words[i] = mem_printf(mem, "%lld", (long long)numbers[i]);
}

void
quota_state_of(const struct quota_rule *rule, int64_t now, int64_t full_at,
               bool allowed, struct quota_state *ret)
{
    int64_t step = rule->window / rule->limit;
    int64_t spent = full_at > now ? full_at - now : 0;
    int64_t wait = spent + step - rule->window;

    *ret = (struct quota_state){
        .counted = true,
        .limit = rule->limit,
        .remaining = allowed ? (rule->window - spent) / step : 0,
        .reset = { now + spent },
        .retry_after = allowed ? 0 : wait / 1000000 + 1,
    };
}

/* ---- Without Redis ------------------------------------------------------ */

#define SPARE_PLACES 4096

/*
 * When all is spent back, by a hash of class and key.  Two keys in one place
 * share it, which only makes the limit tighter; the seed keeps callers from
 * choosing whom they meet.
 */
struct quota_table {
    uint32_t seed;
    _Atomic int64_t full_at[SPARE_PLACES];
};

struct quota_table *
quota_table_new(void)
{
    struct quota_table *table =
        mmap(NULL, sizeof *table, PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (table == MAP_FAILED)
        die("no memory for the spare limiter: %s", strerror(errno));
    random_bytes(&table->seed, sizeof table->seed);
    return table;
}

static size_t
place_of(const struct quota_table *table, const char *name, const char *key)
{
    uint32_t hash = 2166136261u ^ table->seed;

    for (; *name != '\0'; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    for (; *key != '\0'; key++)
        hash = (hash ^ (unsigned char)*key) * 16777619u;
    return (hash ^ hash >> 16) % SPARE_PLACES;
}

bool
quota_spare(struct request *r, const struct quota_rule *rule, const char *key,
            struct quota_state *ret)
{
    struct quota_table *table = r->app->spare;
    int64_t now = r->now.us, step = rule->window / rule->limit;

    if (table == NULL)
        return true;
    _Atomic int64_t *at = &table->full_at[place_of(table, rule->name, key)];
    int64_t was = atomic_load(at), full;

    do {
        full = was > now ? was : now;
        if (full + step - now > rule->window) {
            quota_state_of(rule, now, full, false, ret);
            return false;
        }
        full += step;
    } while (!atomic_compare_exchange_weak(at, &was, full));
    quota_state_of(rule, now, full, true, ret);
    return true;
}

/* ---- Metrics ------------------------------------------------------------- */

static const char *const class_names[] = { "read", "write",  "post",
                                           "auth", "upload", NULL };

enum { REFUSED, UNCOUNTED };

const struct metric quota_metrics[] = {
    [REFUSED] = { .name = "sparkle_rate_limited_total",
                  .type = METRIC_COUNTER,
                  .labels = { { .name = "class", .values = class_names } },
                  .help = "Calls refused by a rate limit." },
    [UNCOUNTED] = { .name = "sparkle_rate_limit_blind_total",
                    .type = METRIC_COUNTER,
                    .labels = { { .name = "class", .values = class_names } },
                    .help = "Calls that Redis could not be asked about." },
    { 0 },
};

void
quota_tell(const struct request *r, const struct quota_rule *rule, bool blind,
           bool allowed)
{
    int class = rule->name == NULL ? -1 : text_index(class_names, rule->name);

    if (r->app->worker == NULL || class < 0)
        return;
    if (blind)
        metric_add(r->app->worker, &quota_metrics[UNCOUNTED], (size_t) class,
                   1);
    if (!allowed)
        metric_add(r->app->worker, &quota_metrics[REFUSED], (size_t) class, 1);
}

/* ---- One more key ------------------------------------------------------- */

/* KEYS[1] key; ARGV: quota_words. */
static const struct cache_script take_script = {
    .name = "quota",
    .source =
        "local key, ttl = KEYS[1], ARGV[4]\n"
        "local now, step, window =\n"
        "  tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])\n" QUOTA_LUA
        "return {ok, full}\n",
};

/* False: Redis is away. */
static bool
take_in_cache(struct request *r, const struct quota_rule *rule, const char *key,
              bool *ret_allowed, struct quota_state *ret)
{
    const char *argv[1 + QUOTA_WORDS];

    argv[0] = mem_printf(r->mem, "quota:%s:%s", rule->name, key);
    quota_words(r->mem, rule, r->now.us, argv + 1);
    const struct cache_reply *reply = cache_run(
        r->app->cache, r->mem, &take_script, 1, 1 + QUOTA_WORDS, argv, NULL);

    if (reply == NULL || reply->kind != CACHE_LIST || reply->len != 2)
        return false;
    *ret_allowed = reply->list[0].number == 1;
    quota_state_of(rule, r->now.us, reply->list[1].number, *ret_allowed, ret);
    return true;
}

bool
quota_take_as(struct request *r, const struct quota_rule *rule, bool spare,
              const char *key, struct quota_state *ret_state)
{
    bool allowed = true;

    *ret_state = (struct quota_state){ 0 };
    if (rule->name == NULL)
        return true;
    bool counted = take_in_cache(r, rule, key, &allowed, ret_state);
    if (!counted && spare)
        allowed = quota_spare(r, rule, key, ret_state);
    quota_tell(r, rule, !counted, allowed);
    return allowed;
}

bool
quota_take(struct request *r, enum quota quota, const char *key,
           struct quota_state *ret_state)
{
    const struct quota_rule rule = quota_rule_of(r, quota);

    return quota_take_as(r, &rule, quota == QUOTA_AUTH, key, ret_state);
}

bool
quota_take_rule(struct request *r, const struct quota_rule *rule,
                const char *key, struct quota_state *ret_state)
{
    return quota_take_as(r, rule, true, key, ret_state);
}

bool
quota_take_message(struct request *r, const struct quota_rule *by_viewer,
                   const struct quota_rule *by_target, const char *target)
{
    char viewer[UUID_TEXT];
    struct quota_state state;

    uuid_write(&r->viewer, viewer);
    return quota_take_rule(r, by_viewer, viewer, &state) &&
           quota_take_rule(r, by_target, quota_secret(r, target), &state);
}
