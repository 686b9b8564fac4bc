/* doctor_file.c - see ctl_doctor.h: settings, secrets, places to write in and
 * the file systems that they are on. */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "core/crypto.h"
#include "core/http.h"
#include "pool/pool.h"
#include "prog/ctl_doctor.h"
#include "prog/jobs_settings.h"
#include "prog/settings_check.h"
#include "prog/site_user.h"

/* ---- As another user ----------------------------------------------------- */

const char *
doctor_as(struct ctl *c, const struct user *user,
          void (*act)(struct ctl *c, const void *with, struct text *wrong),
          const void *with)
{
    struct text *wrong = text_new(c->mem);
    int ends[2];
    char some[1024];
    ssize_t n;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return "no pipe";
    pid_t child = fork();
    if (child == 0) {
        if (geteuid() == 0)
            user_become(user);
        act(c, with, wrong);
        n = write(ends[1], wrong->at, wrong->len);
        _exit(n < 0);
    }
    (void)close(ends[1]);
    while ((n = read(ends[0], some, sizeof some)) > 0)
        text_add(wrong, some, (size_t)n);
    (void)close(ends[0]);
    (void)waitpid(child, NULL, 0);
    wrong->at[strcspn(wrong->at, "\n")] = '\0';
    return wrong->at;
}

const char *
doctor_as_site(struct ctl *c,
               void (*act)(struct ctl *c, const void *with, struct text *wrong),
               const void *with)
{
    struct user user;

    if (!site_user(c->mem, c->app->config, &user))
        return "there is no user to be: set [master] user";
    return doctor_as(c, &user, act, with);
}

/* Fine where nothing is wrong. */
static enum health
verdict(const char *wrong, const char *fine, const char **ret_found)
{
    *ret_found = wrong[0] != '\0' ? wrong : fine;
    return wrong[0] != '\0' ? BROKEN : FINE;
}

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
    return verdict(doctor_as_site(c, check_settings, NULL),
                   "addresses, files and directories are there", ret_found);
}

static enum health
look_program(struct ctl *c, const char *name, const char **ret_found)
{
    struct text *said = text_new(c->mem);
    bool good = ctl_program(c, name, "--test-config", said) == 0;

    said->at[strcspn(said->at, "\n")] = '\0';
    return verdict(good ? "" : said->at, "would reload", ret_found);
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
    return verdict(look_beside(c, is_open), "only their owner writes them",
                   ret_found);
}

static enum health
look_conf_names(struct ctl *c, const char **ret_found)
{
    enum health h =
        verdict(look_beside(c, is_left_out), "all end in .conf", ret_found);

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
    return verdict(wrong->at, "closed to others", ret_found);
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
    return verdict(doctor_as_site(c, read_secrets, NULL), "the site's user can",
                   ret_found);
}

static enum health
look_samples(struct ctl *c, const char **ret_found)
{
    struct text *wrong = text_new(c->mem);

    auth_check(SETTINGS_OF(c->app, &auth_section, struct auth_settings), true,
               wrong);
    wrong->at[strcspn(wrong->at, "\n")] = '\0';
    return verdict(wrong->at, "none is a sample's", ret_found);
}

/* ---- Places -------------------------------------------------------------- */

/* The directories that the programs write in, as the settings name them. */
struct places {
    void *mem;
    const char *paths[64];
    size_t n;
};

static void
add_place(struct places *p, const char *path)
{
    if (path != NULL && path[0] == '/' &&
        p->n < sizeof p->paths / sizeof *p->paths)
        p->paths[p->n++] = path;
}

/* A file's directory. */
static void
add_beside(struct places *p, const char *file)
{
    const char *slash = file == NULL ? NULL : strrchr(file, '/');

    if (slash != NULL)
        add_place(p, mem_strndup(p->mem, file, (size_t)(slash - file) + 1));
}

static void
take_place(const struct config_value *v, void *with)
{
    struct places *p = with;
    const char *text;

    if (v->setting->type != SETTING_TEXT)
        return;
    text = *(const char *const *)v->at;
    if (text == NULL)
        return;
    if (v->setting->meaning == MEANS_PLACE)
        add_place(p, text);
    else if (v->setting->meaning == MEANS_TRANSPORT &&
             text_starts(text, "file:") &&
             access(text + strlen("file:"), F_OK) == 0)
        add_place(p, text + strlen("file:"));
    else if (strcmp(v->setting->key, "slowlog") == 0 ||
             strcmp(v->setting->key, "log") == 0 ||
             strcmp(v->setting->key, "pid_file") == 0)
        add_beside(p, text);
}

