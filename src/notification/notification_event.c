/*
 * notification_event.c - from events to notifications.
 *
 * Each listener is one statement: a row of who is told by whom of what
 * (`tell`), and notification_put() (sql/notification.sql), which consolidates
 * and leaves out one's own acts and those of blocked and muted users.  What
 * happened is looked up again, so what was undone meanwhile tells nobody.
 */
#include "notification/notification_local.h"

#include "core/batch.h"

/* clang-format off */

/*
 * After a CTE tell (user_id, entity_type, entity_id, message, url, verb): the
 * titles are "<who> <verb>" and "<who> and 3 others <verb>".  The gate is a
 * column of the preferences; no row there is one of all defaults.  It is asked
 * before, whatever order of joins the planner likes.
 */
#define PUT_AS(type, gate, priority, keep, many)                               \
    ", wanted AS MATERIALIZED (SELECT t.*, " type " AS type FROM tell t"       \
    " LEFT JOIN notification_preferences w USING (user_id)"                    \
    " WHERE t.user_id IS NOT NULL AND coalesce(w." gate ", true)"              \
    " AND (" type ")::notification_type"                                       \
    " <> ALL (coalesce(w.in_app_off, '{}')))"                                  \
    " SELECT n.id FROM wanted t, notification_put(t.user_id,"                  \
    " t.type::notification_type, $2, t.entity_type, t.entity_id,"              \
    " '{actor} ' || t.verb, t.message, t.url, " priority ", '" keep "',"       \
    " t.type || ':' || t.entity_type || ':' || t.entity_id,"                   \
    " '{actor} and {others} ' || " many ") n"
#define PUT(type, gate, priority, keep)                                        \
    PUT_AS("'" type "'", gate, priority, keep, "t.verb")

/* ---- Comments ------------------------------------------------------------ */

#define COMMENTED                                                              \
    SQL(left(c.content, 200),                                                  \
        '/post/' || p.slug || '#c-' || c.id)
#define LIVE_COMMENT                                                           \
    SQL(WHERE c.id = $1 AND c.deleted_at IS NULL AND p.deleted_at IS NULL)

/* The post's author, who is told of a reply to their own comment as such. */
static const char comment_sql[] =
    "WITH tell(user_id, entity_type, entity_id, message, url, verb) AS ("
    "SELECT p.author_id, 'post', p.id, " COMMENTED ", 'commented on your post'"
    SQL(FROM comments c JOIN posts p ON p.id = c.post_id
        LEFT JOIN comments up ON up.id = c.parent_id)
    LIVE_COMMENT
    " AND up.author_id IS DISTINCT FROM p.author_id)"
    PUT("POST_COMMENTED", "post_comments", "1", "7 days");

static const char reply_sql[] =
    "WITH tell(user_id, entity_type, entity_id, message, url, verb) AS ("
    "SELECT up.author_id, 'comment', up.id, " COMMENTED
    ", 'replied to your comment'"
    SQL(FROM comments c JOIN posts p ON p.id = c.post_id
        JOIN comments up ON up.id = c.parent_id AND up.deleted_at IS NULL)
    LIVE_COMMENT " AND post_visible(p, up.author_id))"
    PUT("COMMENT_REPLIED", "post_comments", "1", "7 days");

/* ---- Mentions ------------------------------------------------------------ */

/* Names become rows of mentions; who is new there is told, if they may see it.
 * At most 10, so that one text does not wake a crowd. */
#define NAMED                                                                  \
    SQL(WITH named AS (                                                        \
        SELECT DISTINCT u.id FROM users u                                      \
        WHERE u.deleted_at IS NULL AND lower(u.username) IN (                  \
            SELECT lower(name) FROM jsonb_array_elements_text(                 \
                CASE jsonb_typeof($3->'mentions') WHEN 'array'                 \
                    THEN $3->'mentions' ELSE '[]' END) name                    \
            LIMIT 10)), )

