/*
 * search.h - finding posts by words.
 */
#ifndef SEARCH_SEARCH_H
#define SEARCH_SEARCH_H

#include "core/feature.h"

extern const struct feature search_feature;

#endif
