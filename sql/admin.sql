-- admin.sql - what staff do to accounts: who may act on whom, roles, status,
-- sessions, lock-outs.
--
-- Each of these functions does one thing as p_actor (NULL: sparklectl, who may
-- all) and writes it to the audit log, whether it was done or refused.  A
-- refusal is returned as its code, not raised: a raised one would take the row
-- of the audit log with it.  NULL: done.  They take turns (staff_refused), so
-- that what was looked at still holds when it is acted upon.

-- ---- Shapes ---------------------------------------------------------------

-- An account as staff see it.  A suspension that ran out is none.
CREATE OR REPLACE VIEW account_rows AS
SELECT u.id, u.username, u.email, u.image, u.role::text AS role,
    CASE WHEN u.status = 'SUSPENDED' AND u.suspended_until <= clock_now()
        THEN 'ACTIVE' ELSE u.status::text END AS status,
    CASE WHEN u.status = 'SUSPENDED' AND u.suspended_until > clock_now()
        THEN u.suspended_until END AS suspended_until,
    u.verified, u.email_verified_at IS NOT NULL AS email_verified,
    u.created_at, u.last_seen_at,
    u.role AS role_enum, u.status AS status_enum,
    array_position(enum_range(NULL::user_role), u.role)::bigint AS rank
FROM users u;

-- What was done, by whom, to whom; at is for people.  Staff see banned users
-- by their names, but of a deleted one the id is what is left.
CREATE OR REPLACE VIEW audit_rows AS
SELECT l.id, l.created_at,
    to_char(l.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS at,
    l.actor_id AS actor_user_id, a.username AS actor_username, l.action,
    l.resource_type, l.resource_id,
    CASE WHEN l.resource_type = 'user' AND l.resource_id IS NOT NULL
        THEN user_called(t.username) END
        AS resource_name,
    l.success, l.error, l.before, l.after, host(l.ip) AS ip, l.user_agent,
    l.request_id, l.actor_id,
    CASE WHEN l.actor_id IS NOT NULL THEN user_called(a.username) END
        AS actor_name
FROM audit_log l
LEFT JOIN users a ON a.id = l.actor_id AND a.status <> 'DELETED'
LEFT JOIN users t ON l.resource_type = 'user' AND t.status <> 'DELETED'
    AND t.id = CASE WHEN l.resource_id ~ '^[0-9a-f-]{36}$'
        THEN l.resource_id::uuid END;

-- ---- Who may --------------------------------------------------------------

-- The transitions there are; all others are refused.
CREATE OR REPLACE FUNCTION status_may_become(p_from user_status,
    p_to user_status
) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE p_to
    WHEN 'ACTIVE' THEN
        p_from IN ('PENDING_VERIFICATION', 'SUSPENDED', 'BANNED')
    WHEN 'SUSPENDED' THEN p_from = 'ACTIVE'
    WHEN 'BANNED' THEN p_from IN ('ACTIVE', 'SUSPENDED')
    WHEN 'DELETED' THEN p_from <> 'DELETED'
    ELSE FALSE END;

-- Whether the account is the only ADMIN who could still sign in, and stays.
CREATE OR REPLACE FUNCTION is_last_admin(p_user uuid) RETURNS boolean
LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM users WHERE id = p_user AND role = 'ADMIN'
        AND status = 'ACTIVE')
    AND NOT EXISTS (SELECT FROM users u WHERE u.role = 'ADMIN'
        AND u.status = 'ACTIVE' AND u.id <> p_user
        AND NOT EXISTS (SELECT FROM deletion_requests d
            WHERE d.user_id = u.id AND d.cancelled_at IS NULL));

-- May the actor do this to the account: NULL, or why not.  Nobody acts on
-- themselves, on a higher or an equal role, but for one ADMIN on another.
-- Takes a lock that makes all changes by staff wait for each other, and those
-- of both rows; `was` is the account as it stands then.
CREATE OR REPLACE FUNCTION staff_refused(
    p_actor uuid, p_user uuid, p_least user_role,
    OUT refused text, OUT was users
)
LANGUAGE plpgsql AS $$
DECLARE
    rank user_role := 'SYSTEM';
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('sparkle.staff'));
    PERFORM FROM users WHERE id IN (p_actor, p_user)
    ORDER BY id FOR NO KEY UPDATE;
    SELECT * INTO was FROM users WHERE id = p_user;
    IF p_actor IS NOT NULL THEN
        SELECT role INTO rank FROM users
        WHERE id = p_actor AND status = 'ACTIVE';
    END IF;
    refused := CASE
        WHEN rank IS NULL OR rank < p_least THEN 'AUTHORIZATION_ERROR'
        WHEN was.id IS NULL THEN 'NOT_FOUND'
        WHEN was.id = p_actor THEN 'OWN_ACCOUNT'
        WHEN was.role = 'SYSTEM' THEN 'HIGHER_ROLE'
        WHEN rank < 'ADMIN' AND was.role >= rank THEN 'HIGHER_ROLE'
    END;
END
$$;

-- ---- Role -----------------------------------------------------------------

