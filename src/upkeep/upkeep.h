/*
 * upkeep.h - what keeps the database small and true: batch programs.
 */
#ifndef UPKEEP_UPKEEP_H
#define UPKEEP_UPKEEP_H

#include "core/feature.h"

extern const struct feature upkeep_feature;

/* [upkeep] */
extern const struct section upkeep_section;

#endif
