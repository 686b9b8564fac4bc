/*
 * post_api.c - the JSON API of posts, reading: the lists and one post whole.
 *
 * Best read from the bottom, where post_api_routes names every endpoint.
 * Which statement serves which list is post_feed.c's affair; writing is in
 * post_write.c.
 */
#include "post/post_local.h"

#include <string.h>

#include "account/account.h"
#include "category/category.h"
#include "core/db.h"
#include "core/session.h"
#include "markup/markup.h"
#include "reaction/reaction.h"

static const struct member category_card[] = {
    { .name = "id", .type = VALUE_UUID },
    { .name = "name", .type = VALUE_TEXT },
    { .name = "slug", .type = VALUE_TEXT },
    { 0 },
};

static const struct member count_shape[] = {
    { .name = "comments", .type = VALUE_INTEGER },
    { .name = "reactions", .type = VALUE_INTEGER },
    { 0 },
};

static const struct member viewer_shape[] = {
    { .name = "reacted",
      .type = VALUE_TEXTS,
      .about = "The reactions that you gave." },
    { .name = "bookmarked", .type = VALUE_BOOLEAN },
    { 0 },
};

static const struct member detail_viewer_shape[] = {
    { .name = "reacted",
      .type = VALUE_TEXTS,
      .about = "The reactions that you gave." },
    { .name = "bookmarked", .type = VALUE_BOOLEAN },
    { .name = "followingAuthor", .type = VALUE_BOOLEAN },
    { .name = "mayEdit", .type = VALUE_BOOLEAN },
    { 0 },
};

/* What lists and details begin with. */
#define POST_MEMBERS                                                           \
    { .name = "id", .type = VALUE_UUID },                                      \
        { .name = "slug", .type = VALUE_TEXT },                                \
        { .name = "title", .type = VALUE_TEXT },                               \
        { .name = "excerpt", .type = VALUE_TEXT, .nullable = true },           \
        { .name = "coverImage", .type = VALUE_TEXT, .nullable = true },        \
        { .name = "kind", .type = VALUE_TEXT },                                \
        { .name = "published", .type = VALUE_BOOLEAN },                        \
        { .name = "views", .type = VALUE_INTEGER },                            \
        { .name = "author", .object = user_card },                             \
        { .name = "category", .object = category_card, .nullable = true },     \
        { .name = "tags", .type = VALUE_TEXTS },                               \
        { .name = "_count",                                                    \
          .object = count_shape,                                               \
          .about = "Counter columns, kept by the writes." },                   \
        { .name = "createdAt", .type = VALUE_TIME },                           \
    {                                                                          \
        .name = "publishedAt", .type = VALUE_TIME, .nullable = true            \
    }

const struct member post_shape[] = {
    POST_MEMBERS,
    { .name = "language",
      .type = VALUE_TEXT,
      .about = "BCP 47 tag; und: nobody said." },
    { .name = "viewer",
      .object = viewer_shape,
      .nullable = true,
      .about = "What you did; null for visitors." },
    { .name = "trendScore",
      .type = VALUE_INTEGER,
      .nullable = true,
      .about = "Why it is there in a list by trend: the people who reacted (1 "
               "each), commented (2) and shared (3). null in other lists." },
    { 0 },
};

const struct member post_detail_shape[] = {
    POST_MEMBERS,
    { .name = "content", .type = VALUE_TEXT, .about = "Markdown." },
    { .name = "contentHtml",
      .type = VALUE_TEXT,
      .about = "The same as safe HTML." },
    { .name = "version",
      .type = VALUE_INTEGER,
      .about = "To be named by an edit." },
    { .name = "commentsEnabled", .type = VALUE_BOOLEAN },
    { .name = "visibility", .type = VALUE_TEXT },
    { .name = "youtubeVideoId", .type = VALUE_TEXT, .nullable = true },
    { .name = "language",
      .type = VALUE_TEXT,
      .about = "BCP 47 tag; und: nobody said." },
    { .name = "reactionCounts", .object = reaction_counts },
    { .name = "updatedAt", .type = VALUE_TIME },
    { .name = "edited", .type = VALUE_BOOLEAN },
    { .name = "viewer",
      .object = detail_viewer_shape,
      .nullable = true,
      .about = "What you did and may do; null for visitors." },
    { 0 },
};

