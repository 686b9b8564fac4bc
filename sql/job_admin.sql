-- job_admin.sql - the queues as administrators see and steer them.
--
-- Who does it is told by four values: the actor (NULL for sparklectl), the
-- address, the user agent and the request's id; the audit log keeps them.

-- ---- Looking --------------------------------------------------------------

-- Since when the oldest job that could start has waited: of those in front,
-- and of those of the lowest priority, who wait the longest.
CREATE OR REPLACE FUNCTION job_oldest(p_queue text) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
SELECT least((SELECT run_at FROM jobs
        WHERE queue = p_queue AND state = 'available'
        ORDER BY priority DESC, id LIMIT 1),
    (SELECT run_at FROM jobs
        WHERE queue = p_queue AND state = 'available'
            AND priority = (SELECT priority FROM jobs
                WHERE queue = p_queue AND state = 'available'
                ORDER BY priority, id DESC LIMIT 1)
        ORDER BY id LIMIT 1))
$$;

-- How many jobs wait, run and are done, by queue.  Completed ones, of which
-- there may be millions, are counted to 100,000; completed_minute is what was
-- done within the last minute.  A column that is not asked for costs nothing.
DROP VIEW IF EXISTS job_queue_rows;
CREATE VIEW job_queue_rows AS
SELECT q.name, q.lane::bigint AS lane, q.concurrency::bigint AS concurrency,
    q.paused_at IS NOT NULL AS paused,
    (SELECT count(*) FROM jobs j
        WHERE j.queue = q.name AND j.state = 'available') AS available,
    (SELECT count(*) FROM jobs j
        WHERE j.queue = q.name AND j.state = 'running') AS running,
    coalesce(d.scheduled, 0) AS scheduled,
    coalesce(d.retryable, 0) AS retryable,
    (SELECT count(*) FROM (SELECT FROM jobs j WHERE j.queue = q.name
        AND j.state = 'completed' LIMIT 100000) l) AS completed,
    (SELECT count(*) FROM jobs j
        WHERE j.queue = q.name AND j.state = 'discarded') AS discarded,
    (SELECT count(*) FROM jobs j
        WHERE j.queue = q.name AND j.state = 'cancelled') AS cancelled,
    job_oldest(q.name) AS oldest_at,
    (SELECT count(*) FROM jobs j
        WHERE j.queue = q.name AND j.state = 'completed'
            AND j.finished_at > clock_now() - interval '1 minute'
    ) AS completed_minute
FROM job_queues q
LEFT JOIN (SELECT queue,
        count(*) FILTER (WHERE state = 'scheduled') AS scheduled,
        count(*) FILTER (WHERE state = 'retryable') AS retryable
    FROM jobs WHERE state IN ('scheduled', 'retryable') GROUP BY 1
) d ON d.queue = q.name;

-- The last run of each of these batch programs, dry ones left out, and the
-- last that went well.  took is NULL while it runs, or where it died.
CREATE OR REPLACE FUNCTION batch_last(p_names text[])
RETURNS TABLE (name text, started_at timestamptz, took_ms bigint,
    items bigint, exit_code bigint, good_at timestamptz)
LANGUAGE sql STABLE AS $$
SELECT b.name, r.started_at,
    (extract(epoch FROM r.finished_at - r.started_at) * 1000)::bigint,
    r.items, r.exit_code::bigint, g.finished_at
FROM unnest(p_names) WITH ORDINALITY b(name, n)
LEFT JOIN LATERAL (SELECT * FROM batch_runs
    WHERE batch_runs.name = b.name AND NOT dry_run
    ORDER BY batch_runs.started_at DESC LIMIT 1) r ON true
LEFT JOIN LATERAL (SELECT finished_at FROM batch_runs
    WHERE batch_runs.name = b.name AND NOT dry_run
        AND batch_runs.exit_code = 0
    ORDER BY batch_runs.started_at DESC LIMIT 1) g ON true
ORDER BY b.n
$$;

-- ---- Steering -------------------------------------------------------------

