/*
 * notification.c - notifications, put together: notification_event.c makes
 * them when something happens, notification_api.c shows them.
 */
#include "notification/notification.h"

#include "notification/notification_api.h"
#include "notification/notification_local.h"

const struct feature notification_feature = {
    .name = "notification",
    .about = "Notifications: who did what to what is yours.",
    .routes = notification_routes,
    .listeners = notification_listeners,
    .batches = notification_batches,
};
