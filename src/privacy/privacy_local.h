/*
 * privacy_local.h - what the files of this folder share.
 */
#ifndef PRIVACY_PRIVACY_LOCAL_H
#define PRIVACY_PRIVACY_LOCAL_H

#include "base/setting.h"
#include "privacy/privacy.h"

/* [privacy] */
struct privacy_options {
    const char *exports; /* directory */
};

/* The path of an export's file, on mem; name is data_exports.path. */
const char *privacy_path(const struct app *app, void *mem, const char *name);

/*
 * Removes the file of an export, and what a broken attempt left of it.
 * False, and a line in the log, where it is still there.
 */
bool privacy_unlink(const struct app *app, void *mem, const char *name);

/*
 * Whether it is the owner who calls: by the password, where one is given, or
 * else by one (or a second factor) used within 10 minutes.  NULL, or
 * privacy_wrong_password, problem_reauthenticate, problem_unavailable.
 */
const struct problem *privacy_confirm(struct request *r, const char *password);
extern const struct problem privacy_wrong_password;
extern const char privacy_password_sql[];

extern const struct route privacy_deletion_routes[], privacy_export_routes[];
extern const struct job_kind privacy_jobs[];

/* Steps of the batch programs. */
int64_t privacy_erase_due(struct job *job, bool dry_run);
int64_t privacy_expire_exports(struct job *job, bool dry_run);

#endif