-- Stop or go on taking jobs of a queue; what runs ends.  Refusal:
-- jobs_queue_known.
CREATE OR REPLACE FUNCTION job_pause(
    p_queue text, p_paused boolean, p_actor uuid, p_ip text, p_agent text,
    p_request text
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    was job_queues;
BEGIN
    SELECT * INTO was FROM job_queues WHERE name = p_queue FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM refuse('jobs_queue_known', 'there is no such queue');
    END IF;
    IF (was.paused_at IS NOT NULL) = p_paused THEN
        RETURN;
    END IF;
    UPDATE job_queues SET
        paused_at = CASE WHEN p_paused THEN clock_now() END,
        paused_by = CASE WHEN p_paused THEN p_actor END
    WHERE name = p_queue;
    PERFORM audit_write(p_actor,
        CASE WHEN p_paused THEN 'job.pause' ELSE 'job.resume' END,
        'job_queue', NULL, NULL, jsonb_build_object('queue', p_queue),
        p_ip::inet, p_agent, p_request, true);
END
$$;

-- Lock a job to steer it.  One that runs in a transaction is locked by it.
-- Refusals: jobs_known, jobs_not_running.
CREATE OR REPLACE FUNCTION job_hold(p_id bigint) RETURNS jobs
LANGUAGE plpgsql AS $$
DECLARE
    job jobs;
BEGIN
    SELECT * INTO job FROM jobs WHERE id = p_id
    FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        PERFORM FROM jobs WHERE id = p_id;
        IF NOT FOUND THEN
            PERFORM refuse('jobs_known', 'there is no such job');
        END IF;
    END IF;
    IF job.id IS NULL OR job.state = 'running' THEN
        PERFORM refuse('jobs_not_running', 'the job runs right now');
    END IF;
    RETURN job;
END
$$;

-- Run a job now that waits or was given up, with all its attempts anew; its
-- trail stays.  Refusals: those of job_hold, jobs_not_done,
-- jobs_unique_key where another with its key was put since.
CREATE OR REPLACE FUNCTION job_retry(
    p_id bigint, p_actor uuid, p_ip text, p_agent text, p_request text
) RETURNS jobs
LANGUAGE plpgsql AS $$
DECLARE
    job jobs := job_hold(p_id);
BEGIN
    IF job.state = 'completed' THEN
        PERFORM refuse('jobs_not_done', 'the job is done');
    END IF;
    UPDATE jobs SET state = 'available', attempts = 0, finished_at = NULL,
        run_at = clock_now()
    WHERE id = p_id;
    PERFORM audit_write(p_actor, 'job.retry', 'job', NULL,
        jsonb_build_object('state', job.state),
        jsonb_build_object('job', p_id, 'kind', job.kind),
        p_ip::inet, p_agent, p_request, true);
    SELECT * INTO job FROM jobs WHERE id = p_id;
    RETURN job;
END
$$;

-- Never run a job that waits.  Refusals: those of job_hold, jobs_not_done.
CREATE OR REPLACE FUNCTION job_cancel(
    p_id bigint, p_actor uuid, p_ip text, p_agent text, p_request text
) RETURNS jobs
LANGUAGE plpgsql AS $$
DECLARE
    job jobs := job_hold(p_id);
BEGIN
    IF job.state NOT IN ('scheduled', 'available', 'retryable') THEN
        PERFORM refuse('jobs_not_done', 'the job is done');
    END IF;
    UPDATE jobs SET state = 'cancelled', finished_at = clock_now()
    WHERE id = p_id;
    PERFORM audit_write(p_actor, 'job.cancel', 'job', NULL,
        jsonb_build_object('state', job.state),
        jsonb_build_object('job', p_id, 'kind', job.kind),
        p_ip::inet, p_agent, p_request, true);
    SELECT * INTO job FROM jobs WHERE id = p_id;
    RETURN job;
END
$$;

-- Put a job whose kind, queue and payload the program has checked.  Refusals:
-- those of job_put, and jobs_unique_key.
CREATE OR REPLACE FUNCTION job_put_by_hand(
    p_kind text, p_queue text, p_payload jsonb, p_subject_id uuid,
    p_run_at timestamptz, p_unique_key text, p_priority int,
    p_actor uuid, p_ip text, p_agent text, p_request text
) RETURNS jobs
LANGUAGE plpgsql AS $$
DECLARE
    job jobs;
    made bigint := job_put(p_kind, p_queue, coalesce(p_payload, '{}'),
        p_subject_id, p_run_at, p_unique_key, coalesce(p_priority, 0),
        p_request_id => p_request);
BEGIN
    IF made IS NULL THEN
        PERFORM refuse('jobs_unique_key', 'a job with this key waits');
    END IF;
    PERFORM audit_write(p_actor, 'job.put', 'job', NULL, NULL,
        jsonb_build_object('job', made, 'kind', p_kind, 'queue', p_queue),
        p_ip::inet, p_agent, p_request, true);
    SELECT * INTO job FROM jobs WHERE id = made;
    RETURN job;
END
$$;
