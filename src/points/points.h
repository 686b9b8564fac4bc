/*
 * points.h - experience for what people do.
 */
#ifndef POINTS_POINTS_H
#define POINTS_POINTS_H

#include "core/feature.h"

extern const struct feature points_feature;

#endif
