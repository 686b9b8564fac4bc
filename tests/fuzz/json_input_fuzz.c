/*
 * json_input_fuzz.c - any bytes as a JSON body.  What we take for JSON must be
 * JSON to json-c too, at its strictest; and what we answer must be JSON.
 */
#include <json-c/json.h>
#include <string.h>

#include "base/log.h"
#include "tests/fuzz/request_fuzz.h"

static const char *const env[] = { "REQUEST_METHOD=POST",
                                   "REQUEST_URI=/api/all",
                                   "CONTENT_TYPE=application/json", NULL };

static bool
is_json(const char *bytes, size_t n)
{
    struct json_tokener *t = json_tokener_new_ex(64);

    json_tokener_set_flags(t, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    struct json_object *o = json_tokener_parse_ex(t, bytes, (int)n);
    enum json_tokener_error error = json_tokener_get_error(t);
    json_object_put(o);
    json_tokener_free(t);
    return error == json_tokener_success;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    const char *body = n == 0 ? "" : (const char *)bytes;
    struct exchange *ex = fuzz_exchange();
    size_t length;
    const char *answer = memory_run(ex, env, body, n, &length);

    fuzz_check(ex, answer, length);
    const char *json = strstr(answer, "\r\n\r\n") + 4;
    if (!is_json(json, length - (size_t)(json - answer)))
        BUG("the answer is not JSON: %s", json);
    if (ex->status == 200 && n > 0 && !is_json(body, n))
        BUG("taken for JSON");
    return 0;
}
