/*
 * notification_event.c - from events to notifications.
 *
 * Each listener is one statement: a CTE `tell` of who is told of what, and
 * notification_put() of sql/notification.sql for each of its rows, which does
 * the rest: titles, preferences, consolidation, channels.  What happened is
 * looked up again, so what was undone meanwhile tells nobody.
 */
#include "notification/notification_local.h"

/* clang-format off */

/* A CTE tell (user_id, entity_type, entity_id, message, url, data). */
#define TELL "WITH " TELL_TOO
#define TELL_TOO                                                               \
    "tell(user_id, entity_type, entity_id, message, url, data) AS ("
#define PUT_AS(type)                                                           \
    ") SELECT n.id FROM tell t, notification_put(t.user_id,"                   \
    " (" type ")::notification_type, $2, t.entity_type, t.entity_id, NULL,"    \
    " t.message, t.url, NULL, t.data) n WHERE t.user_id IS NOT NULL"
#define PUT(type) PUT_AS("'" type "'")

/* ---- Comments ------------------------------------------------------------ */

#define COMMENTED                                                              \
    SQL(coalesce(c.excerpt, p.title),                                          \
        '/post/' || p.slug || '#c-' || c.id,                                   \
        jsonb_build_object('comment', c.id, 'postTitle', p.title))
#define LIVE_COMMENT                                                           \
    SQL(WHERE c.id = $1 AND c.deleted_at IS NULL AND p.deleted_at IS NULL)

/* The post's author, who is told of a reply to their own comment as such. */
static const char comment_sql[] =
    TELL "SELECT p.author_id, 'post', p.id, " COMMENTED
    SQL(FROM comments c JOIN posts p ON p.id = c.post_id
        LEFT JOIN comments up ON up.id = c.parent_id)
    LIVE_COMMENT
    " AND up.author_id IS DISTINCT FROM p.author_id"
    PUT("POST_COMMENTED");

static const char reply_sql[] =
    TELL "SELECT up.author_id, 'comment', up.id, " COMMENTED
    SQL(FROM comments c JOIN posts p ON p.id = c.post_id
        JOIN comments up ON up.id = c.parent_id AND up.deleted_at IS NULL)
    LIVE_COMMENT " AND post_visible(p, up.author_id)"
    PUT("COMMENT_REPLIED");

/* ---- Mentions ------------------------------------------------------------ */

/* Names become rows of mentions; who is new there is told, if they may see it.
 * At most 10, so that one text does not wake a crowd. */
