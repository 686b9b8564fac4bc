/*
 * ctl_doctor.h - the checks of sparklectl doctor, between ctl_doctor.c, which
 * runs them, and the files that have them:
 *
 *   doctor_host.c      functions: the configuration file, the machine
 *   doctor_net.c       functions: names, certificates, mails
 *   doctor_as.c        what a check asks as another user
 *   doctor_settings.c  checks: settings, what lies beside them, secrets
 *   doctor_file.c      checks: places, file systems, certificates
 *   doctor_run.c       checks: the programs, their pools, nginx
 *   doctor_store.c     checks: what PostgreSQL and Redis hold
 */
#ifndef PROG_CTL_DOCTOR_H
#define PROG_CTL_DOCTOR_H

#include "base/user.h"
#include "prog/ctl.h"

/* What a check found; `found` on c->mem. */
enum health { FINE, DOUBTFUL, BROKEN };

/* A question to PostgreSQL, or a function; and what to do about it. */
struct check {
    const char *name;
    const char *sql; /* boolean, text */
    enum health (*look)(struct ctl *c, const char **ret_found);
    enum health otherwise; /* where the SQL says false; FINE: BROKEN */
    const char *fix;
};

/* Ended by one without a name. */
extern const struct check doctor_settings_checks[];
extern const struct check doctor_file_checks[];
extern const struct check doctor_run_checks[];
extern const struct check doctor_store_checks[];

/* The host of [site] url, on c->mem. */
const char *doctor_site_host(struct ctl *c);
/* What nginx's values, beside the configuration, say of a name; or NULL. */
const char *doctor_nginx_value(struct ctl *c, const char *name);

/*
 * Does something as another user and says what came of it, on c->mem: a
 * function that writes what is wrong, or nothing.  As who we are, where that is
 * not root.
 */
const char *doctor_as(struct ctl *c, const struct user *user,
                      void (*act)(struct ctl *c, const void *with,
                                  struct text *wrong),
                      const void *with);
/* The same as the site's user. */
const char *doctor_as_site(struct ctl *c,
                           void (*act)(struct ctl *c, const void *with,
                                       struct text *wrong),
                           const void *with);

/* BROKEN with what is wrong, or FINE with what is said instead of nothing. */
enum health doctor_verdict(const char *wrong, const char *fine,
                           const char **ret_found);

/* Each says what it found. */
enum health doctor_config_mode(struct ctl *c, const char **ret_found);
enum health doctor_somaxconn(struct ctl *c, const char **ret_found);
enum health doctor_open_files(struct ctl *c, const char **ret_found);
enum health doctor_assets(struct ctl *c, const char **ret_found);
enum health doctor_pages(struct ctl *c, const char **ret_found);
enum health doctor_mails(struct ctl *c, const char **ret_found);
enum health doctor_url(struct ctl *c, const char **ret_found);
enum health doctor_secrets(struct ctl *c, const char **ret_found);
enum health doctor_breached(struct ctl *c, const char **ret_found);
enum health doctor_name(struct ctl *c, const char **ret_found);
enum health doctor_certificate(struct ctl *c, const char **ret_found);
enum health doctor_spf(struct ctl *c, const char **ret_found);
enum health doctor_dmarc(struct ctl *c, const char **ret_found);
enum health doctor_push(struct ctl *c, const char **ret_found);

#endif
