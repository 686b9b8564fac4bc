/*
 * points.c - experience for what people do.
 *
 * Amounts, daily caps and the other limits are rows of xp_sources;
 * add_experience() (sql/points.sql) is the one place that gives, and counts a
 * key once.  What is deleted is taken back, and its key stays used.  Counters
 * that pages show are kept by the writes themselves (triggers in
 * sql/post_count.sql).
 */
#include "points/points.h"

/* clang-format off */

/* A draft earns when it is published, which may be by a later event.  The lock
 * makes a deletion meanwhile wait: its listener finds what was given. */
static const char post_sql[] = SQL(
    SELECT x.added
    FROM (SELECT p.id, p.author_id, t.content
        FROM posts p JOIN post_contents t ON t.post_id = p.id
        WHERE p.id = $1 AND post_listed(p)
        FOR SHARE OF p) p
    JOIN users u ON u.id = p.author_id AND u.deleted_at IS NULL,
        add_experience(u.id, NULL, 'post_published', p.id::text,
            p_text => p.content) x
);
static const char post_gone_sql[] = SQL(
    SELECT take_experience(u.id, 'post_published', p.id::text)
    FROM posts p JOIN users u ON u.id = p.author_id AND u.deleted_at IS NULL
    WHERE p.id = $1 AND p.deleted_at IS NOT NULL
);

static const char comment_sql[] = SQL(
    SELECT x.added
    FROM (SELECT c.id, c.author_id, c.content FROM comments c
        WHERE c.id = $1 AND c.deleted_at IS NULL FOR SHARE OF c) c
    JOIN users u ON u.id = c.author_id AND u.deleted_at IS NULL,
        add_experience(u.id, NULL, 'comment_created', c.id::text,
            p_text => c.content) x
);
static const char comment_gone_sql[] = SQL(
    SELECT take_experience(u.id, 'comment_created', c.id::text)
    FROM comments c JOIN users u ON u.id = c.author_id
        AND u.deleted_at IS NULL
    WHERE c.id = $1 AND c.deleted_at IS NOT NULL
);

static const char reaction_sql[] = SQL(
    SELECT x.added FROM users u,
        add_experience(u.id, NULL, 'reaction_received',
            $1::text || ':' || $2::text, p_actor => $2) x
    WHERE u.id = ($3->>'owner')::uuid AND u.id <> $2 AND u.deleted_at IS NULL
);

static const char follow_sql[] = SQL(
    SELECT x.added FROM users u,
        add_experience(u.id, NULL, 'followed', $2::text, p_actor => $2) x
    WHERE u.id = $1 AND u.deleted_at IS NULL
);

/* Each day of a streak adds one, up to twice the amount. */
static const char day_sql[] = SQL(
    SELECT x.added FROM users u
    JOIN xp_sources s ON s.source = 'daily_login',
        add_experience(u.id, least(2 * s.amount,
            s.amount + ($3->>'streak')::int - 1), s.source,
            $3->>'day') x
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
        .name = "xp-post-deleted",
        .event = "post.deleted",
        .queue = "event",
        .about = "Takes back what a post gave that is deleted.",
        .sql = post_gone_sql,
    },
    {
        .name = "xp-comment",
        .event = "comment.created",
        .queue = "event",
        .about = "Experience for a comment.",
        .sql = comment_sql,
    },
    {
        .name = "xp-comment-deleted",
        .event = "comment.deleted",
        .queue = "event",
        .about = "Takes back what a comment gave that is deleted.",
        .sql = comment_gone_sql,
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
    {
        .name = "xp-daily-login",
        .event = "user.day_begun",
        .queue = "event",
        .about = "Experience for the first visit of a member's day.",
        .sql = day_sql,
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
