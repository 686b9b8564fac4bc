/*
 * admin.c - the feature: its tables, and the batch that ends suspensions.
 */
#include "admin/admin_local.h"
#include "core/batch.h"

/* ---- suspension-end ------------------------------------------------------ */

static const char due_sql[] =
    SQL(
    SELECT count(*) FROM users
    WHERE status = 'SUSPENDED' AND suspended_until <= clock_now()
);
static const char lift_sql[] = SQL(SELECT suspensions_lift($1));

/* Who signs in before is let in at once: by the login. */
static int64_t
end_suspensions(struct job *job, bool dry_run)
{
    const int64_t most = BATCH_ROWS;

    if (dry_run)
        return batch_value(job, due_sql, NO_ARGS);
    return batch_value(job, lift_sql, ARGS(ARG(most)));
}

static const struct batch batches[] = {
    {
        .name = "suspension-end",
        .when = "*/15 * * * *",
        .about = "Make accounts active whose suspension has run out.",
        .step = end_suspensions,
    },
    { 0 },
};

const struct feature admin_feature = {
    .name = "admin",
    .about = "Accounts, roles, status and the audit log, for staff.",
    .route_tables =
        (const struct route *const[]){ admin_page_routes, admin_user_routes,
                                       admin_change_routes, admin_audit_routes,
                                       NULL },
    .batches = batches,
    .events = (const char *const[]){ "user.reset_wanted", NULL },
};
