/*
 * category.c - categories: the list of them, for the API and for pages.
 */
#include "category/category.h"

#include <string.h>

const struct member category_shape[] = {
    { .name = "id", .type = VALUE_UUID },
    { .name = "slug", .type = VALUE_TEXT },
    { .name = "name", .type = VALUE_TEXT },
    { .name = "description", .type = VALUE_TEXT, .nullable = true },
    { .name = "color", .type = VALUE_TEXT, .nullable = true },
    { .name = "posts", .type = VALUE_INTEGER, .about = "How many it has." },
    { 0 },
};

bool
category_slug_valid(const char *s)
{
    return s[0] != '\0' &&
           strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(s);
}

static const char list_sql[] =
    SQL(
    SELECT id, slug, name, description, color, posts
    FROM category_rows ORDER BY position, name
);
static const char row_sql[] = SQL(
    SELECT id, slug, name, description, color, posts
    FROM category_rows WHERE slug = $1
);

static const int64_t all = 1000; /* administrators make few */

const struct problem *
category_list_as(struct request *r)
{
    return answer_rows_as(r, "categories", category_shape, all, list_sql,
                          NO_ARGS);
}

const struct problem *
category_row_as(struct request *r, const char *slug)
{
    return answer_row_as(r, "category", category_shape, row_sql,
                         ARGS(ARG(slug)));
}

static const struct problem *
list_categories(struct request *r)
{
    return answer_rows(r, all, list_sql, NO_ARGS);
}

static const struct route routes[] = {
    {
        .on = "GET /api/categories",
        .access = ALLOW_ANYONE,
        .handle = list_categories,
        .about = "List the categories, in their order.",
        .returns = category_shape,
        .form = ANSWER_ARRAY,
        .sql = STATEMENTS(list_sql, row_sql),
    },
    { 0 },
};

const struct feature category_feature = {
    .name = "category",
    .about = "Where posts belong.",
    .routes = routes,
};
