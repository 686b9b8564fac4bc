/*
 * feature.h - a feature is what it offers, as tables.
 *
 * src/prog/features.c lists all of them: the program's table of contents.
 * Every table ends with an all-zero row; a feature leaves out what it lacks.
 */
#ifndef CORE_FEATURE_H
#define CORE_FEATURE_H

#include "base/setting.h"
#include "core/endpoint.h"
#include "core/event.h"
#include "core/job.h"

struct feature {
    const char *name;
    const char *about;
    const struct route *routes;
    const struct route *const *route_tables; /* more of them, for a feature of
                                                several files; ended by NULL */
    const struct listener *listeners;
    const struct job_kind *jobs;
    const struct batch *batches;
    const struct section *settings;
    const char *const *events; /* the events it writes, ended by NULL */
    /* For each page that is shown to who is signed in: the words that the
     * layout wants of this feature (page_text). */
    void (*frame)(struct request *r);
};

/* The i-th table of a feature's routes; NULL past the last. */
static inline const struct route *
feature_routes(const struct feature *f, size_t i)
{
    if (f->routes != NULL && i == 0)
        return f->routes;
    i -= f->routes != NULL ? 1 : 0;
    if (f->route_tables == NULL)
        return NULL;
    for (size_t k = 0; f->route_tables[k] != NULL; k++)
        if (k == i)
            return f->route_tables[k];
    return NULL;
}

#endif
