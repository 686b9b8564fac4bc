/* fcgi.c - see fcgi.h. */
#include "core/fcgi.h"

#include <errno.h>
#include <fcgiapp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/log.h"
#include "base/mem.h"
#include "core/exchange.h"

struct fcgi {
    FCGX_Request request;
    void *joined;            /* headers that came several times */
    unsigned char late[512]; /* see fcgi_timeout */
};

struct fcgi *
fcgi_new(void *mem, int listen_fd)
{
    struct fcgi *f = mem_new(mem, struct fcgi);

    if (FCGX_Init() != 0 ||
        FCGX_InitRequest(&f->request, listen_fd, FCGI_FAIL_ACCEPT_ON_INTR) != 0)
        die("libfcgi cannot be used");
    f->joined = mem_context(f, "joined headers");
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
    mem_clear(f->joined);
    incoming_read(f->joined, ret, f->request.envp);
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

/* ---- Records ------------------------------------------------------------- */

/*
 * libfcgi's stream would copy the answer and send it in parts of 8 KiB, each
 * of which wakes nginx; written as records by hand (FastCGI 1.0, 3.3) it
 * leaves by one call.
 */
enum {
    RECORD_END = 3,
    RECORD_STDOUT = 6,
    RECORD_HEAD = 8,
    RECORD_MOST = 65528, /* bytes of content, a multiple of 8 */
    RECORDS = 32,        /* at one call */
};

static void
record_head(unsigned char *at, unsigned char type, int id, size_t n)
{
    const unsigned char head[RECORD_HEAD] = {
        1,
        type,
        (unsigned char)(id >> 8),
        (unsigned char)id,
        (unsigned char)(n >> 8),
        (unsigned char)n,
    };

    memcpy(at, head, sizeof head);
}

/* The end of the output, and of the request. */
enum { TAIL = 2 * RECORD_HEAD + 8 };

static void
record_tail(unsigned char *at, int id)
{
    record_head(at, RECORD_STDOUT, id, 0);
    record_head(at + RECORD_HEAD, RECORD_END, id, 8);
    memset(at + 2 * RECORD_HEAD, 0, 8);
}

/* Sends all parts; false where nginx went away. */
static bool
send_parts(int fd, struct iovec *part, size_t n)
{
    while (n > 0) {
        const struct msghdr message = { .msg_iov = part, .msg_iovlen = n };
        ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return false;
        for (; n > 0 && (size_t)sent >= part->iov_len; part++, n--)
            sent -= (ssize_t)part->iov_len;
        if (n > 0) {
            part->iov_base = (char *)part->iov_base + sent;
            part->iov_len -= (size_t)sent;
        }
    }
    return true;
}

/* Sends up to RECORDS records, and the tail if that was all; the bytes that
 * went, or 0 where nginx went away. */
static size_t
send_records(const struct fcgi *f, const char *bytes, size_t n)
{
    unsigned char heads[RECORDS][RECORD_HEAD], tail[TAIL];
    struct iovec part[2 * RECORDS + 1];
    size_t parts = 0, sent = 0;

    while (sent < n && parts < 2 * RECORDS) {
        size_t some = n - sent > RECORD_MOST ? RECORD_MOST : n - sent;
        unsigned char *head = heads[parts / 2];

        record_head(head, RECORD_STDOUT, f->request.requestId, some);
        part[parts++] = (struct iovec){ head, RECORD_HEAD };
        part[parts++] = (struct iovec){ (char *)(uintptr_t)bytes + sent, some };
        sent += some;
    }
    if (sent == n) {
        record_tail(tail, f->request.requestId);
        part[parts++] = (struct iovec){ tail, sizeof tail };
    }
    return send_parts(f->request.ipcFd, part, parts) ? sent : 0;
}

void
fcgi_answer(struct fcgi *f, const char *bytes, size_t n)
{
    drain(f);
    while (n > 0) {
        size_t sent = send_records(f, bytes, n);

        if (sent == 0)
            break;
        bytes += sent;
        n -= sent;
    }
    FCGX_Free(&f->request, 1);
}

/* ---- Answers of signal handlers ------------------------------------------ */

/* An id that needs no escaping; "" for any other. */
static const char *
plain_id(const char *id)
{
    size_t n = id == NULL ? 0 : strlen(id);

    return n > 0 && n <= 64 &&
                   strspn(id, "0123456789abcdefghijklmnopqrstuvwxyz"
                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ-") == n
               ? id
               : "";
}

#define LATE "That took too long."
#define LATE_HEAD(type)                                                        \
    "Status: 504\r\nContent-Type: " type "\r\n"                                \
    "Cache-Control: private, no-store\r\n\r\n"

const void *
fcgi_timeout(struct fcgi *f, bool json, const char *request_id, size_t *ret_len)
{
    static const char api[] = LATE_HEAD(
        "application/problem+json") "{\"type\":\"/"
                                    "api-docs#TIMEOUT\",\"title\":\"" LATE "\","
                                    "\"status\":504,\"success\":false,"
                                    "\"error\":\"" LATE "\","
                                    "\"code\":\"TIMEOUT\",\"requestId\":\"";
    static const char page[] =
        LATE_HEAD("text/plain; charset=utf-8") LATE "\nRequest ";
    const char *id = plain_id(request_id), *said = json ? api : page;
    const char *end = json ? "\"}" : "\n";
    char *out = (char *)f->late + RECORD_HEAD, *at = out;

    at = mempcpy(at, said, json ? sizeof api - 1 : sizeof page - 1);
    at = mempcpy(at, id, strlen(id));
    at = mempcpy(at, end, strlen(end));
    record_head(f->late, RECORD_STDOUT, f->request.requestId,
                (size_t)(at - out));
    record_tail((unsigned char *)at, f->request.requestId);
    *ret_len = (size_t)(at - (char *)f->late) + TAIL;
    return f->late;
}
