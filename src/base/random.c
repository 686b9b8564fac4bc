/* random.c - see random.h. */
#include "base/random.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/log.h"

static void
from_kernel(void *out, size_t n)
{
    char *p = out;

    while (n > 0) {
        ssize_t got = getrandom(p, n, 0);

        if (got < 0 && errno != EINTR)
            die("getrandom: %s", strerror(errno));
        if (got > 0) {
            p += got;
            n -= (size_t)got;
        }
    }
}

void
random_bytes(void *out, size_t n)
{
    static struct {
        pid_t owner;
        size_t left;
        char bytes[512];
    } stock;

    if (n > sizeof stock.bytes / 4) {
        from_kernel(out, n);
        return;
    }
    if (stock.owner != getpid() || stock.left < n) {
        from_kernel(stock.bytes, sizeof stock.bytes);
        stock.left = sizeof stock.bytes;
        stock.owner = getpid();
    }
    stock.left -= n;
    memcpy(out, stock.bytes + stock.left, n);
    explicit_bzero(stock.bytes + stock.left, n);
}

uint32_t
random_below(uint32_t below)
{
    uint32_t number, biased = -below % below;

    do
        random_bytes(&number, sizeof number);
    while (number < biased);
    return number % below;
}
