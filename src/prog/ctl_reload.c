/*
 * ctl_reload.c - sparklectl reload, and telling the running programs that
 * secrets have changed.
 *
 * A master is known by its pid file and asked by its status socket.  One that
 * systemd gave its secrets to (LoadCredential) has copies, which only a
 * restart renews; that is left to the operator.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "pool/pool.h"
#include "prog/ctl.h"
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

static pid_t
living(const char *digits)
{
    int64_t pid;

    return text_to_int(digits, &pid) && pid > 1 &&
                   (kill((pid_t)pid, 0) == 0 || errno != ESRCH)
               ? (pid_t)pid
               : 0;
}

/* The pid of a program that runs; 0 where it does not. */
static pid_t
pid_of(struct ctl *c, const struct program *p)
{
    const char *file = settings_of(c, p)->pid_file;
    char *bytes = file == NULL ? NULL : file_read(c->mem, file, 64, NULL);

    if (bytes == NULL)
        return 0;
    bytes[strcspn(bytes, "\r\n")] = '\0';
    return living(bytes);
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

/* ---- sparklectl reload --------------------------------------------------- */

/* Under the time that systemd gives ExecReload (TimeoutStartSec). */
#define RELOAD_MOST (50 * CLOCK_SECOND)

/* systemd tells ExecReload whom it is about, whatever the new file says. */
static pid_t
pid_to_reload(struct ctl *c, const struct program *p, bool only)
{
    pid_t pid = pid_of(c, p);

    return pid == 0 && only ? living(getenv("MAINPID")) : pid;
}

/* What the master says of a reload that it refused, as lines of ours. */
static int
tell_refusal(struct ctl *c, const struct program *p)
{
    const char *said =
        ctl_ask_master(c->mem, settings_of(c, p)->status_socket, "/reload");

    if (said != NULL)
        (void)fputs(said, stderr);
    return ctl_fail("%s refuses; it goes on as before", p->name);
}

/* Whether the new generation serves: the exit status. */
static int
wait_for_new(struct ctl *c, const struct program *p, int64_t before,
             int64_t refused)
{
    const struct timespec pause = { .tv_nsec = 50 * 1000000 };
    int64_t end = clock_steady() + RELOAD_MOST;

    while (clock_steady() < end) {
        const char *page =
            ctl_ask_master(c->mem, settings_of(c, p)->status_socket, "/status");

        if (number_of(page, "reloads refused:") > refused)
            return tell_refusal(c, p);
        if (number_of(page, "reloads:") > before && page != NULL &&
            strstr(page, " serving\n") != NULL) {
            (void)printf("%s: reloaded\n", p->name);
            return 0;
        }
        (void)nanosleep(&pause, NULL);
    }
    return ctl_fail("%s: no new workers serve yet; the old ones go on, and the "
                    "log says why",
                    p->name);
}

/* Where the new file names another status socket, no refusal could be heard
 * there, so the check is made here. */
static bool
checked_here(struct ctl *c, const struct program *p)
{
    struct text *said = text_new(c->mem);

    if (ctl_program(c, p->name, "--test-config", said) == 0)
        return true;
    (void)fputs(said->at, stderr);
    (void)ctl_fail("%s is not asked; it goes on as before", p->name);
    return false;
}

static int
reload_one(struct ctl *c, const struct program *p, bool only)
{
    pid_t pid = pid_to_reload(c, p, only);
    int64_t before, refused;

    if (pid == 0)
        return only ? ctl_fail("%s does not run", p->name) : 0;
    before = reloads(c, p, "reloads:");
    refused = reloads(c, p, "reloads refused:");
    if (before < 0 && !checked_here(c, p))
        return 1;
    if (before < 0) { /* whoever answers there later is the new one */
        before = 0;
        refused = INT64_MAX;
    }
    if (settings_of(c, p)->status_socket == NULL)
        return ctl_fail("%s has no status_socket to ask how it went", p->name);
    if (kill(pid, SIGHUP) != 0)
        return ctl_fail("%s (%d): %s", p->name, (int)pid, strerror(errno));
    return wait_for_new(c, p, before, refused);
}

static int
reload_command(struct ctl *c, int argc, char **argv)
{
    int status = 0;
    bool known = argc == 0;

    if (argc > 1)
        return 2;
    for (size_t i = 0; i < PROGRAMS; i++) {
        if (argc == 1 && strcmp(argv[0], programs[i].name) != 0)
            continue;
        known = true;
        status |= reload_one(c, &programs[i], argc == 1);
    }
    return known ? status : 2;
}

const struct ctl_command ctl_reload_commands[] = {
    {
        .name = "reload",
        .usage = "[sparkle-fcgi | sparkle-jobs]",
        .about = "Have the running programs take the configuration, and the "
                 "programs on the disk, without losing a request; wait until "
                 "they serve; 1, and why, where they refuse: then all goes on "
                 "as before.",
        .run = reload_command,
        .as_root = true,
    },
    { 0 },
};
