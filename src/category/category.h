/*
 * category.h - categories: where posts belong.
 */
#ifndef CATEGORY_CATEGORY_H
#define CATEGORY_CATEGORY_H

#include <stdbool.h>

#include "core/feature.h"

extern const struct feature category_feature;

/* category_rows in sql/category.sql. */
extern const struct member category_shape[];

/* For a field's `valid`: what a slug or a tag may look like. */
bool category_slug_valid(const char *s);
#define SLUG_WANTED "must be lower-case letters, digits and hyphens"
#define SLUG_PATTERN "^[a-z0-9-]{1,50}$"

/* Page data: all categories in order, as `categories`. */
const struct problem *category_list_as(struct request *r);

/* Page data: the category of that slug, as `category`; NOT_FOUND. */
const struct problem *category_row_as(struct request *r, const char *slug);

#endif
