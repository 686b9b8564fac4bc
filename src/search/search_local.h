/*
 * search_local.h - what the files of this folder share.
 */
#ifndef SEARCH_SEARCH_LOCAL_H
#define SEARCH_SEARCH_LOCAL_H

#include "core/job.h"
#include "search/search.h"

extern const struct batch search_batches[];

#endif
