/*
 * master.c - the master's life: the boot table, walked forwards to start and
 * backwards to stop, and the loop between.  See master.h.
 */
#include "pool/master.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/processors.h"
#include "pool/pool_local.h"

/* ---- Steps -------------------------------------------------------------- */

/* A reload that cannot go on waits, with its signals blocked, and systemd's
 * watchdog is told that we live.  The signal to try another configuration, or
 * 0; dies of one to stop. */
static int
wait_a_second(void)
{
    const struct timespec second = { .tv_sec = 1 };
    sigset_t some;
    int got;

    sigemptyset(&some);
    sigaddset(&some, SIGTERM);
    sigaddset(&some, SIGQUIT);
    sigaddset(&some, SIGINT);
    sigaddset(&some, SIGHUP);
    notify_send("WATCHDOG=1\n");
    got = sigtimedwait(&some, NULL, &second);
    if (got > 0 && got != SIGHUP)
        die("stopped while there was no good configuration");
    return got > 0 ? got : 0;
}

/* Root's logs are given to the workers, who reopen them. */
static void
give_log(const struct master *m, const char *path)
{
    if (m->user.name != NULL && setting_given(path) && strcmp(path, "-") != 0 &&
        chown(path, m->user.uid, m->user.gid) != 0)
        log_warn("%s: cannot be given to %s: %s", path, m->user.name,
                 strerror(errno));
}

void
logs_open(struct master *m, bool again)
{
    static const char *const levels[] = { "debug", "info", "warn", "error",
                                          NULL };
    const char *path =
        setting_given(m->settings->log) ? m->settings->log : NULL;

    log_threshold((enum log_level)text_index(levels, m->settings->log_level));
    if (!log_open(path))
        log_warn("%s: %s", path, strerror(errno));
    log_plain(path == NULL && isatty(STDERR_FILENO) == 1);
    give_log(m, path);
    slowlog_open(m);
    if (again)
        log_info("logs reopened");
}

static void
start_logs(struct master *m)
{
    logs_open(m, false);
}

/* Workers tell here that they wait for the first time. */
static void
on_ready(struct master *m, struct watch *w, uint32_t events)
{
    uint64_t times;
    ssize_t n = read(w->fd, &times, sizeof times);

    (void)n;
    (void)events;
    children_look(m);
    reload_settle(m);
    sizing_look(m);
    sizing_rearm(m);
}

static void
start_events(struct master *m)
{
    events_start(m);
    m->ready.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (m->ready.fd < 0)
        die("eventfd: %s", strerror(errno));
    m->ready.on = on_ready;
    watch_add(m, &m->ready, EPOLLIN);
}

static void
start_pools(struct master *m)
{
    setup_pools(m);
    if (handover_read(m))
        log_info("the new generation starts");
    else
        m->started = clock_now();
    listen_adopt_systemd(m);
}

static struct listen_options
options_of(const struct pool *p)
{
    const struct pool_settings *s = p->settings;

    return (struct listen_options){ .name = p->name,
                                    .address = s->listen,
                                    .mode = s->listen_mode,
                                    .owner = s->listen_owner,
                                    .group = s->listen_group,
                                    .backlog = (int)s->listen_backlog };
}

static bool
open_sockets(struct master *m, struct text *faults)
{
    for (struct pool *p = m->pools; p != NULL; p = p->next) {
        const struct listen_options o = options_of(p);

        if (p->listener == NULL && setting_given(o.address))
            p->listener = listen_open(m, &o, faults);
    }
    return faults->len == 0;
}

/* What the check found possible may be so no longer after a reload's exec.
 * The old workers serve on while we wait. */
static void
start_sockets(struct master *m)
{
    struct text *faults = text_new(m->mem);

    while (!open_sockets(m, faults)) {
        log_faults(faults);
        if (m->reload.count == 0)
            die("not all sockets could be opened");
        log_error("the old workers go on until the sockets can be opened");
        if (wait_a_second() == SIGHUP)
            reload_replace(m);
        text_clear(faults);
    }
    mem_free(faults);
}

static void
start_status(struct master *m)
{
    status_start(m);
    listen_drop_unused(m);
}

static void
start_workers(struct master *m)
{
    children_reap(m); /* who died during the exec; and fills the pools */
    reload_settle(m);
}

static const struct step {
    const char *name;
    void (*start)(struct master *m);
    void (*stop)(struct master *m);
} steps[] = {
    { "logs", start_logs, NULL },
    { "events", start_events, events_stop },
    { "signals", signals_start, NULL },
    { "pools", start_pools, NULL },
    { "pid file", pid_file_start, pid_file_stop },
    { "sockets", start_sockets, listen_close_all },
    { "status", start_status, status_stop },
    { "workers", start_workers, sizing_disarm_all },
};
#define STEPS (sizeof steps / sizeof *steps)

/* ---- The loop ----------------------------------------------------------- */

void
master_stop(struct master *m)
{
    if (m->state == MASTER_STOPS) {
        log_warn("stopping at once");
        children_kill_all(m);
        return;
    }
    log_info("stopping");
    notify_send("STOPPING=1\n");
    m->state = MASTER_STOPS;
    sizing_disarm_all(m);
    children_drain_all(m, false);
    if (m->reload.checker > 0)
        (void)kill(m->reload.checker, SIGKILL);
}