/* ---- GET /api/posts ----------------------------------------------------- */

static const struct field feed_fields[] = {
    FIELD(IN_QUERY, struct feed, category, .max = 50,
          .valid = category_slug_valid, .wanted = SLUG_WANTED,
          .pattern = SLUG_PATTERN,
          .about = "Only posts of the category with this slug."),
    FIELD(IN_QUERY, struct feed, tag, .max = 50, .valid = category_slug_valid,
          .wanted = SLUG_WANTED, .pattern = SLUG_PATTERN,
          .about = "Only posts with this tag."),
    FIELD(IN_QUERY, struct feed, author, .max = 30,
          .valid = account_username_valid, .wanted = USERNAME_WANTED,
          .pattern = USERNAME_PATTERN,
          .about = "Only posts of the user with this name."),
    FIELD(IN_QUERY, struct feed, kind, .choices = post_kinds,
          .about = "Only posts of this kind."),
    FIELD(IN_QUERY, struct feed, sort, .choices = feed_sorts,
          .otherwise = SORT_RECENT,
          .about = "`trending` weighs score against age: ten times the score "
                   "is worth 12.5 hours, and what has none yet stands as if "
                   "it were a year older; `following` wants a session."),
    FIELD_AS(IN_QUERY, "timeRange", struct feed, range, .choices = feed_ranges,
             .about = "Only posts published so lately."),
    FIELD(IN_QUERY, struct feed, cursor,
          .about = "`nextCursor` of the page before, with the same sort."),
    FIELD(IN_QUERY, struct feed, limit, .min = 1, .max = 100, .otherwise = 20,
          .about = "At most this many."),
    FIELD(IN_QUERY, struct feed, page, .min = 1, .max = 500, .otherwise = 1,
          .about = "The page, by offset; a cursor is faster and goes on where "
                   "pages end."),
    { 0 },
};

static const struct refusal feed_refusals[] = {
    { .problem = &problem_authentication },
    { 0 },
};

static const struct problem *
list_posts(struct request *r)
{
    const struct feed *feed = r->input;

    if (feed->sort == SORT_FOLLOWING && r->session == NULL)
        return &problem_authentication;
    return feed_answer(r, NULL, feed);
}

/* ---- GET /api/posts/{post} ---------------------------------------------- */

/*
 * $1 viewer, $2 id or slug, $3 the session says staff, which is then looked up.
 * One statement for each, so that one plan for all values is the best that
 * there is.
 */
#define DETAIL(detail_id)                                                      \
    SQL(SELECT) POST_DETAIL_COLUMNS SQL(                                       \
        coalesce(row.by_author_id = $1, FALSE) OR ($3::boolean                 \
            AND staff_above($1, row.by_author_id)) AS viewer_may_edit          \
        FROM posts p JOIN post_details row ON row.id = p.id                    \
        WHERE p.id = detail_id AND (post_visible(p, $1) OR ($3::boolean        \
            AND post_open_to_staff(p) AND is_staff($1))))

static const char by_id_sql[] = DETAIL($2);
static const char by_slug_sql[] = DETAIL(post_by_slug($2));

struct post_address {
    const char *post;
};

static const struct field post_address_fields[] = {
    FIELD(IN_PATH, struct post_address, post, .min = 1, .max = 110,
          .about = "The post's id, or its slug."),
    { 0 },
};

static const struct problem *
show_post(struct request *r)
{
    const struct post_address *address = r->input;

    return post_detail_answer(r, NULL, address->post);
}