-- The role that one has already is no change, and no row of the log.
CREATE OR REPLACE FUNCTION staff_set_role(
    p_actor uuid, p_user uuid, p_role user_role, p_reason text, p_ip inet,
    p_agent text, p_request text
) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    found record;
    refused text;
    was users;
BEGIN
    SELECT * INTO found FROM staff_refused(p_actor, p_user, 'ADMIN');
    was := found.was;
    refused := CASE
        WHEN found.refused IS NOT NULL THEN found.refused
        WHEN p_role = 'SYSTEM' THEN 'HIGHER_ROLE'
        WHEN was.status = 'DELETED' THEN 'ACCOUNT_DELETED'
        WHEN p_role <> 'ADMIN' AND is_last_admin(p_user) THEN 'LAST_ADMIN'
    END;
    IF refused IS NULL THEN
        IF was.role = p_role THEN
            RETURN NULL;
        END IF;
        UPDATE users SET role = p_role, version = version + 1
        WHERE id = p_user;
        PERFORM session_tell(p_user);
        PERFORM alert_raise(p_user, 'ROLE_CHANGED', 'medium',
            'Your role has changed', 'Your role was ' || was.role
            || ' and is ' || p_role || ' now.', was.role || '>' || p_role);
    END IF;
    PERFORM audit_write(p_actor, 'user.role', 'user', p_user,
        CASE WHEN was.id IS NOT NULL
            THEN jsonb_build_object('role', was.role) END,
        jsonb_strip_nulls(jsonb_build_object('role', p_role,
            'reason', p_reason)),
        p_ip, p_agent, p_request, refused IS NULL, refused);
    RETURN refused;
END
$$;

-- ---- Status ---------------------------------------------------------------

-- Suspends (until a date, else for 7 days), bans, reactivates, or deletes: only
-- administrators do the last, and sql/privacy_erase.sql then erases it.  The
-- caller ends the sessions of whom it shuts out in the same statement: see
-- staff_shut_out().
CREATE OR REPLACE FUNCTION staff_set_status(
    p_actor uuid, p_user uuid, p_status user_status, p_reason text,
    p_until timestamptz, p_ip inet, p_agent text, p_request text
) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    found record;
    refused text;
    was users;
    until timestamptz := CASE WHEN p_status = 'SUSPENDED'
        THEN coalesce(p_until, clock_now() + interval '7 days') END;
BEGIN
    SELECT * INTO found FROM staff_refused(p_actor, p_user,
        CASE p_status WHEN 'DELETED' THEN 'ADMIN' ELSE 'MODERATOR' END
            ::user_role);
    was := found.was;
    IF was.status = 'SUSPENDED' AND was.suspended_until <= clock_now() THEN
        was.status := 'ACTIVE';
    END IF;
    refused := CASE
        WHEN found.refused IS NOT NULL THEN found.refused
        WHEN NOT status_may_become(was.status, p_status)
            THEN 'INVALID_TRANSITION'
        WHEN p_status <> 'ACTIVE' AND is_last_admin(p_user)
            THEN 'LAST_ADMIN'
    END;
    IF refused IS NULL THEN
        UPDATE users SET status = p_status, status_reason = p_reason,
            status_changed_at = clock_now(), status_changed_by = p_actor,
            suspended_until = until, version = version + 1,
            deleted_at = CASE WHEN p_status = 'DELETED'
                THEN clock_now() END,
            deleted_by = CASE WHEN p_status = 'DELETED' THEN p_actor END
        WHERE id = p_user;
        PERFORM session_tell(p_user);
    END IF;
    PERFORM audit_write(p_actor, 'user.status', 'user', p_user,
        CASE WHEN was.id IS NOT NULL
            THEN jsonb_build_object('status', was.status) END,
        jsonb_strip_nulls(jsonb_build_object('status', p_status,
            'until', until, 'reason', p_reason)),
        p_ip, p_agent, p_request, refused IS NULL, refused);
    RETURN refused;
END
$$;

-- staff_set_status(), and the sessions of who may no longer be here end: a
-- row for each, with the hash to forget, or one without.
CREATE OR REPLACE FUNCTION staff_shut_out(
    p_actor uuid, p_user uuid, p_status user_status, p_reason text,
    p_until timestamptz, p_ip inet, p_agent text, p_request text
) RETURNS TABLE (token_hash bytea, refused text)
LANGUAGE sql AS $$
WITH did AS MATERIALIZED (
    SELECT staff_set_status(p_actor, p_user, p_status, p_reason, p_until,
        p_ip, p_agent, p_request) AS refused
)
SELECT e.token_hash, did.refused
FROM did LEFT JOIN LATERAL sessions_end(CASE
    WHEN did.refused IS NULL AND p_status <> 'ACTIVE' THEN p_user END,
    NULL, lower(p_status::text)) e ON TRUE
$$;

