/*
 * reaction.h - reactions to posts and comments.
 */
#ifndef REACTION_REACTION_H
#define REACTION_REACTION_H

#include "core/feature.h"

extern const struct feature reaction_feature;

#endif
