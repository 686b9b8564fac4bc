/*
 * follow.h - who follows whom.
 */
#ifndef FOLLOW_FOLLOW_H
#define FOLLOW_FOLLOW_H

#include "core/feature.h"

extern const struct feature follow_feature;

#endif
