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
    const struct listener *listeners;
    const struct job_kind *jobs;
    const struct batch *batches;
    const struct section *settings;
    const char *const *events; /* the events it writes, ended by NULL */
};

#endif
