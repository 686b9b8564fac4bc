/*
 * notification_api.h - the HTTP side of notifications, for notification.c.
 */
#ifndef NOTIFICATION_NOTIFICATION_API_H
#define NOTIFICATION_NOTIFICATION_API_H

#include "core/endpoint.h"

extern const struct route notification_routes[];

#endif
