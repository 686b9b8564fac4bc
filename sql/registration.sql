-- registration.sql - registering from outside, and verifying an address.

-- ---- Registering ----------------------------------------------------------

-- A registration makes a row of registrations, and nothing else: the account
-- is made when the address is confirmed.  Nobody may learn from it which
-- addresses are known, so no address is looked at: of a known one and a new
-- one the name is reserved alike, wrong codes are counted alike, and the rows
-- end alike after a day.  Only which mail is sent differs (listeners of
-- user.registering), and that who has the mailbox sees.

-- Whether nobody has a name, had it of late, or registers with it.
CREATE OR REPLACE FUNCTION username_free(p_name text) RETURNS boolean
LANGUAGE sql STABLE
RETURN NOT EXISTS (SELECT FROM users WHERE lower(username) = lower(p_name))
    AND NOT EXISTS (SELECT FROM registrations
        WHERE lower(username) = lower(p_name) AND expires_at > clock_now())
    AND NOT EXISTS (SELECT FROM reserved_usernames
        WHERE name = lower(p_name))
    AND NOT EXISTS (SELECT FROM user_names_old
        WHERE name = lower(p_name) AND until > clock_now());

-- Register; the user name, made from the address in up to 5 tries where none
-- is given.  Refusals: registrations_username_taken, referrals_code_usable.
CREATE OR REPLACE FUNCTION registration_begin(
    p_email text, p_username text, p_password_hash text,
    p_referral_code text, p_ip inet, p_request_id text
) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    name text;
    made uuid;
BEGIN
    IF p_referral_code IS NOT NULL AND NOT referral_open(p_referral_code) THEN
        PERFORM refuse('referrals_code_usable', 'no such pending code');
    END IF;
    FOR try IN 1..5 LOOP
        name := coalesce(p_username, username_from_email(p_email));
        DELETE FROM registrations WHERE lower(username) = lower(name)
            AND expires_at <= clock_now();
        IF username_free(name) THEN
            INSERT INTO registrations (email, username, password_hash,
                referral_code, ip)
            VALUES (p_email, name, p_password_hash, p_referral_code, p_ip)
            ON CONFLICT DO NOTHING
            RETURNING id INTO made;
        END IF;
        EXIT WHEN made IS NOT NULL OR p_username IS NOT NULL;
    END LOOP;
    IF made IS NULL THEN
        PERFORM refuse('registrations_username_taken', 'the name is taken');
    END IF;
    INSERT INTO outbox (event, subject_id, request_id)
    VALUES ('user.registering', made, p_request_id);
    RETURN name;
END
$$;

-- Another mail with a new code, for whoever registers with a name; its tries
-- begin anew.
CREATE OR REPLACE FUNCTION registration_resend(
    p_name text, p_request_id text
) RETURNS void
LANGUAGE sql AS $$
WITH again AS (
    UPDATE registrations SET tries = 0, code_hash = NULL, link_hash = NULL,
        code_expires_at = clock_now() + interval '10 minutes'
    WHERE lower(username) = lower(p_name) AND expires_at > clock_now()
    RETURNING id
)
INSERT INTO outbox (event, subject_id, request_id)
SELECT 'user.registering', id, p_request_id FROM again
$$;

-- Confirm the address of a registration, by a code (p_id says whose) or the
-- link's token: the account is made, ACTIVE, and the referral claimed.
-- 'verified', 'wrong' (a try was used up), or 'gone' (used, too old, dead
-- after five wrong tries; or the address is somebody's by now).  Of any number
-- at once the first to lock the row wins, and the others find it gone.
CREATE OR REPLACE FUNCTION registration_confirm(
    p_id uuid, p_code_hash bytea, p_link_hash bytea, p_request_id text,
    OUT outcome text, OUT user_id uuid
)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    g registrations;
BEGIN
    SELECT * INTO g FROM registrations
    WHERE id = coalesce(p_id, (SELECT r.id FROM registrations r
            WHERE r.link_hash = p_link_hash))
        AND expires_at > clock_now() AND code_expires_at > clock_now()
        AND (p_link_hash IS NULL AND tries < 5 OR link_hash = p_link_hash)
    FOR UPDATE;
    IF NOT FOUND THEN
        outcome := 'gone';
        RETURN;
    ELSIF p_link_hash IS NULL AND (g.code_hash IS NULL
        OR NOT hash_among(g.code_hash, p_code_hash))
    THEN
        UPDATE registrations SET tries = tries + 1 WHERE id = g.id;
        outcome := 'wrong';
        RETURN;
    END IF;
    user_id := registration_finish(g, p_request_id);
    outcome := CASE WHEN user_id IS NULL THEN 'gone' ELSE 'verified' END;
END
$$;

-- The account of a registration whose address was proven; NULL where the
-- address is somebody's by now.  Where the name is (a rename at the very time
-- of registering), another is made.
CREATE OR REPLACE FUNCTION registration_finish(
    g registrations, p_request_id text
) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
    made uuid;
    name text := g.username;
    broken text;
BEGIN
    IF email_taken(g.email) THEN
        RETURN NULL;
    END IF;
    FOR turn IN 1..2 LOOP
        BEGIN
            -- Its row goes only where an account is made.
            DELETE FROM registrations WHERE id = g.id;
            made := (create_user(p_email => g.email, p_username => name,
                p_password_hash => g.password_hash, p_email_verified => true,
                p_request_id => p_request_id)).id;
            EXIT;
        EXCEPTION WHEN unique_violation OR check_violation THEN
            GET STACKED DIAGNOSTICS broken = CONSTRAINT_NAME;
            IF broken = 'users_email_key' THEN
                RETURN NULL;
            ELSIF broken NOT IN ('users_username_key',
                'users_username_reserved') OR turn = 2 THEN
                RAISE;
            END IF;
            name := NULL;
        END;
    END LOOP;
    PERFORM add_experience(made, NULL, 'email_verified', 'email_verified');
    -- For who opens the link again: verified_by_link().
    INSERT INTO email_verifications (user_id, email, code_hash, link_hash,
        expires_at, used_at)
    VALUES (made, g.email, g.code_hash, g.link_hash, g.code_expires_at,
        clock_now());
    INSERT INTO outbox (event, subject_id, actor_id, request_id)
    VALUES ('user.verified', made, made, p_request_id);
    IF g.referral_code IS NOT NULL THEN
        PERFORM referral_claim(made, g.referral_code, g.ip);
    END IF;
    RETURN made;
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
-- dead after five wrong tries), or 'again': a link that did its work before.
-- Success makes a pending user ACTIVE and tells it by user.verified.  Nothing
-- is raised, so that tries count.
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
        outcome := CASE WHEN user_id IS NULL THEN 'gone' ELSE 'again' END;
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
