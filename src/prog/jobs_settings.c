/* jobs_settings.c - see jobs_settings.h. */
#include "prog/jobs_settings.h"

const struct section jobs_master_section = {
    .name = "jobs_master",
    .settings = master_setting_rows,
    .size = sizeof(struct master_settings),
    .about = "The master of sparkle-jobs.",
};

const struct section jobs_pool_section = {
    .name = "jobs",
    .named = true,
    .settings = pool_setting_rows,
    .size = sizeof(struct pool_settings),
    .about = "Workers of sparkle-jobs; all of them serve all queues. A batch "
             "of jobs counts as a request.",
};
