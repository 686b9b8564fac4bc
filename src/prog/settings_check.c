/* settings_check.c - see settings_check.h. */
#include "prog/settings_check.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/http.h"
#include "core/mail.h"
#include "mailing/mailing.h"
#include "pool/pool.h"
#include "prog/jobs_settings.h"

/* Connections beside those of the pools: batch programs, sparklectl. */
enum { CONNECTIONS_SPARE = 5 };

/* ---- What a text may stand for ------------------------------------------- */

static const char *
file_fault(const void *mem, const char *text, bool writes)
{
    (void)mem;
    (void)writes;
    return access(text, R_OK) == 0 ? NULL : strerror(errno);
}

const char *
place_fault(const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return strerror(errno);
    return S_ISDIR(st.st_mode) ? file_refused(path, (uid_t)-1, (gid_t)-1)
                               : strerror(ENOTDIR);
}

static const char *
one_place_fault(const void *mem, const char *text, bool writes)
{
    (void)mem;
    return writes ? place_fault(text) : NULL;
}

/* What is swept where it is there. */
static const char *
swept_fault(const void *mem, const char *text, bool writes)
{
    return access(text, F_OK) == 0 ? one_place_fault(mem, text, writes) : NULL;
}

/* As browsers write it, since it is compared with what they send. */
static const char *
origin_fault(const void *mem, const char *text, bool writes)
{
    const char *origin = http_origin(mem, text);

    (void)writes;
    if (origin == NULL ||
        (!text_starts(origin, "https://") && !text_starts(origin, "http://")))
        return "is no https://HOST[:PORT]";
    return strcmp(origin, text) == 0
               ? NULL
               : mem_printf(mem, "is to be written as %s", origin);
}

static const char *
url_fault(const void *mem, const char *text, bool writes)
{
    const char *origin = http_origin(mem, text);

    (void)writes;
    return origin != NULL && (text_starts(origin, "https://") ||
                              text_starts(origin, "http://"))
               ? NULL
               : "is no address that begins with https:// or http://";
}

static const char *
mailbox_fault(const void *mem, const char *text, bool writes)
{
    const char *name, *address;

    (void)writes;
    mailing_split(mem_context(mem, "mailbox"), text, &name, &address);
    return mail_address_valid(address) ? NULL : "has no address";
}

/* Some push services refuse all else, and so all that is pushed. */
static const char *
contact_fault(const void *mem, const char *text, bool writes)
{
    (void)writes;
    if (text_starts(text, "mailto:") &&
        mail_address_valid(text + strlen("mailto:")))
        return NULL;
    return text_starts(text, "https://") && http_origin(mem, text) != NULL
               ? NULL
               : "is neither mailto:ADDRESS nor https://HOST";
}

/* A Maildir is made by the first mail; where it can be is looked up. */
static const char *
transport_fault(const void *mem, const char *text, bool writes)
{
    const char *why = mail_transport_fault(text);

    if (why != NULL || !writes || !text_starts(text, "file:"))
        return why;
    char *path = mem_strdup(mem, text + strlen("file:"));
    while (access(path, F_OK) != 0 && strrchr(path, '/') > path)
        *strrchr(path, '/') = '\0';
    return place_fault(path);
}

typedef const char *fault_of(const void *mem, const char *text, bool writes);

/* Each of several words. */
static const char *
words_fault(const void *mem, const char *text, bool writes, fault_of *each)
{
    for (const char *at = text; *at != '\0';) {
        size_t n = strcspn(at, " \t");
        const char *word = mem_strndup(mem, at, n);
        const char *why = n == 0 ? NULL : each(mem, word, writes);

        if (why != NULL)
            return mem_printf(mem, "%s: %s", word, why);
        at += n + (at[n] != '\0');
    }
    return NULL;
}

static const struct {
    fault_of *each;
    bool many;
} meanings[] = {
    [MEANS_FILE] = { file_fault, false },
    [MEANS_PLACE] = { one_place_fault, false },
    [MEANS_SWEPT] = { swept_fault, true },
    [MEANS_ORIGIN] = { origin_fault, false },
    [MEANS_ORIGINS] = { origin_fault, true },
    [MEANS_URL] = { url_fault, false },
    [MEANS_MAILBOX] = { mailbox_fault, false },
    [MEANS_TRANSPORT] = { transport_fault, false },
    [MEANS_CONTACT] = { contact_fault, false },
};

const char *
setting_fault(const void *mem, enum setting_meaning meaning, const char *text,
              bool writes)
{
    if (meanings[meaning].each == NULL)
        return NULL;
    return meanings[meaning].many
               ? words_fault(mem, text, writes, meanings[meaning].each)
               : meanings[meaning].each(mem, text, writes);
}

/* ---- All settings -------------------------------------------------------- */

struct looking {
    void *mem;
    struct text *faults;
    bool writes;
};

static void
look(const struct config_value *v, void *with)
{
    struct looking *l = with;
    const char *text, *why;

    if (v->setting->meaning == MEANS_TEXT)
        return;
    text = *(const char *const *)v->at;
    if (text == NULL || text[0] == '\0')
        return;
    why = setting_fault(l->mem, v->setting->meaning, text, l->writes);
    if (why != NULL)
        text_addf(l->faults, "%s: [%s] %s = %s: %s\n", v->where, v->section,
                  v->setting->key, text, why);
}

void
settings_check(const struct app *app, bool writes, struct text *faults)
{
    struct looking l = { mem_context(NULL, "settings"), faults, writes };
    const struct site_settings *site = app_site(app);

    config_each(app->config, look, &l);
    if (site->production && text_starts(site->url, "http://"))
        text_addf(faults, "%s: [site] url = %s: production needs https\n",
                  config_where(app->config, site, "url"), site->url);
    if (site->production && site->clock_file != NULL)
        text_addf(faults, "%s: [site] clock_file is for tests only\n",
                  config_where(app->config, site, "clock_file"));
    mem_free(l.mem);
}

void
settings_look(const struct app *app, const struct setup *s, bool writes)
{
    struct text *said = text_new(s->mem);

    settings_check(app, writes, said);
    if (s->test_only)
        text_add(s->faults, said->at, said->len);
    else if (said->len > 0)
        log_warn("%.*s", (int)said->len - 1, said->at);
    mem_free(said);
}

int64_t
settings_connections(const struct config *config)
{
    const struct section *const sections[] = { &pool_section,
                                               &jobs_pool_section };
    const struct pool_settings *pool;
    int64_t n = CONNECTIONS_SPARE;

    for (size_t s = 0; s < 2; s++)
        for (size_t i = 0;
             (pool = config_instance(config, sections[s], i, NULL)) != NULL;
             i++)
            n += pool->max_children;
    return n;
}