static const char comment_mention_sql[] =
    NAMED SQL(fresh AS (
        INSERT INTO mentions (post_id, comment_id, user_id)
        SELECT c.post_id, c.id, named.id FROM comments c, named
        WHERE c.id = $1 AND c.deleted_at IS NULL
        ON CONFLICT DO NOTHING RETURNING user_id))
    ", tell(user_id, entity_type, entity_id, message, url, verb) AS ("
    "SELECT f.user_id, 'comment', c.id, " COMMENTED
    ", 'mentioned you in a comment'"
    SQL(FROM fresh f, comments c JOIN posts p ON p.id = c.post_id)
    LIVE_COMMENT " AND post_visible(p, f.user_id))"
    PUT("MENTION", "mentions", "1", "7 days");

/* Drafts tell nobody; the event that publishes a post tells all of them. */
static const char post_mention_sql[] =
    NAMED SQL(fresh AS (
        INSERT INTO mentions (post_id, user_id)
        SELECT p.id, named.id FROM posts p, named
        WHERE p.id = $1 AND p.deleted_at IS NULL
        ON CONFLICT DO NOTHING RETURNING user_id))
    ", tell(user_id, entity_type, entity_id, message, url, verb) AS ("
    SQL(SELECT m.user_id, 'post', p.id, left(p.title, 200),
            '/post/' || p.slug, 'mentioned you in a post'
        FROM posts p, LATERAL (SELECT user_id FROM fresh UNION
            SELECT user_id FROM mentions WHERE post_id = p.id
                AND comment_id IS NULL AND p.published_at = $5) m
        WHERE p.id = $1 AND p.status = 'published' AND p.deleted_at IS NULL
            AND post_visible(p, m.user_id)) ")"
    PUT("MENTION", "mentions", "1", "7 days");

/* ---- Reactions ----------------------------------------------------------- */

#define VERB(thing)                                                            \
    " CASE $3->>'type' WHEN 'LIKE' THEN 'liked your " thing "'"                \
    " ELSE 'reacted to your " thing "' END "

/* To a post, or to a comment: one of the two finds a row. */
static const char liked_sql[] =
    "WITH tell(user_id, entity_type, entity_id, message, url, verb) AS ("
    "SELECT p.author_id, 'post', p.id, left(p.title, 200),"
    " '/post/' || p.slug," VERB("post")
    SQL(FROM posts p
        WHERE p.id = $1 AND $3->>'postId' IS NOT NULL AND p.deleted_at IS NULL
            AND EXISTS (SELECT FROM reactions
                WHERE post_id = p.id AND user_id = $2))
    " UNION ALL SELECT c.author_id, 'comment', c.id, " COMMENTED ","
    VERB("comment")
    SQL(FROM comments c JOIN posts p ON p.id = c.post_id)
    LIVE_COMMENT
    SQL(AND $3->>'commentId' IS NOT NULL
        AND EXISTS (SELECT FROM reactions
            WHERE comment_id = c.id AND user_id = $2)) ")"
    PUT_AS("CASE t.entity_type WHEN 'post' THEN 'POST_LIKED'"
           " ELSE 'COMMENT_LIKED' END", "post_likes", "0", "7 days", "t.verb");

/* Undone within 5 minutes, and nothing else of the same user is left. */
static const char unliked_sql[] =
    SQL(SELECT notification_take_back(t.owner, t.key, $2, '5 minutes',
            '{actor} liked your ' || t.thing,
            '{actor} and {others} liked your ' || t.thing)
        FROM (SELECT ($3->>'owner')::uuid AS owner,
            CASE WHEN $3->>'postId' IS NOT NULL THEN 'post' ELSE 'comment' END
                AS thing,
            CASE WHEN $3->>'postId' IS NOT NULL THEN 'POST_LIKED:post:'
                ELSE 'COMMENT_LIKED:comment:' END || $1 AS key) t
        WHERE t.owner IS NOT NULL AND NOT EXISTS (SELECT FROM reactions
            WHERE (post_id = $1 OR comment_id = $1) AND user_id = $2));

/* ---- Follows, levels ----------------------------------------------------- */

static const char followed_sql[] =
    "WITH tell(user_id, entity_type, entity_id, message, url, verb) AS ("
    SQL(SELECT f.following_id, 'user', f.following_id, '',
            '/profile/' || u.username, 'follows you'
        FROM follows f JOIN users u ON u.id = f.follower_id
        WHERE f.following_id = $1 AND f.follower_id = $2) ")"
    PUT_AS("'USER_FOLLOWED'", "new_followers", "0", "7 days", "'follow you'");

