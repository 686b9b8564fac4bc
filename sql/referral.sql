-- referral.sql - codes that bring somebody: made, claimed, paid or held.

-- A new code to give away; ten unused ones are the most.  The lock on the user
-- makes two at once count each other.
CREATE OR REPLACE FUNCTION referral_make(p_user uuid) RETURNS referrals
LANGUAGE plpgsql AS $$
DECLARE
    made referrals;
BEGIN
    PERFORM FROM users WHERE id = p_user FOR NO KEY UPDATE;
    IF (SELECT count(*) FROM referrals WHERE referrer_id = p_user
        AND status = 'PENDING' AND referred_user_id IS NULL) >= 10
    THEN
        PERFORM refuse('referrals_open_limit', 'ten codes are unused');
    END IF;
    -- Nothing that looks like something else when it is read out.
    INSERT INTO referrals (referrer_id, code)
    VALUES (p_user, random_text(10, '23456789ABCDEFGHJKLMNPQRSTUVWXYZ'))
    RETURNING * INTO made;
    RETURN made;
END
$$;

-- Whether somebody may still come by a code.
CREATE OR REPLACE FUNCTION referral_open(p_code text) RETURNS boolean
LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM referrals WHERE code = upper(p_code)
    AND status = 'PENDING' AND referred_user_id IS NULL);

-- ---- Whether it pays ------------------------------------------------------

-- The mailbox of an address: many providers deliver me+tag@ and m.e@ to me@.
CREATE OR REPLACE FUNCTION mailbox_of(email text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN replace(split_part(split_part(email, '@', 1), '+', 1), '.', '') || '@'
    || CASE split_part(email, '@', 2) WHEN 'googlemail.com' THEN 'gmail.com'
        ELSE split_part(email, '@', 2) END;

-- Who has one machine, or one line, has one of these: an address, and of IPv6
-- the /56 that a line is given.
CREATE OR REPLACE FUNCTION referral_net(ip inet) RETURNS inet
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE family(ip) WHEN 6 THEN network(set_masklen(ip, 56))::inet
    ELSE ip END;

-- Why a claimed code is not paid at once, or NULL: its newcomer has the
-- mailbox of the referrer, or of another newcomer by any code; or the network
-- from which, within 24 hours, another came or the referrer was here.
CREATE OR REPLACE FUNCTION referral_doubt(f referrals) RETURNS text
LANGUAGE sql STABLE
RETURN CASE
    WHEN EXISTS (SELECT FROM users u WHERE u.id = f.referrer_id
            AND mailbox_of(u.email) = f.mailbox)
        OR EXISTS (SELECT FROM referrals o
            WHERE o.mailbox = f.mailbox AND o.id <> f.id)
    THEN 'mailbox'
    WHEN EXISTS (SELECT FROM referrals o WHERE o.network = f.network
            AND o.claimed_at > f.claimed_at - interval '1 day'
            AND o.id <> f.id)
        OR EXISTS (SELECT FROM sessions s WHERE s.user_id = f.referrer_id
            AND referral_net(s.ip) = f.network
            AND s.last_seen_at > f.claimed_at - interval '1 day')
        OR EXISTS (SELECT FROM login_history l
            WHERE l.user_id = f.referrer_id AND l.success
            AND referral_net(l.ip) = f.network
            AND l.created_at > f.claimed_at - interval '1 day')
    THEN 'network' END;

CREATE OR REPLACE FUNCTION referral_pay(f referrals) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE referrals SET status = 'COMPLETED', completed_at = clock_now()
    WHERE id = f.id;
    PERFORM add_points(f.referrer_id, 500, 'sparkle', 'earn',
        'referral', 'referral:' || f.id, 'Somebody joined by your code');
    INSERT INTO outbox (event, subject_id, actor_id, data)
    VALUES ('referral.completed', f.referrer_id, f.referred_user_id,
        jsonb_build_object('referralId', f.id, 'bonus', 500));
END
$$;

-- Somebody whose address is verified came by a code.  It counts once: whoever
-- comes second waits on the row and then finds it used; that is no fault of
-- the newcomer's, and nothing is raised.  One after the other, for all of the
-- site: else two at once would not see each other.
CREATE OR REPLACE FUNCTION referral_claim(
    p_user uuid, p_code text, p_ip inet
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    f referrals;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('referral_claim', 0));
    UPDATE referrals SET referred_user_id = p_user, claimed_at = clock_now(),
        mailbox = (SELECT mailbox_of(email) FROM users WHERE id = p_user),
        network = referral_net(p_ip)
    WHERE code = upper(p_code) AND status = 'PENDING'
        AND referred_user_id IS NULL AND referrer_id <> p_user
    RETURNING * INTO f;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    UPDATE referrals r SET held_for = referral_doubt(f)
    WHERE r.id = f.id RETURNING r.* INTO f;
    IF f.held_for IS NULL THEN
        PERFORM referral_pay(f);
    END IF;
END
$$;

-- ---- For staff ------------------------------------------------------------

-- What is held, to list: by (claimed_at, id) DESC.  Staff see banned users by
-- their names.
CREATE OR REPLACE VIEW referral_held_rows AS
SELECT f.id, f.code, f.held_for,
    CASE f.held_for WHEN 'mailbox'
        THEN 'The mailbox brought somebody before, or is the referrer''s own'
        ELSE 'Another came from this network within a day, or the referrer '
            'was there' END AS words,
    r.username AS referrer, u.username AS joined, f.claimed_at,
    r.id AS referrer_user_id, user_called(r.username) AS referrer_name,
    r.image AS referrer_image, coalesce(r.verified, false) AS referrer_verified,
    r.level::bigint AS referrer_level,
    u.id AS joined_user_id, user_called(u.username) AS joined_name,
    u.image AS joined_image, coalesce(u.verified, false) AS joined_verified,
    u.level::bigint AS joined_level
FROM referrals f
LEFT JOIN users r ON r.id = f.referrer_id AND r.status <> 'DELETED'
LEFT JOIN users u ON u.id = f.referred_user_id AND u.status <> 'DELETED'
WHERE f.held_for IS NOT NULL AND f.decided_at IS NULL;

-- Release what is held, or refuse it, with a row of the audit log.  Refusals:
-- referrals_held (no such one is), referrals_own.
CREATE OR REPLACE FUNCTION referral_decide(
    p_id uuid, p_staff uuid, p_release boolean, p_reason text, p_ip inet,
    p_user_agent text, p_request_id text
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    f referrals;
BEGIN
    UPDATE referrals SET decided_at = clock_now(), decided_by = p_staff,
        status = CASE WHEN p_release THEN status ELSE 'CANCELLED' END
    WHERE id = p_id AND held_for IS NOT NULL AND decided_at IS NULL
    RETURNING * INTO f;
    IF NOT FOUND THEN
        PERFORM refuse('referrals_held', 'no such code is held');
    ELSIF f.referrer_id = p_staff OR f.referred_user_id = p_staff THEN
        PERFORM refuse('referrals_own', 'nobody decides of their own');
    END IF;
    IF p_release THEN
        PERFORM referral_pay(f);
    END IF;
    PERFORM audit_write(p_staff, CASE WHEN p_release THEN 'referral.release'
            ELSE 'referral.refuse' END, 'user', f.referrer_id,
        jsonb_build_object('referral', f.id, 'heldFor', f.held_for),
        jsonb_build_object('paid', p_release, 'why', p_reason), p_ip,
        p_user_agent, p_request_id, true);
END
$$;
