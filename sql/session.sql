-- session.sql - sessions: their making, use, rotation and end.  What a token
-- is, and how Redis comes in: src/core/session.h.
--
-- A session has at most three generations of tokens at a time:
--
--   token_hash             the latest; until it was seen ...
--   previous_hash          ... the one before it is as good.  Seeing the
--                          latest sets superseded_at, and gives this one a
--                          minute for calls that are on their way
--   session_tokens_spent   what came before, with when it was superseded
--
-- Whoever uses a token later than a minute after it was superseded has stolen
-- it, or was stolen from: the family ends, and its user is told.

-- What is under way in Redis, and what PostgreSQL has just changed, must not
-- part for long: this job puts it right where the program could not.
CREATE OR REPLACE FUNCTION session_tell(p_user uuid) RETURNS bigint
LANGUAGE sql AS $$
SELECT job_put('session.refresh', 'event', '{}', p_user, p_max_attempts => 10)
$$;

-- The first use of a day, in the member's time zone: it is noted, counted into
-- the streak, and told of by user.day_begun; NULL as the status is no active
-- one, else when the day ends.  Copies last no longer, so the first use of the
-- next day comes here, and no other one asks.  Days only go forward: who
-- travels has one of them early, and never one twice.
CREATE OR REPLACE FUNCTION session_day(u users) RETURNS timestamptz
LANGUAGE plpgsql AS $$
DECLARE
    zone text := u.time_zone;
    today date;
    streak int;
BEGIN
    IF u.status <> 'ACTIVE' THEN
        RETURN NULL;
    END IF;
    BEGIN
        today := (clock_now() AT TIME ZONE zone)::date;
    EXCEPTION WHEN invalid_parameter_value THEN
        zone := 'UTC'; -- accounts may be imported, and nobody shut out
        today := (clock_now() AT TIME ZONE zone)::date;
    END;
    UPDATE user_stats SET streak_day = today,
        login_streak = CASE WHEN streak_day = today - 1
            THEN login_streak + 1 ELSE 1 END
    WHERE user_id = u.id AND (streak_day < today OR streak_day IS NULL)
    RETURNING login_streak INTO streak;
    IF FOUND THEN
        INSERT INTO outbox (event, subject_id, actor_id, data)
        VALUES ('user.day_begun', u.id, u.id,
            jsonb_build_object('day', today, 'streak', streak));
    END IF;
    RETURN (today + 1)::timestamp AT TIME ZONE zone;
END
$$;

-- ---- Making ---------------------------------------------------------------

-- Begin a session.  A user has sixty; those seen longest ago give way.  The
-- lock on the user makes two at once count each other.  Columns as of
-- session_use().
CREATE OR REPLACE FUNCTION session_make(
    p_user uuid, p_token bytea, p_csrf bytea, p_agent text, p_ip inet,
    p_remember boolean, p_fingerprint bytea, p_device uuid DEFAULT NULL,
    p_device_name text DEFAULT NULL, p_location text DEFAULT NULL
) RETURNS TABLE (id uuid, user_id uuid, username text, image text,
    role bigint, csrf_secret bytea, active boolean, expires_at timestamptz,
    reauthenticated_at timestamptz, state text, fresh_until timestamptz,
    one_hash bytea, other_hash bytea, fingerprint bytea)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    t timestamptz := clock_now();
    u users;
