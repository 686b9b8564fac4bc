/*
 * push_test.c - push/push_crypt against the vector of RFC 8291, and which
 * addresses core/http takes from strangers.  tests/jobs/channels.test.mjs
 * pushes to a service that checks all of it.
 */
#include <CUnit/CUnit.h>
#include <string.h>

#include "base/encode.h"
#include "base/mem.h"
#include "core/http.h"
#include "push/push_crypt.h"
#include "tests/unit/context.h"

int push_suite(void);

static void
read(const char *text, uint8_t *out, long size)
{
    CU_ASSERT_EQUAL_FATAL(base64url_decode(text, out, (size_t)size), size);
}

/* RFC 8291, 5 and appendix A. */
static void
test_vector(void)
{
    static const char plain[] = "When I grow up, I want to be a watermelon";
    static const char wanted[] =
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml"
        "mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT"
        "pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";
    uint8_t to[PUSH_POINT], auth[PUSH_AUTH], once[PUSH_PRIVATE],
        salt[PUSH_SALT];

    read("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcx"
         "aOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
         to, PUSH_POINT);
    read("BTBZMqHH6r4Tts7J_aSIgg", auth, PUSH_AUTH);
    read("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw", once, PUSH_PRIVATE);
    read("DGv6ra1nlYgDCS1FRnbzlw", salt, PUSH_SALT);
    const struct bytes text = { (const uint8_t *)plain, sizeof plain - 1 };
    struct bytes sealed = push_seal_with(mem, text, to, auth, once, salt);
    CU_ASSERT_PTR_NOT_NULL_FATAL(sealed.at);
    CU_ASSERT_STRING_EQUAL(base64url_encode(mem, sealed.at, sealed.len),
                           wanted);
}

static void
test_sealing(void)
{
    uint8_t key[PUSH_PRIVATE] = { 1 }, to[PUSH_POINT], auth[PUSH_AUTH] = { 0 };
    char *plain = mem_zero(mem, PUSH_PLAIN_MOST + 1);
    struct bytes text = { (const uint8_t *)plain, PUSH_PLAIN_MOST };

    CU_ASSERT_TRUE(push_point_of(key, to));
    struct bytes one = push_seal(mem, text, to, auth);
    struct bytes two = push_seal(mem, text, to, auth);
    CU_ASSERT_EQUAL(one.len, 4096);
    CU_ASSERT_EQUAL(two.len, 4096);
    CU_ASSERT_NOT_EQUAL(memcmp(one.at, two.at, 16), 0);
    text.len++;
    CU_ASSERT_PTR_NULL(push_seal(mem, text, to, auth).at);
}

static void
test_keys(void)
{
    uint8_t key[PUSH_PRIVATE] = { 0 }, point[PUSH_POINT];

    CU_ASSERT_FALSE(push_point_of(key, point)); /* zero */
    memset(key, 0xff, sizeof key);              /* above the order */
    CU_ASSERT_FALSE(push_point_of(key, point));
    memset(key, 7, sizeof key);
    CU_ASSERT_TRUE(push_point_of(key, point));
    CU_ASSERT_TRUE(push_point_valid(point));
    point[40] ^= 1; /* beside the curve */
    CU_ASSERT_FALSE(push_point_valid(point));
    point[40] ^= 1;
    point[0] = 2; /* compressed, of the wrong length */
    CU_ASSERT_FALSE(push_point_valid(point));
    memset(point, 0, sizeof point);
    CU_ASSERT_FALSE(push_point_valid(point));
}

/* ---- Addresses ----------------------------------------------------------- */

static void
test_addresses(void)
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
test_calls(void)
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

int
push_suite(void)
{
    static CU_TestInfo tests[] = {
        { "the vector of RFC 8291", test_vector },
        { "sealing", test_sealing },
        { "keys of P-256", test_keys },
        { "addresses that strangers may give", test_addresses },
        { "calls to nobody", test_calls },
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        { .pName = "push",
          .pInitFunc = context_begin,
          .pCleanupFunc = context_end,
          .pTests = tests },
        CU_SUITE_INFO_NULL,
    };

    return (int)CU_register_suites(suites);
}
