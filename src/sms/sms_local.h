/* sms_local.h - what the files of this folder share. */
#ifndef SMS_SMS_LOCAL_H
#define SMS_SMS_LOCAL_H

#include "core/crypto.h"
#include "core/endpoint.h"
#include "core/job.h"

struct app;

/* [sms] */
struct sms_settings {
    const char *url; /* NULL: nothing is sent */
    const char *method, *content_type, *body;
    const char *header; /* with a secret: "Authorization: Bearer ..." */
};

extern const struct route sms_routes[];
extern const struct job_kind sms_jobs[];

/* A number as people write it, as +491701234567 on mem; NULL: it is none. */
char *sms_number(void *mem, const char *typed);

/* A number as it is stored, sealed with the user's id under the first key, and
 * back: NULL where it cannot be opened, which the log tells. */
struct bytes sms_seal(void *mem, const struct app *app, const struct uuid *user,
                      const char *number, const char **ret_kid);
const char *sms_open(void *mem, const struct app *app, const struct uuid *user,
                     struct bytes sealed);

/* The hashes of a code for a user, under each key of the ring, the newest
 * first: SHA256_SIZE bytes each. */
struct bytes sms_code_hashes(void *mem, const struct app *app,
                             const struct uuid *user, const char *code);

#endif
