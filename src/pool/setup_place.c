/*
 * setup_place.c - sockets and files that a start opens: whether they could be
 * opened, found out before a running generation gives anything up.
 *
 * What that generation holds (HELD_VARIABLE) need not be tried.  Where a person
 * asks, a running program may be in the way, which is no fault.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "pool/listen_local.h"
#include "pool/pool_local.h"

/* ---- Sockets ------------------------------------------------------------ */

/* The i-th socket of the configuration, the status socket before the pools';
 * address NULL: that one listens nowhere.  False past the last. */
static bool
socket_at(const struct master *m, size_t i, struct listen_options *ret)
{
    const struct master_settings *s = m->settings;
    const struct pool_settings *p;
    const char *name;

    if (i == 0) {
        *ret = (struct listen_options){
            .name = mem_printf(m->mem, "%s: [%s] status_socket",
                               config_where(m->config, s, "status_socket"),
                               m->master_section->name),
            .address =
                setting_given(s->status_socket) ? s->status_socket : NULL,
            .group = s->status_group,
        };
        return true;
    }
    p = config_instance(m->config, m->pool_section, i - 1, &name);
    if (p == NULL)
        return false;
    *ret = (struct listen_options){
        .name = mem_printf(m->mem, "%s: [%s %s] listen",
                           config_where(m->config, p, "listen"),
                           m->pool_section->name, name),
        .address = setting_given(p->listen) ? p->listen : NULL,
        .owner = p->listen_owner,
        .group = p->listen_group,
    };
    return true;
}

static bool
differs_from_earlier(const struct master *m, size_t n,
                     const struct listen_options *o, struct text *faults)
{
    struct listen_options other;

    for (size_t i = 0; i < n; i++) {
        if (!socket_at(m, i, &other) || other.address == NULL ||
            !listen_address_same(o->address, other.address))
            continue;
        text_addf(faults, "%s: %s is named twice: %s\n", o->name, o->address,
                  other.name);
        return false;
    }
    return true;
}

bool
setup_sockets_differ(struct master *m, struct text *faults)
{
    struct listen_options o;
    bool good = true;

    for (size_t i = 0; socket_at(m, i, &o); i++)
        good = (o.address == NULL || differs_from_earlier(m, i, &o, faults)) &&
               good;
    return good;
}

static bool
sockets_possible(const struct master *m, struct text *faults)
{
    struct listen_options o;
    bool good = true;

    for (size_t i = 0; socket_at(m, i, &o); i++)
        good = (o.address == NULL || listen_possible(&o, faults)) && good;
    return good;
}

/* ---- Files -------------------------------------------------------------- */

/* What keeps a file from being written or made; NULL: nothing. */
static const char *
unwritable(const void *mem, const char *path)
{
    const char *slash = strrchr(path, '/');

    if (access(path, F_OK) == 0)
        return access(path, W_OK) == 0 ? NULL : strerror(errno);
    return file_refused(
        slash == NULL ? "."
                      : mem_strndup(mem, path, (size_t)(slash - path) + 1),
        (uid_t)-1, (gid_t)-1);
}

/* Another's pid file that is locked: another master runs with it. */
static bool
is_taken(const char *path)
{
    int fd CLOSED_AT_END = open(path, O_RDWR | O_CLOEXEC);

    return getenv(HELD_VARIABLE) != NULL && !listen_held(path) && fd >= 0 &&
           flock(fd, LOCK_EX | LOCK_NB) != 0;
}

bool
setup_possible(struct master *m, struct text *faults)
{
    const struct master_settings *s = m->settings;
    const struct {
        const char *key, *path;
    } files[] = { { "pid_file", s->pid_file },
                  { "log", s->log },
                  { "slowlog", s->slowlog } };
    bool good = sockets_possible(m, faults);

    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        const char *path = files[i].path, *why;

        if (!setting_given(path) || strcmp(path, "-") == 0)
            continue;
        why = unwritable(m->mem, path);
        if (why == NULL && i == 0 && is_taken(path))
            why = "another master is running";
        if (why == NULL)
            continue;
        text_addf(faults, "%s: [%s] %s: %s: %s\n",
                  config_where(m->config, s, files[i].key),
                  m->master_section->name, files[i].key, path, why);
        good = false;
    }
    return good;
}
