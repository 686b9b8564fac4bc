/*
 * reaction.c - reactions: one of each kind a user, put and taken back.
 *
 * Both verbs are idempotent (RFC 9110, 9.2.2): what is there already changes
 * nothing, and only a change is told to others.
 */
#include "reaction/reaction.h"

struct reaction {
    struct uuid target;
    const char *type;
};

static const char *const types[] = { "LIKE",  "LOVE", "SPARKLE", "FIRE",
                                     "LAUGH", "WOW",  "SAD",     NULL };

const struct member reaction_counts[] = {
    { .name = "LIKE", .type = VALUE_INTEGER },
    { .name = "LOVE", .type = VALUE_INTEGER },
    { .name = "SPARKLE", .type = VALUE_INTEGER },
    { .name = "FIRE", .type = VALUE_INTEGER },
    { .name = "LAUGH", .type = VALUE_INTEGER },
    { .name = "WOW", .type = VALUE_INTEGER },
    { .name = "SAD", .type = VALUE_INTEGER },
    { 0 },
};

static const struct member reaction_shape[] = {
    { .name = "reactions", .type = VALUE_INTEGER, .about = "All together." },
    { .name = "reactionCounts", .object = reaction_counts },
    { 0 },
};

static const struct field post_fields[] = {
    FIELD_AS(IN_PATH, "post", struct reaction, target,
             .about = "The post's id."),
    FIELD(IN_PATH, struct reaction, type, .choices = types,
          .about = "The reaction."),
    { 0 },
};
static const struct field comment_fields[] = {
    FIELD_AS(IN_PATH, "comment", struct reaction, target,
             .about = "The comment's id."),
    FIELD(IN_PATH, struct reaction, type, .choices = types,
          .about = "The reaction."),
    { 0 },
};

/* ---- Statements --------------------------------------------------------- */

/* $1 viewer, $2 target, $3 type, $4 request: `done` has what changed. */
#define TELL_AND_COUNT(event_name, target_name)                                \
    SQL(, news AS (                                                            \
            INSERT INTO outbox (event, subject_id, actor_id, data, request_id) \
            SELECT event_name, $2, $1, jsonb_build_object(target_name, $2,     \
                'type', $3::text, 'owner', owner), $4                          \
            FROM done WHERE changed                                            \
        )                                                                      \
        SELECT total, reactions_like, reactions_love, reactions_sparkle,       \
            reactions_fire, reactions_laugh, reactions_wow, reactions_sad      \
        FROM done)

#define ON_POST(there)                                                         \
    SQL(WITH done AS (                                                         \
        SELECT r.*, p.author_id AS owner                                       \
        FROM posts p,                                                          \
            reaction_set($1, p.id, NULL, $3::text::reaction_type, there) r     \
        WHERE p.id = $2 AND post_visible(p, $1)                                \
    ))

/* OFFSET 0 keeps the planner from calling the function, which needs nothing of
 * the post, before it is known that the post may be seen. */
#define ON_COMMENT(there)                                                      \
    SQL(WITH done AS (                                                         \
        SELECT r.*, c.author_id AS owner                                       \
        FROM (SELECT c.id, c.author_id                                         \
                FROM comments c JOIN posts p ON p.id = c.post_id               \
                WHERE c.id = $2 AND c.deleted_at IS NULL                       \
                    AND NOT users_parted(c.author_id, $1)                      \
                    AND post_visible(p, $1) OFFSET 0) c,                       \
            reaction_set($1, NULL, c.id, $3::text::reaction_type, there) r     \
    ))

static const char put_post_sql[] =
    ON_POST(TRUE) TELL_AND_COUNT('reaction.created', 'postId');
static const char remove_post_sql[] =
    ON_POST(FALSE) TELL_AND_COUNT('reaction.deleted', 'postId');
static const char put_comment_sql[] =
    ON_COMMENT(TRUE) TELL_AND_COUNT('reaction.created', 'commentId');
static const char remove_comment_sql[] =
    ON_COMMENT(FALSE) TELL_AND_COUNT('reaction.deleted', 'commentId');

static const struct problem *
react(struct request *r, const char *sql)
{
    const struct reaction *reaction = r->input;
    const struct problem *refused =
        answer_row(r, sql,
                   ARGS(ARG(r->viewer), ARG(reaction->target),
                        ARG(reaction->type), ARG(r->id)));

    event_wake(r);
    return refused;
}

static const struct problem *
put_on_post(struct request *r)
{
    return react(r, put_post_sql);
}

static const struct problem *
remove_from_post(struct request *r)
{
    return react(r, remove_post_sql);
}

static const struct problem *
put_on_comment(struct request *r)
{
    return react(r, put_comment_sql);
}

static const struct problem *
remove_from_comment(struct request *r)
{
    return react(r, remove_comment_sql);
}

/* ---- The endpoints ------------------------------------------------------ */

static const struct route routes[] = {
    {
        .on = "PUT /api/posts/{post}/reactions/{type}",
        .access = ALLOW_MEMBERS,
        .handle = put_on_post,
        .about = "React to a post; again changes nothing.",
        .input = INPUT(struct reaction, post_fields),
        .returns = reaction_shape,
        .sql = STATEMENTS(put_post_sql),
    },
    {
        .on = "DELETE /api/posts/{post}/reactions/{type}",
        .access = ALLOW_MEMBERS,
        .handle = remove_from_post,
        .about = "Take a reaction to a post back; again changes nothing.",
        .input = INPUT(struct reaction, post_fields),
        .returns = reaction_shape,
        .sql = STATEMENTS(remove_post_sql),
    },
    {
        .on = "PUT /api/comments/{comment}/reactions/{type}",
        .access = ALLOW_MEMBERS,
        .handle = put_on_comment,
        .about = "React to a comment; again changes nothing.",
        .input = INPUT(struct reaction, comment_fields),
        .returns = reaction_shape,
        .sql = STATEMENTS(put_comment_sql),
    },
    {
        .on = "DELETE /api/comments/{comment}/reactions/{type}",
        .access = ALLOW_MEMBERS,
        .handle = remove_from_comment,
        .about = "Take a reaction to a comment back.",
        .input = INPUT(struct reaction, comment_fields),
        .returns = reaction_shape,
        .sql = STATEMENTS(remove_comment_sql),
    },
    { 0 },
};

static const char *const events[] = { "reaction.created", "reaction.deleted",
                                      NULL };

const struct feature reaction_feature = {
    .name = "reaction",
    .about = "Reactions to posts and comments.",
    .routes = routes,
    .events = events,
};
