-- registration.sql - registering from outside, and verifying an address.

-- ---- Registering ----------------------------------------------------------

-- A registration from outside: like create_user(), but an address that is
-- known gives no error.  Its owner is told by user.registered_again instead.
--
-- Nobody may learn from the answer or its time which addresses are known.  So
-- a known one is refused for all that a new one is refused for, by doing the
-- same work for an address that nobody has, and undoing it.  The look at the
-- address only chooses which; where it becomes known meanwhile, the key says
-- so, and the second turn finds it.  The name of the user made, or as if made.
CREATE OR REPLACE FUNCTION register_user(
    p_email text, p_username text, p_password_hash text,
    p_referral_code text, p_request_id text
) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    known boolean;
    made text;
    as_if text := coalesce(p_username, username_from_email(p_email));
    broken text;
BEGIN
    FOR turn IN 1..2 LOOP
        known := email_taken(p_email);
        BEGIN
            SELECT u.username INTO made FROM create_user(
                p_email => CASE WHEN known
                    THEN 'nobody@' || gen_random_uuid() ELSE p_email END,
                p_username => p_username, p_password_hash => p_password_hash,
                p_referral_code => p_referral_code,
                p_request_id => p_request_id) u;
            IF known THEN
                PERFORM refuse('users_email_known', 'as if it were made');
            END IF;
            RETURN made;
        EXCEPTION WHEN unique_violation OR check_violation THEN
            GET STACKED DIAGNOSTICS broken = CONSTRAINT_NAME;
            IF broken = 'users_email_key' AND turn = 1 THEN
                CONTINUE;
            ELSIF broken <> 'users_email_known' THEN
                RAISE;
            END IF;
        END;
        EXIT;
    END LOOP;
    INSERT INTO outbox (event, subject_id, data, request_id)
    SELECT 'user.registered_again', id, '{}', p_request_id
    FROM users WHERE email = p_email AND status <> 'DELETED';
    RETURN as_if;
END
$$;

-- ---- Verifying an address -------------------------------------------------

-- Whose verified address a link has proven, while the user still has it.
CREATE OR REPLACE FUNCTION verified_by_link(p_link_hash bytea) RETURNS uuid
LANGUAGE sql STABLE AS $$
SELECT u.id FROM email_verifications e JOIN users u ON u.id = e.user_id
WHERE e.link_hash = p_link_hash AND e.used_at IS NOT NULL
    AND u.email = e.email AND u.email_verified_at IS NOT NULL
    AND u.deleted_at IS NULL
$$;

-- A code (its user known) or a link's token is tried: 'verified', 'wrong' (a
-- try was used up), or 'gone' (none is open: never sent, used, too old, or
-- dead after five wrong tries).  A link that did its work says so again.  Success makes a pending user ACTIVE and
-- tells it by user.verified.  Nothing is raised, so that tries count.
CREATE OR REPLACE FUNCTION verify_email(
    p_user_id uuid, p_code_hash bytea, p_link_hash bytea, p_request_id text,
    OUT outcome text, OUT user_id uuid
)
LANGUAGE plpgsql AS $$
DECLARE
    v email_verifications;
BEGIN
    -- The user first, as everywhere (sql/email_change.sql).
    PERFORM FROM users u WHERE u.id = CASE WHEN p_link_hash IS NULL
        THEN p_user_id ELSE (SELECT e.user_id FROM email_verifications e
            WHERE e.link_hash = p_link_hash) END
    FOR NO KEY UPDATE;
    SELECT * INTO v FROM email_verifications e
    WHERE CASE WHEN p_link_hash IS NOT NULL THEN e.link_hash = p_link_hash
            ELSE e.user_id = p_user_id END
        AND e.used_at IS NULL AND e.died_at IS NULL
        AND e.expires_at > clock_now()
    ORDER BY e.created_at DESC LIMIT 1
    FOR UPDATE;
    IF NOT FOUND THEN
        user_id := verified_by_link(p_link_hash);
        outcome := CASE WHEN user_id IS NULL THEN 'gone' ELSE 'verified' END;
        RETURN;
    ELSIF p_link_hash IS NULL
        AND NOT hash_among(v.code_hash, p_code_hash) THEN
        UPDATE email_verifications SET tries = tries + 1,
            died_at = CASE WHEN tries >= 4 THEN clock_now() END
        WHERE id = v.id;
        outcome := 'wrong';
        RETURN;
    END IF;

    UPDATE email_verifications SET used_at = clock_now() WHERE id = v.id;
    PERFORM FROM users u
    WHERE u.id = v.user_id AND u.email = v.email AND u.deleted_at IS NULL;
    IF NOT FOUND THEN
        outcome := 'gone';
        RETURN;
    END IF;
    PERFORM email_verified(v.user_id, p_request_id);
    user_id := v.user_id;
    outcome := 'verified';
END
$$;

-- The address that a user has now is proven: a pending user becomes ACTIVE
-- (no other status changes), and the first time gives experience and is told.
CREATE OR REPLACE FUNCTION email_verified(p_user_id uuid, p_request_id text)
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    first boolean;
BEGIN
    SELECT email_verified_at IS NULL INTO first FROM users
    WHERE id = p_user_id FOR UPDATE;
    UPDATE users SET email_verified_at = clock_now(),
        status = CASE status WHEN 'PENDING_VERIFICATION' THEN 'ACTIVE'
            ELSE status END,
        version = version + 1
    WHERE id = p_user_id;
    IF first THEN
        PERFORM add_experience(p_user_id, NULL, 'email_verified',
            'email_verified');
        PERFORM profile_refresh(p_user_id);
        INSERT INTO outbox (event, subject_id, actor_id, request_id)
        VALUES ('user.verified', p_user_id, p_user_id, p_request_id);
    END IF;
END
$$;

-- Another verification mail, three an hour; false where that is used up or
-- nothing is left to verify.
CREATE OR REPLACE FUNCTION resend_verification(p_user_id uuid)
RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM users WHERE id = p_user_id AND email_verified_at IS NULL
        AND deleted_at IS NULL FOR NO KEY UPDATE;
    IF NOT FOUND OR (SELECT count(*) FROM email_verifications
        WHERE user_id = p_user_id
            AND created_at > clock_now() - interval '1 hour') >= 4
    THEN
        RETURN false;
    END IF;
    PERFORM job_put('mail.send', 'security_email',
        '{"mail": "verification"}', p_user_id);
    RETURN true;
END
$$;