static int64_t
sooner(int64_t a, int64_t b)
{
    return b > 0 && b < a ? b : a;
}

/* How often to look whether a request takes too long: a third of the
 * shortest time-out, as php-fpm does, within reason. */
static int64_t
heartbeat(const struct master *m)
{
    int64_t least = 3 * CLOCK_SECOND;

    for (const struct pool *p = m->pools; p != NULL; p = p->next) {
        least = sooner(least, p->settings->request_slowlog_timeout);
        least = sooner(least, p->settings->request_terminate_timeout);
    }
    return least / 3 < CLOCK_SECOND / 20 ? CLOCK_SECOND / 20 : least / 3;
}

/* When there is something to do, if nothing happens before. */
static int64_t
next_tick(const struct master *m)
{
    int64_t now = clock_steady();
    int64_t at = now + heartbeat(m);

    for (const struct child *c = m->children; c != NULL; c = c->next)
        at = sooner(at, c->kill_at);
    for (const struct pool *p = m->pools; p != NULL; p = p->next) {
        if (p->not_before > now)
            at = sooner(at, p->not_before);
        if (!p->armed && p->rearm_at > now)
            at = sooner(at, p->rearm_at);
    }
    return at;
}

static void
tick(struct master *m)
{
    children_look(m);
    reload_settle(m);
    overtime_tick(m);
    children_tick(m);
    sizing_tick(m);
    sizing_look(m);
    status_tick(m);
    reload_tick(m);
    notify_tick(m);
}

static void
run(struct master *m)
{
    int64_t at = next_tick(m);

    while (m->state != MASTER_STOPS || m->children != NULL) {
        int64_t next = next_tick(m);

        if (next < at)
            at = next;
        events_wait(m, at);
        if (clock_steady() < at)
            continue;
        tick(m);
        at = next_tick(m);
    }
}

/* ---- The whole ---------------------------------------------------------- */

/* Absolute, so that a reload finds it whatever became of the directory; but
 * not resolved, so that a symbolic link may be moved to a new version. */
static const char *
absolute(struct master *m, const char *path)
{
    char here[4096];

    if (path[0] == '/' || getcwd(here, sizeof here) == NULL)
        return mem_strdup(m->mem, path);
    return mem_printf(m->mem, "%s/%s", here, path);
}

static const char *
find_binary(struct master *m, const char *name)
{
    char path[4096];
    ssize_t n;

    if (strchr(name, '/') != NULL)
        return absolute(m, name);
    n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n < 0)
        die("/proc/self/exe: %s", strerror(errno));
    return mem_strndup(m->mem, path, (size_t)n);
}

/* --test-config. */
static int
test_config(struct master *m)
{
    struct text *faults = text_new(m->mem);

    if (!setup_read(m, faults)) {
        (void)fputs(faults->at, stderr);
        return EXIT_FAILURE;
    }
    (void)printf("%s: the configuration is good\n",
                 m->options.config == NULL ? "defaults" : m->options.config);
    return EXIT_SUCCESS;
}

/*
 * The file turned bad between the check and our exec: somebody is just writing
 * it.  The old workers go on serving while we wait for it to be good again; a
 * signal to stop ends us, and so them.
 */
static void
wait_for_better(const struct master *m, const struct text *faults)
{
    (void)log_open(getenv(LOG_VARIABLE));
    log_error("%s changed after it was checked, and is bad now; the old "
              "workers go on",
              m->options.config);
    log_faults(faults);
    (void)wait_a_second();
}

static void
read_configuration(struct master *m)
{
    struct text *faults = text_new(m->mem);

    while (!setup_read(m, faults)) {
        if (getenv(HANDOVER_VARIABLE) == NULL) {
            (void)fputs(faults->at, stderr);
            die("%s: bad configuration",
                m->options.config == NULL ? "defaults" : m->options.config);
        }
        wait_for_better(m, faults);
        text_clear(faults);
    }
    mem_free(faults);
}

static int
serve(struct master *m)
{
    read_configuration(m);
    if (m->options.daemonize && getenv(HANDOVER_VARIABLE) == NULL)
        go_to_background(m);
    for (size_t i = 0; i < STEPS; i++)
        steps[i].start(m);
    run(m);
    for (size_t i = STEPS; i > 0; i--)
        if (steps[i - 1].stop != NULL)
            steps[i - 1].stop(m);
    log_info("stopped");
    return EXIT_SUCCESS;
}

int
master_run(const struct program *p, int argc, char **argv)
{
    struct master m = {
        .program = p,
        .argv = argv,
        .mem = mem_context(NULL, "program"),
        .processors = processors_count(),
        .epoll = -1,
        .pid_file = -1,
        .slowlog = -1,
        .daemon_parent = -1,
        .signals = { .fd = -1 },
        .ready = { .fd = -1 },
        .reload = { .output = { .fd = -1 } },
    };
    int status;

    log_program(p->name);
    if (options_read(p, argc, argv, &m.options, &status)) {
        m.binary = find_binary(&m, argv[0]);
        log_plain(m.options.test_only);
        status = m.options.test_only ? test_config(&m) : serve(&m);
    }
    mem_free(m.mem);
    return status;
}
