/*
 * epoll_wait.c - the kernel's epoll_wait() before libfaketime's, for runs at
 * another time (scripts/test --at).
 *
 * While that one waits, a signal's handler has the real time: PostgreSQL then
 * set its next timeout months ahead, and lock_timeout never came.
 */
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

int
epoll_wait(int epoll, struct epoll_event *events, int most, int timeout)
{
    return (int)syscall(SYS_epoll_wait, epoll, events, most, timeout);
}