static void
find_places(struct ctl *c, struct places *p)
{
    p->mem = c->mem;
    config_each(c->app->config, take_place, p);
}

static void
write_places(struct ctl *c, const void *with, struct text *wrong)
{
    const struct places *p = with;

    (void)c;
    for (size_t i = 0; i < p->n; i++) {
        const char *why = place_fault(p->paths[i]);

        if (why != NULL)
            text_addf(wrong, "%s: %s\n", p->paths[i], why);
    }
}

static enum health
look_places(struct ctl *c, const char **ret_found)
{
    struct places p = { 0 };

    find_places(c, &p);
    return verdict(doctor_as_site(c, write_places, &p),
                   mem_printf(c->mem, "%zu can be written", p.n), ret_found);
}

/* ---- File systems -------------------------------------------------------- */

/* The worst of those that anything of ours is on. */
static enum health
look_room(struct ctl *c, bool inodes, const char **ret_found)
{
    struct places p = { 0 };
    double least = 1;

    find_places(c, &p);
    add_place(&p, app_site(c->app)->web);
    add_place(&p, c->config_path);
    add_place(&p, "/tmp");
    add_place(&p, "/var/log");
    *ret_found = "this file system counts none";
    for (size_t i = 0; i < p.n; i++) {
        struct statvfs fs;

        if (statvfs(p.paths[i], &fs) != 0 || (inodes && fs.f_files == 0))
            continue;
        double part = inodes ? (double)fs.f_favail / (double)(fs.f_files + 1)
                             : (double)fs.f_bavail / (double)(fs.f_blocks + 1);
        if (part > least)
            continue;
        least = part;
        *ret_found =
            mem_printf(c->mem, "%.0f %% free at %s", 100 * part, p.paths[i]);
    }
    return least < 0.02 ? BROKEN : least < 0.1 ? DOUBTFUL : FINE;
}

static enum health
look_space(struct ctl *c, const char **ret_found)
{
    return look_room(c, false, ret_found);
}

static enum health
look_inodes(struct ctl *c, const char **ret_found)
{
    return look_room(c, true, ret_found);
}

/* ---- Certificates -------------------------------------------------------- */

static enum health
look_certificate_name(struct ctl *c, const char **ret_found)
{
    const char *path = doctor_nginx_value(c, "certificate");
    const char *host = doctor_site_host(c);
    const char *pem =
        path == NULL ? NULL : file_read(c->mem, path, 1 << 20, NULL);

    *ret_found = "nginx is not set up by sparklectl setup";
    if (path == NULL)
        return FINE;
    *ret_found = mem_printf(c->mem, "%s, for %s", path, host);
    return pem != NULL && crypto_certificate_for(pem, host) ? FINE : BROKEN;
}

static enum health
look_certificate_key(struct ctl *c, const char **ret_found)
{
    const char *path = doctor_nginx_value(c, "certificate_key");
    struct stat st;

    *ret_found = "nginx is not set up by sparklectl setup";
    if (path == NULL)
        return FINE;
    *ret_found = mem_printf(c->mem, "%s is not there", path);
    if (stat(path, &st) != 0)
        return DOUBTFUL;
    *ret_found = mem_printf(c->mem, "%s has mode %04o", path,
                            (unsigned)(st.st_mode & 07777));
    return (st.st_mode & 0027) != 0 ? BROKEN : FINE;
}

/* clang-format off */
const struct check doctor_file_checks[] = {
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
    { "places to write", .look = look_places,
      .fix = "chown it to the site's user, or make it." },
    { "disk space", .look = look_space,
      .fix = "make room: journalctl --vacuum-size=500M, old backups." },
    { "inodes", .look = look_inodes,
      .fix = "remove small files nobody needs." },
    { "certificate's name", .look = look_certificate_name,
      .fix = "certbot certonly for the name of [site] url, then sparklectl "
             "setup." },
    { "certificate's key", .look = look_certificate_key,
      .fix = "chmod 0600 it: who has it can be the site." },
    { 0 },
};
/* clang-format on */
