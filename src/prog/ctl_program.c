/*
 * ctl_program.c - the programs beside sparklectl, run to their end.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "prog/ctl.h"

#define SAID_MOST 65536 /* bytes of a program's words that are kept */

/* The program of that name where we are. */
static char *
beside_us(void *mem, const char *name)
{
    char here[4096];
    ssize_t n = readlink("/proc/self/exe", here, sizeof here - 1);

    if (n < 0)
        return mem_strdup(mem, name);
    here[n] = '\0';
    return mem_printf(mem, "%.*s/%s", (int)(strrchr(here, '/') - here), here,
                      name);
}

__attribute__((noreturn)) static void
become(char *const *words, int output)
{
    (void)dup2(output, STDOUT_FILENO);
    (void)dup2(output, STDERR_FILENO);
    (void)execv(words[0], words);
    (void)dprintf(STDERR_FILENO, "%s: %s\n", words[0], strerror(errno));
    _exit(127);
}

static void
listen(int fd, struct text *said)
{
    char some[4096];
    ssize_t n;

    while ((n = read(fd, some, sizeof some)) > 0)
        if (said->len < SAID_MOST)
            text_add(said, some, (size_t)n);
}

int
ctl_program(struct ctl *c, const char *name, const char *option,
            struct text *said)
{
    char *const words[] = { beside_us(c->mem, name), mem_strdup(c->mem, option),
                            mem_strdup(c->mem, "--config"),
                            mem_strdup(c->mem, c->config_path), NULL };
    int ends[2], status;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    pid_t child = fork();
    if (child == 0)
        become(words, ends[1]);
    (void)close(ends[1]);
    listen(ends[0], said);
    (void)close(ends[0]);
    if (child < 0 || waitpid(child, &status, 0) != child)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
