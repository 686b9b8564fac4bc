/* memory.c - see memory.h. */
#include "tests/lib/memory.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "core/openapi.h"
#include "core/quota.h"

struct memory_body {
    const char *at;
    size_t left;
};

static size_t
read_memory(void *door, char *to, size_t n)
{
    struct memory_body *body = door;

    if (n > body->left)
        n = body->left;
    memcpy(to, body->at, n);
    body->at += n;
    body->left -= n;
    return n;
}

struct app *
memory_app(void *mem, const struct feature *const *features)
{
    static const struct section *const sections[] = { &site_section,
                                                      &limits_section, NULL };
    struct app *app = mem_new(mem, struct app);
    struct text *faults = text_new(mem), *document = text_new(mem);

    app->features = features;
    app->config = config_read(mem, NULL, sections, faults);
    app->router = router_new(mem, features, faults);
    if (app->config == NULL || app->router == NULL)
        BUG("%s", faults->at);
    openapi_print(document, app);
    app->openapi = document;
    return app;
}

const char *
memory_run(struct exchange *ex, const char *const *env, const char *body,
           size_t n, size_t *ret_len)
{
    struct memory_body memory = { body, n };
    struct incoming in = { .read = read_memory, .door = &memory };
    char length[24];

    exchange_end(ex);
    incoming_read(ex->request.mem, &in, (char *const *)(uintptr_t)env);
    if (in.query == NULL && in.target != NULL) {
        const char *mark = strchr(in.target, '?');
        in.query = mark == NULL ? "" : mark + 1;
    }
    if (in.content_length == NULL && body != NULL) {
        (void)snprintf(length, sizeof length, "%zu", n);
        in.content_length = length;
    }
    exchange_begin(ex, &in);
    exchange_run(ex);
    return exchange_answer(ex, ret_len);
}

const char *
memory_call(struct exchange *ex, const char *line, const char *json)
{
    static char method[300], target[300];
    const char *const env[] = { method, target, "CONTENT_TYPE=application/json",
                                "REQUEST_ID=test", NULL };
    size_t n, cut = strcspn(line, " ");

    (void)snprintf(method, sizeof method, "REQUEST_METHOD=%.*s", (int)cut,
                   line);
    (void)snprintf(target, sizeof target, "REQUEST_URI=%s", line + cut + 1);
    return memory_run(ex, env, json, json == NULL ? 0 : strlen(json), &n);
}