#define NAMED                                                                  \
    SQL(WITH named AS (                                                        \
        SELECT DISTINCT u.id FROM users u                                      \
        WHERE user_shown(u.status) AND lower(u.username) IN (                  \
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
    ", " TELL_TOO "SELECT f.user_id, 'comment', c.id, " COMMENTED
    " || '{\"where\": \"a comment\"}'"
    SQL(FROM fresh f, comments c JOIN posts p ON p.id = c.post_id)
    LIVE_COMMENT " AND post_visible(p, f.user_id)"
    PUT("MENTION");

/* Drafts tell nobody; the event that publishes a post tells all of them. */
static const char post_mention_sql[] =
    NAMED SQL(fresh AS (
        INSERT INTO mentions (post_id, user_id)
        SELECT p.id, named.id FROM posts p, named
        WHERE p.id = $1 AND p.deleted_at IS NULL
        ON CONFLICT DO NOTHING RETURNING user_id))
    ", " TELL_TOO
    SQL(SELECT m.user_id, 'post', p.id, p.title,
            '/post/' || p.slug, jsonb_build_object('postTitle', p.title)
        FROM posts p, LATERAL (SELECT user_id FROM fresh UNION
            SELECT user_id FROM mentions WHERE post_id = p.id
                AND comment_id IS NULL AND p.published_at = $5) m
        WHERE p.id = $1 AND p.status = 'published' AND p.deleted_at IS NULL
            AND post_visible(p, m.user_id))
    PUT("MENTION");

/* ---- Reactions ----------------------------------------------------------- */

#define VERB                                                                   \
    SQL(jsonb_build_object('postTitle', p.title, 'verb',                       \
        CASE $3->>'type' WHEN 'LIKE' THEN 'liked' ELSE 'reacted to' END))

/* To a post, or to a comment: one of the two finds a row. */
static const char liked_sql[] =
    TELL SQL(SELECT p.author_id, 'post', p.id, p.title,
            '/post/' || p.slug, ) VERB
    SQL(FROM posts p
        WHERE p.id = $1 AND $3->>'postId' IS NOT NULL AND p.deleted_at IS NULL
            AND EXISTS (SELECT FROM reactions
                WHERE post_id = p.id AND user_id = $2))
    " UNION ALL SELECT c.author_id, 'comment', c.id, " COMMENTED " || " VERB
    SQL(FROM comments c JOIN posts p ON p.id = c.post_id)
    LIVE_COMMENT
    SQL(AND $3->>'commentId' IS NOT NULL
        AND EXISTS (SELECT FROM reactions
            WHERE comment_id = c.id AND user_id = $2))
    PUT_AS("CASE t.entity_type WHEN 'post' THEN 'POST_LIKED'"
           " ELSE 'COMMENT_LIKED' END");

/* Undone within 5 minutes, and nothing else of the same user is left. */
static const char unliked_sql[] =
    SQL(SELECT notification_take_back(t.owner,
            CASE t.thing WHEN 'post' THEN 'POST_LIKED'
                ELSE 'COMMENT_LIKED' END::notification_type, t.thing, $1, $2)
        FROM (SELECT ($3->>'owner')::uuid AS owner,
            CASE WHEN $3->>'postId' IS NOT NULL THEN 'post' ELSE 'comment' END
                AS thing) t
        WHERE t.owner IS NOT NULL AND NOT EXISTS (SELECT FROM reactions
            WHERE (post_id = $1 OR comment_id = $1) AND user_id = $2));

/* ---- Follows, levels ----------------------------------------------------- */

static const char followed_sql[] =
    TELL SQL(SELECT f.following_id, 'user', f.following_id, '',
            '/profile/' || u.username, '{}'::jsonb
        FROM follows f JOIN users u ON u.id = f.follower_id
        WHERE f.following_id = $1 AND f.follower_id = $2)
    PUT("USER_FOLLOWED");

static const char unfollowed_sql[] =
    SQL(SELECT notification_take_back($1, 'USER_FOLLOWED', 'user', $1, $2)
        WHERE NOT EXISTS (SELECT FROM follows
            WHERE following_id = $1 AND follower_id = $2));

static const char level_sql[] =
    TELL SQL(SELECT u.id, 'user', u.id,
            'That earned you ' || ($3->>'bonus') || ' sparkle points.',
            '/profile/' || u.username, jsonb_build_object(
                'level', $3->'newLevel', 'oldLevel', $3->'oldLevel',
                'bonus', $3->'bonus', 'experience', $3->'experience')
        FROM users u WHERE u.id = $1)
    PUT("LEVEL_UP");

/* A title of its own, so without TELL. */
static const char referral_sql[] =
    SQL(SELECT n.id FROM referrals f, notification_put(f.referrer_id, 'SYSTEM',
            $2, 'referral', f.id, '{actor} joined by your code',
            'That earned you ' || ($3->>'bonus') || ' sparkle points.',
            '/settings/account#invite', NULL, jsonb_build_object(
                'referredUserId', $2, 'bonus', $3->'bonus')) n
        WHERE f.id = ($3->>'referralId')::uuid AND f.referrer_id = $1);

/* ---- What is deleted ----------------------------------------------------- */

static const char post_gone_sql[] = SQL(SELECT notification_sweep_post($1));

static const char post_changed_sql[] = SQL(
    SELECT notification_sweep_post(id) FROM posts
    WHERE id = $1 AND NOT post_open(posts));

static const char comment_deleted_sql[] = SQL(
    SELECT notification_sweep_comment($1, ($3->>'postId')::uuid));

/* clang-format on */

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
    {
        .name = "notify-referral",
        .event = "referral.completed",
        .queue = "notification",
        .about = "Tell who gave a referral code away that somebody joined.",
        .sql = referral_sql,
    },
    {
        .name = "notify-post-deleted",
        .event = "post.deleted",
        .queue = "notification",
        .about = "Take away what told of a post that is gone.",
        .sql = post_gone_sql,
    },
    {
        .name = "notify-post-hidden",
        .event = "post.updated",
        .queue = "notification",
        .about = "Take away what told of a post to who may not see it now.",
        .sql = post_changed_sql,
    },
    {
        .name = "notify-comment-deleted",
        .event = "comment.deleted",
        .queue = "notification",
        .about = "Take away what told of a comment that is gone.",
        .sql = comment_deleted_sql,
    },
    { 0 },
};
