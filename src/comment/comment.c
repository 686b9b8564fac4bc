/*
 * comment.c - comments: the lists of them.  (Writing: comment_write.c.)
 *
 * Threads are stored with the path from their root, so a page of a thread in
 * reading order is one walk of one index whatever the nesting.
 */
#include "comment/comment_local.h"

#include <string.h>

#include "account/account.h"
#include "base/uuid.h"

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

const struct member comment_shape[] = {
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
    { .name = "author",
      .object = user_card,
      .nullable = true,
      .about = "null once deleted." },
    { .name = "_count", .object = count_shape },
    { .name = "createdAt", .type = VALUE_TIME },
    { .name = "viewer", .object = viewer_shape, .nullable = true },
    { 0 },
};

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
        AND post_readable(p, $1)))

/* Who is hidden from the viewer, once for all rows. */
#define FROM_COMMENTS                                                          \
    SQL(FROM comment_rows row,                                                 \
        (SELECT ARRAY(SELECT hidden_from($1)) AS ids OFFSET 0) hidden)
#define HIDDEN ((row.by_author_id = ANY(hidden.ids)) IS TRUE)
#define SHOWN SHOWN_OF(HIDDEN)
#define SHOWN_OF(is_hidden)                                                    \
    SQL(AND (row.replies > 0 OR NOT (row.deleted OR is_hidden)))

/* The cursor of this order is the last comment itself: $5; its key $4 is not
 * looked at. */
static const char thread_sql[] =
    COMMENT_SELECT(HIDDEN) SQL(
    , 0::bigint AS cursor_key) FROM_COMMENTS SQL(WHERE row.post_id =)
            SEEN_POST SHOWN SQL(
        AND row.path > coalesce((SELECT path FROM comments WHERE id = $5
            AND $4::bigint = 0), '')
    ORDER BY row.path LIMIT $6 + 1
);
static const char best_sql[] = COMMENT_SELECT(HIDDEN)
    SQL(
    , row.score AS cursor_key) FROM_COMMENTS SQL(WHERE row.post_id =)
                   SEEN_POST SHOWN SQL(
        AND row.parent_id IS NULL AND (row.score, row.id) < ($4, $5)
    ORDER BY row.score DESC, row.id DESC LIMIT $6 + 1
);
static const char new_sql[] = COMMENT_SELECT(HIDDEN)
    SQL(
    , row.created_at AS cursor_key) FROM_COMMENTS SQL(WHERE row.post_id =)
                   SEEN_POST SHOWN SQL(
        AND row.parent_id IS NULL AND (row.created_at, row.id) < ($4, $5)
    ORDER BY row.created_at DESC, row.id DESC LIMIT $6 + 1
);
/* Replies of one comment, the oldest first; $7 the comment. */
static const char replies_sql[] = COMMENT_SELECT(HIDDEN) SQL(
    , row.created_at AS cursor_key)
          FROM_COMMENTS SQL(WHERE row.post_id =) SEEN_POST SHOWN SQL(
        AND row.parent_id = $7 AND ($4::timestamptz = 'infinity'
            OR (row.created_at, row.id) > ($4, $5))
    ORDER BY row.created_at, row.id LIMIT $6 + 1
);

/* Whether there is what an empty list is of: the post, and the comment $4 of
 * it, which is no more where it was deleted and nobody answered. */
static const char owner_sql[] = SQL(
    SELECT FROM posts p WHERE p.id = coalesce($2, post_by_slug($3))
        AND post_readable(p, $1) AND ($4::uuid IS NULL OR EXISTS(
            SELECT FROM comments c WHERE c.id = $4 AND c.post_id = p.id
                AND (c.deleted_at IS NULL OR c.reply_count > 0)))
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
        return answer_rows_of(
            r, list->limit, sql, args, owner_sql,
            ARGS(ARG(r->viewer), ARG(id), ARG(slug), ARG(list->parent)));
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
        .sql =
            STATEMENTS(thread_sql, best_sql, new_sql, replies_sql, owner_sql),
    },
    { 0 },
};

static const char *const events[] = { "comment.created", "comment.updated",
                                      "comment.deleted", NULL };

const struct feature comment_feature = {
    .name = "comment",
    .about = "Comments on posts, threaded.",
    .routes = routes,
    .route_tables = (const struct route *const[]){ comment_write_routes, NULL },
    .events = events,
    .batches = comment_batches,
};
