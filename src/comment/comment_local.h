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

/*
 * comment_shape from comment_rows AS row, for the viewer in $1.  What is hidden
 * from the viewer (an expression) is as if it were deleted.
 */
#define COMMENT_SELECT(is_hidden)                                              \
    SQL(SELECT row.id, row.post_id, row.parent_id, row.depth,                  \
        CASE WHEN NOT is_hidden THEN row.content END AS content,               \
        CASE WHEN NOT is_hidden THEN row.content_html END AS content_html,     \
        CASE WHEN NOT is_hidden THEN row.youtube_timestamp END                 \
            AS youtube_timestamp,                                              \
        row.edited AND NOT is_hidden AS edited,                                \
        CASE WHEN NOT is_hidden THEN row.edited_at END AS edited_at,           \
        row.deleted OR is_hidden AS deleted,                                   \
        CASE WHEN NOT is_hidden THEN row.author_id END AS author_id,           \
        CASE WHEN NOT is_hidden THEN row.author_username END                   \
            AS author_username,                                                \
        CASE WHEN NOT is_hidden THEN row.author_name END AS author_name,       \
        CASE WHEN NOT is_hidden THEN row.author_image END AS author_image,     \
        row.author_verified AND NOT is_hidden AS author_verified,              \
        CASE WHEN NOT is_hidden THEN row.author_level END AS author_level,     \
        row.reactions, row.replies, row.created_at,                            \
        CASE WHEN $1::uuid IS NOT NULL THEN                                    \
            ARRAY(SELECT mine.type::text FROM reactions mine                   \
                WHERE mine.comment_id = row.id AND mine.user_id = $1)          \
        END AS viewer_reacted,                                                 \
        coalesce(row.by_author_id = $1, FALSE) AS viewer_may_edit)

#endif
