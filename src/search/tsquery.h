/*
 * tsquery.h - a search as PostgreSQL's tsquery has it.
 */
#ifndef SEARCH_TSQUERY_H
#define SEARCH_TSQUERY_H

#include "search/query.h"

/*
 * How well a post fits, the best first; each post is in one tier at most:
 *   3  all words are in the title, as they were typed
 *   2  all are in the title: their stems, beginnings, parts of tokens
 *   1  all are in the post, as they were typed
 *   0  all are in the post
 */
enum { SEARCH_TIERS = 4, SEARCH_ATOMS = 200 };

struct search_tsquery {
    const char *any;                /* of all tiers; NULL: no words */
    const char *tier[SEARCH_TIERS]; /* NULL: nothing can be in it */
};

/*
 * Texts on mem that a cast to tsquery takes, whatever q is.  Words of English
 * grammar are passed over beside others.  An alternative that only says what
 * to go without would look at every post: it is left out, unless a filter says
 * which to look at.  Words after SEARCH_ATOMS are not looked at.
 */
void search_tsquery_write(struct search_tsquery *ret, const void *mem,
                          const struct search_query *q);

#endif
