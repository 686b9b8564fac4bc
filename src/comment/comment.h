/*
 * comment.h - comments on posts, threaded.
 */
#ifndef COMMENT_COMMENT_H
#define COMMENT_COMMENT_H

#include "core/feature.h"

extern const struct feature comment_feature;

/* Page data: a post's comments in the order of its threads, as `comments`. */
const struct problem *comment_thread_as(struct request *r, const char *post,
                                        const struct cursor *cursor);

#endif
