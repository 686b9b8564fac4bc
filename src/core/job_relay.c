/*
 * job_relay.c - from what happened to who wants to know.
 *
 * One statement deletes the oldest outbox rows and makes a job of each for
 * each of its listeners, so an event comes out whole and once.  The lock makes
 * the ids of jobs follow the ids of events.  Whoever is second finds the lock
 * taken and the rows locked, or gone, and so relays nothing: a snapshot that
 * is older than the lock does no harm.
 */
#include "core/job_local.h"

/* $1 names, $2 events, $3 queues of the listeners. */
static const char relay_sql[] = SQL(
    WITH turn AS MATERIALIZED (
        SELECT pg_try_advisory_xact_lock(hashtext('sparkle.relay')) AS mine
    ), taken AS MATERIALIZED (
        DELETE FROM outbox WHERE id = ANY (ARRAY(
            SELECT id FROM outbox WHERE (SELECT mine FROM turn)
            ORDER BY id LIMIT 1000))
        RETURNING *
    ), made AS (
        INSERT INTO jobs (queue, kind, listener, event_id, payload,
            subject_id, actor_id, request_id, happened_at)
        SELECT l.queue, l.name, l.name, o.id, o.data, o.subject_id,
            o.actor_id, o.request_id, o.created_at
        FROM taken o
        JOIN unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY
            l(name, event, queue, n) ON l.event = o.event
        ORDER BY o.id, l.n
        ON CONFLICT (event_id, listener) WHERE event_id IS NOT NULL DO NOTHING
    )
    SELECT count(*) FROM taken
);

void
relay_send(struct jobs *jobs)
{
    const struct job_listeners *l = job_registry_listeners(jobs->registry);

    db_send(jobs->db, relay_sql,
            ARGS(ARG(l->names), ARG(l->events), ARG(l->queues)));
}

int64_t
relay_receive(struct jobs *jobs, struct db_error *ret_error)
{
    const struct db_result *moved = db_receive(jobs->db, jobs->now, ret_error);

    return ret_error->failed ? 0 : db_integer(moved, 0, 0);
}
