/*
 * search.c - finding posts by words: PostgreSQL's full text, newest first.
 */
#include "search/search.h"

#include "post/post.h"

struct search {
    const char *q;
    struct cursor cursor;
    int64_t limit;
};

/* websearch syntax: words, "phrases", or, -without.  What names only words to
 * go without (querytree T) would look at every post, and finds none. */
static const char search_sql[] = SQL_PLANNED POST_SELECT SQL(
    , row.published_at AS cursor_key
    FROM post_contents body JOIN post_rows row ON row.id = body.post_id
    WHERE body.search @@ websearch_to_tsquery('sparkle', $5)
        AND querytree(websearch_to_tsquery('sparkle', $5)) NOT IN ('', 'T')
        AND (row.published_at, row.id) < ($2, $3)
    ORDER BY row.published_at DESC, row.id DESC LIMIT $4 + 1
);

static const struct field api_fields[] = {
    FIELD(IN_QUERY, struct search, q, .required = true, .min = 1, .max = 200,
          .about = "Words, \"phrases\", or, -without."),
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

static const struct problem *
search_posts(struct request *r)
{
    const struct search *s = r->input;

    return answer_rows(r, s->limit, search_sql,
                       ARGS(ARG(r->viewer), ARG_AS(VALUE_TIME, s->cursor.key),
                            ARG(s->cursor.id), ARG(s->limit), ARG(s->q)));
}

static const struct problem *
show_search(struct request *r)
{
    const struct search *s = r->input;
    const int64_t limit = 20;

    page_text(r, "q", s->q != NULL ? s->q : "");
    if (s->q == NULL || s->q[0] == '\0')
        return NULL;
    return answer_rows_as(r, "posts", post_shape, limit, search_sql,
                          ARGS(ARG(r->viewer),
                               ARG_AS(VALUE_TIME, s->cursor.key),
                               ARG(s->cursor.id), ARG(limit), ARG(s->q)));
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
