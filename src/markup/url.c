/* url.c - which addresses may be linked, and which are videos. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/escape.h"
#include "markup/markup_local.h"

enum { LONGEST = 2048 };

/* ---- Safety -------------------------------------------------------------- */

/* Browsers drop controls from URLs, and read \ as /. */
static bool
is_harmless(const char *url)
{
    size_t n = 0;

    for (const unsigned char *p = (const unsigned char *)url; *p != '\0'; p++)
        if (*p < ' ' || *p == 0x7F || *p == '\\' || ++n > LONGEST)
            return false;
    return true;
}

static bool
starts_with(const char *url, const char *prefix)
{
    return strncasecmp(url, prefix, strlen(prefix)) == 0;
}

/* After the slashes a host must begin, not a third slash or nothing. */
static bool
is_web(const char *url)
{
    size_t scheme = starts_with(url, "https://")  ? 8
                    : starts_with(url, "http://") ? 7
                                                  : 0;
    unsigned char first = (unsigned char)url[scheme];

    return scheme > 0 && (isalnum(first) || first >= 0x80 || first == '[');
}

enum url_kind
url_kind(const char *url)
{
    if (!is_harmless(url))
        return URL_REFUSED;
    if (url[0] == '#' || (url[0] == '/' && url[1] != '/'))
        return URL_LOCAL;
    if (is_web(url))
        return URL_WEB;
    if (starts_with(url, "mailto:") && strchr(url, '@') != NULL)
        return URL_MAIL;
    return URL_REFUSED;
}

bool
markup_shows(const char *url)
{
    enum url_kind kind = url_kind(url);

    return (kind == URL_LOCAL && url[0] == '/') ||
           (kind == URL_WEB && starts_with(url, "https:"));
}

/* RFC 3986's characters stay (% too: most URLs are encoded already). */
static bool
may_stay(unsigned char c)
{
    return isalnum(c) || (c != '\0' && strchr("-._~:/?#[]@!$&()*+,;=%", c));
}

void
url_add(struct text *to, const char *url)
{
    while (*url != '\0') {
        size_t run = 0;

        while (may_stay((unsigned char)url[run]))
            run++;
        escape_html(to, url, run);
        url += run;
        if (*url != '\0')
            escape_url(to, url++, 1);
    }
}

/* ---- Videos -------------------------------------------------------------- */

static const char *
after(const char *s, const char *prefix)
{
    return starts_with(s, prefix) ? s + strlen(prefix) : NULL;
}

static bool
is_video_id(const char *s)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                         "0123456789-_");

    return n == 11 && (s[n] == '\0' || strchr("?&#/", s[n]) != NULL);
}

/* The value of a parameter in the query or the fragment. */
static const char *
parameter(const char *url, const char *name)
{
    size_t n = strlen(name);
    const char *p = url + strcspn(url, "?#");

    while (*p != '\0') {
        p++;
        if (strncmp(p, name, n) == 0 && p[n] == '=')
            return p + n + 1;
        p += strcspn(p, "?#&");
    }
    return NULL;
}

/* The id in what follows the host of youtube.com. */
static const char *
id_in_path(const char *path)
{
    static const char *const folders[] = { "/shorts/", "/live/", "/embed/",
                                           "/v/", NULL };
    const char *id = NULL;

    if (starts_with(path, "/watch?") || starts_with(path, "/watch/?"))
        return parameter(path, "v");
    for (size_t i = 0; folders[i] != NULL && id == NULL; i++)
        id = after(path, folders[i]);
    return id;
}

static const char *
find_id(const char *host)
{
    static const char *const hosts[] = {
        "youtube.com",
        "www.youtube.com",
        "m.youtube.com",
        "music.youtube.com",
        "youtube-nocookie.com",
        "www.youtube-nocookie.com",
        NULL,
    };
    size_t n = strcspn(host, "/");

    if (starts_with(host, "youtu.be/"))
        return host + n + 1;
    for (size_t i = 0; hosts[i] != NULL; i++)
        if (strlen(hosts[i]) == n && strncasecmp(hosts[i], host, n) == 0)
            return id_in_path(host + n);
    return NULL;
}

/* 90, 90s, 1m30s, 1h2m3s; 0 for anything else or more than a day. */
static uint32_t
seconds(const char *s)
{
    uint32_t total = 0, number = 0;

    for (; s != NULL && *s != '\0' && strchr("&#", *s) == NULL; s++) {
        if (*s >= '0' && *s <= '9') {
            number = number * 10 + (uint32_t)(*s - '0');
        } else {
            uint32_t unit = *s == 'h' ? 3600 : *s == 'm' ? 60 : *s == 's';

            if (unit == 0)
                return 0;
            total += number * unit;
            number = 0;
        }
        if (number > 86400 || total > 86400)
            return 0;
    }
    return total + number;
}

bool
markup_video(const char *url, struct markup_video *ret)
{
    const char *host = after(url, "https://");
    const char *time = parameter(url, "t");

    if (host == NULL)
        host = after(url, "http://");
    const char *id = host == NULL ? NULL : find_id(host);
    if (id == NULL || !is_video_id(id))
        return false;
    *ret = (struct markup_video){ .start = 0 };
    memcpy(ret->id, id, 11);
    ret->start = seconds(time != NULL ? time : parameter(url, "start"));
    return true;
}