const struct problem *
post_detail_answer(struct request *r, const char *name, const char *post)
{
    struct uuid id = { { 0 } };
    bool by_id = uuid_read(post, &id);
    const char *sql = by_id ? by_id_sql : by_slug_sql;
    bool staff = r->session != NULL && r->session->role >= ROLE_MODERATOR;
    const struct sql_arg args[] = {
        ARG(r->viewer),
        { by_id ? VALUE_UUID : VALUE_TEXT,
          by_id ? (const void *)&id : (const void *)&post },
        ARG(staff),
        { 0 },
    };

    const struct db_result *row;
    const struct problem *refused = answer_query(r, sql, args, &row);

    if (refused == NULL)
        refused = answer_result(r, name, post_detail_shape, row);
    if (refused == NULL)
        post_viewed(r, db_uuid(row, 0, 0));
    return refused;
}

/* ---- POST /api/posts/{post}/view ---------------------------------------- */

struct seen_post {
    struct uuid post;
};

static const struct field seen_fields[] = {
    FIELD(IN_PATH, struct seen_post, post, .about = "The post's id."),
    { 0 },
};

static const char seen_sql[] =
    SQL(
    SELECT p.id FROM posts p WHERE p.id = $2 AND post_visible(p, $1)
);

static const struct problem *
count_view(struct request *r)
{
    const struct seen_post *seen = r->input;
    const struct db_result *row;
    const struct problem *refused =
        answer_query(r, seen_sql, ARGS(ARG(r->viewer), ARG(seen->post)), &row);

    if (refused != NULL)
        return refused;
    if (db_rows(row) == 0)
        return &problem_not_found;
    post_viewed(r, seen->post);
    return NULL;
}

/* ---- POST /api/posts/preview -------------------------------------------- */

struct preview {
    const char *content;
};

static const struct field preview_fields[] = {
    FIELD(IN_BODY, struct preview, content, .required = true, .max = 100000,
          .lines = true, .raw = true, .about = "Markdown."),
    { 0 },
};

static const struct member preview_shape[] = {
    { .name = "contentHtml", .type = VALUE_TEXT, .about = "Safe HTML." },
    { .name = "excerpt", .type = VALUE_TEXT, .about = "Plain text." },
    { 0 },
};

static const struct problem *
preview_post(struct request *r)
{
    const struct preview *p = r->input;
    struct markup text;

    markup_render(&text, r->mem, p->content, strlen(p->content));
    return answer_values(r, ARGS(ARG(text.html), ARG(text.excerpt)));
}

/* ---- The endpoints ------------------------------------------------------ */

const struct route post_api_routes[] = {
    {
        .on = "GET /api/posts",
        .access = ALLOW_ANYONE,
        .handle = list_posts,
        .about = "List posts.",
        .input = INPUT(struct feed, feed_fields),
        .refusals = feed_refusals,
        .returns = post_shape,
        .form = ANSWER_PAGES,
        .sql = feed_statements,
    },
    {
        .on = "GET /api/posts/{post}",
        .access = ALLOW_ANYONE,
        .handle = show_post,
        .about = "Read one post whole.",
        .input = INPUT(struct post_address, post_address_fields),
        .returns = post_detail_shape,
        .sql = STATEMENTS(by_id_sql, by_slug_sql),
    },
    {
        .on = "POST /api/posts/{post}/view",
        .access = ALLOW_ANYONE,
        .quota = QUOTA_READ,
        .handle = count_view,
        .about = "Say that a page shows the post: pages of guests come from a "
                 "cache. Counted once a viewer and day, together with reading "
                 "it; robots are not counted.",
        .input = INPUT(struct seen_post, seen_fields),
        .form = ANSWER_NOTHING,
        .success = 204,
        .sql = STATEMENTS(seen_sql),
    },
    {
        .on = "POST /api/posts/preview",
        .access = ALLOW_SIGNED_IN,
        .quota = QUOTA_READ,
        .handle = preview_post,
        .about = "Render Markdown as a post would show it.",
        .input = INPUT(struct preview, preview_fields),
        .returns = preview_shape,
    },
    { 0 },
};
