/*
 * http_test.c - which addresses core/http takes from strangers, and whom it
 * calls in the end.
 */
#include <CUnit/CUnit.h>
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/http.h"
#include "tests/unit/context.h"
#include "tests/unit/suites.h"

static void
takes_public_addresses_only(void)
{
    static const char *const fine[] = {
        "https://push.example.org/x",
        "https://fcm.googleapis.com:443/fcm/send/abc?d",
        "https://8.8.8.8/",
        "https://[2606:4700::1111]/",
        "https://xn--bcher-kva.example/x",
        "https://web_push-1.3com.Example/x",
        "https://updates.push.services.mozilla.com/wpush/v2/a%2Fb",
    };
    static const char *const closed[] = {
        "http://push.example.org/",
        "ftp://push.example.org/",
        "file:///etc/passwd",
        "https://localhost/",
        "https://intranet/",
        "https://10.1.2.3/",
        "https://127.0.0.1/",
        "https://0.0.0.0/",
        "https://169.254.169.254/latest/meta-data",
        "https://192.168.0.1:8443/",
        "https://172.31.255.255/",
        "https://100.64.0.1/",
        "https://224.0.0.1/",
        "https://255.255.255.255/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://[::1]/",
        "https://[::]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::a00:1]/",
        "https://[fe80::1]/",
        "https://[fd00::1]/",
        "https://[2002:a00:1::]/",
        "https://[2001:db8::1]/",
        "https://user:word@push.example.org/",
        "https://:word@push.example.org/",
        "https:///x",
        /* Another port, another spelling, one's own network. */
        "https://push.example.org:444/",
        "https://push.example.org:80/",
        "https://8.8.8.8:8443/",
        "https://push.example.org./",
        "https://127.0.0.1./",
        "https://8.8.8.8./",
        "https://\xE2\x91\xA0\xE2\x91\xA1\xE2\x91\xA6.0.0.1/", /* 127, circled
                                                                */
        "https://\xEF\xBC\x91\xEF\xBC\x90.0.0.1/", /* 10, full width */
        "https://10\xE3\x80\x82"
        "0.0.1/", /* an ideographic stop */
        "https://b\xC3\xBC"
        "cher.example/",
        "https://%31%30.0.0.1/",
        "https://0x7f.1/",
        "https://0xa.0.0.1/",
        "https://012.0.0.1/",
        "https://10.1/",
        "https://167772161/",
        "https://push.example.0x7f/",
        "https://push.example.127/",
        "https://push..example/",
        "https://.example/",
        "https://x.localhost/",
        "https://printer.LOCAL/",
        "https://metadata.google.internal/",
        "https://1.0.0.127.in-addr.arpa/",
        "https://[::ffff:7f00:1]/",
        "https://[0:0:0:0:0:ffff:10.0.0.1]/",
        "https://[::127.0.0.1]/",
        "https://[fec0::1]/",
        "https://[fe80::1%25eth0]/",
        "https://[2001:0:a00:1::]/",
        "push.example.org",
        "",
    };

    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
        CU_ASSERT_TRUE(http_url_public(fine[i]));
    for (size_t i = 0; i < sizeof closed / sizeof *closed; i++)
        CU_ASSERT_FALSE(http_url_public(closed[i]));
    CU_ASSERT_STRING_EQUAL(http_origin(mem, "https://a.org:443/x?y"),
                           "https://a.org");
    CU_ASSERT_STRING_EQUAL(http_origin(mem, "https://a.org:8443/x"),
                           "https://a.org:8443");
    CU_ASSERT_PTR_NULL(http_origin(mem, "://"));
}

/* What a call does when nobody is there, or may not be there. */
static void
calls_nobody(void)
{
    struct http_settings settings = { .timeout = 2000000 };
    struct http_call call = { .method = "POST",
                              .url = "https://127.0.0.1:9/",
                              .body = "",
                              .trusted = true };
    struct http_answer answer;
    static const char *const split[] = { "A: b\r\nC: d", NULL };

    http_call(mem, &settings, &call, &answer);
    CU_ASSERT_EQUAL(answer.status, 0);
    CU_ASSERT_PTR_NOT_NULL(answer.fault);
    call.trusted = false;
    http_call(mem, &settings, &call, &answer);
    CU_ASSERT_EQUAL(answer.status, 0);
    call.url = "http://127.0.0.1:9/";
    http_call(mem, &settings, &call, &answer);
    CU_ASSERT_PTR_NOT_NULL(answer.fault);
    call.headers = split;
    http_call(mem, &settings, &call, &answer);
    CU_ASSERT_EQUAL(answer.status, 0);
}

/* ---- A public name that leads into our network --------------------------- */

/* Where the name "inside.example.org" is. */
static struct sockaddr_in inside;

/* The resolver of all that is linked here, libcurl included. */
int
getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
            struct addrinfo **ret)
{
    int (*other)(const char *, const char *, const struct addrinfo *,
                 struct addrinfo **);
    int status;

    *(void **)&other = dlsym(RTLD_NEXT, "getaddrinfo");
    if (node == NULL || strcmp(node, "inside.example.org") != 0)
        return other(node, service, hints, ret);
    status = other("127.0.0.1", service, NULL, ret);
    for (struct addrinfo *a = *ret; status == 0 && a != NULL; a = a->ai_next)
        memcpy(a->ai_addr, &inside, sizeof inside);
    return status;
}

/* A socket that waits at the name's address. */
static int
listen_inside(void)
{
    socklen_t size = sizeof inside;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    inside = (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_addr = { htonl(INADDR_LOOPBACK) },
    };
    CU_ASSERT_EQUAL_FATAL(bind(fd, (void *)&inside, size), 0);
    CU_ASSERT_EQUAL_FATAL(getsockname(fd, (void *)&inside, &size), 0);
    CU_ASSERT_EQUAL_FATAL(listen(fd, 1), 0);
    return fd;
}

static bool
was_called(int listener)
{
    int fd = accept(listener, NULL, NULL);

    if (fd >= 0)
        (void)close(fd);
    return fd >= 0;
}

static void
goes_by_where_a_name_leads(void)
{
    struct http_settings settings = { .timeout = CLOCK_SECOND / 5 };
    const struct http_call call = { .method = "POST",
                                    .url = "https://inside.example.org/",
                                    .body = "" };
    struct http_answer answer;
    int listener = listen_inside();

    http_call(mem, &settings, &call, &answer);
    CU_ASSERT_PTR_NOT_NULL(answer.fault);
    CU_ASSERT_FALSE(was_called(listener));
    /* So it is there; it speaks no TLS. */
    settings.allow_private = true;
    http_call(mem, &settings, &call, &answer);
    CU_ASSERT_PTR_NOT_NULL(answer.fault);
    CU_ASSERT_TRUE(was_called(listener));
    (void)close(listener);
}

static CU_TestInfo tests[] = {
    { "takes public addresses only", takes_public_addresses_only },
    { "calls nobody", calls_nobody },
    { "goes by where a name leads", goes_by_where_a_name_leads },
    CU_TEST_INFO_NULL,
};

int
http_suite(void)
{
    CU_SuiteInfo suites[] = {
        { "http", context_begin, context_end, NULL, NULL, tests },
        CU_SUITE_INFO_NULL,
    };

    return CU_register_suites(suites) == CUE_SUCCESS ? 0 : -1;
}
