/*
 * background.c - a classic daemon's two habits: leaving the terminal once it
 * serves, and a file with its process id.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "pool/pool_local.h"

/* ---- The file with the process id ---------------------------------------- */

static bool
same_file(int fd, const char *path)
{
    struct stat a, b;

    return fd >= 0 && fstat(fd, &a) == 0 && stat(path, &b) == 0 &&
           a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* Opens, locks and writes the file; what is wrong, or NULL. */
static const char *
take_file(struct master *m, const char *path)
{
    char pid[32];
    int n = snprintf(pid, sizeof pid, "%d\n", (int)getpid());

    if (m->pid_file < 0)
        m->pid_file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (m->pid_file < 0)
        return strerror(errno);
    if (flock(m->pid_file, LOCK_EX | LOCK_NB) != 0)
        return "another master is running";
    if (ftruncate(m->pid_file, 0) != 0 ||
        pwrite(m->pid_file, pid, (size_t)n, 0) != n)
        return strerror(errno);
    return NULL;
}

/* The file is locked while we live, so a stale one does no harm.  For a new
 * place that a reload cannot use, the service does not end. */
void
pid_file_start(struct master *m)
{
    const char *path = m->settings->pid_file, *why;

    if (m->pid_file >= 0 &&
        (!setting_given(path) || !same_file(m->pid_file, path))) {
        (void)close(m->pid_file);
        m->pid_file = -1;
    }
    if (!setting_given(path))
        return;
    why = take_file(m, path);
    if (why != NULL && m->reload.count == 0)
        die("%s: %s", path, why);
    if (why != NULL)
        log_error("%s: %s", path, why);
}

void
pid_file_stop(struct master *m)
{
    if (m->pid_file >= 0)
        (void)unlink(m->settings->pid_file);
}

/* ---- Going to the background -------------------------------------------- */

#define PARENT_PATIENCE 60000 /* ms that the parent waits for the workers */

__attribute__((noreturn)) static void
wait_for_child(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    char byte;

    if (poll(&p, 1, PARENT_PATIENCE) == 1)
        _exit(read(fd, &byte, 1) == 1 ? EXIT_SUCCESS : EXIT_FAILURE);
    log_warn("still starting; see the log");
    _exit(EXIT_FAILURE);
}

/* The parent ends when the workers serve, or with a failure. */
void
go_to_background(struct master *m)
{
    int null CLOSED_AT_END = open("/dev/null", O_RDWR | O_CLOEXEC);
    int ends[2];
    pid_t pid;

    if (null < 0 || pipe2(ends, O_CLOEXEC) != 0 || (pid = fork()) < 0)
        die("cannot go to the background: %s", strerror(errno));
    if (pid > 0) {
        (void)close(ends[1]);
        wait_for_child(ends[0]);
    }
    (void)close(ends[0]);
    (void)setsid();
    m->daemon_parent = ends[1];
    (void)dup2(null, STDIN_FILENO);
    (void)dup2(null, STDOUT_FILENO);
    if (setting_given(m->settings->log))
        (void)dup2(null, STDERR_FILENO);
}
