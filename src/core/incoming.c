/*
 * incoming.c - from the environment of FastCGI (RFC 3875, 4.1) to what the
 * core asks for.
 *
 * The environment is walked once: asking libfcgi for each name would search
 * it from its start each time.  A header may come several times (two Cookie
 * lines, say); all readers see all of it, joined in the order in which it came,
 * as nginx's variables and so the keys of its cache have it.
 */
#include "core/exchange.h"

#include <string.h>

#include "base/log.h"
#include "base/text.h"

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

/* The value of the next pair of this name, and *env past it; NULL at the end.
 */
static const char *
next_value(char *const **env, const char *name, size_t n)
{
    while (*env != NULL && **env != NULL) {
        const char *pair = *(*env)++;

        if (strncmp(pair, name, n) == 0 && pair[n] == '=')
            return pair + n + 1;
    }
    return NULL;
}

/* All values of a name as one: a list (RFC 9110, 5.3), or the pairs of cookies
 * (RFC 9113, 8.2.3).  On mem where there are several. */
static const char *
value_of(const void *mem, char *const *env, const char *name)
{
    size_t n = strlen(name);
    const char *first = next_value(&env, name, n);
    const char *more = first == NULL ? NULL : next_value(&env, name, n);
    const char *between = strcmp(name, "HTTP_COOKIE") == 0 ? "; " : ", ";
    struct text all;

    if (more == NULL)
        return first;
    text_init(&all, mem, 256);
    text_adds(&all, first);
    for (; more != NULL; more = next_value(&env, name, n)) {
        text_adds(&all, between);
        text_adds(&all, more);
    }
    return all.at;
}

static const struct known *
known_find(const char *pair)
{
    size_t len = strcspn(pair, "=");

    for (size_t i = 0; pair[len] == '=' && i < sizeof known / sizeof *known;
         i++)
        if (known[i].len == len && memcmp(known[i].name, pair, len) == 0)
            return &known[i];
    return NULL;
}

void
incoming_read(const void *mem, struct incoming *in, char *const *env)
{
    bool several[sizeof known / sizeof *known] = { false };

    in->env = env;
    for (char *const *at = env; *at != NULL; at++) {
        const struct known *k = known_find(*at);

        if (k == NULL || several[k - known])
            continue;
        const char **value = (const char **)(void *)((char *)in + k->offset);
        several[k - known] = *value != NULL;
        *value =
            *value == NULL ? *at + k->len + 1 : value_of(mem, env, k->name);
    }
}

const char *
request_header(const struct request *r, const char *name)
{
    char whole[64] = "HTTP_";

    if (strlen(name) >= sizeof whole - 5)
        BUG("a header's name of %zu bytes", strlen(name));
    memcpy(whole + 5, name, strlen(name));
    return value_of(r->mem, r->exchange->in->env, whole);
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
