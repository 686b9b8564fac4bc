/*
 * queue.c - how many connections wait at a listening socket.
 *
 * TCP says so in TCP_INFO.  For Unix sockets the kernel's sock_diag is asked,
 * by netlink; where that is forbidden, poll at least tells none from some.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "pool/pool_local.h"

struct question {
    struct nlmsghdr head;
    struct unix_diag_req ask;
};

static bool
ask_kernel(int fd, ino_t inode)
{
    const struct question q = {
        .head = { .nlmsg_len = sizeof q,
                  .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                  .nlmsg_flags = NLM_F_REQUEST },
        .ask = { .sdiag_family = AF_UNIX,
                 .udiag_states = ~0u,
                 .udiag_ino = (uint32_t)inode,
                 .udiag_show = UDIAG_SHOW_RQLEN,
                 .udiag_cookie = { ~0u, ~0u } },
    };

    return send(fd, &q, sizeof q, 0) == (ssize_t)sizeof q;
}

/* The queue's length in an answer; -1 where it is not there. */
static int
find_length(const char *answer, size_t n)
{
    struct nlmsghdr head;
    size_t at = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct unix_diag_msg));

    if (n < sizeof head)
        return -1;
    memcpy(&head, answer, sizeof head);
    if (head.nlmsg_type != SOCK_DIAG_BY_FAMILY || head.nlmsg_len > n)
        return -1;
    while (at + sizeof(struct rtattr) <= head.nlmsg_len) {
        struct rtattr a;
        struct unix_diag_rqlen length;

        memcpy(&a, answer + at, sizeof a);
        if (a.rta_type == UNIX_DIAG_RQLEN &&
            at + RTA_LENGTH(sizeof length) <= head.nlmsg_len) {
            memcpy(&length, answer + at + RTA_LENGTH(0), sizeof length);
            return (int)length.udiag_rqueue;
        }
        at += RTA_ALIGN(a.rta_len < sizeof a ? sizeof a : a.rta_len);
    }
    return -1;
}

static int
unix_queue(int listen_fd)
{
    int fd CLOSED_AT_END =
        socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    struct stat st;
    char answer[512];

    if (fd < 0 || fstat(listen_fd, &st) != 0 || !ask_kernel(fd, st.st_ino))
        return -1;
    ssize_t n = recv(fd, answer, sizeof answer, MSG_DONTWAIT);
    return n < 0 ? -1 : find_length(answer, (size_t)n);
}

static int
tcp_queue(int fd)
{
    struct tcp_info info;
    socklen_t n = sizeof info;

    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) != 0)
        return -1;
    return (int)info.tcpi_unacked;
}

int
listen_queue(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    int family, length = 0;
    socklen_t n = sizeof family;

    if (poll(&p, 1, 0) != 1) /* the usual case, and cheap */
        return 0;
    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &n) == 0)
        length = family == AF_UNIX ? unix_queue(fd) : tcp_queue(fd);
    return length > 0 ? length : 1;
}
