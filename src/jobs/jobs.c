/*
 * jobs.c - the queues for administrators, put together; sql/job_admin.sql has
 * the rules.  What runs the jobs is core/job_engine.h.
 */
#include "jobs/jobs_local.h"

const struct feature jobs_feature = {
    .name = "jobs",
    .about = "The queues of sparkle-jobs, for administrators.",
    .route_tables =
        (const struct route *const[]){ jobs_list_routes, jobs_steer_routes,
                                       jobs_page_routes, NULL },
};
