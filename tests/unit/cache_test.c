/*
 * cache_test.c - commands, scripts, words without an answer, and a Redis that
 * goes away.  Needs SPARKLE_TEST_REDIS, a socket.
 */
#include <CUnit/CUnit.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/cache_local.h"
#include "tests/unit/context.h"
#include "tests/unit/suites.h"

static struct cache_settings settings;
static struct cache *cache;

static int
begin(void)
{
    context_set_up();
    settings.socket = getenv("SPARKLE_TEST_REDIS");
    settings.timeout = 10 * CLOCK_SECOND;
    settings.db = 7;
    cache = cache_new(mem, &settings);
    return cache_ping(cache) ? 0 : 1;
}

static const struct cache_reply *
ask(const char *a, const char *b, const char *c)
{
    const char *const words[] = { a, b, c };

    return cache_command(cache, mem,
                         c != NULL   ? 3
                         : b != NULL ? 2
                                     : 1,
                         words, NULL);
}

static void
commands_answer(void)
{
    const char *const words[] = { "SET", "unit:bytes", "a\0b" };
    const size_t lengths[] = { 3, 10, 3 };
    const struct cache_reply *r = cache_command(cache, mem, 3, words, lengths);

    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_EQUAL(r->kind, CACHE_TEXT);
    CU_ASSERT_STRING_EQUAL(r->text, "OK");
    r = ask("GET", "unit:bytes", NULL);
    CU_ASSERT_EQUAL(r->len, 3);
    CU_ASSERT_EQUAL(memcmp(r->text, "a\0b", 3), 0);
    r = ask("DEL", "unit:bytes", NULL);
    CU_ASSERT_EQUAL(r->kind, CACHE_INTEGER);
    CU_ASSERT_EQUAL(r->number, 1);
    CU_ASSERT_EQUAL(ask("GET", "unit:bytes", NULL)->kind, CACHE_NOTHING);
    CU_ASSERT_PTR_NULL(ask("NONSENSE", NULL, NULL));
    CU_ASSERT_FALSE(cache_away(cache));
}

static const struct cache_script script = {
    .name = "unit",
    .source = "return {KEYS[1], ARGV[1], {1, false}}",
};

static void
scripts_run_and_are_loaded_again(void)
{
    const char *const words[] = { "key", "argument" };

    for (int i = 0; i < 3; i++) {
        const struct cache_reply *r =
            cache_run(cache, mem, &script, 1, 2, words, NULL);

        CU_ASSERT_PTR_NOT_NULL_FATAL(r);
        CU_ASSERT_EQUAL(r->len, 3);
        CU_ASSERT_STRING_EQUAL(r->list[1].text, "argument");
        CU_ASSERT_EQUAL(r->list[2].list[0].number, 1);
        CU_ASSERT_EQUAL(r->list[2].list[1].kind, CACHE_NOTHING);
        (void)ask("SCRIPT", "FLUSH", NULL);
    }
}

static void
words_do_not_disturb_answers(void)
{
    const char *const words[] = { "INCR", "unit:told" };
    struct cache_spent spent;

    (void)ask("DEL", "unit:told", NULL);
    cache_spent(cache, &spent);
    for (int i = 0; i < 200; i++)
        cache_tell(cache, 2, words, NULL);
    CU_ASSERT_STRING_EQUAL(ask("GET", "unit:told", NULL)->text, "200");
    cache_spent(cache, &spent);
    CU_ASSERT_EQUAL(spent.trips, 1);
    (void)ask("DEL", "unit:told", NULL);
}

static void
words_can_wait(void)
{
    const char *const words[] = { "INCR", "unit:told" };
    struct cache *other = cache_new(mem, &settings);
    const char *const get[] = { "GET", "unit:told" };

    (void)ask("DEL", "unit:told", NULL);
    cache_tell_later(cache, 2, words, NULL);
    CU_ASSERT_EQUAL(cache_command(other, mem, 2, get, NULL)->kind,
                    CACHE_NOTHING);
    CU_ASSERT_STRING_EQUAL(ask("GET", "unit:told", NULL)->text, "1");
    for (int i = 0; i < 200; i++)
        cache_tell_later(cache, 2, words, NULL);
    cache_flush(cache);
    CU_ASSERT_STRING_EQUAL(ask("GET", "unit:told", NULL)->text, "201");
    (void)ask("DEL", "unit:told", NULL);
    mem_free(other);
}

