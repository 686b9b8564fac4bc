/*
 * params_fuzz.c - any environment and body, as FastCGI might bring them: the
 * input is NAME=value pieces that end with a NUL, then an empty one, then the
 * body.
 */
#include <string.h>

#include "tests/fuzz/request_fuzz.h"

enum { PIECES = 64 };

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static char copy[1 << 16];
    const char *env[PIECES + 1], *at = copy, *end = copy + n;
    size_t pieces = 0, answered;

    if (n >= sizeof copy)
        return 0;
    if (n > 0)
        memcpy(copy, bytes, n);
    copy[n] = '\0';
    while (at < end && *at != '\0' && pieces < PIECES) {
        env[pieces++] = at;
        at += strlen(at) + 1;
    }
    env[pieces] = NULL;
    if (at < end && *at == '\0')
        at++;
    size_t rest = at < end ? (size_t)(end - at) : 0;
    struct exchange *ex = fuzz_exchange();
    const char *answer = memory_run(ex, env, at, rest, &answered);
    fuzz_check(ex, answer, answered);
    return 0;
}
