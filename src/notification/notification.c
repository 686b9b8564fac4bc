/*
 * notification.c - notifications, put together: notification_event.c makes
 * them when something happens, notification_api.c shows them,
 * notification_preference.c asks who wants which, notification_job.c tells
 * the channels.  What a type is, and the rules, are in sql/notification.sql.
 */
#include "notification/notification.h"

#include "notification/notification_local.h"

const char *const notification_types[] = {
    "POST_LIKED",
    "POST_COMMENTED",
    "COMMENT_LIKED",
    "COMMENT_REPLIED",
    "USER_FOLLOWED",
    "ACHIEVEMENT_UNLOCKED",
    "LEVEL_UP",
    "MENTION",
    "SYSTEM",
    "GROUP_INVITE",
    "GROUP_POST",
    "EVENT_REMINDER",
    "WATCH_PARTY_INVITE",
    "DIRECT_MESSAGE",
    "YOUTUBE_PREMIERE",
    "QUEST_COMPLETE",
    "TRADE_REQUEST",
    "CONTENT_FEATURED",
    "MILESTONE_REACHED",
    NULL,
};

const struct feature notification_feature = {
    .name = "notification",
    .about = "Notifications: who did what to what is yours.",
    .route_tables =
        (const struct route *const[]){ notification_routes,
                                       notification_preference_routes, NULL },
    .listeners = notification_listeners,
    .jobs = notification_jobs,
    .batches = notification_batches,
    .frame = notification_frame,
};
