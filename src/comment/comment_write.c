/*
 * comment_write.c - comments: writing, editing, deleting.
 *
 * Each is one statement with the news of it in the outbox.
 */
#include "comment/comment_local.h"

#include <string.h>

#include "core/audit.h"
#include "markup/markup.h"

/* ---- POST /api/posts/{post}/comments ------------------------------------ */

struct remark {
    struct uuid post, comment, parent;
    const char *content;
    struct maybe_integer youtube_timestamp;
};

static const struct problem blank_comment = {
    .status = 422,
    .code = "BLANK_COMMENT",
    .title = "Nothing of this comment would be visible.",
};
static const struct problem comments_closed = {
    .status = 409,
    .code = "COMMENTS_CLOSED",
    .title = "This post takes no more comments.",
};
static const struct problem wrong_parent = {
    .status = 422,
    .code = "WRONG_PARENT",
    .title = "The comment that you answer is not there.",
};

static const struct refusal remark_refusals[] = {
    { .problem = &blank_comment, .field = "content" },
    { .problem = &comments_closed, .constraint = "comments_post_open" },
    { .problem = &problem_not_found, .constraint = "comments_post_id_fkey" },
    { .problem = &wrong_parent,
      .constraint = "comments_parent_same_post",
      .field = "parentId" },
    { .problem = &wrong_parent,
      .constraint = "comments_parent_live",
      .field = "parentId" },
    { 0 },
};

static const struct refusal delete_refusals[] = {
    { .problem = &problem_higher_role, .constraint = "comments_rank" },
    { 0 },
};

static const struct refusal edit_refusals[] = {
    { .problem = &blank_comment, .field = "content" },
    { 0 },
};

/* clang-format off */
static const char create_sql[] = SQL(
    WITH made AS (
        SELECT c FROM posts p, comment_add(p.id, $3, $1, $4, $5, $6::int,
            $9) c
        WHERE p.id = $2 AND post_visible(p, $1) AND NOT EXISTS(
            SELECT FROM comments up
            WHERE up.id = $3 AND users_parted(up.author_id, $1))
    ), news AS (
        INSERT INTO outbox (event, subject_id, actor_id, data, request_id)
        SELECT 'comment.created', (c).id, $1, jsonb_build_object(
            'postId', (c).post_id, 'parentId', (c).parent_id,
            'mentions', to_jsonb($7::text[])), $8
        FROM made
    ))
    COMMENT_SELECT(FALSE) SQL(FROM made, comment_row(made.c) row);
/* clang-format on */

/* The content as HTML, and whom it mentions. */
static const struct problem *
render(struct request *r, const struct remark *c, struct markup *ret,
       struct texts *ret_mentions)
{
    markup_render(ret, r->mem, c->content, strlen(c->content));
    *ret_mentions = (struct texts){ ret->mentions, ret->n_mentions };
    return ret->html[0] == '\0' ? &blank_comment : NULL;
}

static const struct problem *
create_comment(struct request *r)
{
    const struct remark *c = r->input;
    struct markup text;
    struct texts mentions;

    if (render(r, c, &text, &mentions) != NULL)
        return &blank_comment;
    const char *excerpt = comment_excerpt(r->mem, &text);
    const struct problem *refused = answer_row(
        r, create_sql,
        ARGS(ARG(r->viewer), ARG(c->post), ARG(c->parent), ARG(c->content),
             ARG(text.html), ARG(c->youtube_timestamp), ARG(mentions),
             ARG(r->id), ARG(excerpt)));

    event_wake(r);
    return refused;
}

#define CONTENT_FIELD                                                          \
    FIELD(IN_BODY, struct remark, content, .required = true, .min = 1,         \
          .max = 5000, .lines = true, .raw = true, .about = "Markdown.")

static const struct field create_fields[] = {
    FIELD(IN_PATH, struct remark, post, .about = "The post's id."),
    CONTENT_FIELD,
    FIELD_AS(IN_BODY, "parentId", struct remark, parent,
             .about = "The comment that this answers."),
    FIELD_AS(IN_BODY, "youtubeTimestamp", struct remark, youtube_timestamp,
             .min = 0, .max = 604800,
             .about = "Second of the post's video that this is about."),
    { 0 },
};

/* ---- PATCH and DELETE /api/comments/{comment} --------------------------- */

/* An edit within 15 minutes of writing is silent.  Who may no longer see the
 * post (blocked, say) may delete there, but not go on writing. */
