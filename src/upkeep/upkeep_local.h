/*
 * upkeep_local.h - the steps of the batch programs, between upkeep.c (their
 * rows), upkeep_clean.c, upkeep_audit.c, upkeep_content.c and upkeep_files.c.
 */
#ifndef UPKEEP_UPKEEP_LOCAL_H
#define UPKEEP_UPKEEP_LOCAL_H

#include "base/mem.h"
#include "core/app.h"
#include "core/db.h"
#include "core/job.h"
#include "upkeep/upkeep.h"

/* [upkeep] */
struct upkeep_settings {
    const char *temp_dirs;
    int64_t temp_age; /* us */
};

int64_t upkeep_clean_jobs(struct job *job, bool dry_run);
int64_t upkeep_clean_sessions(struct job *job, bool dry_run);
int64_t upkeep_clean_keys(struct job *job, bool dry_run);
int64_t upkeep_clean_logs(struct job *job, bool dry_run);
int64_t upkeep_keep_partitions(struct job *job, bool dry_run);

int64_t upkeep_audit_counters(struct job *job, bool dry_run);
int64_t upkeep_audit_ledger(struct job *job, bool dry_run);
int64_t upkeep_check_trending(struct job *job, bool dry_run);

int64_t upkeep_publish(struct job *job, bool dry_run);
int64_t upkeep_flush_views(struct job *job, bool dry_run);

int64_t upkeep_sweep_files(struct job *job, bool dry_run);

#endif
