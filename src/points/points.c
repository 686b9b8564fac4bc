/*
 * points.c - experience for what people do.
 *
 * Amounts and daily caps are rows of xp_sources; add_experience()
 * (sql/points.sql) counts a key once, so a like taken back and given again is
 * worth nothing more.  Counters that pages show are kept by the writes
 * themselves (triggers in sql/post.sql).
 */
#include "points/points.h"

/* A draft earns when it is published, which may be by a later event. */
/* clang-format off */
static const char post_sql[] = SQL(
    SELECT x.added FROM posts p JOIN users u ON u.id = p.author_id,
        add_experience(u.id, NULL, 'post_published', p.id::text) x
    WHERE p.id = $1 AND p.status = 'published' AND p.visibility = 'PUBLIC'
        AND p.deleted_at IS NULL AND u.deleted_at IS NULL
);
/* clang-format on */

static const char comment_sql[] = SQL(
    SELECT x.added FROM comments c JOIN users u ON u.id = c.author_id,
        add_experience(u.id, NULL, 'comment_created', c.id::text) x
    WHERE c.id = $1 AND c.deleted_at IS NULL AND u.deleted_at IS NULL
);

/* clang-format off */
static const char reaction_sql[] = SQL(
    SELECT x.added FROM users u,
        add_experience(u.id, NULL, 'reaction_received',
            $1::text || ':' || $2::text) x
    WHERE u.id = ($3->>'owner')::uuid AND u.id <> $2 AND u.deleted_at IS NULL
);
/* clang-format on */

/* clang-format off */
static const char follow_sql[] = SQL(
    SELECT x.added FROM users u,
        add_experience(u.id, NULL, 'followed', $2::text) x
    WHERE u.id = $1 AND u.deleted_at IS NULL
);
/* clang-format on */

static const struct listener listeners[] = {
    {
        .name = "xp-post",
        .event = "post.created",
        .queue = "event",
        .about = "Experience for a published post.",
        .sql = post_sql,
    },
    {
        .name = "xp-post-published",
        .event = "post.updated",
        .queue = "event",
        .about = "Experience for a draft that was published.",
        .sql = post_sql,
    },
    {
        .name = "xp-comment",
        .event = "comment.created",
        .queue = "event",
        .about = "Experience for a comment.",
        .sql = comment_sql,
    },
    {
        .name = "xp-reaction",
        .event = "reaction.created",
        .queue = "event",
        .about = "Experience for a reaction received, one a user and thing.",
        .sql = reaction_sql,
    },
    {
        .name = "xp-followed",
        .event = "user.followed",
        .queue = "event",
        .about = "Experience for a new follower.",
        .sql = follow_sql,
    },
    { 0 },
};

static const char *const events[] = { "user.level_up", NULL };

const struct feature points_feature = {
    .name = "points",
    .about = "Experience, levels and points.",
    .listeners = listeners,
    .events = events,
};
