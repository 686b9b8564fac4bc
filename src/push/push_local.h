/* push_local.h - what the files of this folder share. */
#ifndef PUSH_PUSH_LOCAL_H
#define PUSH_PUSH_LOCAL_H

#include "core/endpoint.h"
#include "core/job.h"

struct app;

/* [push] */
struct push_settings {
    const char *vapid_key; /* 64 hex digits; NULL: no push */
    const char *contact;   /* mailto: or https:; NULL: the site's address */
};

extern const struct route push_routes[];
extern const struct job_kind push_jobs[];

/* The private key; false where there is none that can be used. */
#define PUSH_KEY 32
bool push_private_key(const struct app *app, uint8_t out[PUSH_KEY]);

#endif
