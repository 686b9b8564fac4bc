/*
 * upkeep.h - what keeps the database small and true: batch programs.
 *
 * Views are counted in the hash VIEWS_KEY of Redis, a field with a number for
 * each post's id, and added to the posts by flush-views.
 */
#ifndef UPKEEP_UPKEEP_H
#define UPKEEP_UPKEEP_H

#include "core/feature.h"

extern const struct feature upkeep_feature;

/* [upkeep] */
extern const struct section upkeep_section;

#define VIEWS_KEY "views"

#endif
