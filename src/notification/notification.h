/*
 * notification.h - telling people what happened to what is theirs.
 *
 * A feature tells by a statement or a listener that calls notification_put()
 * (sql/notification.sql), which needs no C.
 *
 * Open tabs hear of it through Redis: when a notification comes or goes, the
 * channel notifications:<user's id> carries, after the commit, one object of
 * JSON: type "notification", unread (how many now, 100 at most), and
 * notification (id, type, title, actionUrl, priority), or null where one was
 * taken back.
 */
#ifndef NOTIFICATION_NOTIFICATION_H
#define NOTIFICATION_NOTIFICATION_H

#include "core/feature.h"

extern const struct feature notification_feature;

#endif
