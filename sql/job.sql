-- job.sql - the queue: putting jobs into it, taking them out, looking at it.
--
-- What sparkle-jobs runs all the time is planned for indexes only: a plan
-- that was made when a table was empty must not be the plan of a long queue.
-- So these functions run with enable_seqscan and the like off, and keep one
-- plan each.

-- Put a job into a queue; its id.  Due later: p_run_at.  With a key that an
-- unfinished job of this kind has, nothing is put and NULL comes back.  Jobs
-- of one queue, kind and subject run one after the other.  Refusals:
-- jobs_queue_known, jobs_payload_size.  Without a key no conflict is looked
-- for, which would write a second record for each row.
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
    IF p_unique_key IS NULL THEN
        INSERT INTO jobs (kind, queue, payload, subject_id, run_at, state,
            priority, max_attempts, request_id)
        SELECT p_kind, p_queue, p_payload, p_subject_id,
            coalesce(p_run_at, clock_now()),
            CASE WHEN p_run_at > clock_now() THEN 'scheduled'
                ELSE 'available' END::job_state,
            p_priority, p_max_attempts, p_request_id
        FROM job_queues WHERE name = p_queue
        RETURNING id INTO made;
        IF FOUND THEN
            RETURN made;
        END IF;
    END IF;
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

-- ---- Relaying -------------------------------------------------------------

-- Move up to p_most of the oldest events into jobs, one for each listener,
-- given as three arrays; how many were moved.  A lock of the transaction lets
-- one process at a time do so, and the ids of jobs follow those of events.
CREATE OR REPLACE FUNCTION job_relay(
    p_names text[], p_events text[], p_queues text[], p_most int
) RETURNS bigint
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    moved bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM outbox)
        OR NOT pg_try_advisory_xact_lock(hashtext('sparkle.relay'))
    THEN
        RETURN 0;
    END IF;
    WITH taken AS (
        DELETE FROM outbox WHERE id = ANY (ARRAY(
            SELECT id FROM outbox ORDER BY id LIMIT p_most))
        RETURNING *
    ), made AS (
        INSERT INTO jobs (queue, kind, listener, event_id, payload,
            subject_id, actor_id, request_id, happened_at)
        SELECT l.queue, l.name, l.name, o.id, o.data, o.subject_id,
            o.actor_id, o.request_id, o.created_at
        FROM taken o
        JOIN unnest(p_names, p_events, p_queues) WITH ORDINALITY
            l(name, event, queue, n) ON l.event = o.event
        ORDER BY o.id, l.n
        ON CONFLICT (event_id, listener) WHERE event_id IS NOT NULL DO NOTHING
    )
    SELECT count(*) INTO moved FROM taken;
    RETURN moved;
END
$$;

-- ---- Taking ---------------------------------------------------------------

-- The queues that have something to do, in order.
CREATE OR REPLACE FUNCTION job_look() RETURNS SETOF text
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off AS $$
BEGIN
    RETURN QUERY SELECT q.name FROM job_queues q
    CROSS JOIN LATERAL (SELECT FROM jobs j
        WHERE j.queue = q.name AND j.state = 'available' LIMIT 1) waiting
    WHERE q.paused_at IS NULL
    ORDER BY q.lane, q.name;
END
$$;

-- Lock one of a queue's places; its number, or NULL where all are taken or
-- the queue is paused.  For the transaction, or for the session.
CREATE OR REPLACE FUNCTION job_place(p_queue text, p_session boolean)
RETURNS int
LANGUAGE sql AS $$
SELECT n FROM job_queues q, generate_series(1, q.concurrency) n
WHERE q.name = p_queue AND q.paused_at IS NULL
    AND CASE WHEN p_session THEN pg_try_advisory_lock(
            hashtext('sparkle.queue.' || q.name), n)
        ELSE pg_try_advisory_xact_lock(
            hashtext('sparkle.queue.' || q.name), n) END
LIMIT 1
$$;

-- Take jobs of a queue, the highest priority first, then the oldest, and lock
-- them.  Of the queue's jobs of one kind and subject only the oldest that is
-- unfinished may be taken (in the queue: a password reset waits for no
-- digest; one that is due later keeps none waiting); who locks it owns the
-- chain behind it, and takes of that, too (p_chain), without locks.  A
-- snapshot in which an earlier job is not yet finished only makes a later one
-- wait.  The whole queue is searched only where nothing in front is free, for
-- a long chain is a long search.  The job before is looked for from its end:
-- the other end is full of dead rows.  (The state of those whose ids are known
-- is compared as a text: where statistics say that nothing waits, the plan
-- would walk through all of jobs_claim_idx for them.)
CREATE OR REPLACE FUNCTION job_heads(
    p_queue text, p_most int, p_chain boolean
) RETURNS bigint[]
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
AS $$
DECLARE
    window_size int := greatest(2 * p_most, 50);
    first bigint[] := ARRAY(SELECT id FROM jobs
        WHERE queue = p_queue AND state = 'available'
        ORDER BY priority DESC, id LIMIT window_size);
    heads bigint[];
    behind bigint[];