BEGIN
    SELECT * INTO u FROM users WHERE users.id = p_user FOR NO KEY UPDATE;
    user_id := u.id;
    username := u.username;
    image := u.image;
    active := u.status = 'ACTIVE';
    role := array_position(enum_range(NULL::user_role), u.role);
    csrf_secret := p_csrf;
    expires_at := t + session_length(p_remember);
    reauthenticated_at := t;
    state := 'live';
    fresh_until := least(t + interval '10 minutes', session_day(u));
    fingerprint := p_fingerprint;
    INSERT INTO sessions (user_id, token_hash, csrf_secret, user_agent, ip,
        remember, device_id, device, location, fingerprint, created_at,
        last_seen_at, extended_at, rotated_at, reauthenticated_at, expires_at,
        absolute_expires_at)
    VALUES (p_user, p_token, p_csrf, p_agent, p_ip, p_remember, p_device,
        p_device_name, p_location, p_fingerprint, t, t, t, t, t,
        session_make.expires_at, t + interval '1 year')
    RETURNING sessions.id INTO id;
    IF (SELECT count(*) FROM sessions s WHERE s.user_id = p_user
        AND s.ended_at IS NULL AND s.expires_at > t) > 60
    THEN
        UPDATE sessions SET ended_at = t, end_reason = 'too_many'
        WHERE id IN (SELECT s.id FROM sessions s WHERE s.user_id = p_user
                AND s.ended_at IS NULL AND s.expires_at > t
            ORDER BY s.id = session_make.id DESC, s.last_seen_at DESC,
                s.id DESC OFFSET 60);
        PERFORM session_tell(p_user);
    END IF;
    RETURN NEXT;
END
$$;

CREATE OR REPLACE FUNCTION session_length(remember boolean) RETURNS interval
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN remember THEN interval '90 days' ELSE interval '30 days' END;

-- ---- Use ------------------------------------------------------------------

