/*
 * post_feed.c - the lists of posts: which statement serves which list.
 *
 * A list that many people read has a statement of its own, which walks one
 * index from the cursor on; feed_rows says which.  Whatever else is asked for
 * (several filters at once) goes to any_sql.  Pages go by key and not by
 * offset, since posts written meanwhile would shift an offset and show a post
 * twice; an offset is still served for those who ask for a page number, to
 * the depth that `page` allows.  Totals are counter columns: counting at each
 * read costs ten times the whole page.
 */
#include "post/post_local.h"

#include <stddef.h>

#include "base/clock.h"

const char *const feed_sorts[] = { "recent", "popular", "trending", "following",
                                   NULL };
const char *const feed_ranges[] = {
    "all", "day", "week", "month", "year", NULL
};
const char *const post_kinds[] = {
    "ARTICLE", "DISCUSSION", "QUESTION", "POLL",         "VIDEO",
    "GALLERY", "FAN_ART",    "LINK",     "ANNOUNCEMENT", NULL,
};

/*
 * $1 viewer, $2 and $3 the cursor's key and id, $4 limit, $5 what the filter
 * compares with.  The inner limit, which no call exceeds, is for the planner:
 * with it one plan for all values walks the index, and nothing is planned
 * anew.  These macros' arguments hold no word that is itself a macro (NULL,
 * true).
 */
/* clang-format off */
#define FEED(feed_total, feed_from, feed_key, feed_trend)                      \
    SQL(SELECT page.*, (feed_total) AS total FROM) "(" POST_SELECT SQL(        \
        , feed_trend AS trend_score, feed_key AS cursor_key FROM feed_from     \
            AND (feed_key, row.id) < ($2, $3)                                  \
        ORDER BY feed_key DESC, row.id DESC LIMIT 101) ")"                     \
    SQL(page LIMIT $4 + 1)
/* clang-format on */

/* The same by an offset, $6, for which no single plan is right. */
#define FEED_PAGE(feed_total, feed_from, feed_key, feed_trend)                 \
    SQL_PLANNED POST_SELECT SQL(                                               \
        , feed_trend AS trend_score, feed_key AS cursor_key,                   \
        (feed_total) AS total FROM feed_from                                   \
            AND (feed_key, row.id) < ($2, $3)                                  \
        ORDER BY feed_key DESC, row.id DESC LIMIT $4 + 1 OFFSET $6)

/* clang-format off */
/* Counters are of what everybody is shown: who is shown less, or more, gets no
 * total. */
#define ALL_SEEN NOT EXISTS(SELECT FROM hidden_from($1))

/* Not a function: an SQL function is parsed anew in every call of a statement
 * (it took an eighth of a list's time). */
#define SITE_TOTAL(total_name)                                                 \
    SELECT coalesce(sum(n), 0)::bigint FROM site_totals                        \
    WHERE name = total_name AND ALL_SEEN

#define ALL post_rows row WHERE VIEWER_MEETS(row.by_author_id)
#define ALL_TOTAL SITE_TOTAL('posts')
#define CATEGORY                                                               \
    post_rows row WHERE row.by_category_id =                                   \
        (SELECT id FROM categories WHERE slug = $5)                            \
        AND VIEWER_MEETS(row.by_author_id)
#define CATEGORY_TOTAL                                                         \
    SELECT post_count::bigint FROM categories WHERE slug = $5 AND ALL_SEEN
#define KIND                                                                   \
    post_rows row WHERE row.kind_enum = $5::text::post_kind                    \
        AND VIEWER_MEETS(row.by_author_id)
#define KIND_TOTAL SITE_TOTAL('posts:' || $5)
/* Where one goes to see somebody, a mute is nothing. */
#define AUTHOR                                                                 \
    post_cards row WHERE row.by_author_id =                                    \
        (SELECT id FROM users WHERE lower(username) = lower($5)                \
            AND user_shown(status) AND user_visible(id, $1))                   \
        AND row.told AND (row.listed OR (SELECT viewer_follows($1, id)         \
            FROM users WHERE lower(username) = lower($5)))
#define AUTHOR_TOTAL                                                           \
    SELECT s.total_posts::bigint                                               \
    FROM user_stats s JOIN users u ON u.id = s.user_id                         \
    WHERE lower(u.username) = lower($5) AND user_shown(u.status)               \
        AND user_visible(u.id, $1) AND NOT viewer_follows($1, u.id)
/* clang-format on */

/* The tag's own index gives the ids of a page; the posts come after. */
#define TAG(tag_limit)                                                         \
    TAG_OF(tag_limit, ALL_SEEN,                                                \
           VIEWER_MEETS((SELECT author_id FROM posts WHERE id = t.post_id)))
