/*
 * http.c - see http.h.  The addresses that a stranger's URL may not lead to
 * are the rows of `closed`, at the bottom.
 */
#include "core/http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

/* ---- Addresses ----------------------------------------------------------- */

/* A network: its first `bits` bits. */
struct net {
    int family, bits;
    uint8_t at[16];
};
static const struct net closed[];

static bool
in_net(const struct net *net, const uint8_t *address)
{
    size_t whole = (size_t)net->bits / 8;
    int rest = net->bits % 8;

    return memcmp(net->at, address, whole) == 0 &&
           (rest == 0 ||
            ((net->at[whole] ^ address[whole]) >> (8 - rest)) == 0);
}

static bool
is_public(int family, const uint8_t *address)
{
    if (family != AF_INET && family != AF_INET6)
        return false;
    /* Only 2000::/3 is given out; ::ffff:10.0.0.1 and the like are outside. */
    if (family == AF_INET6 && (address[0] & 0xe0) != 0x20)
        return false;
    for (const struct net *net = closed; net->family != 0; net++)
        if (net->family == family && in_net(net, address))
            return false;
    return true;
}

static const uint8_t *
bytes_of(const struct sockaddr *sa)
{
    return sa->sa_family == AF_INET6
               ? ((const struct sockaddr_in6 *)(const void *)sa)
                     ->sin6_addr.s6_addr
               : (const uint8_t *)&(
                     (const struct sockaddr_in *)(const void *)sa)
                     ->sin_addr;
}

static curl_socket_t
open_public(void *with, curlsocktype purpose, struct curl_sockaddr *to)
{
    (void)with;
    (void)purpose;
    if (!is_public(to->family, bytes_of(&to->addr)))
        return CURL_SOCKET_BAD;
    return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/* Labels of letters, digits, - and _, the last of which begins with a letter:
 * the other spellings of a name or a number (a stop of another script, circled
 * digits, 0x7f.1, a stop at the end) are no browser's. */
static bool
name_plain(const char *host)
{
    static const char plain[] = "0123456789-_abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const char *last = host;
    size_t n;

    while (n = strspn(last, plain), n > 0 && last[n] == '.')
        last += n + 1;
    return n > 0 && last[n] == '\0' && strchr(plain + 12, last[0]) != NULL;
}

/* Names that lead into one's own network, whatever is before them. */
static bool
name_private(const char *host)
{
    static const char *const own[] = { "localhost", "local", "internal",
                                       "arpa",      "onion", NULL };
    const char *last = strrchr(host, '.');

    /* "localhost", "intranet": a public name has a dot inside. */
    if (last == NULL)
        return true;
    for (size_t i = 0; own[i] != NULL; i++)
        if (strcasecmp(last + 1, own[i]) == 0)
            return true;
    return false;
}

/* A host that is written as an address must be a public one. */
static bool
host_public(const char *host)
{
    char bare[INET6_ADDRSTRLEN] = "";
    uint8_t address[16];
    size_t n = strlen(host);

    if (host[0] == '[') {
        if (n < 3 || n - 2 >= sizeof bare)
            return false;
        memcpy(bare, host + 1, n - 2);
        return inet_pton(AF_INET6, bare, address) == 1 &&
               is_public(AF_INET6, address);
    }
    if (inet_pton(AF_INET, host, address) == 1)
        return is_public(AF_INET, address);
    return n < 254 && name_plain(host) && !name_private(host);
}

/* ---- URLs ---------------------------------------------------------------- */

static void
end_url(CURLU **url)
{
    curl_url_cleanup(*url);
}

static void
end_word(char **word)
{
    curl_free(*word);
}
#define URL __attribute__((cleanup(end_url))) CURLU
#define WORD __attribute__((cleanup(end_word))) char

bool
http_url_public(const char *text)
{
    URL *url = curl_url();
    WORD *scheme = NULL, *host = NULL, *user = NULL, *port = NULL;

    if (strlen(text) > 2000 || url == NULL ||
        curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) !=
            CURLUE_OK)
        return false;
    return strcmp(scheme, "https") == 0 && strcmp(port, "443") == 0 &&
           host_public(host) &&
           curl_url_get(url, CURLUPART_USER, &user, 0) == CURLUE_NO_USER;
}

const char *
http_origin(const void *mem, const char *text)
{
    URL *url = curl_url();
    WORD *scheme = NULL, *host = NULL, *port = NULL;

    if (url == NULL || curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK)
        return NULL;
    if (curl_url_get(url, CURLUPART_PORT, &port, CURLU_NO_DEFAULT_PORT) !=
        CURLUE_OK)
        return mem_printf(mem, "%s://%s", scheme, host);
    return mem_printf(mem, "%s://%s:%s", scheme, host, port);
}

/* ---- A call -------------------------------------------------------------- */

struct exchange_of {
    struct text body;
    struct curl_slist *headers, *here;
    CURL *curl;
    char fault[CURL_ERROR_SIZE];
};

static void
end_exchange(struct exchange_of *x)
{
    curl_slist_free_all(x->headers);
    curl_slist_free_all(x->here);
    curl_easy_cleanup(x->curl);
}

static size_t
take(char *bytes, size_t size, size_t n, void *with)
{
    struct text *body = with;
    size_t room = HTTP_ANSWER_MOST - body->len;

    text_add(body, bytes, size * n < room ? size * n : room);
    return size * n;
}

