/*
 * toy.c - the smallest program on the pool manager, for its tests.
 *
 * A connection is one line and one line of answer:
 *
 *     echo TEXT            TEXT
 *     pid, uid, greeting, version, limit
 *     sleep MS [SQL]       "slept", after running the "statement"
 *     partly MS            "part", then sleeps, then "ly"
 *     stubborn MS          sleeps with the terminate signal blocked
 *     crash, exit N        dies
 *     eat MB               allocates, and says how many it got
 *
 * In a pool without a socket, workers "do a job" every 20 ms.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "pool/master.h"

struct toy {
    const char *greeting;
    const char *wanted_file; /* how many workers a job pool should have */
    const char *spoil;       /* a file that --test-config makes bad */
    bool die_at_start, refuse;
    int64_t start_delay;
};

static const struct setting toy_rows[] = {
    SETTING(struct toy, greeting, TEXT, .otherwise = "hello"),
    SETTING(struct toy, wanted_file, TEXT),
    SETTING(struct toy, spoil, TEXT),
    SETTING(struct toy, die_at_start, BOOLEAN, .otherwise = "no"),
    SETTING(struct toy, refuse, BOOLEAN, .otherwise = "no"),
    SETTING(struct toy, start_delay, DURATION, .otherwise = "0"),
    { 0 },
};
static const struct section toy_section = {
    .name = "toy",
    .settings = toy_rows,
    .size = sizeof(struct toy),
};
static const struct section *const sections[] = { &master_section,
                                                  &pool_section, &toy_section,
                                                  NULL };

/* The tests make another version of the binary by changing these bytes. */
static const volatile char version[] = "toy-version-1";

enum { REQUESTS, DURATION, JOBS };
static const char *const outcomes[] = { "good", "bad", NULL };
static const struct metric metrics[] = {
    [REQUESTS] = { .name = "toy_requests_total",
                   .type = METRIC_COUNTER,
                   .labels = { { "command", NULL }, { "outcome", outcomes } },
                   .help = "Lines answered." },
    [DURATION] = { .name = "toy_duration_seconds",
                   .type = METRIC_HISTOGRAM,
                   .help = "Time a line took." },
    [JOBS] = { .name = "toy_jobs_total",
               .type = METRIC_COUNTER,
               .help = "Jobs done." },
    { 0 },
};

/* ---- Commands ----------------------------------------------------------- */

struct call {
    struct worker *w;
    const struct toy *toy;
    int fd;
    const char *argument;
    char answer[256];
};

static void
nap(int64_t ms)
{
    struct timespec left = { ms / 1000, ms % 1000 * 1000000 };

    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
}

static int64_t
number(const char *s)
{
    return strtoll(s, NULL, 10);
}

static void
say(struct call *c, const char *s)
{
    (void)snprintf(c->answer, sizeof c->answer, "%s", s);
}

static void
do_echo(struct call *c)
{
    say(c, c->argument);
}

static void
do_pid(struct call *c)
{
    (void)snprintf(c->answer, sizeof c->answer, "%d", (int)getpid());
}

static void
do_uid(struct call *c)
{
    (void)snprintf(c->answer, sizeof c->answer, "%d", (int)getuid());
}

static void
do_greeting(struct call *c)
{
    say(c, c->toy->greeting);
}

static void
do_version(struct call *c)
{
    for (size_t i = 0; i < sizeof version; i++)
        c->answer[i] = version[i];
}

static void
do_limit(struct call *c)
{
    struct rlimit r;

    (void)getrlimit(RLIMIT_AS, &r);
    (void)snprintf(c->answer, sizeof c->answer, "%lld %d",
                   (long long)r.rlim_cur, getpriority(PRIO_PROCESS, 0));
}

static void
do_sleep(struct call *c)
{
    const char *sql = strchr(c->argument, ' ');

    if (sql != NULL)
        worker_sql(c->w, sql + 1);
    nap(number(c->argument));
    worker_sql_end(c->w);
    say(c, "slept");
}

static void
do_partly(struct call *c)
{
    worker_answering(c->w);
    (void)send(c->fd, "part", 4, MSG_NOSIGNAL);
    nap(number(c->argument));
    say(c, "ly");
}

static void
do_stubborn(struct call *c)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    do_sleep(c);
}

static void
do_crash(struct call *c)
{
    (void)c;
    abort();
}

static void
do_exit(struct call *c)
{
    _exit((int)number(c->argument));
}

