/* listen_address.c - see listen_local.h. */
#include "pool/listen_local.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/stat.h>
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

/* The same name in the same directory, by whatever path. */
static bool
same_file(const char *a, const char *b)
{
    const char *name_a = strrchr(a, '/') + 1, *name_b = strrchr(b, '/') + 1;
    char *in_a = mem_strndup(NULL, a, (size_t)(name_a - a));
    char *in_b = mem_strndup(NULL, b, (size_t)(name_b - b));
    struct stat at_a, at_b;
    bool same = strcmp(name_a, name_b) == 0 &&
                (strcmp(in_a, in_b) == 0 ||
                 (stat(in_a, &at_a) == 0 && stat(in_b, &at_b) == 0 &&
                  at_a.st_dev == at_b.st_dev && at_a.st_ino == at_b.st_ino));

    mem_free(in_a);
    mem_free(in_b);
    return same;
}

static in_port_t
port_of(const struct listen_address *a)
{
    return a->as.any.sa_family == AF_INET ? a->as.v4.sin_port
                                          : a->as.v6.sin6_port;
}

/* All addresses of this machine; with IPv6's go those of IPv4. */
static bool
is_all(const struct listen_address *a)
{
    return a->as.any.sa_family == AF_INET
               ? a->as.v4.sin_addr.s_addr == htonl(INADDR_ANY)
               : IN6_IS_ADDR_UNSPECIFIED(&a->as.v6.sin6_addr);
}

static bool
same_network(const struct listen_address *a, const struct listen_address *b)
{
    if (port_of(a) != port_of(b))
        return false;
    if (a->as.any.sa_family != b->as.any.sa_family)
        return is_all(a->as.any.sa_family == AF_INET6 ? a : b);
    if (is_all(a) || is_all(b))
        return true;
    return a->as.any.sa_family == AF_INET
               ? a->as.v4.sin_addr.s_addr == b->as.v4.sin_addr.s_addr
               : memcmp(&a->as.v6.sin6_addr, &b->as.v6.sin6_addr,
                        sizeof a->as.v6.sin6_addr) == 0;
}

bool
listen_address_same(const char *a, const char *b)
{
    struct listen_address at_a, at_b;

    if (a[0] == '/' || b[0] == '/')
        return a[0] == b[0] && same_file(a, b);
    return listen_address_read(a, &at_a) && listen_address_read(b, &at_b) &&
           same_network(&at_a, &at_b);
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
