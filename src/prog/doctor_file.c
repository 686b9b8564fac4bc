/* doctor_file.c - see ctl_doctor.h: places to write in, the file systems that
 * they are on, and certificates. */
#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "core/crypto.h"
#include "mailing/mailing_local.h"
#include "prog/ctl_doctor.h"
#include "prog/settings_check.h"

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
    return doctor_verdict(doctor_as_site(c, write_places, &p),
                          mem_printf(c->mem, "%zu can be written", p.n),
                          ret_found);
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

/* ---- Mails that came back ------------------------------------------------ */

/* The flags of a Maildir's file: what mail-bounces leaves for people is "F". */
static bool
is_flagged(const char *name)
{
    const char *flags = strstr(name, ":2,");

    return flags != NULL && strchr(flags, 'F') != NULL;
}

static enum health
look_bounces(struct ctl *c, const char **ret_found)
{
    const char *box = SETTINGS_OF(c->app, &mail_section, struct mail_settings)
                          ->bounce_maildir;
    DIR *dir = box == NULL ? NULL : opendir(mem_printf(c->mem, "%s/cur", box));
    const struct dirent *e;
    int n = 0;

    *ret_found = box == NULL ? "none are read" : "all were understood";
    if (dir == NULL)
        return FINE;
    while ((e = readdir(dir)) != NULL)
        n += is_flagged(e->d_name);
    (void)closedir(dir);
    if (n == 0)
        return FINE;
    *ret_found = mem_printf(c->mem, "%d in %s/cur not understood", n, box);
    return DOUBTFUL;
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
    { "places to write", .look = look_places,
      .fix = "chown it to the site's user, or make it." },
    { "disk space", .look = look_space,
      .fix = "make room: journalctl --vacuum-size=500M, old backups." },
    { "inodes", .look = look_inodes,
      .fix = "remove small files nobody needs." },
    { "bounces", .look = look_bounces,
      .fix = "read those whose names end in :2,FS; then remove them." },
    { "certificate's name", .look = look_certificate_name,
      .fix = "certbot certonly for the name of [site] url, then sparklectl "
             "setup." },
    { "certificate's key", .look = look_certificate_key,
      .fix = "chmod 0600 it: who has it can be the site." },
    { 0 },
};
/* clang-format on */