static bool
add_headers(struct exchange_of *x, const struct http_call *call)
{
    for (const char *const *h = call->headers; h != NULL && *h != NULL; h++) {
        struct curl_slist *more = curl_slist_append(x->headers, *h);

        if (more == NULL || strpbrk(*h, "\r\n") != NULL)
            return false;
        x->headers = more;
    }
    return true;
}

static bool
stay_here(struct exchange_of *x)
{
    x->here = curl_slist_append(NULL, "::127.0.0.1:");
    return curl_easy_setopt(x->curl, CURLOPT_CONNECT_TO, x->here) == CURLE_OK &&
           curl_easy_setopt(x->curl, CURLOPT_SSL_VERIFYPEER, 0L) == CURLE_OK &&
           curl_easy_setopt(x->curl, CURLOPT_SSL_VERIFYHOST, 0L) == CURLE_OK;
}

static bool
set_options(struct exchange_of *x, const struct http_settings *s,
            const struct http_call *call)
{
    CURL *c = x->curl;
    bool open = call->trusted || s->allow_private;
    const char *schemes = call->trusted ? "http,https" : "https";

    return curl_easy_setopt(c, CURLOPT_URL, call->url) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, schemes) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, call->method) ==
               CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_POSTFIELDS, call->body) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE,
                            (curl_off_t)call->len) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_HTTPHEADER, x->headers) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)(s->timeout / 1000)) ==
               CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_ERRORBUFFER, x->fault) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_WRITEDATA, &x->body) == CURLE_OK &&
           (s->ca_file == NULL ||
            curl_easy_setopt(c, CURLOPT_CAINFO, s->ca_file) == CURLE_OK) &&
           (open || curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION,
                                     open_public) == CURLE_OK);
}

static void
begin(void)
{
    static bool begun;

    if (!begun && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        die("libcurl could not be set up");
    begun = true;
}

void
http_call(const void *mem, const struct http_settings *settings,
          const struct http_call *call, struct http_answer *ret)
{
    __attribute__((cleanup(end_exchange))) struct exchange_of x = { 0 };
    CURLcode code = CURLE_FAILED_INIT;
    curl_off_t wait = 0;
    long status = 0;

    begin();
    text_init(&x.body, mem, 256);
    x.curl = curl_easy_init();
    if (x.curl == NULL)
        die("libcurl has no memory");
    if (!call->trusted && !settings->allow_private &&
        !http_url_public(call->url))
        (void)snprintf(x.fault, sizeof x.fault, "no public https address");
    else if (add_headers(&x, call) && set_options(&x, settings, call) &&
             (!call->here || stay_here(&x)))
        code = curl_easy_perform(x.curl);
    *ret = (struct http_answer){ .body = x.body.at, .len = x.body.len };
    if (code != CURLE_OK) {
        ret->fault = mem_strdup(
            mem, x.fault[0] != '\0' ? x.fault : curl_easy_strerror(code));
        return;
    }
    (void)curl_easy_getinfo(x.curl, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(x.curl, CURLINFO_RETRY_AFTER, &wait);
    ret->status = (int)status;
    ret->retry_after = wait;
}

/* ---- Tables -------------------------------------------------------------- */

/* IANA's special-purpose registries (RFC 6890 and later): not for strangers. */
static const struct net closed[] = {
    { AF_INET, 8, { 0 } },             /* this network */
    { AF_INET, 8, { 10 } },            /* private */
    { AF_INET, 10, { 100, 64 } },      /* carriers' NAT */
    { AF_INET, 8, { 127 } },           /* loopback */
    { AF_INET, 16, { 169, 254 } },     /* link; clouds' metadata */
    { AF_INET, 12, { 172, 16 } },      /* private */
    { AF_INET, 24, { 192, 0, 0 } },    /* protocols */
    { AF_INET, 24, { 192, 0, 2 } },    /* documentation */
    { AF_INET, 24, { 192, 88, 99 } },  /* 6to4 relays */
    { AF_INET, 16, { 192, 168 } },     /* private */
    { AF_INET, 15, { 198, 18 } },      /* benchmarks */
    { AF_INET, 24, { 198, 51, 100 } }, /* documentation */
    { AF_INET, 24, { 203, 0, 113 } },  /* documentation */
    { AF_INET, 3, { 224 } },           /* multicast, reserved, broadcast */
    { AF_INET6, 23, { 0x20, 0x01 } },  /* protocols, Teredo */
    { AF_INET6, 32, { 0x20, 0x01, 0x0d, 0xb8 } }, /* documentation */
    { AF_INET6, 16, { 0x20, 0x02 } },             /* 6to4 */
    { AF_INET6, 20, { 0x3f, 0xff } },             /* documentation */
    { 0, 0, { 0 } },
};

static const struct setting rows[] = {
    SETTING(struct http_settings, ca_file, TEXT, .meaning = MEANS_FILE,
            .about = "Certificates of the authorities that are believed; the "
                     "system's if not given."),
    SETTING(struct http_settings, timeout, DURATION, .otherwise = "6s",
            .min = CLOCK_SECOND / 10, .max = 8 * CLOCK_SECOND,
            .about = "How long a call may take, all in all."),
    SETTING(struct http_settings, allow_private, BOOLEAN, .otherwise = "no",
            .about = "For tests only: addresses that users give may lead into "
                     "private networks."),
    { 0 },
};

const struct section http_section = {
    .name = "http",
    .settings = rows,
    .size = sizeof(struct http_settings),
    .about = "Calls to other sites: push services, the SMS gateway.",
};
