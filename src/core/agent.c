/* agent.c - see agent.h. */
#include "core/agent.h"

#include <string.h>

#include "base/mem.h"

/* The first word that is in the header names it. */
struct word {
    const char *word, *name;
};

static const struct word families[] = {
    { "Edg", "Edge" },
    { "OPR/", "Opera" },
    { "SamsungBrowser/", "Samsung Internet" },
    { "Firefox/", "Firefox" },
    { "FxiOS/", "Firefox" },
    { "CriOS/", "Chrome" },
    { "Chrome/", "Chrome" },
    { "Safari/", "Safari" },
    { "curl/", "curl" },
    { 0 },
};

static const struct word platforms[] = {
    { "Windows", "Windows" }, { "iPhone", "iPhone" },
    { "iPad", "iPad" },       { "Android", "Android" },
    { "Mac OS X", "macOS" },  { "CrOS", "ChromeOS" },
    { "Linux", "Linux" },     { 0 },
};

static const char *
find(const struct word *words, const char *text)
{
    while (words->word != NULL && strstr(text, words->word) == NULL)
        words++;
    return words->name;
}

const char *
agent_family(const char *user_agent)
{
    return find(families, user_agent);
}

const char *
agent_platform(const char *user_agent)
{
    return find(platforms, user_agent);
}

/* Of any case: nearly all that crawl say so by one of these. */
bool
agent_is_robot(const char *user_agent)
{
    static const char *const words[] = {
        "bot",     "crawl",    "spider",  "slurp",   "preview",
        "monitor", "headless", "archive", "scraper", "facebookexternalhit",
    };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasestr(user_agent, words[i]) != NULL)
            return true;
    return false;
}

const char *
agent_name(void *mem, const char *user_agent)
{
    const char *family = agent_family(user_agent);
    const char *platform = agent_platform(user_agent);

    if (family == NULL || platform == NULL)
        return family != NULL ? family : platform;
    return mem_printf(mem, "%s on %s", family, platform);
}
