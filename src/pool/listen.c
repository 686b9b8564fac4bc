/*
 * listen.c - listening sockets: made anew, inherited from the generation
 * before, or from systemd (sd_listen_fds(3)).  All are non-blocking, since a
 * worker that was woken for a connection may find it taken.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "pool/listen_local.h"
#include "pool/pool_local.h"

bool
listen_mode(const char *octal, mode_t *ret_mode)
{
    char *end;
    unsigned long mode = strtoul(octal, &end, 8);

    if (end == octal || *end != '\0' || mode > 0777)
        return false;
    *ret_mode = (mode_t)mode;
    return true;
}

/* ---- Making ------------------------------------------------------------- */

static bool
fault(struct text *faults, const struct listen_options *o, const char *why)
{
    text_addf(faults, "%s: cannot listen on %s: %s\n", o->name, o->address,
              why);
    return false;
}

/* Whom a Unix socket is to belong to; -1: stays as it is. */
static bool
find_owners(const struct listen_options *o, uid_t *ret_user, gid_t *ret_group,
            struct text *faults)
{
    const struct passwd *u = NULL;
    const struct group *g = NULL;

    if (setting_given(o->owner) && (u = getpwnam(o->owner)) == NULL)
        return fault(faults, o, "there is no such owner");
    if (setting_given(o->group) && (g = getgrnam(o->group)) == NULL)
        return fault(faults, o, "there is no such group");
    *ret_user = u == NULL ? (uid_t)-1 : u->pw_uid;
    *ret_group = g == NULL ? (gid_t)-1 : g->gr_gid;
    return true;
}

/* Owner, group and mode of a Unix socket. */
static bool
give_file(const struct listen_options *o, struct text *faults)
{
    mode_t mode = 0660;
    uid_t user;
    gid_t group;

    if (!find_owners(o, &user, &group, faults))
        return false;
    (void)listen_mode(o->mode, &mode);
    if (chmod(o->address, mode) != 0 ||
        ((user != (uid_t)-1 || group != (gid_t)-1) &&
         chown(o->address, user, group) != 0))
        return fault(faults, o, strerror(errno));
    return true;
}

/* --test-config by a person: what runs meanwhile is probably we. */
static bool
by_hand(void)
{
    return getenv(HELD_VARIABLE) == NULL;
}

/* A Unix socket's file that nobody listens on goes; another stays. */
static bool
clear_place(const struct listen_options *o, const struct listen_address *a,
            bool test_only, struct text *faults)
{
    struct stat st;

    if (a->as.any.sa_family != AF_UNIX || lstat(o->address, &st) != 0)
        return true;
    if (!S_ISSOCK(st.st_mode))
        return fault(faults, o, "a file that is no socket is there");
    if (!(test_only && by_hand()) && listen_address_live(a))
        return fault(faults, o, "another program listens there");
    return test_only || unlink(o->address) == 0 ||
           fault(faults, o, strerror(errno));
}

/* Closed to others until give_file has said for whom it is. */
static bool
bind_private(int fd, const struct listen_address *a)
{
    mode_t before = umask(0777);
    bool done = bind(fd, &a->as.any, a->n) == 0;
    int why = errno;

    (void)umask(before);
    errno = why;
    return done;
}

/* A bound socket that does not listen yet; -1. */
static int
make_socket(const struct listen_options *o, const struct listen_address *a,
            struct text *faults)
{
    const int on = 1;
    int fd = socket(a->as.any.sa_family,
                    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd >= 0 && a->as.any.sa_family != AF_UNIX)
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (fd >= 0 && bind_private(fd, a))
        return fd;
    int why = errno;
    (void)fault(faults, o, strerror(why));
    if (fd >= 0)
        (void)close(fd);
    errno = why;
    return -1;
}

static int
open_socket(const struct listen_options *o, struct text *faults)
{
    struct listen_address a;
    int fd;

    if (!listen_address_read(o->address, &a)) {
        (void)fault(faults, o, "no such address");
        return -1;
    }
    if (!clear_place(o, &a, false, faults))
        return -1;
    fd = make_socket(o, &a, faults);
    if (fd < 0)
        return -1;
    if (listen(fd, o->backlog) == 0 &&
        (a.as.any.sa_family != AF_UNIX || give_file(o, faults)))
        return fd;
    (void)close(fd);
    return -1;
}

static struct listener *
find_listener(struct master *m, const char *address)
{
    struct listener *l = m->listeners;

    while (l != NULL && strcmp(l->address, address) != 0)
        l = l->next;
    return l;
}

