-- job_schedule.sql - jobs put by the clock: the rows of job_schedules.
--
-- cron holds cron's five fields (minute, hour, day of the month, month, day
-- of the week; * , - / and numbers, 0 and 7 are Sunday), or "every 15
-- minutes" (seconds, hours, days, weeks).  Fields are read in the row's time zone.  An hour that the clocks
-- leave out runs an hour later, one that they repeat runs once, except where
-- the hour is *, which follows the real time.

-- The numbers that one field of cron means.  Refusal:
-- job_schedules_cron_form.
CREATE OR REPLACE FUNCTION cron_field(p_field text, p_low int, p_high int)
RETURNS int[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
    part text;
    m text[];
    low int;
    high int;
    step int;
    found int[] := '{}';
BEGIN
    FOREACH part IN ARRAY string_to_array(p_field, ',') LOOP
        m := regexp_match(part,
            '^(?:(\*)|(\d{1,2})(?:-(\d{1,2}))?)(?:/(\d{1,2}))?$');
        low := coalesce(m[2]::int, p_low);
        high := coalesce(m[3]::int, CASE WHEN m[1] IS NULL AND m[4] IS NULL
            THEN low ELSE p_high END);
        step := coalesce(m[4]::int, 1);
        IF m IS NULL OR low < p_low OR high > p_high OR low > high
            OR step < 1
        THEN
            PERFORM refuse('job_schedules_cron_form', part);
        END IF;
        found := found || ARRAY(SELECT generate_series(low, high, step));
    END LOOP;
    RETURN ARRAY(SELECT DISTINCT n FROM unnest(found) n ORDER BY n);
END
$$;

-- The first time of a local day that hours and minutes allow, after another
-- time; NULL where there is none.
CREATE OR REPLACE FUNCTION cron_on_day(
    p_day date, p_hours int[], p_minutes int[], p_real boolean, p_zone text,
    p_after timestamptz
) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
SELECT min(t.at + s.n * interval '1 hour')
FROM unnest(p_hours) h, unnest(p_minutes) m,
    LATERAL (SELECT p_day + make_time(h, m, 0) AS local) l,
    LATERAL (SELECT l.local AT TIME ZONE p_zone AS at) t,
    (VALUES (0), (-1), (1)) s(n)
WHERE t.at + s.n * interval '1 hour' > p_after
    AND (s.n = 0 OR p_real AND (t.at + s.n * interval '1 hour')
        AT TIME ZONE p_zone = l.local)
$$;

-- When a schedule is next due.  Refusals: job_schedules_cron_form,
-- job_schedules_cron_never.
CREATE OR REPLACE FUNCTION cron_next(
    p_cron text, p_zone text, p_after timestamptz
) RETURNS timestamptz
LANGUAGE plpgsql STABLE AS $$
DECLARE
    f text[] := regexp_split_to_array(trim(p_cron), '\s+');
    minutes int[];
    hours int[];
    days int[];
    months int[];
    weekdays int[];
    day date := (p_after AT TIME ZONE p_zone)::date;
    good boolean;
    due timestamptz;
BEGIN
    IF p_cron ~ '^every [1-9]\d{0,3} (second|minute|hour|day|week)s?$' THEN
        RETURN p_after + substr(p_cron, 7)::interval;
    END IF;
    IF cardinality(f) <> 5 THEN
        PERFORM refuse('job_schedules_cron_form', p_cron);
    END IF;
    minutes := cron_field(f[1], 0, 59);
    hours := cron_field(f[2], 0, 23);
    days := cron_field(f[3], 1, 31);
    months := cron_field(f[4], 1, 12);
    weekdays := cron_field(f[5], 0, 7);
    FOR i IN 0 .. 3000 LOOP
        good := date_part('day', day) = ANY (days);
        IF f[5] !~ '^\*' THEN
            good := (good AND f[3] !~ '^\*')
                OR date_part('dow', day) = ANY (weekdays)
                OR date_part('isodow', day) = ANY (weekdays);
        END IF;
        IF good AND date_part('month', day) = ANY (months) THEN
            due := cron_on_day(day, hours, minutes, f[2] ~ '^\*', p_zone,
                p_after);
            IF due IS NOT NULL THEN
                RETURN due;
            END IF;
        END IF;
        day := day + 1;
    END LOOP;
    PERFORM refuse('job_schedules_cron_never', p_cron);
END
$$;

-- A row that is made or changed says itself when it is due.  Refusals: those
-- of cron_next, job_schedules_zone_known.
CREATE OR REPLACE FUNCTION job_schedules_before() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_timezone_names
        WHERE name = NEW.time_zone)
    THEN
        PERFORM refuse('job_schedules_zone_known', NEW.time_zone);
    END IF;
    NEW.next_run_at := CASE WHEN NEW.enabled
        THEN cron_next(NEW.cron, NEW.time_zone, clock_now()) END;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER job_schedules_before
    BEFORE INSERT OR UPDATE OF cron, time_zone, enabled ON job_schedules
    FOR EACH ROW EXECUTE FUNCTION job_schedules_before();

-- Put the jobs of the schedules that are due; how many were.  A schedule
-- missed many times runs once, and not while its last job is unfinished.  One
-- that fails is switched off, with a warning in the server's log, lest it
-- stop all that is done once a second.
CREATE OR REPLACE FUNCTION job_tick() RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    due job_schedules;
    n bigint := 0;
BEGIN
    FOR due IN
        SELECT * FROM job_schedules
        WHERE enabled AND next_run_at <= clock_now()
        ORDER BY next_run_at LIMIT 100 FOR NO KEY UPDATE SKIP LOCKED
    LOOP
        BEGIN
            PERFORM job_put(due.kind, due.queue, due.payload,
                p_unique_key => 'schedule:' || due.name);
            UPDATE job_schedules SET last_run_at = clock_now(),
                next_run_at = cron_next(due.cron, due.time_zone, clock_now())
            WHERE name = due.name;
            n := n + 1;
        EXCEPTION WHEN OTHERS THEN
            RAISE WARNING 'schedule %: %', due.name, SQLERRM;
            UPDATE job_schedules SET enabled = false WHERE name = due.name;
        END;
    END LOOP;
    RETURN n;
END
$$;