BEGIN
    heads := ARRAY(SELECT j.id FROM jobs j
        WHERE j.id = ANY (first) AND j.state::text = 'available'
            AND (j.subject_id IS NULL OR (SELECT f.id FROM jobs f
                WHERE f.subject_id = j.subject_id AND f.kind = j.kind
                    AND f.queue = p_queue AND f.id < j.id
                    AND f.state IN ('available', 'running', 'retryable')
                ORDER BY f.id DESC LIMIT 1) IS NULL)
        ORDER BY j.priority DESC, j.id LIMIT p_most
        FOR UPDATE SKIP LOCKED);
    IF cardinality(heads) = 0 AND cardinality(first) = window_size THEN
        heads := ARRAY(SELECT j.id FROM jobs j
            WHERE j.queue = p_queue AND j.state = 'available'
            AND (j.subject_id IS NULL OR (SELECT f.id FROM jobs f
                WHERE f.subject_id = j.subject_id AND f.kind = j.kind
                    AND f.queue = p_queue AND f.id < j.id
                    AND f.state IN ('available', 'running', 'retryable')
                ORDER BY f.id DESC LIMIT 1) IS NULL)
            ORDER BY j.priority DESC, j.id LIMIT p_most
            FOR UPDATE SKIP LOCKED);
    END IF;
    IF NOT p_chain THEN
        RETURN heads;
    END IF;
    behind := ARRAY(
        SELECT f.id FROM jobs h CROSS JOIN LATERAL (
            SELECT g.id, bool_and(g.state = 'available')
                OVER (ORDER BY g.id) AS mine
            FROM (SELECT k.id, k.state FROM jobs k
                WHERE k.subject_id = h.subject_id AND k.kind = h.kind
                    AND k.queue = p_queue AND k.id > h.id
                    AND k.state IN ('available', 'running', 'retryable')
                ORDER BY k.id LIMIT p_most) g) f
        WHERE h.id = ANY (heads) AND h.subject_id IS NOT NULL AND f.mine
        LIMIT p_most);
    RETURN heads || behind;
END
$$;

-- Take up to p_most jobs, and more of their chains, and mark them completed:
-- which is true when the transaction commits that runs them.  A job that
-- became due in front of a chain may have found its owner at work: what that
-- one has completed meanwhile is not taken again.  (As a text: see job_heads.)
CREATE OR REPLACE FUNCTION job_take(
    p_queue text, p_most int, p_worker text
) RETURNS TABLE (
    id bigint, kind text, payload jsonb, attempts bigint, event_id bigint,
    subject_id uuid, actor_id uuid, happened_at timestamptz, request_id text)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off AS $$
#variable_conflict use_column
DECLARE
    taken bigint[];
BEGIN
    IF job_place(p_queue, false) IS NOT NULL THEN
        taken := job_heads(p_queue, p_most, true);
    END IF;
    IF coalesce(cardinality(taken), 0) = 0 THEN
        RETURN;
    END IF;
    RETURN QUERY WITH took AS (
        UPDATE jobs SET state = 'completed', attempts = attempts + 1,
            started_at = clock_now(), finished_at = clock_now(),
            worker = p_worker
        WHERE id = ANY (taken) AND state::text = 'available'
        RETURNING jobs.*)
    SELECT id, kind, payload, attempts::bigint, event_id, subject_id,
        actor_id, happened_at, request_id
    FROM took ORDER BY priority DESC, id;
END
$$;

-- Take one job with a lease of 10 s, and hold one of the queue's places for
-- the session: give it back with pg_advisory_unlock of job_place's key.
CREATE OR REPLACE FUNCTION job_lease(p_queue text, p_worker text)
RETURNS TABLE (
    id bigint, kind text, payload jsonb, attempts bigint, event_id bigint,
    subject_id uuid, actor_id uuid, happened_at timestamptz, request_id text,
    place bigint)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off AS $$
#variable_conflict use_column
DECLARE
    at int := job_place(p_queue, true);
    taken bigint[];
