/*
 * session_copy.c - copies of sessions in Redis, and when to believe them; see
 * session.h.
 *
 * Who reads a session in PostgreSQL and copies it may be overtaken by who ends
 * it.  So the end lays a mark over the copy, which stands longer than any
 * statement takes, and no copy is laid over a mark.
 */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/app.h"
#include "core/cache.h"
#include "core/fingerprint.h"
#include "core/session_local.h"

static const char copy_seconds[] = "600";
static const char nobody_seconds[] = "60";
/* Longer than a statement may take that began before the change. */
static const char changed_seconds[] = "10";

const char *
session_key(void *mem, const uint8_t hash[SHA256_SIZE])
{
    return mem_printf(mem, "session:%s", hex_encode(mem, hash, SHA256_SIZE));
}

/* ---- Writing and reading ------------------------------------------------ */

const char *
session_pack(void *mem, const struct session *s)
{
    char id[UUID_TEXT], user[UUID_TEXT];

    uuid_write(&s->id, id);
    uuid_write(&s->user, user);
    return mem_printf(mem,
                      "%d\n%s\n%lld\n%lld\n%s\n%d\n%s\n%lld\n%lld\n%s\n%s\n%s",
                      (int)s->role, user, (long long)s->copied.us,
                      (long long)s->fresh_until.us, id, s->active, s->csrf,
                      (long long)s->expires.us, (long long)s->authenticated.us,
                      hex_encode(mem, s->fingerprint.at, s->fingerprint.len),
                      s->username, s->image != NULL ? s->image : "");
}

enum {
    PART_ROLE,
    PART_USER,
    PART_COPIED,
    PART_FRESH,
    PART_ID,
    PART_ACTIVE,
    PART_CSRF,
    PART_EXPIRES,
    PART_AUTHENTICATED,
    PART_FINGERPRINT,
    PART_USERNAME,
    PART_IMAGE,
    PARTS
};

/* Cuts a copy at its line ends. */
static bool
cut(char *copy, const char *parts[PARTS])
{
    for (int i = 0; i < PARTS; i++) {
        char *end = strchr(copy, '\n');

        parts[i] = copy;
        if (end == NULL)
            return i == PARTS - 1;
        *end = '\0';
        copy = end + 1;
    }
    return false;
}

/* None, or as long as they are: what is cut is no copy. */
static bool
read_fingerprint(void *mem, const char *hex, struct bytes *ret)
{
    const size_t n = strlen(hex);

    *ret = (struct bytes){ 0 };
    if (n == 0)
        return true;
    uint8_t *at = mem_alloc(mem, FINGERPRINT_SIZE);
    *ret = (struct bytes){ at, FINGERPRINT_SIZE };
    return n == 2 * FINGERPRINT_SIZE && hex_decode(hex, n, at);
}

struct session *
session_unpack(void *mem, const char *copy)
{
    struct session *s = mem_new(mem, struct session);
    const char *parts[PARTS];
    int64_t role;

    if (!cut(mem_strdup(mem, copy), parts) ||
        !text_to_int(parts[PART_ROLE], &role) ||
        !uuid_read(parts[PART_USER], &s->user) ||
        !uuid_read(parts[PART_ID], &s->id) ||
        !text_to_int(parts[PART_COPIED], &s->copied.us) ||
        !text_to_int(parts[PART_FRESH], &s->fresh_until.us) ||
        !text_to_int(parts[PART_EXPIRES], &s->expires.us) ||
        !text_to_int(parts[PART_AUTHENTICATED], &s->authenticated.us) ||
        !read_fingerprint(mem, parts[PART_FINGERPRINT], &s->fingerprint))
        return NULL;
    s->role = (enum role)role;
    s->active = parts[PART_ACTIVE][0] == '1';
    s->csrf = parts[PART_CSRF];
    s->username = parts[PART_USERNAME];
    s->image = parts[PART_IMAGE][0] != '\0' ? parts[PART_IMAGE] : NULL;
    return s;
}

/* ---- The fence ---------------------------------------------------------- */

/* Copies made before this time are not believed. */
struct session_fence {
    _Atomic int64_t at;
};

struct session_fence *
session_fence_new(void)
{
    struct session_fence *fence =
        mmap(NULL, sizeof *fence, PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (fence == MAP_FAILED)
        die("no memory for the fence of sessions: %s", strerror(errno));
    return fence;
}

static void
raise_fence(const struct app *app)
{
    if (app->fence != NULL)
        atomic_store(&app->fence->at, clock_now());
}

bool
session_fresh(const struct request *r, const struct session *s)
{
    const struct session_fence *fence = r->app->fence;

    return s->fresh_until.us > r->now.us &&
           (fence == NULL || s->copied.us > atomic_load(&fence->at));
}

/* ---- Laying copies and marks -------------------------------------------- */

/* KEYS[1] the copy's key; ARGV: the copy, when it was made, seconds. */
static const struct cache_script keep_script = {
    .name = "keep",
    .source =
        "local old = redis.call('GET', KEYS[1])\n"
        "if old == '-' or old == '?' then return 0 end\n"
        "local made = old and string.match(old, '^%d+\\n[^\\n]+\\n(%d+)\\n')\n"
        "if made and tonumber(made) >= tonumber(ARGV[2]) then return 0 end\n"
        "redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[3])\n"
        "return 1\n",
};

void
session_keep(struct request *r, const uint8_t hash[SHA256_SIZE],
             const struct session *s)
{
    const char *const words[] = {
        session_key(r->mem, hash),
        session_pack(r->mem, s),
        mem_printf(r->mem, "%lld", (long long)s->copied.us),
        copy_seconds,
    };

    (void)cache_run(r->app->cache, r->mem, &keep_script, 1, 4, words, NULL);
}

void
session_keep_nobody(struct request *r, const uint8_t hash[SHA256_SIZE])
{
    const char *const words[] = { "SET",          session_key(r->mem, hash),
                                  SESSION_NOBODY, "EX",
                                  nobody_seconds, "NX" };

    cache_tell(r->app->cache, 6, words, NULL);
}

/* KEYS: copies; ARGV: the mark, seconds. */
static const struct cache_script mark_script = {
    .name = "mark",
    .source = "for i = 1, #KEYS do\n"
              "  redis.call('SET', KEYS[i], ARGV[1], 'EX', ARGV[2])\n"
              "end\n"
              "return 1\n",
};

#define MARKS_AT_ONCE 24

static bool
mark_some(struct app *app, void *mem, const struct bytes *hashes, size_t n,
          const char *mark)
{
    const char *words[MARKS_AT_ONCE + 2];

    for (size_t i = 0; i < n; i++)
        words[i] = session_key(mem, hashes[i].at);
    words[n] = mark;
    words[n + 1] =
        mark[0] == SESSION_NOBODY[0] ? nobody_seconds : changed_seconds;
    return cache_run(app->cache, mem, &mark_script, n, n + 2, words, NULL) !=
           NULL;
}

bool
session_mark(struct app *app, void *mem, const struct bytes *hashes, size_t n,
             const char *mark)
{
    bool done = true;

    for (size_t i = 0; i < n; i += MARKS_AT_ONCE) {
        size_t left = n - i;

        if (!mark_some(app, mem, hashes + i,
                       left < MARKS_AT_ONCE ? left : MARKS_AT_ONCE, mark))
            done = false;
    }
    if (!done)
        raise_fence(app);
    return done;
}
