/*
 * search.c - finding posts by words: PostgreSQL's full text, what fits best
 * first.
 *
 * How well a post fits is its tier (tsquery.h); within a tier what is newer
 * and better liked is first, by the rank of the feed "trending".  Each tier
 * has its own query, in its own part of the statement, which reads the index
 * of words, sorts what it finds and gives a page at most, and is passed over
 * where better tiers fill the page.  Of words that very many posts have it
 * looks at the posts of the highest rank only (sql/search.sql), so that it
 * takes no longer on a larger site; orders by date and likes look at all. A
 * cursor is tier and rank, and so stays right while others post.
 */
#include "search/search_local.h"

#include "base/mem.h"
#include "post/post.h"
#include "search/query.h"
#include "search/tsquery.h"

enum search_sort { SORT_RELEVANCE, SORT_RECENT, SORT_POPULAR };
static const char *const sorts[] = { "relevance", "recent", "popular", NULL };

struct search {
    const char *q;
    unsigned int sort; /* enum search_sort */
    struct cursor cursor;
    int64_t limit;
};

/* clang-format off */

/* $9 to $11 ask for all of the tags and one of the authors and categories,
 * $12 to $14 for none of them. */
#define FILTERS FILTERS_OF(VIEWER_MEETS(row.by_author_id))
#define FILTERS_OF(meets_author)                                               \
    SQL(AND ($9::text[] IS NULL OR row.id IN (SELECT t.post_id                 \
            FROM post_tags t JOIN tags g ON g.id = t.tag_id                    \
            WHERE g.name = ANY($9) GROUP BY t.post_id                          \
            HAVING count(*) = (SELECT count(DISTINCT name)                     \
                FROM unnest($9) name)))                                        \
        AND ($10::text[] IS NULL OR row.by_author_id = ANY(ARRAY(              \
            SELECT id FROM users WHERE lower(username) = ANY($10)              \
                AND user_shown(status))))                                      \
        AND ($11::text[] IS NULL OR row.by_category_id = ANY(ARRAY(            \
            SELECT id FROM categories WHERE slug = ANY($11))))                 \
        AND ($12::text[] IS NULL OR NOT row.tags && $12)                       \
        AND ($13::text[] IS NULL OR coalesce(row.by_author_id <> ALL(ARRAY(    \
            SELECT id FROM users WHERE lower(username) = ANY($13))), TRUE))    \
        AND ($14::text[] IS NULL OR coalesce(row.by_category_id <> ALL(ARRAY(  \
            SELECT id FROM categories WHERE slug = ANY($14))), TRUE))          \
        AND meets_author)

#define FILTERED                                                               \
    "num_nonnulls($9::text[], $10::text[], $11::text[]) > 0"

/* A key of a cursor is the tier above 48 bits of rank.  A tier is not looked
 * at (a one-time filter) where those before it fill the page. */
#define TIER(tier, query, before)                                              \
    "tier" tier " AS MATERIALIZED "                                            \
    "(SELECT row.id, (" tier "::bigint << 48) + row.hot AS cursor_key "        \
    "FROM search_posts(" query "::text::tsquery, " FILTERED ") body(post_id) " \
    "JOIN post_rows row ON row.id = body.post_id "                             \
    "WHERE (" tier " < ($2 >> 48) OR " tier " = ($2 >> 48) "                   \
    "AND (row.hot, row.id) < ($2 & 281474976710655, $3)) " FILTERS             \
    "AND 0 " before "<= $4 "                                                   \
    "ORDER BY row.hot DESC, row.id DESC LIMIT $4 + 1)"
#define FOUND(tier) "+ (SELECT count(*) FROM tier" tier ") "

static const char ranked_sql[] =
    SQL_PLANNED "WITH " TIER("3", "$5", "") ", "
    TIER("2", "$6", FOUND("3")) ", "
    TIER("1", "$7", FOUND("3") FOUND("2")) ", "
    TIER("0", "$8", FOUND("3") FOUND("2") FOUND("1")) " "
    POST_SELECT ", NULL::bigint AS trend_score, page.cursor_key "
    "FROM (SELECT * FROM ("
    "SELECT * FROM tier3 UNION ALL SELECT * FROM tier2 UNION ALL "
    "SELECT * FROM tier1 UNION ALL SELECT * FROM tier0"
    ") tiers ORDER BY cursor_key DESC, id DESC LIMIT $4 + 1) page "
    "JOIN post_rows row ON row.id = page.id "
    "ORDER BY page.cursor_key DESC, page.id DESC";

