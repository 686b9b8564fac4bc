/* query_fuzz.c - any bytes as a query, and as a path. */
#include <string.h>

#include "tests/fuzz/request_fuzz.h"

static void
run(const char *start, const char *text)
{
    static char target[1 << 16];
    const char *const env[] = { "REQUEST_METHOD=GET", target, NULL };
    struct exchange *ex = fuzz_exchange();
    size_t n;

    (void)snprintf(target, sizeof target, "REQUEST_URI=%s%s", start, text);
    const char *answer = memory_run(ex, env, NULL, 0, &n);
    fuzz_check(ex, answer, n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static char text[1 << 15];

    if (n >= sizeof text)
        return 0;
    if (n > 0)
        memcpy(text, bytes, n);
    text[n] = '\0';
    run("/api/all?", text);
    run("/api/all/", text);
    run("", text);
    return 0;
}
