/*
 * incoming.c - from the environment of FastCGI (RFC 3875, 4.1) to what the
 * core asks for.
 *
 * The environment is walked once: asking libfcgi for each name would search
 * it from its start each time.
 */
#include "core/exchange.h"

#include <string.h>

static const struct known {
    const char *name;
    size_t len;
    size_t offset;
} known[] = {
#define KNOWN(name, member)                                                    \
    {                                                                          \
        (name), sizeof(name) - 1, offsetof(struct incoming, member)            \
    }
    KNOWN("REQUEST_METHOD", method),
    KNOWN("REQUEST_URI", target),
    KNOWN("QUERY_STRING", query),
    KNOWN("CONTENT_TYPE", content_type),
    KNOWN("CONTENT_LENGTH", content_length),
    KNOWN("REMOTE_ADDR", address),
    KNOWN("REQUEST_ID", request_id),
    KNOWN("HTTP_COOKIE", cookie),
    KNOWN("HTTP_ORIGIN", origin),
    KNOWN("HTTP_SEC_FETCH_SITE", fetch_site),
    KNOWN("HTTP_X_CSRF_TOKEN", csrf_token),
    KNOWN("HTTP_IF_NONE_MATCH", if_none_match),
    KNOWN("HTTP_IDEMPOTENCY_KEY", idempotency_key),
    KNOWN("HTTP_USER_AGENT", user_agent),
    KNOWN("HTTP_ACCESS_CONTROL_REQUEST_METHOD", cors_method),
#undef KNOWN
};

static void
sort_in(struct incoming *in, const char *pair)
{
    size_t len = strcspn(pair, "=");

    if (pair[len] != '=')
        return;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].len == len && memcmp(known[i].name, pair, len) == 0) {
            *(const char **)(void *)((char *)in + known[i].offset) =
                pair + len + 1;
            return;
        }
}

void
incoming_read(struct incoming *in, char *const *env)
{
    in->env = env;
    for (; *env != NULL; env++)
        sort_in(in, *env);
}

const char *
request_header(const struct request *r, const char *name)
{
    size_t n = strlen(name);

    for (char *const *env = r->exchange->in->env; env != NULL && *env != NULL;
         env++)
        if (strncmp(*env, "HTTP_", 5) == 0 && strncmp(*env + 5, name, n) == 0 &&
            (*env)[5 + n] == '=')
            return *env + 5 + n + 1;
    return NULL;
}

const char *
cookie_find(const char *header, const char *name, size_t *ret_len)
{
    size_t n = strlen(name);

    while (header != NULL && *header != '\0') {
        header += strspn(header, "; \t");
        size_t len = strcspn(header, ";");

        if (len > n && header[n] == '=' && memcmp(header, name, n) == 0) {
            header += n + 1;
            for (len -= n + 1; len > 0 && strchr(" \t", header[len - 1]);)
                len--;
            *ret_len = len;
            return header;
        }
        header += len;
    }
    return NULL;
}