/* Without words the filters alone say what is found. */
#define SORTED(key)                                                            \
    SQL_PLANNED POST_SELECT ", NULL::bigint AS trend_score, "                  \
    "row." key " AS cursor_key "                                               \
    "FROM post_contents body JOIN post_rows row ON row.id = body.post_id "     \
    "WHERE (row." key ", row.id) < ($2, $3) AND (body.search @@ "              \
    "$5::text::tsquery OR $6::boolean AND $5 IS NULL) " FILTERS                \
    "ORDER BY row." key " DESC, row.id DESC LIMIT $4 + 1"
/* clang-format on */

static const char recent_sql[] = SORTED("published_at");
static const char popular_sql[] = SORTED("score");

static const struct field api_fields[] = {
    FIELD(IN_QUERY, struct search, q, .required = true, .min = 1, .max = 200,
          .about = "Words, \"phrases\", -without, OR, beginnings*, "
                   "tag:name, from:user, in:category."),
    FIELD_AS(IN_QUERY, "sortBy", struct search, sort, .choices = sorts,
             .about = "What is first: what fits best, the newest, or what "
                      "most people liked."),
    FIELD(IN_QUERY, struct search, cursor,
          .about = "`nextCursor` of the page before."),
    FIELD(IN_QUERY, struct search, limit, .min = 1, .max = 100, .otherwise = 20,
          .about = "At most this many."),
    { 0 },
};

static const struct field page_fields[] = {
    FIELD(IN_QUERY, struct search, q, .max = 200, .about = "The words."),
    FIELD_AS(IN_QUERY, "sortBy", struct search, sort, .choices = sorts,
             .about = "What is first."),
    FIELD(IN_QUERY, struct search, cursor, .about = "Goes on after a page."),
    { 0 },
};

/* name NULL: the API's answer, else a part of a page. */
static const struct problem *
answer(struct request *r, const char *name, int64_t limit, const char *sql,
       const struct sql_arg *args)
{
    if (name == NULL)
        return answer_rows(r, limit, sql, args);
    return answer_rows_as(r, name, post_shape, limit, sql, args);
}

static const struct problem *
search_answer(struct request *r, const char *name, int64_t limit)
{
    const struct search *s = r->input;
    struct search_query q;
    struct search_tsquery f;

    search_query_read(&q, r->mem, s->q);
    search_tsquery_write(&f, r->mem, &q);
    const bool ranked = s->sort == SORT_RELEVANCE && f.any != NULL;
    const bool popular = s->sort == SORT_POPULAR;
    const struct sql_arg args[] = {
        ARG(r->viewer),
        ARG_AS(ranked || popular ? VALUE_INTEGER : VALUE_TIME, s->cursor.key),
        ARG(s->cursor.id),
        ARG(limit),
        ranked ? (struct sql_arg)ARG(f.tier[3]) : (struct sql_arg)ARG(f.any),
        ranked ? (struct sql_arg)ARG(f.tier[2])
               : (struct sql_arg)ARG(q.filtered),
        ARG(f.tier[1]),
        ARG(f.tier[0]),
        ARG(q.with[SEARCH_TAG]),
        ARG(q.with[SEARCH_FROM]),
        ARG(q.with[SEARCH_IN]),
        ARG(q.without[SEARCH_TAG]),
        ARG(q.without[SEARCH_FROM]),
        ARG(q.without[SEARCH_IN]),
        { 0 },
    };

    return answer(r, name, limit,
                  ranked    ? ranked_sql
                  : popular ? popular_sql
                            : recent_sql,
                  args);
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
    page_flag(r, mem_printf(r->mem, "sort.%s", sorts[s->sort]), true);
    if (s->q == NULL || s->q[0] == '\0')
        return NULL;
    return search_answer(r, "posts", 20);
}

static const struct route routes[] = {
    {
        .on = "GET /api/search",
        .access = ALLOW_ANYONE,
        .handle = search_posts,
        .about = "Find posts by words: first those with all of them in the "
                 "title, the newer and better liked before the others. Where "
                 "more than 3,000 posts have the words, of the 2,000 posts of "
                 "the highest trend only; filters, and other orders, look at "
                 "all.",
        .input = INPUT(struct search, api_fields),
        .returns = post_shape,
        .form = ANSWER_LIST,
        .sql = STATEMENTS(ranked_sql, recent_sql, popular_sql),
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
    .batches = search_batches,
};