static struct listener *
add_listener(struct master *m, const char *address, int fd, bool ours)
{
    struct listener *l = mem_new(m->mem, struct listener);

    *l = (struct listener){ .address = mem_strdup(m->mem, address),
                            .fd = fd,
                            .ours = ours,
                            .next = m->listeners };
    m->listeners = l;
    return l;
}

struct listener *
listen_open(struct master *m, const struct listen_options *o,
            struct text *faults)
{
    struct listener *l = find_listener(m, o->address);

    if (l == NULL && o->name != NULL)
        l = find_listener(m, mem_printf(m->mem, "systemd:%s", o->name));
    if (l != NULL && l->used) {
        (void)fault(faults, o, "another pool listens there");
        return NULL;
    }
    if (l == NULL) {
        int fd = open_socket(o, faults);

        if (fd < 0)
            return NULL;
        l = add_listener(m, o->address, fd, o->address[0] == '/');
    } else
        (void)listen(l->fd, o->backlog); /* it may have changed */
    l->used = true;
    return l;
}

/* ---- Could it be made? -------------------------------------------------- */

bool
listen_held(const char *address)
{
    const char *held = getenv(HELD_VARIABLE);
    size_t n = strlen(address);

    while (held != NULL && *held != '\0') {
        size_t line = strcspn(held, "\n");

        if (line == n && strncmp(held, address, n) == 0)
            return true;
        held += held[line] == '\n' ? line + 1 : line;
    }
    return false;
}

static bool
local_possible(const struct listen_options *o, const struct listen_address *a,
               struct text *faults)
{
    const char *slash = strrchr(o->address, '/'), *why;
    uid_t user;
    gid_t group;

    if (!find_owners(o, &user, &group, faults))
        return false;
    char *directory =
        mem_strndup(NULL, o->address, (size_t)(slash - o->address) + 1);
    why = file_refused(directory, user, group);
    mem_free(directory);
    return why != NULL ? fault(faults, o, why)
                       : clear_place(o, a, true, faults);
}

/* A port that is taken is no fault where a person asks. */
static bool
network_possible(const struct listen_options *o, const struct listen_address *a,
                 struct text *faults)
{
    struct text *said = text_new(NULL);
    int fd = make_socket(o, a, said);
    bool possible = fd >= 0 || (errno == EADDRINUSE && by_hand());

    if (!possible)
        text_add(faults, said->at, said->len);
    if (fd >= 0)
        (void)close(fd);
    mem_free(said);
    return possible;
}

bool
listen_possible(const struct listen_options *o, struct text *faults)
{
    struct listen_address a;

    if (listen_held(o->address))
        return true;
    if (!listen_address_read(o->address, &a))
        return fault(faults, o, "no such address");
    return a.as.any.sa_family == AF_UNIX ? local_possible(o, &a, faults)
                                         : network_possible(o, &a, faults);
}

/* ---- Given sockets ------------------------------------------------------ */

void
listen_adopt(struct master *m, const char *address, int fd, bool ours)
{
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    (void)add_listener(m, address, fd, ours);
}

/* systemd's sockets are found by name (FileDescriptorName=) where that is a
 * pool's, else by address. */
void
listen_adopt_systemd(struct master *m)
{
    const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
    const char *names = getenv("LISTEN_FDNAMES");
    const char *rest = names == NULL ? "" : names;
    int64_t owner = 0, n = 0;

    if (text_to_int(pid, &owner) && owner == getpid() &&
        text_to_int(count, &n) && n > 0 && n < 100)
        for (int fd = 3; fd < 3 + (int)n; fd++) {
            size_t length = strcspn(rest, ":");
            char *name = mem_strndup(m->mem, rest, length);
            const char *address = pool_find(m, name) != NULL
                                      ? mem_printf(m->mem, "systemd:%s", name)
                                      : listen_address_of(m->mem, fd);

            if (address != NULL)
                listen_adopt(m, address, fd, false);
            rest += rest[length] == ':' ? length + 1 : length;
        }
    (void)unsetenv("LISTEN_PID");
    (void)unsetenv("LISTEN_FDS");
    (void)unsetenv("LISTEN_FDNAMES");
}

/* ---- Closing ------------------------------------------------------------ */

static void
close_listener(struct listener *l)
{
    if (l->ours)
        (void)unlink(l->address);
    (void)close(l->fd);
}

void
listen_drop_unused(struct master *m)
{
    struct listener **at = &m->listeners;

    while (*at != NULL) {
        struct listener *l = *at;

        if (l->used) {
            at = &l->next;
            continue;
        }
        log_info("no longer listening on %s", l->address);
        close_listener(l);
        *at = l->next;
        mem_free(l);
    }
}

void
listen_close_all(struct master *m)
{
    for (struct listener *l = m->listeners; l != NULL; l = l->next)
        close_listener(l);
    m->listeners = NULL;
}