/* Until the server has closed, or for 2 s where we have connected again. */
static void
wait_for_end(const struct cache *c)
{
    struct pollfd p = { .fd = c->redis == NULL ? -1 : c->redis->fd,
                        .events = POLLRDHUP };

    if (p.fd >= 0)
        (void)poll(&p, 1, 2000);
}

static void
closed_connections_are_not_felt(void)
{
    const char *const words[] = { "SET", "unit:told", "x" };

    for (int i = 0; i < 2; i++) {
        (void)ask("CLIENT", "ID", NULL);
        /* SKIPME no, so that it ends itself; the answer may be lost. */
        const char *const kill[] = { "CLIENT", "KILL",   "TYPE",
                                     "normal", "SKIPME", "no" };
        (void)cache_command(cache, mem, 6, kill, NULL);
        wait_for_end(cache);
        if (i == 0)
            cache_tell(cache, 3, words, NULL);
        CU_ASSERT_STRING_EQUAL(ask("GET", "unit:told", NULL)->text, "x");
    }
    (void)ask("DEL", "unit:told", NULL);
}

static void
absence_costs_nothing(void)
{
    struct cache_settings nowhere = { .socket = "/nonexistent/redis",
                                      .timeout = CLOCK_SECOND / 5 };
    struct cache *c = cache_new(mem, &nowhere);
    const char *const words[] = { "PING" };
    int64_t began = clock_cpu();

    for (int i = 0; i < 1000; i++) {
        CU_ASSERT_PTR_NULL(cache_command(c, mem, 1, words, NULL));
        cache_tell(c, 1, words, NULL);
    }
    CU_ASSERT_TRUE(cache_away(c));
    CU_ASSERT_TRUE(clock_cpu() - began < CLOCK_SECOND);
    mem_free(c);
}

/* One that takes connections and says nothing. */
/* How many have connected, none of whom was accepted. */
static int
connected(int fd)
{
    int n = 0;

    for (int one; (one = accept4(fd, NULL, NULL, SOCK_CLOEXEC)) >= 0; n++)
        (void)close(one);
    return n;
}

static void
silence_is_waited_for_once(void)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct cache_settings mute = { .socket = at.sun_path,
                                   .timeout = CLOCK_SECOND / 4 };
    struct cache *c = cache_new(mem, &mute);
    const char *const words[] = { "PING" };
    int64_t began = clock_steady();

    (void)snprintf(at.sun_path, sizeof at.sun_path, "/tmp/unit-mute-%d",
                   (int)getpid());
    CU_ASSERT_EQUAL(bind(fd, (const struct sockaddr *)&at, sizeof at), 0);
    CU_ASSERT_EQUAL(listen(fd, 100), 0);
    for (int i = 0; i < 100; i++)
        CU_ASSERT_PTR_NULL(cache_command(c, mem, 1, words, NULL));
    CU_ASSERT_TRUE(clock_steady() - began >= CLOCK_SECOND / 4);
    /* It is left alone for twenty times as long as it was waited for. */
    int tries = connected(fd);
    CU_ASSERT_TRUE(tries >= 1 && tries < 50);
    mem_free(c);
    (void)close(fd);
    (void)unlink(at.sun_path);
}

int
cache_suite(void)
{
    CU_TestInfo tests[] = {
        { "commands answer", commands_answer },
        { "scripts run and are loaded again",
          scripts_run_and_are_loaded_again },
        { "words do not disturb answers", words_do_not_disturb_answers },
        { "words can wait", words_can_wait },
        { "closed connections are not felt", closed_connections_are_not_felt },
        { "absence costs nothing", absence_costs_nothing },
        { "silence is waited for once", silence_is_waited_for_once },
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        { .pName = "cache",
          .pInitFunc = begin,
          .pCleanupFunc = context_end,
          .pTests = tests },
        CU_SUITE_INFO_NULL,
    };

    if (getenv("SPARKLE_TEST_REDIS") == NULL) {
        (void)printf("cache: skipped, SPARKLE_TEST_REDIS is not set\n");
        return 0;
    }
    return (int)CU_register_suites(suites);
}
