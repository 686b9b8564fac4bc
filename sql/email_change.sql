-- email_change.sql - another address for an account: asked for, confirmed at
-- the new one, undone from the old one.
--
-- Whoever needs both locks the user first, then the change, and other proofs
-- of the user after that: else two at once could wait for each other.
--
-- A row of email_changes is open until it is confirmed, replaced (died_at) or
-- a day old.  Confirmed, it can be undone for seven days from the old address,
-- which nobody else can take meanwhile.  Tokens are made in
-- src/mailing/mail_account.c, when their mails are.

-- Whether an address is kept for another than p_user, who may have it back.
CREATE OR REPLACE FUNCTION email_kept(p_email text, p_user uuid DEFAULT NULL)
RETURNS boolean
LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM email_changes WHERE old_email = p_email
    AND undo_expires_at > clock_now() AND undone_at IS NULL
    AND user_id IS DISTINCT FROM p_user);

-- Whether an address belongs to another than p_user, or is kept for one.
CREATE OR REPLACE FUNCTION email_taken(p_email text, p_user uuid DEFAULT NULL)
RETURNS boolean
LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM users WHERE email = p_email
        AND id IS DISTINCT FROM p_user)
    OR email_kept(p_email, p_user);

-- Where a mail to a user goes: to the address of the account, unless its data
-- name a change and which of its two addresses is meant.
CREATE OR REPLACE FUNCTION mail_address(u users, p_payload jsonb)
RETURNS text
LANGUAGE sql STABLE
RETURN coalesce((SELECT CASE p_payload->'data'->>'to'
        WHEN 'new' THEN c.new_email WHEN 'old' THEN c.old_email END
    FROM email_changes c
    WHERE c.id = (p_payload->'data'->>'change')::uuid AND c.user_id = u.id),
    u.email);

CREATE OR REPLACE FUNCTION email_change_mail(
    c email_changes, p_mail text, p_to text, p_request_id text
) RETURNS bigint
LANGUAGE sql AS $$
SELECT job_put('mail.send', 'security_email', jsonb_build_object('mail',
    p_mail, 'data', jsonb_build_object('change', c.id, 'to', p_to)),
    c.user_id, p_request_id => p_request_id)
$$;

-- Ask for another address; the one asked for before is dropped.  Whether it
-- is somebody's is not told: then its mail is not sent.
CREATE OR REPLACE FUNCTION email_change_begin(
    p_user uuid, p_email text, p_request_id text
) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
    u users;
    made email_changes;
BEGIN
    SELECT * INTO u FROM users WHERE id = p_user AND status <> 'DELETED'
    FOR NO KEY UPDATE;
    IF u.email = p_email THEN
        PERFORM refuse('email_changes_new', 'this is the address');
    END IF;
    PERFORM email_change_drop(p_user);
    INSERT INTO email_changes (user_id, old_email, new_email)
    VALUES (u.id, u.email, p_email)
    RETURNING * INTO made;
    PERFORM email_change_mail(made, 'email-change', 'new', p_request_id);
    RETURN made.id;
END
$$;

-- Drop the open change of a user; how many there were (0 or 1).
CREATE OR REPLACE FUNCTION email_change_drop(p_user uuid) RETURNS int
LANGUAGE plpgsql AS $$
DECLARE
    n int;
BEGIN
    UPDATE email_changes SET died_at = clock_now()
    WHERE user_id = p_user AND confirmed_at IS NULL AND died_at IS NULL;
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN n;
END
$$;

-- Codes and links that went to an address which the user has no more.
CREATE OR REPLACE FUNCTION email_proofs_drop(p_user uuid) RETURNS void
LANGUAGE sql AS $$
UPDATE password_resets SET died_at = clock_now()
WHERE user_id = p_user AND used_at IS NULL AND died_at IS NULL;
UPDATE email_verifications SET died_at = clock_now()
WHERE user_id = p_user AND used_at IS NULL AND died_at IS NULL;
$$;

