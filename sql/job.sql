-- job.sql - putting jobs into the queue, and looking at it.

-- Put a job into a queue; its id.  Due later: p_run_at.  With a key that an
-- unfinished job of this kind has, nothing is put and NULL comes back.  Jobs
-- of one kind and subject run one after the other.  Refusals:
-- jobs_queue_known, jobs_payload_size.
CREATE OR REPLACE FUNCTION job_put(
    p_kind text, p_queue text, p_payload jsonb DEFAULT '{}',
    p_subject_id uuid DEFAULT NULL, p_run_at timestamptz DEFAULT NULL,
    p_unique_key text DEFAULT NULL, p_priority int DEFAULT 0,
    p_max_attempts int DEFAULT 3, p_request_id text DEFAULT NULL
) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    made bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM job_queues WHERE name = p_queue) THEN
        PERFORM refuse('jobs_queue_known', 'there is no such queue');
    END IF;
    INSERT INTO jobs (kind, queue, payload, subject_id, run_at, state,
        unique_key, priority, max_attempts, request_id)
    VALUES (p_kind, p_queue, p_payload, p_subject_id,
        coalesce(p_run_at, clock_now()),
        CASE WHEN p_run_at > clock_now() THEN 'scheduled'
            ELSE 'available' END::job_state,
        p_unique_key, p_priority, p_max_attempts, p_request_id)
    ON CONFLICT (kind, unique_key) WHERE unique_key IS NOT NULL
        AND state IN ('scheduled', 'available', 'running', 'retryable')
        DO NOTHING
    RETURNING id INTO made;
    RETURN made;
END
$$;

-- How many jobs wait, run and are done, by queue; oldest: how long the
-- oldest that could start has waited.
CREATE OR REPLACE VIEW job_queue_rows AS
SELECT q.name, q.lane::bigint AS lane, q.concurrency::bigint AS concurrency,
    q.paused_at IS NOT NULL AS paused,
    coalesce(n.available, 0) AS available, coalesce(n.running, 0) AS running,
    coalesce(n.scheduled, 0) AS scheduled,
    coalesce(n.retryable, 0) AS retryable,
    coalesce(n.completed, 0) AS completed,
    coalesce(n.discarded, 0) AS discarded,
    coalesce(n.cancelled, 0) AS cancelled, n.oldest_at
FROM job_queues q
LEFT JOIN (
    SELECT queue, count(*) FILTER (WHERE state = 'available') AS available,
        count(*) FILTER (WHERE state = 'running') AS running,
        count(*) FILTER (WHERE state = 'scheduled') AS scheduled,
        count(*) FILTER (WHERE state = 'retryable') AS retryable,
        count(*) FILTER (WHERE state = 'completed') AS completed,
        count(*) FILTER (WHERE state = 'discarded') AS discarded,
        count(*) FILTER (WHERE state = 'cancelled') AS cancelled,
        min(run_at) FILTER (WHERE state = 'available') AS oldest_at
    FROM jobs GROUP BY 1
) n ON n.queue = q.name;
