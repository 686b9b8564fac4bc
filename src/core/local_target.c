/* local_target.c - see local_target.h. */
#include "core/local_target.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

/* How many bytes at s are a dot, "." or "%2E". */
static size_t
dot(const char *s, size_t n)
{
    if (n > 0 && *s == '.')
        return 1;
    return n >= 3 && strncasecmp(s, "%2e", 3) == 0 ? 3 : 0;
}

/* "." and "..", also coded. */
static bool
is_dots(const char *s, size_t n)
{
    size_t first = dot(s, n), second = dot(s + first, n - first);

    return first > 0 && first + second == n;
}

static bool
hides_slash(const char *s, size_t n)
{
    for (size_t i = 0; i + 3 <= n; i++)
        if (strncasecmp(s + i, "%2f", 3) == 0 ||
            strncasecmp(s + i, "%5c", 3) == 0)
            return true;
    return false;
}

static bool
path_plain(const char *path)
{
    const char *end = path + strcspn(path, "?#");

    while (path < end) {
        size_t n = strcspn(++path, "/?#");

        if ((n == 0 && path < end) || is_dots(path, n) || hides_slash(path, n))
            return false;
        path += n;
    }
    return true;
}

static bool
is_graph(char c)
{
    return c > ' ' && c < 0x7F && c != '\\';
}

static bool
text_plain(const char *s)
{
    const char *end = s;

    while (is_graph(*end))
        end++;
    return *end == '\0' && end - s <= LOCAL_TARGET_MAX;
}

const char *
local_target(const char *site, const char *text)
{
    size_t n = strlen(site);

    if (text == NULL)
        return "/";
    if (n > 0 && strncmp(text, site, n) == 0)
        text += n;
    return *text == '/' && text_plain(text) && path_plain(text) ? text : "/";
}