#define TAG_OF(tag_limit, all_seen, meets_author)                              \
    POST_SELECT SQL(, nullif(0, 0)::bigint AS trend_score,                     \
        row.published_at AS cursor_key,                                        \
        (SELECT post_count::bigint FROM tags WHERE name = $5 AND all_seen)     \
            AS total                                                           \
        FROM (SELECT t.post_id, t.published_at FROM post_tags t                \
            WHERE t.tag_id = (SELECT id FROM tags WHERE name = $5)             \
                AND t.published_at IS NOT NULL                                 \
                AND (t.published_at, t.post_id) < ($2, $3)                     \
                AND (all_seen OR meets_author)                                 \
            ORDER BY t.published_at DESC, t.post_id DESC LIMIT tag_limit) page \
        JOIN post_rows row ON row.id = page.post_id                            \
        ORDER BY page.published_at DESC, page.post_id DESC LIMIT $4 + 1)

/*
 * Each followed author gives at most a page from its own index, so the cost
 * goes with how many one follows and not with how much they wrote.
 */
#define FOLLOWING FOLLOWING_OF(VIEWER_MEETS(f.following_id))
#define FOLLOWING_OF(meets_author)                                             \
    POST_SELECT SQL(, nullif(0, 0)::bigint AS trend_score,                     \
        row.published_at AS cursor_key                                         \
        FROM (SELECT p.id, p.published_at FROM follows f                       \
            CROSS JOIN LATERAL (SELECT p.id, p.published_at FROM posts p       \
                WHERE p.author_id = f.following_id AND post_told(p)            \
                    AND (p.published_at, p.id) < ($2, $3)                      \
                ORDER BY p.published_at DESC, p.id DESC LIMIT 101) p           \
            WHERE f.follower_id = $1 AND meets_author                          \
            ORDER BY p.published_at DESC, p.id DESC LIMIT 101) page            \
        JOIN post_cards row ON row.id = page.id                                \
        ORDER BY page.published_at DESC, page.id DESC LIMIT $4 + 1)

/* Several filters at once. */
#define ANY(feed_key, feed_trend)                                              \
    ANY_OF(feed_key, feed_trend, VIEWER_MEETS(row.by_author_id))
#define ANY_OF(feed_key, feed_trend, meets_author)                             \
    SQL_PLANNED POST_SELECT SQL(, feed_trend AS trend_score,                   \
        feed_key AS cursor_key FROM post_rows row                              \
        WHERE (feed_key, row.id) < ($2, $3) AND meets_author                   \
            AND ($5::text IS NULL OR row.category_slug = $5)                   \
            AND ($6::text IS NULL OR row.tags @> ARRAY[$6])                    \
            AND ($7::text IS NULL OR row.by_author_id = (SELECT id FROM users  \
                WHERE lower(username) = lower($7) AND user_shown(status)))     \
            AND ($8::text IS NULL OR row.kind_enum = $8::text::post_kind)      \
            AND ($9::timestamptz IS NULL OR row.published_at >= $9)            \
        ORDER BY feed_key DESC, row.id DESC LIMIT $4 + 1 OFFSET $10)

enum filter {
    BY_CATEGORY = 1,
    BY_TAG = 2,
    BY_AUTHOR = 4,
    BY_KIND = 8,
    BY_RANGE = 16
};

/* Which statements serve which filters and order; any_sql serves the rest. */
struct feed_row {
    unsigned filters;
    enum feed_sort sort;
    const char *sql, *page_sql; /* by cursor, by page number */
};
/* What puts a post where it is in a list by trend; none in others. */
#define TREND row.score
#define NO_TREND nullif(0, 0)::bigint

/* name, filters, order, total, where from, key, trend; X makes something of
 * each. */
#define FEEDS(X)                                                               \
    X(recent, 0, SORT_RECENT, ALL_TOTAL, ALL, row.published_at, NO_TREND)      \
    X(popular, 0, SORT_POPULAR, ALL_TOTAL, ALL, row.score, NO_TREND)           \
    X(trending, 0, SORT_TRENDING, ALL_TOTAL, ALL, row.hot, TREND)              \
    X(category_recent, BY_CATEGORY, SORT_RECENT, CATEGORY_TOTAL, CATEGORY,     \
      row.published_at, NO_TREND)                                              \
    X(category_popular, BY_CATEGORY, SORT_POPULAR, CATEGORY_TOTAL, CATEGORY,   \
      row.score, NO_TREND)                                                     \
    X(category_trending, BY_CATEGORY, SORT_TRENDING, CATEGORY_TOTAL, CATEGORY, \
      row.hot, TREND)                                                          \
    X(kind, BY_KIND, SORT_RECENT, KIND_TOTAL, KIND, row.published_at,          \
      NO_TREND)                                                                \
    X(author, BY_AUTHOR, SORT_RECENT, AUTHOR_TOTAL, AUTHOR, row.published_at,  \
      NO_TREND)

