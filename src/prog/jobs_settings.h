/*
 * jobs_settings.h - [jobs_master] and [jobs NAME]: sparkle-jobs' rows of the
 * one configuration file, under names of their own.
 */
#ifndef PROG_JOBS_SETTINGS_H
#define PROG_JOBS_SETTINGS_H

#include "pool/pool.h"

extern const struct section jobs_master_section;
extern const struct section jobs_pool_section;

#endif
