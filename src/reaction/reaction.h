/*
 * reaction.h - reactions to posts and comments.
 */
#ifndef REACTION_REACTION_H
#define REACTION_REACTION_H

#include "core/feature.h"

extern const struct feature reaction_feature;

/* How many of each kind: the columns reactions_like .. reactions_sad. */
extern const struct member reaction_counts[];

#endif
