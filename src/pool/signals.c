/*
 * signals.c - signals as a descriptor, and what each asks of the master.
 *
 * They stay blocked over a reload's exec, so that one that comes meanwhile
 * waits for the next generation.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/log.h"
#include "pool/pool_local.h"

static void
reopen(struct master *m)
{
    logs_open(m, true);
    children_signal(m, SIGUSR1);
}

/* What asks for what. */
static const struct {
    int number;
    void (*act)(struct master *m);
} rows[] = {
    { SIGCHLD, children_reap }, { SIGTERM, master_stop },
    { SIGQUIT, master_stop },   { SIGINT, master_stop },
    { SIGUSR1, reopen },        { SIGHUP, reload_begin },
    { SIGUSR2, reload_begin },
};
#define ROWS (sizeof rows / sizeof *rows)

static void
on_signal(struct master *m, struct watch *w, uint32_t events)
{
    struct signalfd_siginfo what;

    (void)events;
    if (read(w->fd, &what, sizeof what) != sizeof what)
        return;
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].number == (int)what.ssi_signo)
            rows[i].act(m);
}

static void
ignore_pipes(void (*how)(int))
{
    struct sigaction act = { .sa_handler = how };

    (void)sigaction(SIGPIPE, &act, NULL);
}

void
signals_start(struct master *m)
{
    sigset_t set;

    ignore_pipes(SIG_IGN);
    sigemptyset(&set);
    for (size_t i = 0; i < ROWS; i++)
        sigaddset(&set, rows[i].number);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    m->signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (m->signals.fd < 0)
        die("signalfd: %s", strerror(errno));
    m->signals.on = on_signal;
    watch_add(m, &m->signals, EPOLLIN);
}

void
signals_forget(void)
{
    sigset_t none;

    ignore_pipes(SIG_DFL);
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}
