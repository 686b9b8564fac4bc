/* notification_local.h - what the files of this folder share. */
#ifndef NOTIFICATION_NOTIFICATION_LOCAL_H
#define NOTIFICATION_NOTIFICATION_LOCAL_H

#include "core/event.h"
#include "core/job.h"

extern const struct listener notification_listeners[];
extern const struct batch notification_batches[];

#endif
