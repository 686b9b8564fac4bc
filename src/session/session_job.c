/*
 * session_job.c - the job session.refresh: marks over the copies that Redis
 * has of a user's sessions, until Redis confirms it; see core/session.h.
 */
#include "core/app.h"
#include "core/session.h"
#include "session/session_local.h"

/* clang-format off */
static const char hashes_sql[] = SQL(
    SELECT token_hash FROM session_hashes($1)
);
/* clang-format on */

/* Marks may be laid twice, so this need not be a job that acts. */
static const char *
refresh(struct job *job)
{
    const char *why = NULL;
    const struct db_result *hashes =
        job_query(job, hashes_sql, ARGS(ARG(job->subject)), &why);

    if (hashes == NULL)
        return why;
    return session_refresh(job->app, job->mem, hashes)
               ? NULL
               : "Redis did not confirm it";
}

const struct job_kind session_jobs[] = {
    {
        .name = "session.refresh",
        .queue = "event",
        .about = "Have a user's sessions read anew from PostgreSQL.",
        .max_attempts = 10,
        .run = refresh,
    },
    { 0 },
};
