/*
 * query.h - what people type into a search box, taken apart.
 *
 *     words           all of them
 *     "a phrase"      these words, one after the other; any double quotes
 *     -word           posts without it; -"a phrase", -tag:x too
 *     a b OR c d      a and b, or c and d; also `or` and |
 *     pre*            words that begin so, from SEARCH_PREFIX letters on
 *     tag:x from:x in:x   with this tag, by this user, in this category (its
 *                     slug), whatever the words; of several authors or
 *                     categories any will do
 *
 * Every text is a query: what has no meaning (an operator without a word, a
 * quote that is not closed) is passed over.  Time is linear; what comes after
 * SEARCH_TERMS words and filters is not looked at.
 */
#ifndef SEARCH_QUERY_H
#define SEARCH_QUERY_H

#include <stdbool.h>

#include "core/sql.h"

enum { SEARCH_TERMS = 50, SEARCH_PREFIX = 2 };

enum search_filter { SEARCH_TAG, SEARCH_FROM, SEARCH_IN, SEARCH_FILTERS };

/* All of it on the memory given, and clean UTF-8 where q was. */
struct search_query {
    /* The words and phrases, none empty, and beside each its marks, of `|` (the
     * first of an alternative), `-` (without), `"` (a phrase) and `*` (the
     * beginning of a word): see tsquery.h.  Never NULL. */
    struct texts words, marks;
    /* The filters in lower case, `with` and `without`; NULL if none. */
    struct texts with[SEARCH_FILTERS], without[SEARCH_FILTERS];
    bool filtered; /* there is one in `with` */
};

void search_query_read(struct search_query *ret, const void *mem,
                       const char *q);

#endif
