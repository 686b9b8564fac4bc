-- password.sql - new passwords: by a mail's link, or by the one that knows the
-- old one.  Tokens are made in src/mailing/mail_account.c, when the mail is.

-- Give a user a new password and end what knew the old one: all sessions but
-- p_except, and what is under way by mail, lest who knew it takes the account
-- away by a change of its address that was asked for before.  The hashes are for session_forget()
-- after the commit.  Its owner is told by an alert and a mail.  Where somebody
-- else does it, that writes the audit log: p_by_owner false.
CREATE OR REPLACE FUNCTION password_set(
    p_user uuid, p_hash text, p_except uuid, p_cause text, p_ip inet,
    p_user_agent text, p_request_id text, p_by_owner boolean DEFAULT true
) RETURNS TABLE (token_hash bytea)
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE users SET password_hash = p_hash,
        password_changed_at = clock_now(), version = version + 1
    WHERE id = p_user;
    UPDATE password_resets SET died_at = clock_now()
    WHERE user_id = p_user AND used_at IS NULL AND died_at IS NULL;
    PERFORM email_change_drop(p_user);
    PERFORM alert_raise(p_user, 'PASSWORD_CHANGED', 'medium',
        'Your password was changed',
        'If that was not you, ask for a new one at "Forgot password", and '
        'look at your login history.', p_cause, '{}', p_ip);
    PERFORM job_put('mail.send', 'security_email',
        '{"mail": "password-changed"}', p_user,
        p_request_id => p_request_id);
    IF p_by_owner THEN
        PERFORM audit_write(p_user, 'user.password', 'user', p_user, NULL,
            NULL, p_ip, p_user_agent, p_request_id, true);
    END IF;
    RETURN QUERY SELECT e.token_hash
    FROM sessions_end(p_user, p_except, 'password_changed') e;
END
$$;

-- Use a link's token up.  Of any number at once the first to lock the user,
-- and then the row, wins; the others find it used and are refused:
-- password_resets_open.
CREATE OR REPLACE FUNCTION password_reset(
    p_token_hash bytea, p_hash text, p_ip inet, p_user_agent text,
    p_request_id text
) RETURNS TABLE (token_hash bytea)
LANGUAGE plpgsql AS $$
DECLARE
    used password_resets;
BEGIN
    PERFORM FROM users u WHERE u.id = (SELECT r.user_id
        FROM password_resets r WHERE r.token_hash = p_token_hash)
    FOR NO KEY UPDATE;
    UPDATE password_resets r SET used_at = clock_now()
    WHERE r.token_hash = p_token_hash AND r.used_at IS NULL
        AND r.died_at IS NULL AND r.expires_at > clock_now()
        AND EXISTS (SELECT FROM users u WHERE u.id = r.user_id
            AND u.status <> 'DELETED')
    RETURNING * INTO used;
    IF NOT FOUND THEN
        PERFORM refuse('password_resets_open', 'no such open link');
    END IF;
    RETURN QUERY SELECT s.token_hash FROM password_set(used.user_id, p_hash,
        NULL, used.id::text, p_ip, p_user_agent, p_request_id) s;
END
$$;

-- Change the password of somebody who gave the old one, whose string is
-- p_old_hash: refused (users_password_moved) where it has changed meanwhile.
CREATE OR REPLACE FUNCTION password_change(
    p_user uuid, p_session uuid, p_old_hash text, p_hash text, p_ip inet,
    p_user_agent text, p_request_id text
) RETURNS TABLE (token_hash bytea)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM users u WHERE u.id = p_user AND u.password_hash = p_old_hash
        AND u.status <> 'DELETED' FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM refuse('users_password_moved', 'it was changed meanwhile');
    END IF;
    RETURN QUERY SELECT s.token_hash FROM password_set(p_user, p_hash,
        p_session, p_session::text, p_ip, p_user_agent, p_request_id) s;
END
$$;