static void
do_eat(struct call *c)
{
    int64_t most = number(c->argument), got = 0;

    while (got < most && malloc(1 << 20) != NULL)
        got++;
    (void)snprintf(c->answer, sizeof c->answer, "%lld", (long long)got);
}

static const char *const names[] = { "echo",     "pid",   "uid",   "greeting",
                                     "version",  "limit", "sleep", "partly",
                                     "stubborn", "crash", "exit",  "eat",
                                     NULL };
static void (*const commands[])(struct call *c) = {
    do_echo,  do_pid,    do_uid,      do_greeting, do_version, do_limit,
    do_sleep, do_partly, do_stubborn, do_crash,    do_exit,    do_eat,
};

/* ---- The worker --------------------------------------------------------- */

static bool
read_line(int fd, char *line, size_t room)
{
    size_t n = 0;

    while (n + 1 < room) {
        ssize_t got = read(fd, line + n, room - 1 - n);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        n += (size_t)got;
        line[n] = '\0';
        if (strchr(line, '\n') != NULL) {
            line[strcspn(line, "\n")] = '\0';
            return true;
        }
    }
    return false;
}

static void
run_command(struct worker *w, const struct toy *toy, int fd, char *line)
{
    struct call c = { .w = w, .toy = toy, .fd = fd, .argument = "" };
    char *blank = strchr(line, ' ');
    int64_t began = clock_steady();

    if (blank != NULL) {
        *blank = '\0';
        c.argument = blank + 1;
    }
    worker_route(w, line);
    int i = text_index(names, line);
    if (i >= 0)
        commands[i](&c);
    else
        say(&c, "what?");
    size_t n = strlen(c.answer);
    c.answer[n] = '\n';
    (void)send(fd, c.answer, n + 1, MSG_NOSIGNAL);
    metric_add(w, &metrics[REQUESTS], (size_t)(i < 0 ? 0 : i) * 2 + (i < 0), 1);
    metric_observe(w, &metrics[DURATION], 0, clock_steady() - began);
}

static void
serve_one(struct worker *w, const struct toy *toy)
{
    int fd CLOSED_AT_END =
        accept4(worker_listen_fd(w), NULL, NULL, SOCK_CLOEXEC);
    char line[512], id[64];

    if (fd < 0)
        return;
    (void)snprintf(id, sizeof id, "toy-%d-%lld", (int)getpid(),
                   (long long)clock_steady());
    worker_begin(w, id);
    worker_on_terminate(w, fd, "504 too slow\n", 13);
    if (read_line(fd, line, sizeof line))
        run_command(w, toy, fd, line);
    worker_end(w);
}

static void
do_job(struct worker *w)
{
    worker_begin(w, "job");
    worker_route(w, "job");
    metric_add(w, &metrics[JOBS], 0, 1);
    worker_end(w);
}

static void
work(struct worker *w, void *context)
{
    const struct toy *toy = context;
    enum worker_next next;

    nap(toy->start_delay / 1000);
    if (toy->die_at_start)
        _exit(3);
    while ((next = worker_wait(w, worker_listen_fd(w) < 0 ? 20 : -1)) !=
           WORKER_STOP)
        if (next == WORKER_READY)
            serve_one(w, toy);
        else
            do_job(w);
}

/* ---- The program -------------------------------------------------------- */

static bool
prepare(struct setup *s)
{
    const struct toy *toy = config_section(s->config, &toy_section);

    s->context = mem_alloc(s->mem, sizeof *toy);
    memcpy(s->context, toy, sizeof *toy);
    metrics_label(s->metrics, "command", names);
    metrics_table(s->metrics, metrics);
    if (toy->spoil != NULL && s->test_only)
        (void)file_write(toy->spoil, "[pool a\n", 8, 0644);
    if (toy->refuse)
        text_addf(s->faults, "%s: the toy refuses\n",
                  config_where(s->config, toy, "refuse"));
    return !toy->refuse;
}

static int
wanted(void *context, const struct pool_load *load)
{
    const struct toy *toy = context;
    char *n = toy->wanted_file == NULL
                  ? NULL
                  : file_read(NULL, toy->wanted_file, 16, NULL);
    int many = n == NULL ? 0 : (int)number(n);

    (void)load;
    mem_free(n);
    return many;
}

int
main(int argc, char **argv)
{
    const struct program toy = {
        .name = "toy",
        .version = "1",
        .about = "Answers lines, to test the pool manager.",
        .sections = sections,
        .prepare = prepare,
        .worker = work,
        .wanted = wanted,
    };

    return master_run(&toy, argc, argv);
}
