/* doctor_settings.c - see ctl_doctor.h: settings, the files beside the
 * configuration, secrets. */
#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "core/crypto.h"
#include "core/http.h"
#include "pool/pool.h"
#include "prog/ctl_doctor.h"
#include "prog/settings_check.h"

/* ---- Settings ------------------------------------------------------------ */

static void
check_settings(struct ctl *c, const void *with, struct text *wrong)
{
    (void)with;
    settings_check(c->app, true, wrong);
}

static enum health
look_settings(struct ctl *c, const char **ret_found)
{
    return doctor_verdict(doctor_as_site(c, check_settings, NULL),
                          "addresses, files and directories are there",
                          ret_found);
}

static enum health
look_program(struct ctl *c, const char *name, const char **ret_found)
{
    struct text *said = text_new(c->mem);
    bool good = ctl_program(c, name, "--test-config", said) == 0;

    said->at[strcspn(said->at, "\n")] = '\0';
    return doctor_verdict(good ? "" : said->at, "would reload", ret_found);
}

static enum health
look_fcgi_test(struct ctl *c, const char **ret_found)
{
    return look_program(c, "sparkle-fcgi", ret_found);
}

static enum health
look_jobs_test(struct ctl *c, const char **ret_found)
{
    return look_program(c, "sparkle-jobs", ret_found);
}

static enum health
look_log_level(struct ctl *c, const char **ret_found)
{
    const struct master_settings *m =
        config_section(c->app->config, &master_section);

    *ret_found = m->log_level;
    return strcmp(m->log_level, "debug") == 0 ? DOUBTFUL : FINE;
}

static enum health
look_production(struct ctl *c, const char **ret_found)
{
    bool local = strcmp(doctor_site_host(c), "localhost") == 0;

    *ret_found = app_site(c->app)->production ? "yes" : "no";
    return app_site(c->app)->production || local ? FINE : DOUBTFUL;
}

static enum health
look_clock_file(struct ctl *c, const char **ret_found)
{
    const char *file = app_site(c->app)->clock_file;

    *ret_found = file != NULL ? file : "the machine's clock";
    return file != NULL ? BROKEN : FINE;
}

static enum health
look_private(struct ctl *c, const char **ret_found)
{
    bool open =
        SETTINGS_OF(c->app, &http_section, struct http_settings)->allow_private;

    *ret_found = open ? "open to addresses that users give" : "closed";
    return open ? BROKEN : FINE;
}

/* ---- Files beside the configuration -------------------------------------- */

/* Each file of conf.d; a line where `bad` says so. */
static const char *
look_beside(struct ctl *c, bool (*bad)(const char *name, const struct stat *st))
{
    const char *slash = strrchr(c->config_path, '/');
    const char *path = mem_printf(
        c->mem, "%.*sconf.d",
        (int)(slash == NULL ? 0 : slash - c->config_path + 1), c->config_path);
    DIR *dir = opendir(path);
    const struct dirent *e;
    const char *found = "";
    struct stat st;

    if (dir == NULL)
        return "";
    while ((e = readdir(dir)) != NULL)
        if (e->d_name[0] != '.' &&
            fstatat(dirfd(dir), e->d_name, &st, 0) == 0 && bad(e->d_name, &st))
            found = mem_printf(c->mem, "%s/%s", path, e->d_name);
    (void)closedir(dir);
    return found;
}

static bool
is_open(const char *name, const struct stat *st)
{
    (void)name;
    return (st->st_mode & 0022) != 0;
}

static bool
is_left_out(const char *name, const struct stat *st)
{
    size_t n = strlen(name);

    (void)st;
    return n < 5 || strcmp(name + n - 5, ".conf") != 0;
}

static enum health
look_conf_modes(struct ctl *c, const char **ret_found)
{
    return doctor_verdict(look_beside(c, is_open),
                          "only their owner writes them", ret_found);
}

static enum health
look_conf_names(struct ctl *c, const char **ret_found)
{
    enum health h = doctor_verdict(look_beside(c, is_left_out),
                                   "all end in .conf", ret_found);

    return h == FINE ? FINE : DOUBTFUL;
}

/* ---- Secrets ------------------------------------------------------------- */

static void
look_mode(const struct config_value *v, void *with)
{
    struct text *wrong = with;
    struct stat st;

    if (v->file != NULL && stat(v->file, &st) == 0 && (st.st_mode & 0037) != 0)
        text_addf(wrong, "%s has mode %04o\n", v->file,
                  (unsigned)(st.st_mode & 07777));
}

static enum health
look_secret_modes(struct ctl *c, const char **ret_found)
{
    struct text *wrong = text_new(c->mem);

    config_each(c->app->config, look_mode, wrong);
    wrong->at[strcspn(wrong->at, "\n")] = '\0';
    return doctor_verdict(wrong->at, "closed to others", ret_found);
}

static void
look_readable(const struct config_value *v, void *with)
{
    struct text *wrong = with;

    if (v->file != NULL && strcmp(v->setting->key, "owner_password") != 0 &&
        access(v->file, R_OK) != 0)
        text_addf(wrong, "%s\n", v->file);
}

static void
read_secrets(struct ctl *c, const void *with, struct text *wrong)
{
    (void)with;
    config_each(c->app->config, look_readable, wrong);
}

static enum health
look_secrets_read(struct ctl *c, const char **ret_found)
{
    return doctor_verdict(doctor_as_site(c, read_secrets, NULL),
                          "the site's user can", ret_found);
}

static enum health
look_samples(struct ctl *c, const char **ret_found)
{
    struct text *wrong = text_new(c->mem);

    auth_check(SETTINGS_OF(c->app, &auth_section, struct auth_settings), true,
               wrong);
    wrong->at[strcspn(wrong->at, "\n")] = '\0';
    return doctor_verdict(wrong->at, "none is a sample's", ret_found);
}

/* clang-format off */
const struct check doctor_settings_checks[] = {
    { "settings", .look = look_settings,
      .fix = "mend the line; sparklectl config check says all of them." },
    { "sparkle-fcgi's own check", .look = look_fcgi_test,
      .fix = "sparklectl config check says all that is wrong." },
    { "sparkle-jobs's own check", .look = look_jobs_test,
      .fix = "sparklectl config check says all that is wrong." },
    { "log level", .look = look_log_level,
      .fix = "[master] log_level = info: debug fills the disk." },
    { "production", .look = look_production,
      .fix = "[site] production = yes." },
    { "clock", .look = look_clock_file,
      .fix = "take [site] clock_file out: it is for tests." },
    { "calls to private networks", .look = look_private,
      .fix = "take [http] allow_private out: it is for tests." },
    { "conf.d modes", .look = look_conf_modes,
      .fix = "chmod go-w the file: who can change it can take the site." },
    { "conf.d names", .look = look_conf_names,
      .fix = "only *.conf is read: rename the file, or remove it." },
    { "secrets' modes", .look = look_secret_modes,
      .fix = "chmod 0640 the file, chgrp it to the site's group." },
    { "secrets' readers", .look = look_secrets_read,
      .fix = "chgrp the file to the site's group and chmod 0640 it." },
    { "sample secrets", .look = look_samples,
      .fix = "sparklectl keys rotate all; openssl rand -hex 32." },
    { 0 },
};
/* clang-format on */
