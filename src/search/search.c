/*
 * search.c - finding posts by words: PostgreSQL's full text, newest first.
 */
#include "search/search.h"

#include "post/post.h"
#include "search/query.h"

struct search {
    const char *q;
    struct cursor cursor;
    int64_t limit;
};

/* clang-format off */
#define SEARCH_FOR "search_query($5, $6, $7)"

/* $8 to $10 ask for all of the tags and one of the authors and categories,
 * $11 to $13 for none of them. */
#define SEARCH_FILTERED                                                        \
    SQL(AND ($8::text[] IS NULL OR row.id IN (SELECT t.post_id                 \
            FROM post_tags t JOIN tags g ON g.id = t.tag_id                    \
            WHERE g.name = ANY($8) GROUP BY t.post_id                          \
            HAVING count(*) = (SELECT count(DISTINCT name)                     \
                FROM unnest($8) name)))                                        \
        AND ($9::text[] IS NULL OR row.by_author_id = ANY(ARRAY(               \
            SELECT id FROM users WHERE lower(username) = ANY($9))))            \
        AND ($10::text[] IS NULL OR row.by_category_id = ANY(ARRAY(            \
            SELECT id FROM categories WHERE slug = ANY($10))))                 \
        AND ($11::text[] IS NULL OR NOT row.tags && $11)                       \
        AND ($12::text[] IS NULL OR coalesce(row.by_author_id <> ALL(ARRAY(    \
            SELECT id FROM users WHERE lower(username) = ANY($12))), TRUE))    \
        AND ($13::text[] IS NULL OR coalesce(row.by_category_id <> ALL(ARRAY(  \
            SELECT id FROM categories WHERE slug = ANY($13))), TRUE)))

static const char search_sql[] = SQL_PLANNED POST_SELECT
    SQL(, row.published_at AS cursor_key
    FROM post_contents body JOIN post_rows row ON row.id = body.post_id
    WHERE (row.published_at, row.id) < ($2, $3) AND)
    "(body.search @@ " SEARCH_FOR
    "OR $7::boolean AND numnode(" SEARCH_FOR ") = 0)" SEARCH_FILTERED
    SQL(ORDER BY row.published_at DESC, row.id DESC LIMIT $4 + 1);
/* clang-format on */

static const struct field api_fields[] = {
    FIELD(IN_QUERY, struct search, q, .required = true, .min = 1, .max = 200,
          .about = "Words, \"phrases\", -without, OR, beginnings*, "
                   "tag:name, from:user, in:category."),
    FIELD(IN_QUERY, struct search, cursor,
          .about = "`nextCursor` of the page before."),
    FIELD(IN_QUERY, struct search, limit, .min = 1, .max = 100, .otherwise = 20,
          .about = "At most this many."),
    { 0 },
};

static const struct field page_fields[] = {
    FIELD(IN_QUERY, struct search, q, .max = 200, .about = "The words."),
    FIELD(IN_QUERY, struct search, cursor, .about = "Goes on after a page."),
    { 0 },
};

/* name NULL: the API's answer, else a part of a page. */
static const struct problem *
search_answer(struct request *r, const char *name, int64_t limit)
{
    const struct search *s = r->input;
    struct search_query q;

    search_query_read(&q, r->mem, s->q);
    const struct sql_arg *args =
        ARGS(ARG(r->viewer), ARG_AS(VALUE_TIME, s->cursor.key),
             ARG(s->cursor.id), ARG(limit), ARG(q.words), ARG(q.marks),
             ARG(q.filtered), ARG(q.with[SEARCH_TAG]), ARG(q.with[SEARCH_FROM]),
             ARG(q.with[SEARCH_IN]), ARG(q.without[SEARCH_TAG]),
             ARG(q.without[SEARCH_FROM]), ARG(q.without[SEARCH_IN]));
    if (name == NULL)
        return answer_rows(r, limit, search_sql, args);
    return answer_rows_as(r, name, post_shape, limit, search_sql, args);
}

static const struct problem *
search_posts(struct request *r)
{
    return search_answer(r, NULL, ((const struct search *)r->input)->limit);
}

static const struct problem *
show_search(struct request *r)
{
    const struct search *s = r->input;

    page_text(r, "q", s->q != NULL ? s->q : "");
    if (s->q == NULL || s->q[0] == '\0')
        return NULL;
    return search_answer(r, "posts", 20);
}

static const struct route routes[] = {
    {
        .on = "GET /api/search",
        .access = ALLOW_ANYONE,
        .handle = search_posts,
        .about = "Find posts by words, the newest first.",
        .input = INPUT(struct search, api_fields),
        .returns = post_shape,
        .form = ANSWER_LIST,
        .sql = STATEMENTS(search_sql),
    },
    {
        .on = "GET /search",
        .access = ALLOW_ANYONE,
        .handle = show_search,
        .about = "The search page.",
        .input = INPUT(struct search, page_fields),
        .page = "search/search",
        .title = "Search",
    },
    { 0 },
};

const struct feature search_feature = {
    .name = "search",
    .about = "Finding posts by words.",
    .routes = routes,
};
