/*
 * notify.c - telling systemd how we are (sd_notify(3)): a datagram to the
 * socket in NOTIFY_SOCKET, so that its library is not needed.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "pool/pool_local.h"

void
notify_send(const char *format, ...)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    char message[256];
    va_list args;

    if (path == NULL || path[0] == '\0' || strlen(path) >= sizeof to.sun_path)
        return;
    memcpy(to.sun_path, path, strlen(path));
    if (path[0] == '@') /* a name that is not a file's */
        to.sun_path[0] = '\0';
    va_start(args, format);
    int n = vsnprintf(message, sizeof message, format, args);
    va_end(args);
    int fd CLOSED_AT_END = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t size =
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    (void)sendto(fd, message, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL,
                 (struct sockaddr *)&to, size);
}

void
notify_ready(struct master *m)
{
    int workers = 0, pools = 0;

    for (const struct child *c = m->children; c != NULL; c = c->next)
        workers += !c->old && !c->draining;
    for (const struct pool *p = m->pools; p != NULL; p = p->next)
        pools++;
    notify_send("READY=1\nSTATUS=%d workers in %d pools\n", workers, pools);
}

/* Every half of the time that systemd waits for. */
void
notify_tick(struct master *m)
{
    const char *most = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    int64_t us, owner;

    if (!text_to_int(most, &us) || us <= 0 ||
        (text_to_int(pid, &owner) && owner != getpid()))
        return;
    if (clock_steady() - m->watchdog < us / 2)
        return;
    m->watchdog = clock_steady();
    notify_send("WATCHDOG=1\n");
}
