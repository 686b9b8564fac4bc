/*
 * comment.c - comments: the lists of them, writing, editing, deleting.
 *
 * Threads are stored with the path from their root, so a page of a thread in
 * reading order is one walk of one index whatever the nesting.
 */
#include "comment/comment.h"

#include <string.h>

#include "account/account.h"
#include "base/uuid.h"
#include "core/session.h"
#include "markup/markup.h"

/* ---- Shape -------------------------------------------------------------- */

static const struct member count_shape[] = {
    { .name = "reactions", .type = VALUE_INTEGER },
    { .name = "replies", .type = VALUE_INTEGER },
    { 0 },
};

static const struct member viewer_shape[] = {
    { .name = "reacted",
      .type = VALUE_TEXTS,
      .about = "The reactions that you gave." },
    { .name = "mayEdit", .type = VALUE_BOOLEAN },
    { 0 },
};

static const struct member comment_shape[] = {
    { .name = "id", .type = VALUE_UUID },
    { .name = "postId", .type = VALUE_UUID },
    { .name = "parentId", .type = VALUE_UUID, .nullable = true },
    { .name = "depth", .type = VALUE_INTEGER, .about = "0 for a thread." },
    { .name = "content",
      .type = VALUE_TEXT,
      .nullable = true,
      .about = "Markdown; null once deleted." },
    { .name = "contentHtml", .type = VALUE_TEXT, .nullable = true },
    { .name = "youtubeTimestamp",
      .type = VALUE_INTEGER,
      .nullable = true,
      .about = "Second of the post's video." },
    { .name = "edited", .type = VALUE_BOOLEAN },
    { .name = "editedAt", .type = VALUE_TIME, .nullable = true },
    { .name = "deleted", .type = VALUE_BOOLEAN },
    { .name = "author", .object = user_card, .nullable = true },
    { .name = "_count", .object = count_shape },
    { .name = "createdAt", .type = VALUE_TIME },
    { .name = "viewer", .object = viewer_shape, .nullable = true },
    { 0 },
};

/* comment_shape from comment_rows AS row, for the viewer in $1. */
#define COMMENT_SELECT                                                         \
    SQL(SELECT row.id, row.post_id, row.parent_id, row.depth, row.content,     \
        row.content_html, row.youtube_timestamp, row.edited, row.edited_at,    \
        row.deleted, row.author_id, row.author_username, row.author_image,     \
        row.author_verified, row.author_level, row.reactions, row.replies,     \
        row.created_at,                                                        \
        CASE WHEN $1::uuid IS NOT NULL THEN                                    \
            ARRAY(SELECT mine.type::text FROM reactions mine                   \
                WHERE mine.comment_id = row.id AND mine.user_id = $1)          \
        END AS viewer_reacted,                                                 \
        coalesce(row.by_author_id = $1, FALSE) AS viewer_may_edit)

/* ---- GET /api/posts/{post}/comments ------------------------------------- */

enum order { ORDER_THREAD, ORDER_BEST, ORDER_NEW };
static const char *const orders[] = { "thread", "best", "new", NULL };

struct comment_list {
    const char *post;
    struct uuid parent;
    struct cursor cursor;
    unsigned int sort; /* enum order */
    int64_t limit;
};

/* The post of a list, where the viewer may read it: $2 id or $3 slug. */
#define SEEN_POST                                                              \
    SQL((SELECT p.id FROM posts p WHERE p.id = coalesce($2, post_by_slug($3))  \
        AND post_visible(p, $1)))
#define SHOWN SQL(AND (NOT row.deleted OR row.replies > 0))

/* The cursor of this order is the last comment itself: $5; its key $4 is not
 * looked at. */
static const char thread_sql[] = COMMENT_SELECT SQL(
    , 0::bigint AS cursor_key
    FROM comment_rows row WHERE row.post_id =)
        SEEN_POST SHOWN SQL(
        AND row.path > coalesce((SELECT path FROM comments WHERE id = $5
            AND $4::bigint = 0), '')
    ORDER BY row.path LIMIT $6 + 1
);
static const char best_sql[] = COMMENT_SELECT SQL(
    , row.score AS cursor_key
    FROM comment_rows row WHERE row.post_id =)
          SEEN_POST SHOWN SQL(
        AND row.parent_id IS NULL AND (row.score, row.id) < ($4, $5)
    ORDER BY row.score DESC, row.id DESC LIMIT $6 + 1
);
static const char new_sql[] = COMMENT_SELECT SQL(
    , row.created_at AS cursor_key
    FROM comment_rows row WHERE row.post_id =)
          SEEN_POST SHOWN SQL(
        AND row.parent_id IS NULL AND (row.created_at, row.id) < ($4, $5)
    ORDER BY row.created_at DESC, row.id DESC LIMIT $6 + 1
);
/* Replies of one comment, the oldest first; $7 the comment. */
static const char replies_sql[] = COMMENT_SELECT SQL(
    , row.created_at AS cursor_key
    FROM comment_rows row WHERE row.post_id =)
          SEEN_POST SHOWN SQL(
        AND row.parent_id = $7 AND ($4::timestamptz = 'infinity'
            OR (row.created_at, row.id) > ($4, $5))
    ORDER BY row.created_at, row.id LIMIT $6 + 1
);

static const struct {
    const char *sql;
    enum value_type key;
} list_rows[] = {
    [ORDER_THREAD] = { thread_sql, VALUE_INTEGER },
    [ORDER_BEST] = { best_sql, VALUE_INTEGER },
    [ORDER_NEW] = { new_sql, VALUE_TIME },
};

