-- twofactor.sql - the second factor: its secret, its steps, backup codes.
--
-- A try is counted before anybody looks whether it is right, so that fifty at
-- once are not fifty guesses; a right code gives all tries back.

CREATE OR REPLACE FUNCTION twofactor_on(p_user uuid) RETURNS boolean
LANGUAGE sql STABLE AS $$
SELECT EXISTS (SELECT FROM two_factor
    WHERE user_id = p_user AND enabled_at IS NOT NULL)
$$;

-- Five wrong codes in 15 minutes.  outcome: 'go', with the sealed secret;
-- 'spent'; 'absent' where there is none (p_pending: none that waits to be
-- proven).
CREATE OR REPLACE FUNCTION twofactor_try(
    p_user uuid, p_pending boolean,
    OUT outcome text, OUT secret bytea, OUT last_step bigint
)
LANGUAGE plpgsql AS $$
DECLARE
    t two_factor;
    fresh boolean;
BEGIN
    SELECT * INTO t FROM two_factor f
    WHERE f.user_id = p_user AND CASE WHEN p_pending
        THEN f.enabled_at IS NULL AND f.setup_expires_at > clock_now()
        ELSE f.enabled_at IS NOT NULL END
    FOR UPDATE;
    IF NOT FOUND THEN
        outcome := 'absent';
        RETURN;
    END IF;
    fresh := t.tries = 0
        OR t.tries_since <= clock_now() - interval '15 minutes';
    IF NOT fresh AND t.tries >= 5 THEN
        outcome := 'spent';
        RETURN;
    END IF;
    UPDATE two_factor f SET tries = CASE WHEN fresh THEN 1 ELSE t.tries + 1 END,
        tries_since = CASE WHEN fresh THEN clock_now() ELSE t.tries_since END
    WHERE f.user_id = p_user;
    outcome := 'go';
    secret := t.secret;
    last_step := t.last_step;
END
$$;

-- A right code's step is used up, and all before it; false where it was.
CREATE OR REPLACE FUNCTION twofactor_step(p_user uuid, p_step bigint)
RETURNS boolean
LANGUAGE sql AS $$
WITH taken AS (
    UPDATE two_factor SET last_step = p_step, tries = 0
    WHERE user_id = p_user AND enabled_at IS NOT NULL AND last_step < p_step
    RETURNING 1
)
SELECT EXISTS (SELECT FROM taken)
$$;

-- A set of codes in place of the one before: 32 bytes each in p_codes.
CREATE OR REPLACE FUNCTION backup_codes_replace(
    p_user uuid, p_codes bytea, p_kid text
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM backup_codes WHERE user_id = p_user;
    INSERT INTO backup_codes (user_id, code_hmac, kid)
    SELECT p_user, substring(p_codes FROM i FOR 32), p_kid
    FROM generate_series(1, octet_length(p_codes), 32) i;
END
$$;

-- Keep a secret until it is proven, in place of one that was not; false where
-- one is in use.
CREATE OR REPLACE FUNCTION twofactor_setup(
    p_user uuid, p_secret bytea, p_kid text, p_codes bytea, p_code_kid text
) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO two_factor AS t (user_id, secret, kid, created_at)
    VALUES (p_user, p_secret, p_kid, clock_now())
    ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret,
        kid = excluded.kid, last_step = 0, created_at = excluded.created_at,
        setup_expires_at = excluded.setup_expires_at
    WHERE t.enabled_at IS NULL;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM backup_codes_replace(p_user, p_codes, p_code_kid);
    RETURN true;
END
$$;

-- What was done to one's second factor, for the alerts and the audit log.
CREATE OR REPLACE FUNCTION twofactor_told(
    p_user uuid, p_type text, p_severity alert_severity, p_title text,
    p_description text, p_action text, p_ip inet, p_user_agent text,
    p_request text
) RETURNS uuid
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM audit_write(p_user, p_action, 'user', p_user, NULL, NULL, p_ip,
        p_user_agent, p_request, true);
    RETURN alert_raise(p_user, p_type, p_severity, p_title, p_description,
        coalesce(p_request, ''), '{}', p_ip);
END
$$;

-- The secret that was tried is proven by a code of p_step.
CREATE OR REPLACE FUNCTION twofactor_enable(
    p_user uuid, p_secret bytea, p_step bigint, p_ip inet, p_user_agent text,
    p_request text
) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE two_factor SET enabled_at = clock_now(), last_step = p_step,
        tries = 0
    WHERE user_id = p_user AND enabled_at IS NULL AND secret = p_secret
        AND setup_expires_at > clock_now();
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM twofactor_told(p_user, '2FA_ENABLED', 'low',
        'Two-factor sign-in is on',
        'From now on signing in asks for a code, too.',
        'user.two_factor_enabled', p_ip, p_user_agent, p_request);
    RETURN true;
END
$$;

-- Take it off, and its codes; false where there is none.  Staff do so too, and
-- say so by themselves.
CREATE OR REPLACE FUNCTION twofactor_remove(p_user uuid) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM two_factor WHERE user_id = p_user AND enabled_at IS NOT NULL;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    DELETE FROM backup_codes WHERE user_id = p_user;
    RETURN true;
END
$$;

CREATE OR REPLACE FUNCTION twofactor_disable(
    p_user uuid, p_ip inet, p_user_agent text, p_request text
) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    IF NOT twofactor_remove(p_user) THEN
        RETURN false;
    END IF;
    PERFORM alert_mail(p_user, twofactor_told(p_user, '2FA_DISABLED', 'high',
        'Two-factor sign-in is off',
        'If this was not you, change your password now and set it up again.',
        'user.two_factor_disabled', p_ip, p_user_agent, p_request),
        'security-alert');
    RETURN true;
END
$$;

CREATE OR REPLACE FUNCTION twofactor_codes(
    p_user uuid, p_codes bytea, p_kid text, p_ip inet, p_user_agent text,
    p_request text
) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM two_factor WHERE user_id = p_user AND enabled_at IS NOT NULL
    FOR UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM backup_codes_replace(p_user, p_codes, p_kid);
    PERFORM twofactor_told(p_user, 'BACKUP_CODES_RENEWED', 'low',
        'You have new backup codes', 'The old ones work no more.',
        'user.backup_codes_renewed', p_ip, p_user_agent, p_request);
    RETURN true;
END
$$;

-- A code that was not used is used, exactly once, whoever else is at it.
CREATE OR REPLACE FUNCTION backup_code_use(
    p_user uuid, p_hashes bytea, p_ip inet
) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    used bytea;
    unused bigint;
BEGIN
    UPDATE backup_codes SET used_at = clock_now(), used_ip = p_ip
    WHERE user_id = p_user AND used_at IS NULL
        AND hash_among(code_hmac, p_hashes)
    RETURNING code_hmac INTO used;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE two_factor SET tries = 0 WHERE user_id = p_user;
    SELECT count(*) INTO unused FROM backup_codes
    WHERE user_id = p_user AND used_at IS NULL;
    PERFORM alert_raise(p_user, 'BACKUP_CODE_USED', 'medium',
        'A backup code was used', unused || ' of them are left.',
        left(encode(used, 'hex'), 16), jsonb_build_object('left', unused),
        p_ip);
    RETURN true;
END
$$;