-- Suspensions that ran out end, up to p_most of them; how many did.
CREATE OR REPLACE FUNCTION suspensions_lift(p_most bigint) RETURNS bigint
LANGUAGE sql AS $$
WITH due AS (
    SELECT id, suspended_until FROM users
    WHERE status = 'SUSPENDED' AND suspended_until <= clock_now()
    ORDER BY suspended_until LIMIT p_most
    FOR NO KEY UPDATE SKIP LOCKED
), lifted AS (
    UPDATE users u SET status = 'ACTIVE', suspended_until = NULL,
        status_changed_at = clock_now(), status_changed_by = NULL,
        version = version + 1
    FROM due WHERE u.id = due.id
    RETURNING u.id, due.suspended_until
), told AS (
    SELECT audit_write(NULL, 'user.status', 'user', id,
        jsonb_build_object('status', 'SUSPENDED', 'until', suspended_until),
        '{"status": "ACTIVE"}', NULL, 'suspension-end', NULL, TRUE)
    FROM lifted
)
SELECT count(*) FROM told
$$;

-- ---- Helping who is locked out --------------------------------------------

-- A check and a row of the log for what another feature's SQL does; one that
-- is refused anyway says so as p_otherwise.  A deleted account needs no help.
CREATE OR REPLACE FUNCTION staff_acts(
    p_actor uuid, p_user uuid, p_least user_role, p_action text,
    p_reason text, p_ip inet, p_agent text, p_request text,
    p_otherwise text DEFAULT NULL
) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    found record;
    was users;
    refused text;
BEGIN
    SELECT * INTO found FROM staff_refused(p_actor, p_user, p_least);
    was := found.was;
    refused := CASE
        WHEN found.refused IS NOT NULL THEN found.refused
        WHEN was.status = 'DELETED' THEN 'ACCOUNT_DELETED'
        ELSE p_otherwise
    END;
    PERFORM audit_write(p_actor, p_action, 'user', p_user, NULL,
        nullif(jsonb_strip_nulls(jsonb_build_object('reason', p_reason)),
            '{}'), p_ip, p_agent, p_request, refused IS NULL, refused);
    RETURN refused;
END
$$;

-- Signs the user out everywhere: rows as those of staff_shut_out().
CREATE OR REPLACE FUNCTION staff_end_sessions(
    p_actor uuid, p_user uuid, p_reason text, p_ip inet, p_agent text,
    p_request text
) RETURNS TABLE (token_hash bytea, refused text)
LANGUAGE sql AS $$
WITH did AS MATERIALIZED (
    SELECT staff_acts(p_actor, p_user, 'MODERATOR', 'user.sessions_end',
        p_reason, p_ip, p_agent, p_request) AS refused
)
SELECT e.token_hash, did.refused
FROM did LEFT JOIN LATERAL sessions_end(
    CASE WHEN did.refused IS NULL THEN p_user END, NULL, 'ended_by_staff')
    e ON TRUE
$$;

-- Mails the user a link to a new password; who does so never sees it.
CREATE OR REPLACE FUNCTION staff_reset_password(
    p_actor uuid, p_user uuid, p_reason text, p_ip inet, p_agent text,
    p_request text
) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    refused text := staff_acts(p_actor, p_user, 'ADMIN',
        'user.password_reset', p_reason, p_ip, p_agent, p_request);
BEGIN
    IF refused IS NULL THEN
        INSERT INTO outbox (event, subject_id, request_id)
        VALUES ('user.reset_wanted', p_user, p_request);
    END IF;
    RETURN refused;
END
$$;

-- Takes the second factor off an account whose owner lost it, and tells the
-- owner, who may be somebody else than who asked for it.
CREATE OR REPLACE FUNCTION staff_remove_2fa(
    p_actor uuid, p_user uuid, p_reason text, p_ip inet, p_agent text,
    p_request text
) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    refused text := staff_acts(p_actor, p_user, 'ADMIN', 'user.remove_2fa',
        p_reason, p_ip, p_agent, p_request,
        CASE WHEN NOT twofactor_on(p_user) THEN 'TWO_FACTOR_OFF' END);
BEGIN
    IF refused IS NULL AND twofactor_remove(p_user) THEN
        PERFORM alert_mail(p_user, alert_raise(p_user, '2FA_DISABLED', 'high',
            'Two-factor sign-in was taken off by our staff',
            'If you did not ask for that, change your password now, set it '
            'up again, and write to us.', coalesce(p_request, '')),
            'security-alert');
    END IF;
    RETURN refused;
END
$$;

-- sparklectl gives the user a password; rows as those of staff_shut_out().
CREATE OR REPLACE FUNCTION staff_set_password(
    p_user uuid, p_hash text, p_agent text
) RETURNS TABLE (token_hash bytea, refused text)
LANGUAGE plpgsql AS $$
DECLARE
    why text := staff_acts(NULL, p_user, 'ADMIN', 'user.password', NULL, NULL,
        p_agent, NULL);
BEGIN
    IF why IS NOT NULL THEN
        RETURN QUERY SELECT NULL::bytea, why;
    ELSE
        RETURN QUERY SELECT e.token_hash, NULL
        FROM password_set(p_user, p_hash, NULL, clock_now()::text, NULL,
            p_agent, NULL, false) e;
    END IF;
END
$$;