static const struct problem *
answer_comments(struct request *r, const char *name,
                const struct comment_list *list)
{
    struct uuid id = { { 0 } };
    const char *slug = uuid_read(list->post, &id) ? NULL : list->post;
    bool replies = !uuid_none(&list->parent);
    const char *sql = replies ? replies_sql : list_rows[list->sort].sql;
    enum value_type key = replies ? VALUE_TIME : list_rows[list->sort].key;
    struct sql_arg args[] = {
        ARG(r->viewer),
        ARG(id),
        ARG(slug),
        ARG_AS(key, list->cursor.key),
        ARG(list->cursor.id),
        ARG(list->limit),
        { replies ? VALUE_UUID : VALUE_NONE, &list->parent },
        { 0 },
    };

    if (name == NULL)
        return answer_rows(r, list->limit, sql, args);
    return answer_rows_as(r, name, comment_shape, list->limit, sql, args);
}

static const struct problem *
list_comments(struct request *r)
{
    return answer_comments(r, NULL, r->input);
}

const struct problem *
comment_thread_as(struct request *r, const char *post,
                  const struct cursor *cursor)
{
    const struct comment_list list = { .post = post,
                                       .cursor = *cursor,
                                       .limit = 50 };

    return answer_comments(r, "comments", &list);
}

static const struct field list_fields[] = {
    FIELD(IN_PATH, struct comment_list, post, .max = 110,
          .about = "The post's id, or its slug."),
    FIELD(IN_QUERY, struct comment_list, parent,
          .about = "Only the replies to this comment, the oldest first."),
    FIELD(IN_QUERY, struct comment_list, sort, .choices = orders,
          .about = "`thread`: all, in reading order; `best` and `new`: the "
                   "threads' beginnings."),
    FIELD(IN_QUERY, struct comment_list, cursor,
          .about = "`nextCursor` of the page before, with the same sort."),
    FIELD(IN_QUERY, struct comment_list, limit, .min = 1, .max = 100,
          .otherwise = 20, .about = "At most this many."),
    { 0 },
};

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

static const struct refusal edit_refusals[] = {
    { .problem = &blank_comment, .field = "content" },
    { 0 },
};

/* clang-format off */
static const char create_sql[] = SQL(
    WITH made AS (
        SELECT c FROM posts p, comment_add(p.id, $3, $1, $4, $5, $6::int) c
        WHERE p.id = $2 AND post_visible(p, $1)
    ), news AS (
        INSERT INTO outbox (event, subject_id, actor_id, data, request_id)
        SELECT 'comment.created', (c).id, $1, jsonb_build_object(
            'postId', (c).post_id, 'parentId', (c).parent_id,
            'mentions', to_jsonb($7::text[])), $8
        FROM made
    ))
    COMMENT_SELECT SQL(FROM made, comment_row(made.c) row);
/* clang-format on */

static const struct problem *
create_comment(struct request *r)
{
    const struct remark *c = r->input;
    struct markup text;

    markup_render(&text, r->mem, c->content, strlen(c->content));
    if (text.html[0] == '\0')
        return &blank_comment;
    const struct texts mentions = { text.mentions, text.n_mentions };
    const struct problem *refused =
        answer_row(r, create_sql,
                   ARGS(ARG(r->viewer), ARG(c->post), ARG(c->parent),
                        ARG(c->content), ARG(text.html),
                        ARG(c->youtube_timestamp), ARG(mentions), ARG(r->id)));

    event_wake(r);
    return refused;
}

#define CONTENT_FIELD                                                          \
    FIELD(IN_BODY, struct remark, content, .required = true, .min = 1,         \
          .max = 5000, .lines = true, .about = "Markdown.")

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
            edited_at = CASE
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
    COMMENT_SELECT SQL(FROM made, comment_row(made) row);
/* clang-format on */

static const struct problem *
edit_comment(struct request *r)
{
    const struct remark *c = r->input;
    struct markup text;

    markup_render(&text, r->mem, c->content, strlen(c->content));
    if (text.html[0] == '\0')
        return &blank_comment;
    const struct texts mentions = { text.mentions, text.n_mentions };
    const struct problem *refused =
        answer_row(r, edit_sql,
                   ARGS(ARG(r->viewer), ARG(c->comment), ARG(c->content),
                        ARG(text.html), ARG(mentions), ARG(r->id)));

    event_wake(r);
    return refused;
}

static const char delete_sql[] = SQL(
    WITH gone AS (
        SELECT c.id, c.post_id FROM comments c
        WHERE c.id = $2 AND CASE WHEN c.author_id = $1 OR $3::boolean
            THEN comment_remove(c.id, $1) END
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
    bool staff = r->session->role >= ROLE_MODERATOR;
    const struct problem *refused = answer_done(
        r, delete_sql,
        ARGS(ARG(r->viewer), ARG(c->comment), ARG(staff), ARG(r->id)));

    event_wake(r);
    return refused;
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

static const struct route routes[] = {
    {
        .on = "GET /api/posts/{post}/comments",
        .access = ALLOW_ANYONE,
        .handle = list_comments,
        .about = "List the comments of a post.",
        .input = INPUT(struct comment_list, list_fields),
        .returns = comment_shape,
        .form = ANSWER_LIST,
        .sql = STATEMENTS(thread_sql, best_sql, new_sql, replies_sql),
    },
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
        .form = ANSWER_NOTHING,
        .success = 204,
        .sql = STATEMENTS(delete_sql),
    },
    { 0 },
};

static const char *const events[] = { "comment.created", "comment.updated",
                                      "comment.deleted", NULL };

const struct feature comment_feature = {
    .name = "comment",
    .about = "Comments on posts, threaded.",
    .routes = routes,
    .events = events,
};
