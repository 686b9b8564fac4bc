/* doctor_host.c - see ctl_doctor.h: files, and what the machine allows. */
#include "prog/ctl_doctor.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "core/breach.h"
#include "core/crypto.h"
#include "push/push.h"

enum health
doctor_config_mode(struct ctl *c, const char **ret_found)
{
    struct stat st;

    if (stat(c->config_path, &st) != 0)
        return DOUBTFUL;
    *ret_found = mem_printf(c->mem, "%s has mode %04o", c->config_path,
                            (unsigned)(st.st_mode & 07777));
    return (st.st_mode & 0022) != 0 ? BROKEN : FINE;
}

enum health
doctor_somaxconn(struct ctl *c, const char **ret_found)
{
    const char *text =
        file_read(c->mem, "/proc/sys/net/core/somaxconn", 64, NULL);
    int64_t most = 0;

    if (text == NULL || !text_to_int(text_trim(c->mem, text), &most))
        return DOUBTFUL;
    *ret_found = mem_printf(c->mem, "%" PRId64, most);
    return most < 511 ? DOUBTFUL : FINE;
}

enum health
doctor_open_files(struct ctl *c, const char **ret_found)
{
    struct rlimit limit;

    (void)getrlimit(RLIMIT_NOFILE, &limit);
    *ret_found = mem_printf(c->mem, "%llu", (unsigned long long)limit.rlim_max);
    return limit.rlim_max < 4096 ? DOUBTFUL : FINE;
}

static enum health
look_file(struct ctl *c, const char *path, const char **ret_found)
{
    *ret_found = mem_strdup(c->mem, path);
    return access(path, R_OK) == 0 ? FINE : BROKEN;
}

enum health
doctor_assets(struct ctl *c, const char **ret_found)
{
    return look_file(
        c, mem_printf(c->mem, "%s/dist/manifest.json", app_site(c->app)->web),
        ret_found);
}

enum health
doctor_pages(struct ctl *c, const char **ret_found)
{
    return look_file(
        c, mem_printf(c->mem, "%s/pages/layout.html", app_site(c->app)->web),
        ret_found);
}

enum health
doctor_mails(struct ctl *c, const char **ret_found)
{
    return look_file(c, app_site(c->app)->emails, ret_found);
}

enum health
doctor_url(struct ctl *c, const char **ret_found)
{
    *ret_found = app_site(c->app)->url;
    return text_starts(*ret_found, "https://") ? FINE : BROKEN;
}

enum health
doctor_secrets(struct ctl *c, const char **ret_found)
{
    const struct auth_settings *auth =
        SETTINGS_OF(c->app, &auth_section, struct auth_settings);
    const char *const keys[] = { auth->pepper, auth->encryption_key,
                                 auth->signing_key };

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const char *key = keys[i] != NULL ? strchr(keys[i], ':') : NULL;

        if (key == NULL || strcspn(key + 1, ",") < 64) {
            *ret_found = "one is missing, or shorter than 32 bytes";
            return BROKEN;
        }
    }
    *ret_found = "three, of 32 bytes or more";
    return FINE;
}

/* Without it nobody can register; a small one knows little. */
enum health
doctor_breached(struct ctl *c, const char **ret_found)
{
    const struct auth_settings *auth =
        SETTINGS_OF(c->app, &auth_section, struct auth_settings);
    const char *why;
    const struct breach *filter = breach_open(auth->breached_passwords, &why);

    if (filter == NULL) {
        *ret_found =
            mem_printf(c->mem, "%s: %s", auth->breached_passwords, why);
        return BROKEN;
    }
    *ret_found =
        mem_printf(c->mem, "%" PRId64 " entries", breach_entries(filter));
    return breach_entries(filter) < 50000 ? DOUBTFUL : FINE;
}

/* One that cannot be used is worse than none: browsers are promised news. */
enum health
doctor_push(struct ctl *c, const char **ret_found)
{
    if (!push_wanted(c->app)) {
        *ret_found = "there is none: nothing is pushed";
        return DOUBTFUL;
    }
    bool usable = push_public_key(c->mem, c->app) != NULL;
    *ret_found =
        usable ? "64 hex digits, a key of P-256" : "no 64 hex digits of P-256";
    return usable ? FINE : BROKEN;
}
