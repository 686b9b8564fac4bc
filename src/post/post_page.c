/*
 * post_page.c - the pages of posts: home, one post, the editor, the lists by
 * category and tag.
 */
#include "post/post_local.h"

#include "base/mem.h"
#include "base/text.h"
#include "category/category.h"
#include "comment/comment.h"
#include "core/app.h"
#include "core/session.h"

/* ---- Lists -------------------------------------------------------------- */

static const struct field home_fields[] = {
    FIELD(IN_QUERY, struct feed, sort, .choices = feed_sorts,
          .otherwise = SORT_RECENT, .about = "The order of the posts."),
    FIELD(IN_QUERY, struct feed, cursor, .about = "Goes on after a page."),
    { 0 },
};

static struct feed
page_feed(const struct request *r)
{
    struct feed feed = *(const struct feed *)r->input;

    feed.limit = 20;
    return feed;
}

static const struct problem *
show_home(struct request *r)
{
    struct feed feed = page_feed(r);

    if (feed.sort == SORT_FOLLOWING && r->session == NULL)
        return answer_redirect(r, "/login");
    page_flag(r, mem_printf(r->mem, "sort.%s", feed_sorts[feed.sort]), true);
    const struct problem *refused = feed_answer(r, "posts", &feed);
    return refused != NULL ? refused : category_list_as(r);
}

static const struct field category_fields[] = {
    FIELD(IN_PATH, struct feed, category, .max = 50,
          .valid = category_slug_valid, .wanted = SLUG_WANTED,
          .about = "The category's slug."),
    FIELD(IN_QUERY, struct feed, cursor, .about = "Goes on after a page."),
    { 0 },
};

static const struct problem *
show_category(struct request *r)
{
    struct feed feed = page_feed(r);
    const struct problem *refused = category_row_as(r, feed.category);

    return refused != NULL ? refused : feed_answer(r, "posts", &feed);
}

static const struct field tag_fields[] = {
    FIELD(IN_PATH, struct feed, tag, .max = 50, .valid = category_slug_valid,
          .wanted = SLUG_WANTED, .about = "The tag."),
    FIELD(IN_QUERY, struct feed, cursor, .about = "Goes on after a page."),
    { 0 },
};

static const struct member tag_shape[] = {
    { .name = "name", .type = VALUE_TEXT },
    { .name = "posts", .type = VALUE_INTEGER },
    { 0 },
};

static const char tag_row_sql[] =
    SQL(SELECT name, posts FROM tag_rows WHERE name = $1);

static const struct problem *
show_tag(struct request *r)
{
    struct feed feed = page_feed(r);
    const struct problem *refused =
        answer_row_as(r, "tag", tag_shape, tag_row_sql, ARGS(ARG(feed.tag)));

    return refused != NULL ? refused : feed_answer(r, "posts", &feed);
}

/* ---- One post ----------------------------------------------------------- */

struct post_page {
    const char *post;
    struct cursor cursor;
};

static const struct field post_fields[] = {
    FIELD(IN_PATH, struct post_page, post, .max = 110,
          .about = "The post's slug, or its id."),
    FIELD(IN_QUERY, struct post_page, cursor,
          .about = "Goes on in the comments."),
    { 0 },
};

static const struct problem *
show_post(struct request *r)
{
    const struct post_page *page = r->input;
    const struct problem *refused = post_detail_answer(r, "post", page->post);

    if (refused != NULL)
        return refused;
    return comment_thread_as(r, page->post, &page->cursor);
}

static const struct problem *
show_editor(struct request *r)
{
    return category_list_as(r);
}

/* $1 viewer, $2 id, $3 slug: refused as the edit is. */
static const char edit_sql[] = SQL(SELECT) " " POST_DETAIL_COLUMNS SQL(
        TRUE AS viewer_may_edit
    FROM post_to_edit($1, coalesce($2, post_by_slug($3)), NULL::bigint) p
    JOIN post_details row ON row.id = p.id
);

static const struct refusal edit_refusals[] = {
    { .problem = &problem_not_found, .constraint = "posts_seen" },
    { .problem = &problem_authorization, .constraint = "posts_own" },
    { .problem = &problem_higher_role, .constraint = "posts_rank" },
    { 0 },
};

static const struct problem *
edit_editor(struct request *r)
{
    const struct post_page *page = r->input;
    struct uuid id = { { 0 } };
    const char *slug = uuid_read(page->post, &id) ? NULL : page->post;
    const struct problem *refused =
        answer_row_as(r, "post", post_detail_shape, edit_sql,
                      ARGS(ARG(r->viewer), ARG(id), ARG(slug)));

    return refused != NULL ? refused : category_list_as(r);
}

static const struct field edit_fields[] = {
    FIELD(IN_PATH, struct post_page, post, .max = 110,
          .about = "The post's slug, or its id."),
    { 0 },
};

/* ---- The pages ---------------------------------------------------------- */

const struct route post_page_routes[] = {
    {
        .on = "GET /",
        .access = ALLOW_ANYONE,
        .handle = show_home,
        .about = "The home page.",
        .input = INPUT(struct feed, home_fields),
        .page = "post/home",
    },
    {
        .on = "GET /post/{post}",
        .access = ALLOW_ANYONE,
        .handle = show_post,
        .about = "A post with its comments.",
        .input = INPUT(struct post_page, post_fields),
        .page = "post/show",
    },
    {
        .on = "GET /post/{post}/edit",
        .access = ALLOW_MEMBERS,
        .handle = edit_editor,
        .about = "The editor with a post.",
        .input = INPUT(struct post_page, edit_fields),
        .refusals = edit_refusals,
        .sql = STATEMENTS(edit_sql),
        .page = "post/edit",
        .title = "Edit your post",
    },
    {
        .on = "GET /new",
        .access = ALLOW_SIGNED_IN,
        .handle = show_editor,
        .about = "The editor.",
        .page = "post/edit",
        .title = "Write a post",
    },
    {
        .on = "GET /category/{category}",
        .access = ALLOW_ANYONE,
        .handle = show_category,
        .about = "The posts of a category.",
        .input = INPUT(struct feed, category_fields),
        .page = "category/show",
    },
    {
        .on = "GET /tag/{tag}",
        .access = ALLOW_ANYONE,
        .handle = show_tag,
        .about = "The posts with a tag.",
        .input = INPUT(struct feed, tag_fields),
        .page = "post/tag",
        .sql = STATEMENTS(tag_row_sql),
    },
    { 0 },
};
