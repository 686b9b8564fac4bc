/*
 * job_relay.c - from what happened to who wants to know: job_relay() in
 * sql/job.sql with our listeners.
 */
#include "core/job_local.h"

#define RELAY_MOST INT64_C(1000)

static const char relay_sql[] = SQL(SELECT job_relay($1, $2, $3, $4::int));

void
relay_send(struct jobs *jobs)
{
    const struct job_listeners *l = job_registry_listeners(jobs->registry);
    const int64_t most = RELAY_MOST;

    db_send(jobs->db, relay_sql,
            ARGS(ARG(l->names), ARG(l->events), ARG(l->queues), ARG(most)));
}

int64_t
relay_receive(struct jobs *jobs, struct db_error *ret_error)
{
    const struct db_result *moved = db_receive(jobs->db, jobs->now, ret_error);

    return ret_error->failed ? 0 : db_integer(moved, 0, 0);
}
