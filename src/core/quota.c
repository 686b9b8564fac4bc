/* quota.c - see quota.h. */
#include "core/quota.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "core/app.h"
#include "core/cache.h"

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
    bool reads = strcmp(r->method, "GET") == 0 ||
                 strcmp(r->method, "HEAD") == 0;

    if (quota == QUOTA_BY_METHOD)
        quota = reads ? QUOTA_READ : QUOTA_WRITE;
    switch (quota) {
    case QUOTA_READ:
        return (struct quota_rule){ "read", s->read, s->read_window, true };
    case QUOTA_WRITE:
        return (struct quota_rule){ "write", s->write, s->write_window, true };
    case QUOTA_POST:
        return (struct quota_rule){ "post", s->post, s->post_window, true };
    case QUOTA_AUTH:
        return (struct quota_rule){ "auth", s->auth, s->auth_window, false };
    case QUOTA_UPLOAD:
        return (struct quota_rule){ "upload", s->upload, s->upload_window,
                                    false };
    default:
        return (struct quota_rule){ 0 };
    }
}

const char *
quota_address(void *mem, const char *ip)
{
    unsigned char octets[16];
    char text[INET6_ADDRSTRLEN];

    if (strchr(ip, ':') == NULL || inet_pton(AF_INET6, ip, octets) != 1)
        return ip;
    memset(octets + 8, 0, 8);
    (void)inet_ntop(AF_INET6, octets, text, sizeof text);
    return mem_strdup(mem, text);
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

#define SPARE_PLACES 1024

/* What this process let through lately, by a hash of the key; two keys in one
 * place share it, which only makes the limit tighter. */
struct quota_table {
    int64_t full_at[SPARE_PLACES];
};

static size_t
place_of(const char *key)
{
    uint32_t hash = 2166136261u;

    for (; *key != '\0'; key++)
        hash = (hash ^ (unsigned char)*key) * 16777619u;
    return hash % SPARE_PLACES;
}

bool
quota_spare(struct request *r, const struct quota_rule *rule, const char *key,
            struct quota_state *ret)
{
    if (r->app->spare == NULL)
        r->app->spare = mem_new(r->app, struct quota_table);
    int64_t *full_at = &r->app->spare->full_at[place_of(key)];
    int64_t now = r->now.us, step = rule->window / rule->limit;
    int64_t full = *full_at > now ? *full_at : now;
    bool allowed = full + step - now <= rule->window;

    if (allowed)
        *full_at = full = full + step;
    quota_state_of(rule, now, full, allowed, ret);
    return allowed;
}

/* ---- One more key ------------------------------------------------------- */

/* KEYS[1] key; ARGV now, limit, window. */
static const struct cache_script take_script = {
    .name = "quota",
    .source = QUOTA_LUA
        "local ok, full = gcra(KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]),\n"
        "  tonumber(ARGV[3]))\n"
        "return {ok, string.format('%.0f', full)}\n",
};

bool
quota_take(struct request *r, enum quota quota, const char *key,
           struct quota_state *ret_state)
{
    const struct quota_rule rule = quota_rule_of(r, quota);
    const char *argv[] = {
        mem_printf(r->mem, "quota:%s:%s", rule.name, key),
        mem_printf(r->mem, "%lld", (long long)r->now.us),
        mem_printf(r->mem, "%lld", (long long)rule.limit),
        mem_printf(r->mem, "%lld", (long long)rule.window),
    };
    const struct cache_reply *reply;
    int64_t full_at = 0;

    if (rule.name == NULL)
        return true;
    reply = cache_run(r->app->cache, r->mem, &take_script, 1, 4, argv, NULL);
    if (reply == NULL || reply->kind != CACHE_LIST || reply->len != 2 ||
        !text_to_int(reply->list[1].text, &full_at))
        return quota != QUOTA_AUTH || quota_spare(r, &rule, argv[0], ret_state);
    bool allowed = reply->list[0].number == 1;
    quota_state_of(&rule, r->now.us, full_at, allowed, ret_state);
    return allowed;
}
