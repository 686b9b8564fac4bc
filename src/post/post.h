/*
 * post.h - what the rest of the program may know of posts.
 */
#ifndef POST_POST_H
#define POST_POST_H

#include "core/feature.h"

extern const struct feature post_feature;

/* A post in a list: post_cards in sql/post.sql and what the viewer did. */
extern const struct member post_shape[];

/*
 * The beginning of a statement that selects post_shape from post_rows AS row
 * for the viewer in $1: POST_SELECT SQL(, row.hot AS cursor_key FROM ...).
 * trend_score comes next, null but in lists by trend.
 */
#define POST_SELECT                                                            \
    SQL(SELECT row.id, row.slug, row.title, row.excerpt, row.cover_image,      \
        row.kind, row.published, row.views, row.author_id,                     \
        row.author_username, row.author_name, row.author_image,                \
        row.author_verified, row.author_level, row.category_id,                \
        row.category_name, row.category_slug, row.tags, row.comments,          \
        row.reactions, row.created_at, row.published_at, row.language, )       \
    POST_VIEWER

/* What the viewer in $1 did with the post row: nothing for a visitor. */
#define POST_VIEWER                                                            \
    SQL(CASE WHEN $1::uuid IS NOT NULL THEN                                    \
            ARRAY(SELECT mine.type::text FROM reactions mine                   \
                WHERE mine.post_id = row.id AND mine.user_id = $1)             \
        END AS viewer_reacted,                                                 \
        EXISTS(SELECT FROM bookmarks mine                                      \
            WHERE mine.post_id = row.id AND mine.user_id = $1)                 \
            AS viewer_bookmarked)

/* Whether a list shows the viewer in $1 what an author wrote: for arguments of
 * macros that make SQL of them, since SQL() itself takes its words as they
 * stand. */
#define VIEWER_MEETS(author_id)                                                \
    (author_id IN(SELECT id FROM hidden_from($1) id)) IS NOT TRUE

/* The hash of Redis where views wait to be added to the posts: a field with a
 * number for each post's id.  flush-views of src/upkeep adds them. */
#define POST_VIEWS_KEY "views"

/* Page data: the newest posts of an author as `posts`. */
const struct problem *post_list_of_author_as(struct request *r,
                                             const char *username,
                                             const struct cursor *cursor);

#endif
