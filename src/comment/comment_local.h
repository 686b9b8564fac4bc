/*
 * comment_local.h - what the files of this folder share.
 */
#ifndef COMMENT_COMMENT_LOCAL_H
#define COMMENT_COMMENT_LOCAL_H

#include "comment/comment.h"

extern const struct route comment_write_routes[];
extern const struct member comment_shape[];
extern const struct batch comment_batches[];

/* The beginning of a comment in plain text (the column excerpt), on mem. */
struct markup;
const char *comment_excerpt(const void *mem, const struct markup *text);

/* comment_shape from comment_rows AS row, for the viewer in $1. */
#define COMMENT_SELECT                                                         \
    SQL(SELECT row.id, row.post_id, row.parent_id, row.depth, row.content,     \
        row.content_html, row.youtube_timestamp, row.edited, row.edited_at,    \
        row.deleted, row.author_id, row.author_username, row.author_name,      \
        row.author_image, row.author_verified, row.author_level,               \
        row.reactions, row.replies, row.created_at,                            \
        CASE WHEN $1::uuid IS NOT NULL THEN                                    \
            ARRAY(SELECT mine.type::text FROM reactions mine                   \
                WHERE mine.comment_id = row.id AND mine.user_id = $1)          \
        END AS viewer_reacted,                                                 \
        coalesce(row.by_author_id = $1, FALSE) AS viewer_may_edit)

#endif
