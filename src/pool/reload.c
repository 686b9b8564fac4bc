/*
 * reload.c - a new configuration, or a new binary, without losing a request.
 *
 *  1. The binary on disk is run with --test-config.  If that fails, its words
 *     go to the log, and nothing else happens.
 *  2. The master executes the binary in its place: same process, same
 *     listening sockets, same children (see handover.c).
 *  3. It forks its own workers.  Only when a pool's new workers were seen
 *     waiting are its old ones told to stop; they finish what they have.
 *
 * If the new workers do not come up, the old ones go on serving.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "pool/pool_local.h"

#define CHECK_MOST (60 * CLOCK_SECOND)
#define SAID_MOST 16384 /* bytes of the checker's words that are logged */

/* ---- Replacing ---------------------------------------------------------- */

void
reload_replace(struct master *m)
{
    int fd = handover_write(m);
    char number[16];

    if (fd < 0)
        return;
    (void)snprintf(number, sizeof number, "%d", fd);
    (void)setenv(HANDOVER_VARIABLE, number, 1);
    if (setting_given(m->settings->log))
        (void)setenv(LOG_VARIABLE, m->settings->log, 1);
    (void)execv(m->binary, m->argv);
    log_error("%s cannot be executed: %s", m->binary, strerror(errno));
    (void)unsetenv(HANDOVER_VARIABLE);
    (void)close(fd);
    handover_undo(m);
}

/* ---- Checking ----------------------------------------------------------- */

/* The addresses, and the pid file, that the checker need not try. */
static void
tell_held(const struct master *m)
{
    struct text *held = text_new(NULL);

    for (const struct listener *l = m->listeners; l != NULL; l = l->next)
        text_addf(held, "%s\n", l->address);
    for (const struct pool *p = m->pools; p != NULL; p = p->next)
        if (p->listener != NULL) /* systemd's may go by another name */
            text_addf(held, "%s\n", p->settings->listen);
    if (m->pid_file >= 0)
        text_addf(held, "%s\n", m->settings->pid_file);
    (void)setenv(HELD_VARIABLE, held->at, 1);
}

__attribute__((noreturn)) static void
run_checker(const struct master *m, int output)
{
    size_t n = 0;
    char **argv;

    while (m->argv[n] != NULL)
        n++;
    argv = mem_array(NULL, char *, n + 2);
    memcpy(argv, m->argv, n * sizeof *argv);
    argv[n] = mem_strdup(NULL, "--test-config");
    tell_held(m);
    (void)dup2(output, STDOUT_FILENO);
    (void)dup2(output, STDERR_FILENO);
    signals_forget();
    (void)execv(m->binary, argv);
    (void)dprintf(STDERR_FILENO, "%s: %s\n", m->binary, strerror(errno));
    _exit(127);
}

/* Reads what there is; false at the end. */
static bool
listen_to_checker(struct reload *r)
{
    char bytes[1024];
    ssize_t n;

    if (r->output.fd < 0)
        return true;
    while ((n = read(r->output.fd, bytes, sizeof bytes)) > 0)
        if (r->said.len < SAID_MOST)
            text_add(&r->said, bytes, (size_t)n);
    return n < 0 && errno == EAGAIN;
}

static void
stop_watching(struct master *m)
{
    struct watch *w = &m->reload.output;

    if (w->fd < 0)
        return;
    watch_remove(m, w);
    (void)close(w->fd);
    w->fd = -1;
}

static void
on_output(struct master *m, struct watch *w, uint32_t events)
{
    (void)events;
    (void)w;
    if (!listen_to_checker(&m->reload))
        stop_watching(m);
}

static void
watch_output(struct master *m, int fd)
{
    struct reload *r = &m->reload;

    mem_free(r->said.at);
    text_init(&r->said, m->mem, 256);
    r->was_refused = false;
    r->output = (struct watch){ fd, on_output, NULL };
    watch_add(m, &r->output, EPOLLIN);
    r->checker_until = clock_steady() + CHECK_MOST;
}

static void
refuse(struct master *m)
{
    m->reload.refused++;
    m->reload.was_refused = true;
    log_error("reload: refused; all goes on as before");
    log_faults(&m->reload.said);
    notify_ready(m);
}

void
reload_begin(struct master *m)
{
    struct reload *r = &m->reload;
    int ends[2];

    if (m->state == MASTER_STOPS)
        return;
    r->again = r->checker > 0;
    if (r->again)
        return;
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        log_error("reload: %s", strerror(errno));
        refuse(m);
        return;
    }
    log_info("reload: checking %s", m->options.config);
    notify_send("RELOADING=1\nMONOTONIC_USEC=%lld\n",
                (long long)clock_steady());
    r->checker = fork();
    if (r->checker == 0)
        run_checker(m, ends[1]);
    (void)close(ends[1]);
    watch_output(m, ends[0]);
    if (r->checker < 0) {
        log_error("reload: fork: %s", strerror(errno));
        stop_watching(m);
        refuse(m);
    }
}

bool
reload_reaped(struct master *m, pid_t pid, int status)
{
    struct reload *r = &m->reload;

    if (r->checker <= 0 || pid != r->checker)
        return false;
    r->checker = 0;
    (void)listen_to_checker(r);
    stop_watching(m);
    if (m->state == MASTER_STOPS)
        return true;
    if (r->again) {
        r->again = false;
        reload_begin(m);
    } else if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        reload_replace(m);
    else
        refuse(m);
    return true;
}

void
reload_tick(struct master *m)
{
    struct reload *r = &m->reload;

    if (r->checker <= 0 || clock_steady() < r->checker_until)
        return;
    r->checker_until += CHECK_MOST;
    log_error("reload: the check takes too long");
    (void)kill(r->checker, SIGKILL);
}

/* ---- Seen waiting ------------------------------------------------------- */

static int
count_waited(const struct master *m, const struct pool *p)
{
    int n = 0;

    for (const struct child *c = m->children; c != NULL; c = c->next)
        n += c->pool == p && !c->old && !c->draining && c->waited;
    return n;
}

static void
settle_pool(struct master *m, struct pool *p)
{
    if (p->settled || count_waited(m, p) < p->start_count)
        return;
    p->settled = true;
    for (struct child *c = m->children; c != NULL; c = c->next)
        if (c->pool == p && c->old)
            child_drain(m, c);
}

void
reload_settle(struct master *m)
{
    bool all = true;

    if (m->state != MASTER_BOOTS)
        return;
    for (struct pool *p = m->pools; p != NULL; p = p->next) {
        settle_pool(m, p);
        all = all && p->settled;
    }
    if (!all)
        return;
    children_drain_all(m, true); /* of pools that are gone */
    m->state = MASTER_SERVES;
    log_info(m->reload.count > 0 ? "reloaded" : "serving");
    notify_ready(m);
    if (m->daemon_parent >= 0) {
        ssize_t told = write(m->daemon_parent, "r", 1);

        (void)told; /* it may have lost patience */
        (void)close(m->daemon_parent);
        m->daemon_parent = -1;
    }
}