#define FEED_SQL(feed_name, feed_filters, feed_sort, ...)                      \
    static const char feed_name##_sql[] = FEED(__VA_ARGS__);                   \
    static const char feed_name##_page_sql[] = FEED_PAGE(__VA_ARGS__);
#define FEED_ROW(feed_name, feed_filters, feed_sort, ...)                      \
    { feed_filters, feed_sort, feed_name##_sql, feed_name##_page_sql },
#define FEED_STATEMENTS(feed_name, ...) feed_name##_sql, feed_name##_page_sql,

FEEDS(FEED_SQL)
static const char tag_sql[] = TAG(101);
static const char tag_page_sql[] = SQL_PLANNED TAG($4 + 1 OFFSET $6);
static const char following_sql[] = FOLLOWING;
static const char any_recent_sql[] = ANY(row.published_at, NO_TREND);
static const char any_popular_sql[] = ANY(row.score, NO_TREND);
static const char any_trending_sql[] = ANY(row.hot, TREND);

static const struct feed_row feed_rows[] = {
    FEEDS(FEED_ROW){ BY_TAG, SORT_RECENT, tag_sql, tag_page_sql },
    { 0, SORT_FOLLOWING, following_sql, NULL },
};
static const char *const any_sql[] = { any_recent_sql, any_popular_sql,
                                       any_trending_sql };

const char *const feed_statements[] = {
    FEEDS(FEED_STATEMENTS) tag_sql,
    tag_page_sql,
    following_sql,
    any_recent_sql,
    any_popular_sql,
    any_trending_sql,
    NULL,
};

static unsigned
filters_of(const struct feed *f)
{
    return (f->category != NULL ? BY_CATEGORY : 0u) |
           (f->tag != NULL ? BY_TAG : 0u) |
           (f->author != NULL ? BY_AUTHOR : 0u) |
           (f->kind != NULL ? BY_KIND : 0u) | (f->range != 0 ? BY_RANGE : 0u);
}

static const struct feed_row *
row_of(const struct feed *f, unsigned filters)
{
    for (size_t i = 0; i < sizeof feed_rows / sizeof *feed_rows; i++)
        if (feed_rows[i].filters == filters && feed_rows[i].sort == f->sort)
            return &feed_rows[i];
    return NULL;
}

/* The earliest publication that a range lets in; none for "all". */
static struct instant
range_start(const struct request *r, unsigned range)
{
    static const int64_t days[] = { 0, 1, 7, 30, 365 };

    if (range == 0)
        return (struct instant){ 0 };
    return (struct instant){ r->now.us - days[range] * CLOCK_DAY };
}

static const struct problem *
answer(struct request *r, const char *name, int64_t limit, const char *sql,
       const struct sql_arg *args)
{
    if (name == NULL)
        return answer_rows(r, limit, sql, args);
    return answer_rows_as(r, name, post_shape, limit, sql, args);
}

const struct problem *
feed_answer(struct request *r, const char *name, const struct feed *f)
{
    const struct feed_row *row = row_of(f, filters_of(f));
    enum value_type key = f->sort == SORT_POPULAR || f->sort == SORT_TRENDING
                              ? VALUE_INTEGER
                              : VALUE_TIME;
    const char *word = f->category != NULL ? f->category
                       : f->tag != NULL    ? f->tag
                       : f->author != NULL ? f->author
                                           : f->kind;
    int64_t skip = f->page > 1 ? (f->page - 1) * f->limit : 0;
    struct instant from = range_start(r, f->range);

    if (f->sort == SORT_FOLLOWING && (row == NULL || skip > 0))
        return problem_field(r, row == NULL ? "sort" : "page",
                             "following takes no filter and no page number");
    if (f->cursor.key == INT64_MAX)
        answer_page_number(r, f->page);
    if (row == NULL)
        return answer(r, name, f->limit, any_sql[f->sort],
                      ARGS(ARG(r->viewer), ARG_AS(key, f->cursor.key),
                           ARG(f->cursor.id), ARG(f->limit), ARG(f->category),
                           ARG(f->tag), ARG(f->author), ARG(f->kind), ARG(from),
                           ARG(skip)));
    const struct sql_arg args[] = {
        ARG(r->viewer),
        ARG_AS(key, f->cursor.key),
        ARG(f->cursor.id),
        ARG(f->limit),
        ARG(word),
        { skip > 0 ? VALUE_INTEGER : VALUE_NONE, &skip },
        { 0 },
    };
    return answer(r, name, f->limit, skip > 0 ? row->page_sql : row->sql, args);
}

const struct problem *
post_list_of_author_as(struct request *r, const char *username,
                       const struct cursor *cursor)
{
    const struct feed f = { .author = username,
                            .cursor = *cursor,
                            .limit = 20 };

    return feed_answer(r, "posts", &f);
}
