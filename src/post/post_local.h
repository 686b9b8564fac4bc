/*
 * post_local.h - what the files of this folder share.
 */
#ifndef POST_POST_LOCAL_H
#define POST_POST_LOCAL_H

#include "post/post.h"

extern const struct route post_api_routes[];
extern const struct route post_write_routes[];
extern const struct route post_page_routes[];

/*
 * The columns of post_detail_shape from post_details AS row, for the viewer in
 * $1, but the last (may the viewer edit), which each statement adds.
 */
#define POST_DETAIL_COLUMNS                                                    \
    SQL(row.id, row.slug, row.title, row.excerpt, row.cover_image, row.kind,   \
        row.published, row.views, row.author_id, row.author_username,          \
        row.author_name, row.author_image, row.author_verified,                \
        row.author_level, row.category_id, row.category_name,                  \
        row.category_slug, row.tags, row.comments, row.reactions,              \
        row.created_at, row.published_at, row.content, row.content_html,       \
        row.version, row.comments_enabled, row.visibility,                     \
        row.youtube_video_id, row.language, row.reactions_like,                \
        row.reactions_love, row.reactions_sparkle, row.reactions_fire,         \
        row.reactions_laugh, row.reactions_wow, row.reactions_sad,             \
        row.updated_at, row.edited, )                                          \
    POST_VIEWER                                                                \
    SQL(, EXISTS(SELECT FROM follows f WHERE f.follower_id = $1                \
            AND f.following_id = row.by_author_id) AS viewer_following,)

/* A whole post: post_details in sql/post.sql and what the viewer did. */
extern const struct member post_detail_shape[];

/* Answers with one post, by id or slug, where the viewer may see it, and counts
 * the view; name NULL: the API's answer, else a part of a page. */
const struct problem *post_detail_answer(struct request *r, const char *name,
                                         const char *post);

/* Counts a reader of a post, once a viewer and day; robots not. */
void post_viewed(struct request *r, struct uuid post);

/* A new post, or the changes to one: members not given stay as they are. */
struct post_draft {
    struct uuid post;
    struct maybe_integer version;
    const char *category, *title, *content, *excerpt, *kind, *cover_image;
    const char *youtube_video_id, *visibility, *language;
    struct texts tags;
    struct maybe_boolean published, comments_enabled;
};

extern const struct field post_draft_fields[], post_edit_fields[];

/* What searches read of the parts that a draft gives (a tsvector as text; NULL:
 * it gives none), and the weights of those that stay as they are ("{a,c}"). */
struct post_search {
    const char *vector, *kept;
};
struct post_search post_search_of(const void *mem, const struct post_draft *d);

enum feed_sort { SORT_RECENT, SORT_POPULAR, SORT_TRENDING, SORT_FOLLOWING };
extern const char *const feed_sorts[];
extern const char *const post_kinds[];

/* What a list of posts can be asked for; unset members do not filter. */
struct feed {
    const char *category, *tag, *author, *kind;
    unsigned int sort;  /* enum feed_sort */
    unsigned int range; /* index in feed_ranges */
    struct cursor cursor;
    int64_t limit, page;
};
extern const char *const feed_ranges[];
extern const char *const feed_statements[]; /* ended by NULL */

/* Answers with a list; name NULL: the API's answer, else a part of a page. */
const struct problem *feed_answer(struct request *r, const char *name,
                                  const struct feed *feed);

#endif