BEGIN
    IF at IS NULL THEN
        RETURN;
    END IF;
    taken := job_heads(p_queue, 1, false);
    IF cardinality(taken) = 0 THEN
        PERFORM job_leave(p_queue, at);
        RETURN;
    END IF;
    RETURN QUERY UPDATE jobs SET state = 'running', attempts = attempts + 1,
        started_at = clock_now(), worker = p_worker,
        leased_until = now() + interval '10 s'
    WHERE id = taken[1]
    RETURNING id, kind, payload, attempts::bigint, event_id, subject_id,
        actor_id, happened_at, request_id, at::bigint;
END
$$;

CREATE OR REPLACE FUNCTION job_leave(p_queue text, p_place int)
RETURNS boolean
LANGUAGE sql AS $$
SELECT pg_advisory_unlock(hashtext('sparkle.queue.' || p_queue), p_place)
$$;

-- ---- Ending ---------------------------------------------------------------

-- Note that a job failed: again after 2 s x 2^n, or discarded.  The attempt
-- of a leased job was counted when it was taken.  The id spreads those that
-- failed together.  Whether it was given up; NULL: it is another's by now.
CREATE OR REPLACE FUNCTION job_fail(
    p_id bigint, p_why text, p_hopeless boolean, p_worker text
) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    job jobs;
    tried int;
    given_up boolean;
BEGIN
    SELECT * INTO job FROM jobs
    WHERE id = p_id AND (state = 'available'
        OR state = 'running' AND worker = p_worker)
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    tried := job.attempts + (job.state = 'available')::int;
    given_up := p_hopeless OR tried >= job.max_attempts;
    UPDATE jobs SET attempts = tried, worker = p_worker, leased_until = NULL,
        state = CASE WHEN given_up THEN 'discarded' ELSE 'retryable' END
            ::job_state,
        run_at = clock_now() + interval '2 s' * 2 ^ (tried - 1)
            * (1 + id % 64 / 256.0),
        finished_at = CASE WHEN given_up THEN clock_now() END,
        errors = errors || jsonb_build_object('attempt', tried,
            'at', clock_now(), 'error', left(p_why, 1000))
    WHERE id = p_id;
    RETURN given_up;
END
$$;

-- Make jobs available whose worker is gone; those that took too many workers
-- along are discarded.
CREATE OR REPLACE FUNCTION job_resume(job jobs, p_why text) RETURNS void
LANGUAGE sql AS $$
UPDATE jobs SET leased_until = NULL, attempts = t.tried,
    state = CASE WHEN t.tried >= max_attempts THEN 'discarded'
        ELSE 'available' END::job_state,
    finished_at = CASE WHEN t.tried >= max_attempts THEN clock_now() END,
    errors = errors || jsonb_build_object('attempt', t.tried,
        'at', clock_now(), 'error', p_why)
FROM (SELECT job.attempts + (job.state = 'available')::int AS tried) t
WHERE id = job.id
$$;

-- Resume what a dead worker had: its leases, and the job it died in.
CREATE OR REPLACE FUNCTION job_resume_worker(p_worker text, p_running bigint)
RETURNS bigint
LANGUAGE plpgsql
SET enable_seqscan = off AS $$
DECLARE
    job jobs;
    n bigint := 0;
BEGIN
    FOR job IN
        SELECT * FROM jobs WHERE state = 'running' AND worker = p_worker
            AND leased_until IS NOT NULL FOR NO KEY UPDATE
    LOOP
        PERFORM job_resume(job, 'its worker died');
        n := n + 1;
    END LOOP;
    SELECT * INTO job FROM jobs WHERE id = p_running AND state = 'available'
    FOR NO KEY UPDATE;
    IF FOUND AND n = 0 THEN
        PERFORM job_resume(job, 'its worker died');
        n := 1;
    END IF;
    RETURN n;
END
$$;

-- Once a second: put what is scheduled, make due jobs available, resume those
-- whose lease ran out; how many of the latter.  Leases end by the real time,
-- whatever clock_now() says in tests.
CREATE OR REPLACE FUNCTION job_tend() RETURNS bigint
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    job jobs;
    n bigint := 0;
BEGIN
    PERFORM job_tick();
    UPDATE jobs SET state = 'available' WHERE id = ANY (ARRAY(
        SELECT id FROM jobs
        WHERE state IN ('scheduled', 'retryable') AND run_at <= clock_now()
        ORDER BY run_at LIMIT 5000 FOR NO KEY UPDATE SKIP LOCKED));
    FOR job IN
        SELECT * FROM jobs WHERE state = 'running' AND leased_until < now()
        LIMIT 1000 FOR NO KEY UPDATE SKIP LOCKED
    LOOP
        PERFORM job_resume(job, 'its lease ran out');
        n := n + 1;
    END LOOP;
    RETURN n;
END
$$;
