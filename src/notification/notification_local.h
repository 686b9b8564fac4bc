/* notification_local.h - what the files of this folder share. */
#ifndef NOTIFICATION_NOTIFICATION_LOCAL_H
#define NOTIFICATION_NOTIFICATION_LOCAL_H

#include "core/endpoint.h"
#include "core/event.h"
#include "core/job.h"

/* The types, as in the enum notification_type and the view
 * notification_kinds; ended by NULL. */
extern const char *const notification_types[];

extern const struct route notification_routes[];
extern const struct route notification_preference_routes[];
extern const struct listener notification_listeners[];
extern const struct job_kind notification_jobs[];
extern const struct batch notification_batches[];

/* For each page of who is signed in: the number at the bell. */
void notification_frame(struct request *r);

#endif
