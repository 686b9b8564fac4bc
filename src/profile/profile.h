/*
 * profile.h - what everybody may see of a user.
 */
#ifndef PROFILE_PROFILE_H
#define PROFILE_PROFILE_H

#include "core/feature.h"

extern const struct feature profile_feature;

#endif
