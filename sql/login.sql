-- login.sql - logins: who may try, what is noted, what is told.
--
-- Locks go by the keyed hash of the address that was tried (p_subject), so
-- that an address which nobody has locks as any other; and apart from it by
-- each device that has signed in to the account before, so that a stranger
-- who locks the account does not lock out its owner.

-- What users see of the history; lists: WHERE user_id = $1, by (created_at,
-- id) DESC.  Columns up to created_at are the shape.
CREATE OR REPLACE VIEW login_rows AS
SELECT l.id, l.success,
    CASE WHEN l.success THEN 'Signed in' ELSE CASE l.reason
        WHEN 'WRONG_PASSWORD' THEN 'Wrong password'
        WHEN 'WRONG_CODE' THEN 'Right password, wrong code'
        WHEN 'CODE_WANTED' THEN 'Right password, code asked for'
        WHEN 'LOCKED' THEN 'Refused: too many had failed'
        WHEN 'BANNED' THEN 'Refused: the account is banned'
        WHEN 'SUSPENDED' THEN 'Refused: the account is suspended'
        ELSE 'Failed' END END AS outcome,
    l.reason, d.name AS device, l.user_agent, host(l.ip) AS ip, l.location,
    l.created_at, l.user_id, l.network,
    CASE l.network WHEN 'vpn' THEN 'through a VPN'
        WHEN 'proxy' THEN 'through a proxy'
        WHEN 'hosting' THEN 'from a data centre' END AS network_name
FROM login_history l LEFT JOIN devices d ON d.id = l.device_id;

-- ---- Trying ---------------------------------------------------------------

