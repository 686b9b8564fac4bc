/* listen_address.c - see listen_local.h. */
#include "pool/listen_local.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

static bool
local_address(const char *path, struct listen_address *ret)
{
    struct sockaddr_un *a = &ret->as.local;

    if (strlen(path) >= sizeof a->sun_path)
        return false;
    *ret = (struct listen_address){ .n = sizeof *a };
    a->sun_family = AF_UNIX;
    memcpy(a->sun_path, path, strlen(path));
    return true;
}

/* host:port, [v6]:port, or a port alone for all addresses. */
static bool
network_address(const char *s, struct listen_address *ret)
{
    const char *colon = strrchr(s, ':');
    const char *port = colon == NULL ? s : colon + 1;
    size_t n = colon == NULL ? 0 : (size_t)(colon - s);
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
                              .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
    struct addrinfo *found;

    if (n >= 2 && s[0] == '[' && s[n - 1] == ']') {
        s++;
        n -= 2;
    }
    char *host = mem_strndup(NULL, s, n);
    int failed = getaddrinfo(n == 0 ? NULL : host, port, &hints, &found);
    mem_free(host);
    if (failed != 0)
        return false;
    memcpy(&ret->as, found->ai_addr, found->ai_addrlen);
    ret->n = found->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

bool
listen_address_read(const char *s, struct listen_address *ret)
{
    return s[0] == '/' ? local_address(s, ret) : network_address(s, ret);
}

bool
listen_address_live(const struct listen_address *a)
{
    int fd CLOSED_AT_END =
        socket(a->as.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK, 0);

    return fd >= 0 && (connect(fd, &a->as.any, a->n) == 0 || errno == EAGAIN);
}

const char *
listen_address_of(void *mem, int fd)
{
    struct listen_address a = { .n = sizeof a.as };
    char host[64], port[16];

    if (getsockname(fd, &a.as.any, &a.n) != 0)
        return NULL;
    if (a.as.any.sa_family == AF_UNIX)
        return mem_strdup(mem, a.as.local.sun_path);
    if (getnameinfo(&a.as.any, a.n, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return NULL;
    return mem_printf(mem, a.as.any.sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s",
                      host, port);
}