static const char unfollowed_sql[] =
    SQL(SELECT notification_take_back($1, 'USER_FOLLOWED:user:' || $1, $2,
            '5 minutes', '{actor} follows you',
            '{actor} and {others} follow you')
        WHERE NOT EXISTS (SELECT FROM follows
            WHERE following_id = $1 AND follower_id = $2));

static const char level_sql[] =
    SQL(WITH u AS MATERIALIZED (
            SELECT u.id, u.username FROM users u
            LEFT JOIN notification_preferences w ON w.user_id = u.id
            WHERE u.id = $1 AND u.deleted_at IS NULL
                AND 'LEVEL_UP' <> ALL (coalesce(w.in_app_off, '{}')))
        SELECT n.id FROM u, notification_put(u.id, 'LEVEL_UP', NULL, 'user',
            u.id,
            'You reached level ' || ($3->>'newLevel'),
            'That earned you ' || ($3->>'bonus') || ' sparkle points.',
            '/profile/' || u.username, 1, '90 days', NULL, NULL, $3) n);

/* clang-format on */

/* ---- Expiry -------------------------------------------------------------- */

/* clang-format off */
static const char expired_count_sql[] = SQL(
    SELECT count(*) FROM notifications WHERE expires_at <= clock_now()
);
static const char expire_sql[] = SQL(
    DELETE FROM notifications WHERE id = ANY (ARRAY(
        SELECT id FROM notifications WHERE expires_at <= clock_now()
        ORDER BY expires_at LIMIT 5000))
);
/* clang-format on */

static int64_t
expire(struct job *job, bool dry_run)
{
    return batch_delete(job, dry_run, expired_count_sql, expire_sql);
}

const struct batch notification_batches[] = {
    {
        .name = "expired-notifications",
        .when = "0 2 * * *",
        .about = "Delete notifications past their time.",
        .step = expire,
    },
    { 0 },
};

/* ---- The listeners ------------------------------------------------------- */

const struct listener notification_listeners[] = {
    {
        .name = "notify-comment",
        .event = "comment.created",
        .queue = "notification",
        .about = "Tell a post's author of a comment.",
        .sql = comment_sql,
    },
    {
        .name = "notify-reply",
        .event = "comment.created",
        .queue = "notification",
        .about = "Tell a comment's author of an answer.",
        .sql = reply_sql,
    },
    {
        .name = "notify-comment-mention",
        .event = "comment.created",
        .queue = "notification",
        .about = "Tell those whom a comment names.",
        .sql = comment_mention_sql,
    },
    {
        .name = "notify-edited-comment-mention",
        .event = "comment.updated",
        .queue = "notification",
        .about = "Tell those whom a changed comment names anew.",
        .sql = comment_mention_sql,
    },
    {
        .name = "notify-post-mention",
        .event = "post.created",
        .queue = "notification",
        .about = "Tell those whom a post names.",
        .sql = post_mention_sql,
    },
    {
        .name = "notify-edited-post-mention",
        .event = "post.updated",
        .queue = "notification",
        .about = "Tell those whom a changed post names anew.",
        .sql = post_mention_sql,
    },
    {
        .name = "notify-liked",
        .event = "reaction.created",
        .queue = "notification",
        .about = "Tell the author of a post or comment of a reaction.",
        .sql = liked_sql,
    },
    {
        .name = "notify-unliked",
        .event = "reaction.deleted",
        .queue = "notification",
        .about = "Take back what told of a reaction undone at once.",
        .sql = unliked_sql,
    },
    {
        .name = "notify-followed",
        .event = "user.followed",
        .queue = "notification",
        .about = "Tell somebody of a new follower.",
        .sql = followed_sql,
    },
    {
        .name = "notify-unfollowed",
        .event = "user.unfollowed",
        .queue = "notification",
        .about = "Take back what told of a follow undone at once.",
        .sql = unfollowed_sql,
    },
    {
        .name = "notify-level-up",
        .event = "user.level_up",
        .queue = "notification",
        .about = "Tell somebody of their new level.",
        .sql = level_sql,
    },
    { 0 },
};
