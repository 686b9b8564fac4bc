/* fcgi.c - see fcgi.h. */
#include "core/fcgi.h"

#include <fcgiapp.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "core/exchange.h"

struct fcgi {
    FCGX_Request request;
};

struct fcgi *
fcgi_new(void *mem, int listen_fd)
{
    struct fcgi *f = mem_new(mem, struct fcgi);

    if (FCGX_Init() != 0 ||
        FCGX_InitRequest(&f->request, listen_fd, FCGI_FAIL_ACCEPT_ON_INTR) != 0)
        die("libfcgi cannot be used");
    return f;
}

static size_t
read_body(void *door, char *to, size_t n)
{
    struct fcgi *f = door;
    size_t got = 0;

    while (got < n) {
        size_t rest = n - got;
        int more = FCGX_GetStr(to + got, rest > 65536 ? 65536 : (int)rest,
                               f->request.in);

        if (more <= 0)
            break;
        got += (size_t)more;
    }
    return got;
}

bool
fcgi_accept(struct fcgi *f, struct incoming *ret)
{
    if (FCGX_Accept_r(&f->request) != 0)
        return false;
    /* Closing is then one call.  Else libfcgi waits for nginx to close first,
     * lest unread data become a reset; drain() sees to that. */
    (void)FCGX_Detach(&f->request);
    *ret = (struct incoming){ .read = read_body, .door = f };
    incoming_read(ret, f->request.envp);
    return true;
}

int
fcgi_fd(const struct fcgi *f)
{
    return f->request.ipcFd;
}

/* A body that nobody read (too large, or of another type) must not lie in the
 * socket when it is closed; nginx bounds it. */
static void
drain(struct fcgi *f)
{
    char rest[8192];

    while (FCGX_GetStr(rest, sizeof rest, f->request.in) > 0)
        ;
}

void
fcgi_answer(struct fcgi *f, const char *bytes, size_t n)
{
    drain(f);
    while (n > 0) {
        int part = n > 1 << 20 ? 1 << 20 : (int)n;

        if (FCGX_PutStr(bytes, part, f->request.out) != part)
            break; /* nginx went away */
        bytes += part;
        n -= (size_t)part;
    }
    FCGX_Finish_r(&f->request);
}

/* ---- Answers of signal handlers ------------------------------------------ */

/* A record (FastCGI 1.0, 3.3) of request 1, as nginx numbers them. */
static size_t
put_record(unsigned char *at, unsigned char type, const void *bytes, size_t n)
{
    const unsigned char head[8] = {
        1, type, 0, 1, (unsigned char)(n >> 8), (unsigned char)n, 0, 0,
    };

    memcpy(at, head, sizeof head);
    memcpy(at + sizeof head, bytes, n);
    return sizeof head + n;
}

enum { RECORD_END = 3, RECORD_STDOUT = 6 };

const void *
fcgi_timeout(bool json, size_t *ret_len)
{
    static const char api[] =
        "Status: 504\r\nContent-Type: application/problem+json\r\n"
        "Cache-Control: private, no-store\r\n\r\n"
        "{\"type\":\"/api-docs#TIMEOUT\",\"title\":\"That took too long.\","
        "\"status\":504,\"success\":false,\"error\":\"That took too long.\","
        "\"code\":\"TIMEOUT\"}";
    static const char page[] =
        "Status: 504\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "Cache-Control: private, no-store\r\n\r\nThat took too long.\n";
    static const unsigned char done[8] = { 0 };
    static unsigned char made[2][512];
    unsigned char *out = made[json];
    size_t n = json ? put_record(out, RECORD_STDOUT, api, sizeof api - 1)
                    : put_record(out, RECORD_STDOUT, page, sizeof page - 1);

    n += put_record(out + n, RECORD_END, done, sizeof done);
    *ret_len = n;
    return out;
}
