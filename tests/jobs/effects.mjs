// What a job did, as rows: the listener xp-followed runs as it is, but the
// function that it calls writes down each call instead of giving experience.
//
//   watchEffects(jobs); follow(jobs, 5); effectFaults(jobs)

/** Replaces add_experience() by one that notes who and the how-manieth. */
export function watchEffects(jobs) {
  jobs.psql(["-c", `
    CREATE TABLE qa_effects (
      seq bigserial, subject uuid, n bigint,
      at timestamptz NOT NULL DEFAULT clock_timestamp());
    CREATE OR REPLACE FUNCTION add_experience(
      p_user_id uuid, p_amount int, p_source text, p_key text,
      p_reason text DEFAULT NULL, p_actor uuid DEFAULT NULL,
      p_text text DEFAULT NULL, OUT added int, OUT experience bigint,
      OUT old_level int, OUT new_level int)
    LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
      INSERT INTO qa_effects (subject, n)
      VALUES (p_user_id, ('x' || right(p_key, 12))::bit(48)::bigint);
      added := 1;
    END $$`]);
}

const follower = (n) =>
  `('00000000-0000-7000-8000-' || lpad(to_hex(${n}), 12, '0'))::uuid`;

/** n events user.followed for each user, numbered from `from`; in order. */
export function follow(jobs, n, from = 1) {
  jobs.psql(["-c", `
    INSERT INTO outbox (event, subject_id, actor_id, created_at)
    SELECT 'user.followed', u.id, ${follower("n")}, clock_timestamp()
    FROM generate_series(${from}, ${from + n - 1}) n, users u
    ORDER BY n, u.id`]);
  jobs.wake();
}

/** The same as jobs at once, in the queue of the listener. */
export function followJobs(jobs, n, from = 1) {
  jobs.psql(["-c", `
    INSERT INTO jobs (queue, kind, listener, event_id, subject_id, actor_id,
      happened_at)
    SELECT 'event', 'xp-followed', 'xp-followed',
      1000000000 + n * 1000 + row_number() OVER (PARTITION BY n ORDER BY u.id),
      u.id, ${follower("n")}, clock_timestamp()
    FROM generate_series(${from}, ${from + n - 1}) n, users u
    ORDER BY n, u.id`]);
}

/** {rows, different, disorder} of what was noted. */
export function effects(jobs) {
  return jobs.sql`
    SELECT count(*) AS rows, count(DISTINCT (subject, n)) AS different,
      count(*) FILTER (WHERE n <= before) AS disorder
    FROM (SELECT subject, n, lag(n) OVER (PARTITION BY subject ORDER BY seq)
        AS before FROM qa_effects) e`[0];
}
