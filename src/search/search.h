/*
 * search.h - finding posts by words.
 */
#ifndef SEARCH_SEARCH_H
#define SEARCH_SEARCH_H

#include <stdint.h>

#include "core/db.h"
#include "core/feature.h"

extern const struct feature search_feature;

/*
 * Makes what searches read of some posts that wait for it, in a transaction:
 * how many, 0 where none is left; -1: an error was logged.
 */
int64_t search_index_some(struct db *db, void *mem);

#endif
