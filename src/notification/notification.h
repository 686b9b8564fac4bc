/*
 * notification.h - telling people what happened to what is theirs.
 */
#ifndef NOTIFICATION_NOTIFICATION_H
#define NOTIFICATION_NOTIFICATION_H

#include "core/feature.h"

extern const struct feature notification_feature;

#endif
