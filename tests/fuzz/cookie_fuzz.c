/* cookie_fuzz.c - any bytes as the headers that are looked into: cookies,
 * validators, origins, media types. */
#include <string.h>

#include "base/log.h"
#include "tests/fuzz/request_fuzz.h"

static void
check_cookie(const char *header)
{
    size_t n = 0;
    const char *value = cookie_find(header, "theme", &n);

    if (value != NULL &&
        (value < header || n > strlen(value) || memchr(value, ';', n) != NULL))
        BUG("a cookie's value that is none");
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static char text[1 << 14], header[5][1 << 14 | 64];
    static const char *const names[] = { "HTTP_COOKIE", "HTTP_IF_NONE_MATCH",
                                         "HTTP_ORIGIN", "CONTENT_TYPE",
                                         "HTTP_USER_AGENT" };
    const char *const env[] = { "REQUEST_METHOD=POST",
                                "REQUEST_URI=/api/all",
                                header[0],
                                header[1],
                                header[2],
                                header[3],
                                header[4],
                                NULL };
    struct exchange *ex = fuzz_exchange();
    size_t length;

    if (n >= sizeof text)
        return 0;
    if (n > 0)
        memcpy(text, bytes, n);
    text[n] = '\0';
    for (int i = 0; i < 5; i++)
        (void)snprintf(header[i], sizeof header[i], "%s=%s", names[i], text);
    const char *answer = memory_run(ex, env, "{}", 2, &length);
    fuzz_check(ex, answer, length);
    check_cookie(text);
    return 0;
}