-- Take a try: the user, the device if it is known, and the lock.  The try is
-- counted as a failure here, before anybody looks at the password; so many
-- tries at once are no more than one after the other.  The fifth within 15
-- minutes locks for 15 minutes; tries says which this is.  locked_until of a
-- lock that refuses this try; NULL: go on.  Always one row.
CREATE OR REPLACE FUNCTION login_try(
    p_email text, p_subject bytea, p_device bytea
) RETURNS TABLE (user_id uuid, password_hash text, status text,
    suspended_until timestamptz, device_id uuid, two_factor boolean,
    locked_until timestamptz, tries bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    t timestamptz := clock_now();
BEGIN
    SELECT u.id, u.password_hash, u.status, u.suspended_until, d.id,
        f.user_id IS NOT NULL
    INTO user_id, password_hash, status, suspended_until, device_id,
        two_factor
    FROM users u
    LEFT JOIN devices d ON d.user_id = u.id AND d.token_hash = p_device
    LEFT JOIN two_factor f ON f.user_id = u.id AND f.enabled_at IS NOT NULL
    WHERE u.email = p_email AND u.status <> 'DELETED';

    INSERT INTO login_locks AS l (subject, device_id, user_id, failed_at,
        window_started_at)
    VALUES (p_subject, login_device(login_try.device_id), login_try.user_id,
        ARRAY[t], t)
    ON CONFLICT (subject, device_id) DO UPDATE SET
        user_id = excluded.user_id,
        (failed_at, window_started_at, locked_until) = (
            SELECT n.failed, n.failed[1], CASE WHEN cardinality(n.failed) >= 5
                THEN t + interval '15 minutes' END
            FROM (SELECT ARRAY(SELECT f FROM unnest(l.failed_at) f
                WHERE f > t - interval '15 minutes') || t) n(failed))
        WHERE l.locked_until IS NULL OR l.locked_until <= t
    RETURNING cardinality(l.failed_at) INTO tries;
    IF NOT FOUND THEN
        tries := 0;
        SELECT l.locked_until INTO locked_until FROM login_locks l
        WHERE l.subject = p_subject
            AND l.device_id = login_device(login_try.device_id);
    END IF;
    RETURN NEXT;
END
$$;

-- The key of all devices that are not known.
CREATE OR REPLACE FUNCTION login_device(device uuid) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(device, '00000000-0000-0000-0000-000000000000'::uuid);

-- Lock as Redis remembers it, where this row was lost.
CREATE OR REPLACE FUNCTION login_relock(
    p_subject bytea, p_device uuid, p_until timestamptz
) RETURNS void
LANGUAGE sql AS $$
UPDATE login_locks SET locked_until = p_until
WHERE subject = p_subject AND device_id = login_device(p_device)
$$;

-- A try that was not decided (no processor was free, a code is wanted still)
-- is taken back.
CREATE OR REPLACE FUNCTION login_untry(p_subject bytea, p_device uuid)
RETURNS void
LANGUAGE sql AS $$
UPDATE login_locks SET locked_until = NULL,
    failed_at = trim_array(failed_at, least(1, cardinality(failed_at)))
WHERE subject = p_subject AND device_id = login_device(p_device)
$$;

-- ---- Failing --------------------------------------------------------------

-- Note a login that failed.  reason: UNKNOWN_EMAIL, WRONG_PASSWORD, LOCKED,
-- BANNED, SUSPENDED, CODE_WANTED (the password was right), WRONG_CODE.
-- p_last: this was the try that locks; until when, where the lock stands.
-- p_network: the kind of a flagged network, as in login_history.
CREATE OR REPLACE FUNCTION login_failed(
    p_user uuid, p_subject bytea, p_device uuid, p_reason text, p_ip inet,
    p_agent text, p_location text, p_last boolean, p_network text
) RETURNS timestamptz
LANGUAGE plpgsql AS $$
DECLARE
    places bigint;
    failures bigint;
    until timestamptz;
BEGIN
    INSERT INTO login_history (user_id, email_hash, success, reason,
        device_id, ip, user_agent, location, network)
    VALUES (p_user, p_subject, false, p_reason, p_device, p_ip, p_agent,
        p_location, p_network);
    SELECT count(DISTINCT login_net(ip)), count(*) FILTER (
        WHERE created_at > clock_now() - interval '15 minutes'
            AND reason IN ('WRONG_PASSWORD', 'WRONG_CODE'))
    INTO places, failures FROM login_history
    WHERE email_hash = p_subject AND NOT success
        AND created_at > clock_now() - interval '1 hour'
        AND reason <> 'CODE_WANTED';
    IF p_last THEN
        SELECT locked_until INTO until FROM login_locks
        WHERE subject = p_subject AND device_id = login_device(p_device)
            AND locked_until > clock_now();
    END IF;
    IF p_user IS NOT NULL AND until IS NOT NULL THEN
        PERFORM login_tell_locked(p_user, p_device, p_ip, p_location);
    END IF;
    IF p_user IS NOT NULL AND failures >= 5
        AND p_reason IN ('WRONG_PASSWORD', 'WRONG_CODE')
    THEN
        PERFORM alert_raise(p_user, 'MULTIPLE_FAILED_LOGINS', 'high',
            'Several logins to your account failed',
            'Five or more failed within 15 minutes, in one browser or in '
            'several. If that was not you, make sure that your password is '
            'used nowhere else.', '', jsonb_strip_nulls(jsonb_build_object(
                'failures', failures, 'location', p_location,
                'network', p_network)), p_ip);
    END IF;
    IF p_user IS NOT NULL AND places > 5 THEN
        PERFORM alert_raise(p_user, 'DISTRIBUTED_LOGIN_ATTEMPTS', 'critical',
            'Somebody tries to sign in to your account from many places',
            'Logins failed from ' || places || ' addresses within an hour. '
            'Nobody got in. If your password is used elsewhere too, change '
            'it, and turn on two-factor sign-in.',
            '', jsonb_build_object('addresses', places), p_ip);
    END IF;
    RETURN until;
END
$$;

-- What counts as one place: an address, and of IPv6 its /64.
CREATE OR REPLACE FUNCTION login_net(ip inet) RETURNS inet
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE family(ip) WHEN 6 THEN network(set_masklen(ip, 64))::inet
    ELSE ip END;

CREATE OR REPLACE FUNCTION login_tell_locked(
    p_user uuid, p_device uuid, p_ip inet, p_location text
) RETURNS void
LANGUAGE sql AS $$
SELECT alert_mail(p_user, alert_raise(p_user, 'ACCOUNT_LOCKED', 'high',
    'Sign-in is locked for 15 minutes',
    CASE WHEN p_device IS NULL
        THEN 'Five logins failed within 15 minutes. You can still sign in '
            'from a browser that you used before; others have to wait.'
        ELSE 'Five logins failed within 15 minutes in a browser that you '
            'used before. That browser has to wait.' END,
    coalesce(p_device::text, ''),
    jsonb_strip_nulls(jsonb_build_object('location', p_location)), p_ip),
    'account-locked')
$$;

-- ---- Succeeding -----------------------------------------------------------

-- The login was right: the suspension that is over is lifted, the device is
-- known from now on, the session begins, its try is forgiven, and what is
-- unusual about it is told.  Columns as of session_use(), and two of the
-- user's; no row: the account may not sign in any more.
CREATE OR REPLACE FUNCTION login_done(
    p_user uuid, p_subject bytea, p_device bytea, p_token bytea,
    p_csrf bytea, p_agent text, p_ip inet, p_remember boolean,
    p_device_name text, p_location text, p_request_id text,
    p_password_hash text, p_fingerprint bytea, p_network text
) RETURNS TABLE (id uuid, user_id uuid, username text, image text,
    role bigint, csrf_secret bytea, active boolean, expires_at timestamptz,
    reauthenticated_at timestamptz, state text, fresh_until timestamptz,
    one_hash bytea, other_hash bytea, fingerprint bytea, verified boolean,
    level bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    d record;
BEGIN
    SELECT w.verified, w.level INTO verified, level
    FROM login_welcome(p_user, p_password_hash, p_ip, p_agent,
        p_request_id) w;
    IF level IS NULL THEN
        RETURN;
    END IF;
    d := device_seen(p_user, p_device, p_device_name, p_agent, p_ip);
    PERFORM login_watch(p_user, p_device_name, p_location, p_ip, d.fresh,
        p_network);
    SELECT m.* INTO id, user_id, username, image, role, csrf_secret, active,
        expires_at, reauthenticated_at, state, fresh_until, one_hash,
        other_hash, fingerprint
    FROM session_make(p_user, p_token, p_csrf, p_agent, p_ip, p_remember,
        p_fingerprint, d.seen, p_device_name, p_location) m;
    INSERT INTO login_history (user_id, email_hash, success, session_id,
        device_id, ip, user_agent, location, network)
    VALUES (p_user, p_subject, true, login_done.id, d.seen, p_ip, p_agent,
        p_location, p_network);
    DELETE FROM login_locks l WHERE l.subject = p_subject
        AND l.device_id = login_device(CASE WHEN NOT d.fresh THEN d.seen END);
    RETURN NEXT;
END
$$;

-- A link or code that was mailed to the address of a user was used from a
-- device: what was counted against the account is forgiven, whoever did it,
-- and the device is known from now on.  The devices that were counted.
CREATE OR REPLACE FUNCTION login_proved(
    p_user uuid, p_subject bytea, p_device bytea, p_device_name text,
    p_agent text, p_ip inet
) RETURNS TABLE (device_id uuid)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    PERFORM device_seen(p_user, p_device, p_device_name, p_agent, p_ip);
    RETURN QUERY DELETE FROM login_locks WHERE subject = p_subject
        RETURNING device_id;
END
$$;

-- Locks the user, so that a ban at the same time comes before or after all of
-- this, and so a new password.  A suspension past its date is lifted.
-- p_password_hash: what was looked at; NULL: nothing was.  NULLs: not welcome.
CREATE OR REPLACE FUNCTION login_welcome(
    p_user uuid, p_password_hash text, p_ip inet, p_agent text,
    p_request_id text,
    OUT verified boolean, OUT level bigint
)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    seen timestamptz;
BEGIN
    SELECT u.verified, u.level, u.last_seen_at INTO verified, level, seen
    FROM users u
    WHERE u.id = p_user AND u.status IN ('ACTIVE', 'PENDING_VERIFICATION')
        AND (p_password_hash IS NULL OR u.password_hash = p_password_hash)
    FOR NO KEY UPDATE;
    IF FOUND AND seen > clock_now() - interval '1 minute' THEN
        RETURN;
    ELSIF FOUND THEN
        UPDATE users u SET last_seen_at = clock_now() WHERE u.id = p_user;
        RETURN;
    END IF;
    UPDATE users u SET last_seen_at = clock_now(), status = 'ACTIVE',
        status_reason = NULL, suspended_until = NULL,
        status_changed_at = clock_now(), status_changed_by = NULL
    WHERE u.id = p_user AND u.status = 'SUSPENDED'
        AND u.suspended_until <= clock_now()
        AND (p_password_hash IS NULL OR u.password_hash = p_password_hash)
    RETURNING u.verified, u.level INTO verified, level;
    IF FOUND THEN
        PERFORM audit_write(p_user, 'user.status', 'user', p_user,
            '{"status": "SUSPENDED"}', '{"status": "ACTIVE"}', p_ip, p_agent,
            p_request_id, true);
    END IF;
END
$$;

-- A user has a hundred devices; those seen longest ago are forgotten.
CREATE OR REPLACE FUNCTION device_seen(
    p_user uuid, p_token bytea, p_name text, p_agent text, p_ip inet,
    OUT seen uuid, OUT fresh boolean
)
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO devices (user_id, token_hash, name, user_agent, last_ip)
    VALUES (p_user, p_token, p_name, p_agent, p_ip)
    ON CONFLICT (user_id, token_hash) DO UPDATE SET name = excluded.name,
        user_agent = excluded.user_agent, last_ip = excluded.last_ip,
        last_seen_at = clock_now()
    RETURNING id, xmax = 0 INTO seen, fresh;
    IF fresh THEN
        DELETE FROM devices WHERE id IN (SELECT d.id FROM devices d
            WHERE d.user_id = p_user
            ORDER BY d.last_seen_at DESC, d.id DESC OFFSET 100);
    END IF;
END
$$;

-- Tell what is unusual about a login, before its own row of history is
-- written: a new address, or else a browser that never signed in to the account
-- (p_fresh; one that lost its cookies is one), and the hour.  Whatever is wrong here must not keep anybody from signing in.
CREATE OR REPLACE FUNCTION login_watch(
    p_user uuid, p_device_name text, p_location text, p_ip inet,
    p_fresh boolean, p_network text
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    about jsonb := jsonb_strip_nulls(jsonb_build_object('device',
        p_device_name, 'location', p_location, 'network', p_network));
    known boolean := EXISTS (SELECT FROM login_history
        WHERE user_id = p_user AND success);
BEGIN
    IF known AND login_ip_new(p_user, p_ip) THEN
        PERFORM alert_mail(p_user, alert_raise(p_user, 'NEW_IP_LOGIN',
            'medium', 'You signed in from a new address',
            'Nobody has signed in to your account from there in the last 30 '
            'days. If that was not you, end the session and change your '
            'password.', host(login_net(p_ip)), about, p_ip),
            'new-sign-in');
    ELSIF known AND p_fresh THEN
        PERFORM alert_mail(p_user, alert_raise(p_user, 'NEW_DEVICE_LOGIN',
            'medium', 'You signed in with a new browser',
            'The address is known, but that browser has not signed in to your '
            'account before, or has lost its cookies. If that was not you, '
            'end the session and change your password.',
            coalesce(p_device_name, ''), about, p_ip), 'new-sign-in');
    END IF;
    IF login_hour_new(p_user) THEN
        PERFORM alert_raise(p_user, 'UNUSUAL_LOGIN_TIME', 'low',
            'You signed in at an unusual time',
            'You have not signed in at this hour of the day for 30 days.',
            date_part('hour', clock_now())::text, about, p_ip);
    END IF;
EXCEPTION WHEN OTHERS THEN
    RAISE WARNING 'a login was not looked at: %', SQLERRM;
END
$$;

-- Whether nobody signed in from there for 30 days.  Of an
-- address the latest comes first in the index; of an IPv6 network those of its
-- highest one.
CREATE OR REPLACE FUNCTION login_ip_new(p_user uuid, p_ip inet)
RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
DECLARE
    net inet := login_net(p_ip);
BEGIN
    PERFORM FROM login_history
    WHERE user_id = p_user AND success
        AND ip >= set_masklen(net, masklen(p_ip))
        AND ip <= set_masklen(broadcast(net), masklen(p_ip))
        AND created_at > clock_now() - interval '30 days'
    ORDER BY ip DESC, created_at DESC LIMIT 1;
    RETURN NOT FOUND;
END
$$;

-- The hour of the day where the user is.  Asks for this hour of each of the
-- last thirty days, the latest first, however often who signs in did; only who
-- never did then has the hours counted.
CREATE OR REPLACE FUNCTION login_hour_new(p_user uuid) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
DECLARE
    zone text := (SELECT time_zone FROM users WHERE id = p_user);
    since timestamptz := clock_now() - interval '30 days';
    hour timestamp := date_trunc('hour', clock_now() AT TIME ZONE zone);
BEGIN
    FOR back IN 0..30 LOOP
        PERFORM FROM login_history l
        WHERE l.user_id = p_user AND l.success
            AND l.created_at >= hour AT TIME ZONE zone
            AND l.created_at < (hour + interval '1 hour') AT TIME ZONE zone
            AND l.created_at > since
        LIMIT 1;
        IF FOUND THEN
            RETURN false;
        END IF;
        hour := hour - interval '1 day';
    END LOOP;
    RETURN (SELECT count(DISTINCT date_part('hour',
            l.created_at AT TIME ZONE zone)) > 10
        FROM login_history l
        WHERE l.user_id = p_user AND l.success AND l.created_at > since);
END
$$;
