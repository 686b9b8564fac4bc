/*
 * jobs.h - the queues of sparkle-jobs, for administrators.
 */
#ifndef JOBS_JOBS_H
#define JOBS_JOBS_H

#include "core/feature.h"

extern const struct feature jobs_feature;

#endif