-- Find the session of a token, and rotate it where ten minutes of use have
-- passed: p_new is the hash of the token that comes next.  No row: nobody has
-- it.  state says what happened:
--
--   live      nothing; fresh_until says how long this stays so
--   rotated   the same, and the new token is to be handed out
--   seen      the latest token came for the first time: one_hash, the one
--             before it, has a minute left, and no copy says so yet
--   late      superseded, within its minute: good, and not to be copied
--   theft     the family has ended: one_hash and other_hash are its tokens
--
-- Moves the end (to the session's own length, never a shorter one) when that
-- was done over a day ago; with the rotation only, for the new cookie's sake.
-- Who finds the row rotated by another at the same time goes on as it is.
-- A token that comes from another browser and another network than before is
-- told of (session_moved), whatever else is so.
-- Nothing is written where nothing is due: this runs for each request while
-- Redis is away.
CREATE OR REPLACE FUNCTION session_use(
    p_token bytea, p_new bytea, p_ip inet, p_fingerprint bytea
) RETURNS TABLE (id uuid, user_id uuid, username text, image text,
    role bigint, csrf_secret bytea, active boolean, expires_at timestamptz,
    reauthenticated_at timestamptz, state text, fresh_until timestamptz,
    one_hash bytea, other_hash bytea, fingerprint bytea)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    t timestamptz := clock_now();
    s sessions;
    u users;
    spent timestamptz;
BEGIN
    SELECT * INTO s FROM sessions WHERE token_hash = p_token;
    IF NOT FOUND THEN
        SELECT * INTO s FROM sessions WHERE previous_hash = p_token;
        spent := s.superseded_at;
    END IF;
    IF s.id IS NULL THEN
        SELECT o.spent_at INTO spent FROM session_tokens_spent o
        WHERE o.token_hash = p_token;
        SELECT * INTO s FROM sessions WHERE id = (SELECT o.session_id
            FROM session_tokens_spent o WHERE o.token_hash = p_token);
    END IF;
    SELECT * INTO u FROM users WHERE id = s.user_id
        AND status IN ('ACTIVE', 'PENDING_VERIFICATION');
    IF NOT FOUND OR s.ended_at IS NOT NULL OR s.expires_at <= t
        OR s.absolute_expires_at <= t
    THEN
        RETURN;
    END IF;

    id := s.id;
    user_id := s.user_id;
    username := u.username;
    image := u.image;
    role := array_position(enum_range(NULL::user_role), u.role);
    csrf_secret := s.csrf_secret;
    active := u.status = 'ACTIVE';
    expires_at := s.expires_at;
    reauthenticated_at := s.reauthenticated_at;
    fresh_until := s.rotated_at + interval '10 minutes';
    fingerprint := s.fingerprint;
    state := 'live';
    IF NOT coalesce(spent < t - interval '1 minute', false)
        AND fingerprint_moved(s.fingerprint, p_fingerprint)
    THEN
        PERFORM session_moved(s, p_fingerprint, p_ip);
        fingerprint := p_fingerprint;
        reauthenticated_at := NULL;
    END IF;
    IF spent < t - interval '1 minute' THEN
        state := 'theft';
        one_hash := s.token_hash;
        other_hash := s.previous_hash;
        PERFORM session_stolen(s, p_ip);
    ELSIF spent IS NOT NULL THEN
        state := 'late';
    ELSIF fresh_until <= t THEN
        SELECT r.expires_at INTO expires_at
        FROM session_rotate(s, p_token, p_new, p_fingerprint) r(expires_at)
        WHERE r.expires_at IS NOT NULL;
        state := CASE WHEN FOUND THEN 'rotated' ELSE 'late' END;
        fingerprint := coalesce(p_fingerprint, fingerprint);
        expires_at := coalesce(expires_at, s.expires_at);
        fresh_until := t + interval '10 minutes';
    ELSIF s.token_hash = p_token AND s.previous_hash IS NOT NULL
        AND s.superseded_at IS NULL
    THEN
        UPDATE sessions SET superseded_at = t, last_seen_at = t
        WHERE id = s.id AND token_hash = p_token AND superseded_at IS NULL;
        state := 'seen';
        one_hash := s.previous_hash;
    END IF;
    IF state <> 'theft' THEN
        fresh_until := least(fresh_until, session_day(u));
    END IF;
    RETURN NEXT;
END
$$;

-- Give a session the next token, and its new end where that is due; NULL
-- where another was faster.  A latest token that nobody has seen is spent at
-- once, and the one in use stays the one before.
CREATE OR REPLACE FUNCTION session_rotate(
    s sessions, p_token bytea, p_new bytea, p_fingerprint bytea
) RETURNS timestamptz
LANGUAGE plpgsql AS $$
DECLARE
    t timestamptz := clock_now();
    ends timestamptz;
BEGIN
    UPDATE sessions SET token_hash = p_new, previous_hash = p_token,
        superseded_at = NULL, rotated_at = t, last_seen_at = t,
        fingerprint = coalesce(p_fingerprint, fingerprint),
        extended_at = CASE WHEN extended_at < t - interval '1 day' THEN t
            ELSE extended_at END,
        expires_at = CASE WHEN extended_at < t - interval '1 day'
            THEN least(absolute_expires_at,
                greatest(expires_at, t + session_length(remember)))
            ELSE expires_at END
    WHERE id = s.id AND token_hash = s.token_hash AND rotated_at = s.rotated_at
        AND ended_at IS NULL
    RETURNING expires_at INTO ends;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    INSERT INTO session_tokens_spent (token_hash, session_id, spent_at)
    SELECT old.hash, s.id, coalesce(old.at, t)
    FROM (VALUES (s.token_hash, NULL::timestamptz),
        (s.previous_hash, s.superseded_at)) old(hash, at)
    WHERE old.hash <> p_token;
    UPDATE users SET last_seen_at = t WHERE id = s.user_id;
    RETURN ends;
END
$$;

-- Whether both the browser and the network are others; not where either
-- fingerprint is missing or another key's.  Their parts:
-- src/core/fingerprint.h.
CREATE OR REPLACE FUNCTION fingerprint_moved(was bytea, now bytea)
RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(substr(was, 1, 4) = substr(now, 1, 4)
    AND substr(was, 5, 16) <> substr(now, 5, 16)
    AND substr(was, 21, 16) <> substr(now, 21, 16), false);

-- The token came from another browser in another network: its user is told,
-- once a change and an hour, and what asks for a recent proof asks for one.
-- The session goes on: a proxy and the desktop's page look the same.
CREATE OR REPLACE FUNCTION session_moved(
    s sessions, p_fingerprint bytea, p_ip inet
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE sessions SET fingerprint = p_fingerprint, reauthenticated_at = NULL
    WHERE id = s.id AND fingerprint = s.fingerprint;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    PERFORM alert_mail(s.user_id, alert_raise(s.user_id, 'SESSION_MOVED',
        'high', 'A session of yours is used from elsewhere',
        'It began in one browser and network, and now another browser uses it '
        'from another network. If that was not you, somebody has copied it: '
        'end the session and change your password.',
        s.id::text, jsonb_build_object('session', s.id, 'device', s.device),
        p_ip), 'security-alert');
END
$$;

CREATE OR REPLACE FUNCTION session_stolen(s sessions, p_ip inet)
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE sessions SET ended_at = clock_now(), end_reason = 'theft'
    WHERE family = s.family AND ended_at IS NULL;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    PERFORM session_tell(s.user_id);
    PERFORM alert_raise(s.user_id, 'SESSION_THEFT', 'critical',
        'A session of yours may have been stolen',
        'An outdated sign-in token was used, so two browsers had the same '
        'session. We ended it. Sign in again, look through your sessions and '
        'your login history, and change your password if you see what was '
        'not you.',
        s.id::text, jsonb_build_object('session', s.id, 'device', s.device),
        p_ip);
END
$$;

-- ---- The end --------------------------------------------------------------

-- End all sessions of a user but one; the hashes whose copies in Redis are to
-- be forgotten (session_forget() in core/session.h, after the commit).
CREATE OR REPLACE FUNCTION sessions_end(
    p_user uuid, p_except uuid DEFAULT NULL, p_reason text DEFAULT 'ended'
) RETURNS TABLE (token_hash bytea)
LANGUAGE sql AS $$
WITH ended AS (
    UPDATE sessions s SET ended_at = clock_now(), end_reason = p_reason
    WHERE s.user_id = p_user AND s.ended_at IS NULL
        AND s.id IS DISTINCT FROM p_except
    RETURNING s.token_hash, s.previous_hash
), told AS (
    SELECT session_tell(p_user) AS job WHERE EXISTS (SELECT FROM ended)
)
SELECT h FROM told, ended,
    unnest(ARRAY[ended.token_hash, ended.previous_hash]) h
WHERE h IS NOT NULL
$$;

-- End one; NULL as p_user: whoever has it.
CREATE OR REPLACE FUNCTION session_end(
    p_session uuid, p_user uuid, p_reason text
) RETURNS TABLE (token_hash bytea)
LANGUAGE sql AS $$
WITH ended AS (
    UPDATE sessions s SET ended_at = clock_now(), end_reason = p_reason
    WHERE s.id = p_session AND s.ended_at IS NULL
        AND s.user_id = coalesce(p_user, s.user_id)
    RETURNING s.token_hash, s.previous_hash, s.user_id
), told AS (
    SELECT session_tell(user_id) AS job FROM ended
)
SELECT h FROM told, ended,
    unnest(ARRAY[ended.token_hash, ended.previous_hash]) h
WHERE h IS NOT NULL
$$;

-- Its user has just proved who they are, so its next use makes a new token; the
-- hashes as above.
CREATE OR REPLACE FUNCTION session_proved(p_session uuid, p_user uuid)
RETURNS TABLE (token_hash bytea)
LANGUAGE sql AS $$
WITH proved AS (
    UPDATE sessions s SET reauthenticated_at = clock_now(),
        rotated_at = least(s.rotated_at,
            clock_now() - interval '10 minutes')
    WHERE s.id = p_session AND s.user_id = p_user AND s.ended_at IS NULL
    RETURNING s.token_hash, s.previous_hash
), told AS (
    SELECT session_tell(p_user) AS job FROM proved
)
SELECT h FROM told, proved,
    unnest(ARRAY[proved.token_hash, proved.previous_hash]) h
WHERE h IS NOT NULL
$$;

-- Every token whose copy may still be in Redis: copies live ten minutes.
CREATE OR REPLACE FUNCTION session_hashes(p_user uuid)
RETURNS TABLE (token_hash bytea)
LANGUAGE sql STABLE AS $$
SELECT h FROM sessions s,
    unnest(ARRAY[s.token_hash, s.previous_hash]) h
WHERE s.user_id = p_user AND h IS NOT NULL
    AND (s.ended_at IS NULL OR s.ended_at > clock_now() - interval '15 min')
UNION ALL
SELECT o.token_hash FROM session_tokens_spent o
JOIN sessions s ON s.id = o.session_id
WHERE s.user_id = p_user AND o.spent_at > clock_now() - interval '15 min'
$$;