/* clang-format off */
static const char edit_sql[] = SQL(
    WITH made AS (
        UPDATE comments c SET content = $3, content_html = $4,
            excerpt = $7, edited_at = CASE
                WHEN c.created_at > clock_now() - interval '15 minutes'
                THEN c.edited_at ELSE clock_now() END
        FROM posts p
        WHERE c.id = $2 AND c.author_id = $1 AND c.deleted_at IS NULL
            AND p.id = c.post_id AND post_visible(p, $1)
        RETURNING c.*
    ), news AS (
        INSERT INTO outbox (event, subject_id, actor_id, data, request_id)
        SELECT 'comment.updated', id, $1, jsonb_build_object(
            'postId', post_id, 'mentions', to_jsonb($5::text[])), $6
        FROM made
    ))
    COMMENT_SELECT(FALSE) SQL(FROM made, comment_row(made) row);
/* clang-format on */

static const struct problem *
edit_comment(struct request *r)
{
    const struct remark *c = r->input;
    struct markup text;
    struct texts mentions;

    if (render(r, c, &text, &mentions) != NULL)
        return &blank_comment;
    const char *excerpt = comment_excerpt(r->mem, &text);
    const struct problem *refused = answer_row(
        r, edit_sql,
        ARGS(ARG(r->viewer), ARG(c->comment), ARG(c->content), ARG(text.html),
             ARG(mentions), ARG(r->id), ARG(excerpt)));

    event_wake(r);
    return refused;
}

static const char delete_sql[] = SQL(
    WITH gone AS MATERIALIZED (
        SELECT c.* FROM comment_to_delete($1, $2) c
        WHERE comment_remove(c.id, $1)
    ), noted AS (
        INSERT INTO audit_log (actor_id, action, resource_type, resource_id,
            before, after, ip, user_agent, request_id)
        SELECT $1, 'comment.delete', 'comment', id::text, jsonb_build_object(
                'content', content, 'postId', post_id, 'deleted', FALSE),
            '{"deleted": true}', $3::text::inet, left($5, 1000), $4
        FROM gone WHERE author_id IS DISTINCT FROM $1
    )
    INSERT INTO outbox (event, subject_id, actor_id, data, request_id)
    SELECT 'comment.deleted', id, $1, jsonb_build_object('postId', post_id),
        $4
    FROM gone
);

static const struct problem *
delete_comment(struct request *r)
{
    const struct remark *c = r->input;
    const char *ip = audit_address(r);
    const struct problem *refused =
        answer_done(r, delete_sql,
                    ARGS(ARG(r->viewer), ARG(c->comment), ARG(ip), ARG(r->id),
                         ARG(r->user_agent)));

    event_wake(r);
    return audit_refused(r, "comment.delete", "comment", c->comment, refused);
}

static const struct field edit_fields[] = {
    FIELD(IN_PATH, struct remark, comment, .about = "The comment's id."),
    CONTENT_FIELD,
    { 0 },
};
static const struct field delete_fields[] = {
    FIELD(IN_PATH, struct remark, comment, .about = "The comment's id."),
    { 0 },
};

/* ---- The endpoints ------------------------------------------------------ */

const struct route comment_write_routes[] = {
    {
        .on = "POST /api/posts/{post}/comments",
        .access = ALLOW_MEMBERS,
        .handle = create_comment,
        .about = "Comment on a post, or answer a comment.",
        .input = INPUT(struct remark, create_fields),
        .refusals = remark_refusals,
        .returns = comment_shape,
        .success = 201,
        .sql = STATEMENTS(create_sql),
    },
    {
        .on = "PATCH /api/comments/{comment}",
        .access = ALLOW_MEMBERS,
        .handle = edit_comment,
        .about = "Change your comment; silently in the first 15 minutes.",
        .input = INPUT(struct remark, edit_fields),
        .refusals = edit_refusals,
        .returns = comment_shape,
        .sql = STATEMENTS(edit_sql),
    },
    {
        .on = "DELETE /api/comments/{comment}",
        .access = ALLOW_MEMBERS,
        .handle = delete_comment,
        .about = "Delete a comment; a stub stays where somebody answered.",
        .input = INPUT(struct remark, delete_fields),
        .refusals = delete_refusals,
        .form = ANSWER_NOTHING,
        .success = 204,
        .sql = STATEMENTS(delete_sql, audit_refused_sql),
    },
    { 0 },
};