-- The link at the new address was followed, so it is verified with that.
-- Refusals: email_changes_open, users_email_key.  Only an old address that
-- was verified gets a link to undo it: another may never have been the user's.
CREATE OR REPLACE FUNCTION email_change_confirm(
    p_hash bytea, p_ip inet, p_user_agent text, p_request_id text
) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
    c email_changes;
    was_verified boolean;
BEGIN
    PERFORM FROM users WHERE id = (SELECT user_id FROM email_changes
        WHERE confirm_hash = p_hash) FOR UPDATE;
    SELECT * INTO c FROM email_changes WHERE confirm_hash = p_hash
        AND confirmed_at IS NULL AND died_at IS NULL
        AND expires_at > clock_now() FOR UPDATE;
    SELECT email_verified_at IS NOT NULL INTO was_verified FROM users
    WHERE id = c.user_id AND email = c.old_email AND status <> 'DELETED';
    IF was_verified IS NULL THEN
        PERFORM refuse('email_changes_open', 'no such open link');
    END IF;
    UPDATE users SET email = c.new_email, version = version + 1
    WHERE id = c.user_id;
    UPDATE email_changes SET confirmed_at = clock_now(),
        undo_expires_at = CASE WHEN was_verified
            THEN clock_now() + interval '7 days' END
    WHERE id = c.id;
    PERFORM email_proofs_drop(c.user_id);
    PERFORM email_verified(c.user_id, p_request_id);
    IF was_verified THEN
        PERFORM email_change_mail(c, 'email-changed', 'old', p_request_id);
    END IF;
    PERFORM alert_raise(c.user_id, 'EMAIL_CHANGED', 'high',
        'The e-mail address of your account was changed',
        'If that was not you, use the link to undo it that we mailed to the '
        'old address.', c.id::text, '{}', p_ip);
    PERFORM audit_write(c.user_id, 'user.email', 'user', c.user_id, NULL,
        NULL, p_ip, p_user_agent, p_request_id, true);
    RETURN c.user_id;
END
$$;

-- The link at the old address was followed: it is the account's again, what
-- came after is void, and all sessions end, since somebody else may have them.
-- Refusals: email_changes_undoable, users_email_key.
CREATE OR REPLACE FUNCTION email_change_undo(
    p_hash bytea, p_ip inet, p_user_agent text, p_request_id text
) RETURNS TABLE (token_hash bytea)
LANGUAGE plpgsql AS $$
DECLARE
    c email_changes;
BEGIN
    PERFORM FROM users WHERE id = (SELECT user_id FROM email_changes
        WHERE undo_hash = p_hash) FOR UPDATE;
    SELECT * INTO c FROM email_changes WHERE undo_hash = p_hash
        AND undone_at IS NULL AND undo_expires_at > clock_now() FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM refuse('email_changes_undoable', 'no such open link');
    END IF;
    PERFORM email_change_drop(c.user_id);
    UPDATE email_changes SET undone_at = clock_now()
    WHERE user_id = c.user_id AND undone_at IS NULL
        AND confirmed_at >= c.confirmed_at;
    UPDATE users SET email = c.old_email, email_verified_at = clock_now(),
        version = version + 1
    WHERE id = c.user_id AND status <> 'DELETED';
    IF NOT FOUND THEN
        PERFORM refuse('email_changes_undoable', 'the account is gone');
    END IF;
    PERFORM email_proofs_drop(c.user_id);
    PERFORM alert_raise(c.user_id, 'EMAIL_CHANGE_UNDONE', 'high',
        'The change of your e-mail address was undone',
        'All sessions have ended. Choose a new password, since somebody who '
        'knows it may have changed the address.', c.id::text, '{}', p_ip);
    PERFORM audit_write(c.user_id, 'user.email_undo', 'user', c.user_id, NULL,
        NULL, p_ip, p_user_agent, p_request_id, true);
    RETURN QUERY SELECT e.token_hash
    FROM sessions_end(c.user_id, NULL, 'email_change_undone') e;
END
$$;
