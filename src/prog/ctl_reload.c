/*
 * ctl_reload.c - telling the running programs that secrets have changed.
 *
 * A master is known by its pid file and asked by its status socket.  One that
 * systemd gave its secrets to (LoadCredential) has copies, which only a
 * restart renews; that is left to the operator.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "pool/pool.h"
#include "prog/ctl_keys.h"
#include "prog/jobs_settings.h"

struct program {
    const char *name;
    const struct section *section;
};
static const struct program programs[] = {
    { "sparkle-fcgi", &master_section },
    { "sparkle-jobs", &jobs_master_section },
};
enum { PROGRAMS = sizeof programs / sizeof *programs };

static const struct master_settings *
settings_of(struct ctl *c, const struct program *p)
{
    return config_section(c->app->config, p->section);
}

/* The pid of a program that runs; 0 where it does not. */
static pid_t
pid_of(struct ctl *c, const struct program *p)
{
    const char *file = settings_of(c, p)->pid_file;
    char *bytes = file == NULL ? NULL : file_read(c->mem, file, 64, NULL);
    int64_t pid;

    if (bytes == NULL)
        return 0;
    bytes[strcspn(bytes, "\r\n")] = '\0';
    if (!text_to_int(bytes, &pid) || pid <= 1 ||
        (kill((pid_t)pid, 0) != 0 && errno == ESRCH))
        return 0;
    return (pid_t)pid;
}

/* Whether it has copies of its secrets from systemd. */
static bool
has_copies(struct ctl *c, pid_t pid)
{
    static const char name[] = "CREDENTIALS_DIRECTORY=";
    size_t n = 0;
    const char *at = file_read(
        c->mem, mem_printf(c->mem, "/proc/%d/environ", (int)pid), 1 << 20, &n);
    const char *end = at + n;

    for (; at != NULL && at < end; at += strlen(at) + 1)
        if (text_starts(at, name))
            return true;
    return false;
}

/* The number behind a name in a status page; -1 where there is none. */
static int64_t
number_of(const char *page, const char *name)
{
    const char *at = page == NULL ? NULL : strstr(page, name);

    if (at == NULL)
        return -1;
    return strtoll(at + strlen(name), NULL, 10);
}

static int64_t
reloads(struct ctl *c, const struct program *p, const char *name)
{
    return number_of(
        ctl_ask_master(c->mem, settings_of(c, p)->status_socket, "/status"),
        name);
}

static bool
old_are_gone(struct ctl *c, const struct program *p)
{
    const char *page = ctl_ask_master(c->mem, settings_of(c, p)->status_socket,
                                      "/status?full&json");

    return page != NULL && strstr(page, "\"old generation\":1") == NULL;
}

/* Waits until the new generation alone serves; half a minute at most. */
static bool
wait_for(struct ctl *c, const struct program *p, int64_t before,
         int64_t refused)
{
    const struct timespec pause = { .tv_nsec = 100000000 };
    int64_t end = clock_steady() + 30 * CLOCK_SECOND;

    while (clock_steady() < end) {
        (void)nanosleep(&pause, NULL);
        if (reloads(c, p, "reloads refused:") > refused)
            return false;
        if (reloads(c, p, "reloads:") > before && old_are_gone(c, p))
            return true;
    }
    return false;
}

static enum reloaded
reload(struct ctl *c, const struct program *p)
{
    pid_t pid = pid_of(c, p);

    if (pid == 0)
        return RELOADED;
    if (has_copies(c, pid)) {
        (void)printf("%s has copies of the keys: systemctl restart %s\n",
                     p->name, p->name);
        return RELOAD_BY_HAND;
    }
    int64_t before = reloads(c, p, "reloads:");
    int64_t refused = reloads(c, p, "reloads refused:");
    if (before < 0) {
        (void)printf("%s does not answer at its status_socket: reload it, and "
                     "see that it did\n",
                     p->name);
        return RELOAD_BY_HAND;
    }
    if (kill(pid, SIGHUP) != 0) {
        (void)ctl_fail("%s (%d): %s", p->name, (int)pid, strerror(errno));
        return RELOAD_FAILED;
    }
    if (!wait_for(c, p, before, refused)) {
        (void)ctl_fail("%s does not reload; its log says why", p->name);
        return RELOAD_FAILED;
    }
    (void)printf("%s: reloaded\n", p->name);
    return RELOADED;
}

enum reloaded
ctl_reload(struct ctl *c)
{
    enum reloaded worst = RELOADED;

    for (size_t i = 0; i < PROGRAMS; i++) {
        enum reloaded one = reload(c, &programs[i]);

        worst = one > worst ? one : worst;
    }
    return worst;
}
