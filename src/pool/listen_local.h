/*
 * listen_local.h - addresses of listening sockets, between listen.c and
 * listen_address.c.
 */
#ifndef POOL_LISTEN_LOCAL_H
#define POOL_LISTEN_LOCAL_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

/* An address as bind takes it. */
struct listen_address {
    union {
        struct sockaddr any;
        struct sockaddr_un local;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_storage room;
    } as;
    socklen_t n;
};

/* Reads a path, host:port, [v6]:port, or a port alone for all addresses. */
bool listen_address_read(const char *s, struct listen_address *ret);

/* Whether two texts mean one address, so that not both can be listened on. */
bool listen_address_same(const char *a, const char *b);

/* Whether somebody accepts there. */
bool listen_address_live(const struct listen_address *a);

/* The address of a socket as our configuration would write it, on mem; NULL:
 * it has none. */
const char *listen_address_of(void *mem, int fd);

/* Whether the generation that asks us to check has this address or file. */
bool listen_held(const char *address);

#endif
