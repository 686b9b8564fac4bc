-- push.sql - subscriptions to Web Push; see src/push.

-- A subscription is its session's: with the session's end, by whomever, or
-- its expiry, the browser is told nothing more.  A session keeps its id when
-- its token is replaced.  sparkle-batch session-cleanup deletes the others.
CREATE OR REPLACE VIEW push_subscriptions_live AS
SELECT s.id, s.user_id, s.session_id, s.endpoint, s.p256dh, s.auth,
    s.user_agent, s.created_at, s.last_used_at
FROM push_subscriptions s
JOIN sessions x ON x.id = s.session_id AND x.user_id = s.user_id
WHERE x.ended_at IS NULL AND x.expires_at > clock_now()
    AND x.absolute_expires_at > clock_now();

-- Subscribe the browser of a session, or say again that it is.  An address
-- belongs to whoever knows the keys that came with it, so a browser that
-- somebody else signs in with changes hands, and nobody can take an address by
-- its name.  Each user has the latest 20.  Refusal: push_subscriptions_taken.
DROP FUNCTION IF EXISTS push_subscribe(uuid, text, bytea, bytea, text);
CREATE OR REPLACE FUNCTION push_subscribe(
    p_user_id uuid, p_session_id uuid, p_endpoint text, p_p256dh bytea,
    p_auth bytea, p_user_agent text
) RETURNS push_subscriptions
LANGUAGE plpgsql AS $$
DECLARE
    made push_subscriptions;
BEGIN
    INSERT INTO push_subscriptions AS s (user_id, session_id, endpoint,
        p256dh, auth, user_agent)
    VALUES (p_user_id, p_session_id, p_endpoint, p_p256dh, p_auth,
        p_user_agent)
    ON CONFLICT (endpoint) DO UPDATE SET user_id = excluded.user_id,
        session_id = excluded.session_id, p256dh = excluded.p256dh,
        auth = excluded.auth, user_agent = excluded.user_agent, failures = 0
    WHERE s.user_id = p_user_id
        OR (s.p256dh = excluded.p256dh AND s.auth = excluded.auth)
    RETURNING * INTO made;
    IF NOT FOUND THEN
        PERFORM refuse('push_subscriptions_taken',
            'this address has other keys');
    END IF;
    DELETE FROM push_subscriptions WHERE id IN (
        SELECT id FROM push_subscriptions
        WHERE user_id = p_user_id AND id <> made.id
        ORDER BY coalesce(last_used_at, created_at) DESC OFFSET 19);
    RETURN made;
END
$$;

-- What a push says, whole, to one browser; none where the notification was
-- read, is gone, or is not for this browser's user (any more), and where its
-- session is over.
DROP FUNCTION IF EXISTS push_message(uuid, uuid);
CREATE OR REPLACE FUNCTION push_message(
    p_subscription uuid, p_notification uuid
) RETURNS TABLE (endpoint text, p256dh bytea, auth bytea, title text,
    message text, url text, tag uuid, unread bigint, urgency text)
LANGUAGE sql STABLE AS $$
SELECT s.endpoint, s.p256dh, s.auth, n.title, n.message,
    CASE WHEN octet_length(n.action_url) <= 500 THEN n.action_url
        ELSE '/notifications' END,
    n.id, (SELECT count(*) FROM (SELECT FROM notifications_shown u
        WHERE u.user_id = n.user_id AND NOT u.read LIMIT 100) unread),
    CASE n.priority WHEN 0 THEN 'low' WHEN 1 THEN 'normal' ELSE 'high' END
FROM push_subscriptions_live s JOIN notifications n ON n.user_id = s.user_id
WHERE s.id = p_subscription AND n.id = p_notification AND NOT n.read
    AND n.expires_at > clock_now() AND notification_gone(n) IS NULL
$$;

-- A message that its browser's service did not take.  One that is refused, or
-- given up, ten times in a row is of no use, and goes.
CREATE OR REPLACE FUNCTION push_failed(p_subscription uuid) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM push_subscriptions
    WHERE id = p_subscription AND failures >= 9;
    UPDATE push_subscriptions SET failures = failures + 1
    WHERE id = p_subscription;
END
$$;

-- The same message again later, five times in all: 30 s, 2, 8 and 32 minutes
-- later, or after p_wait seconds where the service wants more.  After the
-- last it is given up.
CREATE OR REPLACE FUNCTION push_later(p_payload jsonb, p_wait bigint)
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    tries int := coalesce((p_payload->>'tries')::int, 0) + 1;
BEGIN
    IF tries >= 5 THEN
        PERFORM push_failed((p_payload->>'subscription')::uuid);
        RETURN;
    END IF;
    PERFORM job_put('push.send', 'push',
        p_payload || jsonb_build_object('tries', tries),
        p_run_at => clock_now() + least(greatest(interval '1 s' * p_wait,
            interval '30 s' * 4 ^ (tries - 1)), interval '1 day'),
        p_unique_key => (p_payload->>'notification') || ':'
            || (p_payload->>'subscription') || ':' || tries);
END
$$;
