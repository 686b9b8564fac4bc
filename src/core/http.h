/*
 * http.h - requests that we make of others.  libcurl's door for HTTP.
 *
 * Where an address comes from a user (a browser's push service, say), it could
 * name a machine of our own network (server-side request forgery).  So unless
 * a call says `trusted`, only https goes out, and only to addresses that are
 * public: that is asked of each address at the moment of connecting, after
 * the name was resolved, so no DNS server can answer twice.  Redirects are
 * not followed, proxies of the environment not used.
 */
#ifndef CORE_HTTP_H
#define CORE_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/setting.h"

/* [http] */
extern const struct section http_section;
struct http_settings {
    const char *ca_file; /* NULL: the system's */
    int64_t timeout;     /* us, for all of a call; less than a job's lease */
    bool allow_private;  /* tests only: private addresses for anybody */
};

struct http_call {
    const char *method, *url;
    const char *const *headers; /* "Name: value", ended by NULL; or NULL */
    const void *body;
    size_t len;
    bool here;    /* to this machine, whatever the name is known as, and
                     whatever certificate it has */
    bool trusted; /* the operator's address: any host, also without TLS */
};

#define HTTP_ANSWER_MOST                                                       \
    ((size_t)64 * 1024) /* bytes of a body; more is cut                        \
                         */

struct http_answer {
    int status;        /* 0: there was no answer */
    const char *fault; /* why not, on mem; NULL where there was one */
    const char *body;  /* on mem, ended by a NUL */
    size_t len;
    int64_t retry_after; /* seconds of Retry-After (RFC 9110); 0: none */
};

/* Makes a call; takes at most the settings' time. */
void http_call(const void *mem, const struct http_settings *settings,
               const struct http_call *call, struct http_answer *ret);

/*
 * Whether a URL may be given by a user: https at port 443, a host that is no
 * number of a private network in any spelling, no name of one's own network
 * and none with other signs than a browser sends (punycode), no user name, at
 * most 2000 bytes.  Names are only looked up when a call is made.
 */
bool http_url_public(const char *url);

/* The origin of a URL (RFC 6454), "https://host:8443", on mem; NULL: it is no
 * URL. */
const char *http_origin(const void *mem, const char *url);

#endif
