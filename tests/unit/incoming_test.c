/* incoming_test.c - what a request brings, as the core reads it. */
#include <CUnit/CUnit.h>
#include <string.h>

#include "base/mem.h"
#include "core/exchange.h"
#include "tests/unit/context.h"
#include "tests/unit/suites.h"

static void
joins_headers_that_come_again(void)
{
    const char *const env[] = { "HTTP_COOKIE=a=1",
                                "REQUEST_METHOD=GET",
                                "HTTP_USER_AGENT=me",
                                "HTTP_COOKIE=theme=light; b",
                                "HTTP_ORIGIN=https://a.example",
                                "REQUEST_URI=/api/bytes",
                                "HTTP_COOKIE=",
                                "HTTP_COOKIE=__Host-session=x",
                                "HTTP_USER_AGENT=you",
                                NULL };
    struct incoming in = { 0 };
    struct exchange ex = { .in = &in };
    struct request r = { .mem = mem, .exchange = &ex };
    size_t n;

    incoming_read(mem, &in, (char *const *)(uintptr_t)env);
    CU_ASSERT_STRING_EQUAL(in.cookie,
                           "a=1; theme=light; b; ; __Host-session=x");
    CU_ASSERT_NSTRING_EQUAL(cookie_find(in.cookie, "__Host-session", &n), "x",
                            1);
    CU_ASSERT_STRING_EQUAL(in.user_agent, "me, you");
    CU_ASSERT_PTR_EQUAL(in.origin, env[4] + strlen("HTTP_ORIGIN="));
    CU_ASSERT_PTR_NULL(in.csrf_token);
    CU_ASSERT_STRING_EQUAL(request_header(&r, "USER_AGENT"), "me, you");
    CU_ASSERT_PTR_NULL(request_header(&r, "USER"));
}

static void
finds_cookies(void)
{
    size_t n = 0;
    const char *c =
        cookie_find("xtheme=a; theme=light ;theme=dark", "theme", &n);

    CU_ASSERT_EQUAL(n, 5);
    CU_ASSERT_NSTRING_EQUAL(c, "light", 5);
    CU_ASSERT_PTR_NULL(cookie_find("theme", "theme", &n));
    CU_ASSERT_PTR_NULL(cookie_find(";;; =; ", "theme", &n));
    CU_ASSERT_PTR_NOT_NULL(cookie_find("theme=", "theme", &n));
    CU_ASSERT_EQUAL(n, 0);
}

static void
takes_codes_as_they_are_pasted(void)
{
    static const char *const rows[][2] = {
        { "556324", "556324" },
        { "    556324", "556324" },
        { "556 324", "556324" },
        { "556-324\r\n", "556324" },
        { "\xC2\xA0"
          "5\xE2\x80\x8B"
          "56\xE2\x80\xAF"
          "324\xEF\xBB\xBF",
          "556324" },
        { "\xEF\xBC\x95"
          "5\xEF\xBC\x96\xE3\x80\x80"
          "324",
          "556324" },
        { "abcd\xE2\x80\x93"
          "2345",
          "abcd2345" },
        { "ABCD\xE2\x88\x92"
          "2345",
          "ABCD2345" },
        { "5 5 6 3 2 4 1", "5563241" },
        { "556.324", "556.324" },
        { "\xD9\xA5"
          "56",
          "\xD9\xA5"
          "56" },
        { " -\t", "" },
        { "", "" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t n = 0;
        const char *code = input_code(mem, rows[i][0], strlen(rows[i][0]), &n);

        CU_ASSERT_STRING_EQUAL(code, rows[i][1]);
        CU_ASSERT_EQUAL(n, strlen(rows[i][1]));
    }
}

static CU_TestInfo tests[] = {
    { "joins headers that come again", joins_headers_that_come_again },
    { "finds cookies", finds_cookies },
    { "takes codes as they are pasted", takes_codes_as_they_are_pasted },
    CU_TEST_INFO_NULL,
};

int
incoming_suite(void)
{
    CU_SuiteInfo suites[] = {
        { "incoming", context_begin, context_end, NULL, NULL, tests },
        CU_SUITE_INFO_NULL,
    };

    return CU_register_suites(suites) == CUE_SUCCESS ? 0 : -1;
}
