-- mail.sql - whether a mail may leave, when, and what came of it.

-- ---- What a mail knows ----------------------------------------------------

-- A notification as the templates see it: `data` of its row, and over that
-- names that are always there.
CREATE OR REPLACE FUNCTION mail_notification(p_id uuid) RETURNS jsonb
LANGUAGE sql STABLE AS $$
SELECT n.data || jsonb_build_object(
    'type', n.type, 'title', n.title, 'message', n.message,
    'actor', CASE WHEN n.actor_id IS NULL THEN 'Somebody'
        ELSE coalesce(ap.display_name, user_called(a.username)) END,
    'actorUsername', a.username,
    'others', CASE WHEN n.actor_count = 2 THEN '1 other'
        WHEN n.actor_count > 2 THEN (n.actor_count - 1) || ' others' END,
    'postTitle', p.title, 'postPath', '/post/' || p.slug,
    'followers', s.total_followers,
    'perks', CASE WHEN n.type = 'LEVEL_UP' THEN jsonb_build_array(
        coalesce(n.data->>'bonus', '0') || ' sparkle points',
        'Level ' || coalesce(n.data->>'newLevel', u.level::text)
            || ' beside your name') END)
FROM notifications n
LEFT JOIN users a ON a.id = n.actor_id AND user_shown(a.status)
LEFT JOIN profiles ap ON ap.user_id = a.id
LEFT JOIN comments c ON n.entity_type = 'comment' AND c.id = n.entity_id
LEFT JOIN posts p ON p.id = CASE n.entity_type WHEN 'post' THEN n.entity_id
    ELSE c.post_id END AND p.deleted_at IS NULL
LEFT JOIN user_stats s ON s.user_id = n.user_id
LEFT JOIN users u ON u.id = n.user_id
WHERE n.id = p_id
$$;

-- The notification that a mail's payload names, or NULL.
CREATE OR REPLACE FUNCTION mail_notification_id(p_payload jsonb) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN p_payload->>'notification'
    ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
    THEN (p_payload->>'notification')::uuid END;

-- ---- Why not --------------------------------------------------------------

-- Mails to an address bounced too often, not long ago.
CREATE OR REPLACE FUNCTION mail_bounced(p_email text) RETURNS boolean
LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM mail_scores WHERE email = p_email AND score >= 4
    AND updated_at > clock_now() - interval '30 days');

-- Whether preferences let a notification's type into mails, of its own or
-- digests: the gates of the specification, the type's own switch.
CREATE OR REPLACE FUNCTION mail_let(
    p_type notification_type, w notification_preferences
) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN w.user_id IS NULL OR w.email_enabled
    AND p_type <> ALL (w.email_off)
    AND CASE
        WHEN p_type IN ('POST_LIKED', 'COMMENT_LIKED') THEN w.post_likes
        WHEN p_type IN ('POST_COMMENTED', 'COMMENT_REPLIED')
            THEN w.post_comments
        WHEN p_type = 'USER_FOLLOWED' THEN w.new_followers
        WHEN p_type = 'MENTION' THEN w.mentions
        WHEN p_type IN ('DIRECT_MESSAGE', 'TRADE_REQUEST')
            THEN w.direct_messages
        WHEN p_type IN ('GROUP_INVITE', 'GROUP_POST') THEN w.group_invites
        WHEN p_type IN ('EVENT_REMINDER', 'WATCH_PARTY_INVITE',
            'YOUTUBE_PREMIERE') THEN w.event_reminders
        ELSE true END;

-- The same for a mail of its own: where the frequency says so.
CREATE OR REPLACE FUNCTION mail_wanted(
    p_type notification_type, w notification_preferences
) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN w.user_id IS NULL OR w.email_frequency IN ('instant', 'hourly')
    AND mail_let(p_type, w);

-- Whether somebody was on the site within the last ten minutes.
CREATE OR REPLACE FUNCTION mail_seen(p_user uuid) RETURNS boolean
LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM users WHERE id = p_user
        AND last_seen_at > clock_now() - interval '10 minutes')
    OR EXISTS (SELECT FROM sessions WHERE user_id = p_user
        AND ended_at IS NULL
        AND last_seen_at > clock_now() - interval '10 minutes');

-- Why the mail of a notification is not to be sent any more, or NULL.
CREATE OR REPLACE FUNCTION mail_stale(p_user uuid, p_notification uuid)
RETURNS mail_skip_reason
LANGUAGE plpgsql STABLE AS $$
DECLARE
    n notifications;
    w notification_preferences;
BEGIN
    SELECT * INTO n FROM notifications
    WHERE id = p_notification AND user_id = p_user;
    IF NOT FOUND THEN
        RETURN 'content_deleted';
    ELSIF n.read THEN
        RETURN 'already_read';
    ELSIF n.expires_at <= clock_now() THEN
        RETURN 'expired';
    ELSIF mail_seen(p_user) THEN
        RETURN 'seen_on_site';
    END IF;
    SELECT * INTO w FROM notification_preferences WHERE user_id = p_user;
    IF NOT mail_wanted(n.type, w) THEN
        RETURN 'preference';
    END IF;
    RETURN notification_gone(n);
END
$$;

-- Why a mail is not to be sent at all, or NULL.  p_always: it concerns the
-- account's safety, and only a user who is gone does not get it.
CREATE OR REPLACE FUNCTION mail_refused(
    p_user uuid, p_category text, p_always boolean, p_notification uuid,
    p_daily int
) RETURNS mail_skip_reason
LANGUAGE plpgsql STABLE AS $$
DECLARE
    u users;
    suppressed mail_skip_reason;
BEGIN
    SELECT * INTO u FROM users WHERE id = p_user;
    IF u.status = 'DELETED' THEN
        RETURN 'not_permitted';
    ELSIF p_always THEN
        RETURN NULL;
    ELSIF u.status IN ('BANNED', 'SUSPENDED') THEN
        RETURN 'suspended';
    -- Before anything that says something of the address.
    ELSIF u.email_verified_at IS NULL THEN
        RETURN 'not_permitted';
    ELSIF mail_bounced(u.email) THEN
        RETURN 'bounced';
    END IF;
    SELECT reason INTO suppressed FROM mail_suppressions
    WHERE email = u.email AND category IN ('', p_category)
        AND (until IS NULL OR until > clock_now())
    ORDER BY category LIMIT 1;
    IF FOUND THEN
        RETURN suppressed;
    ELSIF EXISTS (SELECT FROM notification_preferences
        WHERE user_id = p_user AND p_category = ANY (unsubscribed))
    THEN
        RETURN 'unsubscribed';
    ELSIF p_notification IS NOT NULL THEN
        suppressed := mail_stale(p_user, p_notification);
        IF suppressed IS NOT NULL THEN
            RETURN suppressed;
        END IF;
    END IF;
    IF p_daily > 0 AND (SELECT count(*) FROM mail_sent
        WHERE recipient = u.email AND state <> 'failed'
            AND created_at > clock_now() - interval '1 day') >= p_daily
    THEN
        RETURN 'daily_limit';
    END IF;
    RETURN NULL;
END
$$;

-- ---- When -----------------------------------------------------------------

-- Take a turn among all mails of an hour: NULL where the mail may go now,
-- else when it should come again.  Mails that cannot wait are counted and
-- wait for nobody, not for this function's locks either.  Who has to wait
-- books the next free moment, so that a long queue comes back one by one and
-- not all at once.
CREATE OR REPLACE FUNCTION mail_turn(p_always boolean, p_hourly int)
RETURNS timestamptz
LANGUAGE plpgsql AS $$
DECLARE
    gone bigint;
    oldest timestamptz;
    later timestamptz;
BEGIN
    IF p_hourly > 0 AND NOT p_always THEN
        SELECT next_at INTO later FROM mail_turns FOR NO KEY UPDATE;
        SELECT sum(n), min(minute) INTO gone, oldest FROM mail_rates
        WHERE minute > clock_now() - interval '61 minutes';
        IF gone >= p_hourly THEN
            later := greatest(later, oldest + interval '62 minutes',
                clock_now()) + interval '1 hour' / p_hourly;
            UPDATE mail_turns SET next_at = later;
            RETURN later;
        END IF;
    END IF;
    INSERT INTO mail_rates AS r (minute, urgent, n)
    VALUES (date_trunc('minute', clock_now()), p_always, 1)
    ON CONFLICT (minute, urgent) DO UPDATE SET n = r.n + 1;
    IF NOT p_always THEN
        DELETE FROM mail_rates
        WHERE minute < clock_now() - interval '1 day';
    END IF;
    RETURN NULL;
END
$$;

-- The same for one address; nothing is booked.
CREATE OR REPLACE FUNCTION mail_turn_of(p_email text, p_hourly int)
RETURNS timestamptz
LANGUAGE sql STABLE AS $$
SELECT min(created_at) + interval '61 minutes' FROM mail_sent
WHERE recipient = p_email AND state <> 'failed'
    AND created_at > clock_now() - interval '1 hour'
HAVING p_hourly > 0 AND count(*) >= p_hourly
$$;

-- Both questions: at most one of the columns is not NULL.  Limits of 0 are
-- none.
CREATE OR REPLACE FUNCTION mail_check(
    p_user uuid, p_email text, p_category text, p_always boolean,
    p_notification uuid, p_hourly int, p_address_hourly int, p_daily int
) RETURNS TABLE (skip text, later timestamptz)
LANGUAGE plpgsql AS $$
BEGIN
    skip := mail_refused(p_user, p_category, p_always, p_notification,
        p_daily);
    IF skip IS NULL AND NOT p_always THEN
        later := mail_turn_of(p_email, p_address_hourly);
    END IF;
    IF skip IS NULL AND later IS NULL THEN
        later := mail_turn(p_always, p_hourly);
    END IF;
    RETURN NEXT;
END
$$;

-- ---- What came of it ------------------------------------------------------

-- Note a bounce: soft 1, hard 2, a complaint 4; a score older than 30 days
-- is forgotten.  True where it is news: providers tell things twice.
CREATE OR REPLACE FUNCTION mail_bounce(
    p_email text, p_kind bounce_kind, p_message_id text, p_diagnostic text
) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    weight numeric := CASE p_kind WHEN 'soft' THEN 1 WHEN 'hard' THEN 2
        ELSE 4 END;
BEGIN
    INSERT INTO mail_bounces (user_id, email, kind, message_id, diagnostic)
    VALUES ((SELECT id FROM users WHERE email = p_email), p_email, p_kind,
        p_message_id, left(p_diagnostic, 1000))
    ON CONFLICT (message_id, kind) WHERE message_id IS NOT NULL DO NOTHING;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO mail_scores AS s (email, score) VALUES (p_email, weight)
    ON CONFLICT (email) DO UPDATE SET updated_at = clock_now(),
        score = least(weight + CASE
            WHEN s.updated_at > clock_now() - interval '30 days'
            THEN s.score ELSE 0 END, 1000);
    RETURN true;
END
$$;

-- The same by the number that the bounce's envelope address has; NULL where
-- there was no such mail.
CREATE OR REPLACE FUNCTION mail_bounce_of(
    p_job bigint, p_kind bounce_kind, p_diagnostic text
) RETURNS boolean
LANGUAGE sql AS $$
SELECT mail_bounce(recipient, p_kind, message_id, p_diagnostic)
FROM mail_sent WHERE job_id = p_job
ORDER BY created_at DESC LIMIT 1
$$;

-- Lift what keeps mails from an address: its bounces, or all of them.  True
-- if there was something.
CREATE OR REPLACE FUNCTION mail_lift(p_email text) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    lifted boolean;
BEGIN
    DELETE FROM mail_scores WHERE email = p_email;
    lifted := FOUND;
    DELETE FROM mail_suppressions WHERE email = p_email;
    RETURN lifted OR FOUND;
END
$$;

-- What users may lift themselves: bounces, and that they wanted no mails.
CREATE OR REPLACE FUNCTION mail_lift_own(p_email text) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    lifted boolean;
BEGIN
    DELETE FROM mail_scores WHERE email = p_email;
    lifted := FOUND;
    DELETE FROM mail_suppressions
    WHERE email = p_email AND reason <> 'not_permitted';
    RETURN lifted OR FOUND;
END
$$;

-- Let an address get no mails but those about its account's safety, for some
-- days or (NULL) until it is lifted.  Always true.
CREATE OR REPLACE FUNCTION mail_suppress(
    p_email text, p_reason mail_skip_reason, p_detail text, p_days int
) RETURNS boolean
LANGUAGE sql AS $$
INSERT INTO mail_suppressions (email, reason, detail, until)
VALUES (lower(p_email), p_reason, p_detail,
    clock_now() + p_days * interval '1 day')
ON CONFLICT (email, category) DO UPDATE SET reason = excluded.reason,
    detail = excluded.detail, until = excluded.until,
    created_at = clock_now()
RETURNING true
$$;

-- ---- Unsubscribing --------------------------------------------------------

-- Let a user have no more mails of a category; '' is all that is not about
-- the account's safety.  A category that is a type of notification is the
-- switch of the preferences page.  False where there is no such user.
CREATE OR REPLACE FUNCTION mail_unsubscribe(p_user uuid, p_category text)
RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    type notification_type;
BEGIN
    IF NOT EXISTS (SELECT FROM users
        WHERE id = p_user AND status <> 'DELETED')
    THEN
        RETURN false;
    END IF;
    SELECT t INTO type FROM unnest(enum_range(NULL::notification_type)) t
    WHERE lower(t::text) = p_category;
    INSERT INTO notification_preferences (user_id) VALUES (p_user)
    ON CONFLICT DO NOTHING;
    UPDATE notification_preferences SET version = version + 1,
        email_enabled = email_enabled AND p_category <> '',
        email_off = CASE WHEN type IS NULL OR type = ANY (email_off)
            THEN email_off ELSE email_off || type END,
        weekly_digest = weekly_digest AND p_category <> 'weekly_digest',
        weekly_digest_at = CASE WHEN p_category <> 'weekly_digest'
            THEN weekly_digest_at END,
        email_frequency = CASE
            WHEN p_category = email_frequency::text || '_digest'
            THEN 'never' ELSE email_frequency END,
        unsubscribed = CASE WHEN type IS NOT NULL OR p_category IN ('',
                'weekly_digest', 'daily_digest')
            OR p_category = ANY (unsubscribed)
            THEN unsubscribed ELSE unsubscribed || p_category END
    WHERE user_id = p_user;
    RETURN true;
END
$$;

-- ---- Looking --------------------------------------------------------------

-- What became of a mail, for people.
CREATE OR REPLACE FUNCTION mail_words(p_state text, p_reason text)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE coalesce(p_reason, p_state)
    WHEN 'sent' THEN 'Sent'
    WHEN 'sending' THEN 'On its way'
    WHEN 'maybe_sent' THEN 'Maybe sent: the line broke, and we send nothing '
        'twice'
    WHEN 'failed' THEN 'Not taken by the mail server'
    WHEN 'seen_on_site' THEN 'Left out: seen on the site just before'
    WHEN 'already_read' THEN 'Left out: read on the site'
    WHEN 'content_deleted' THEN 'Left out: what it told of is gone'
    WHEN 'not_permitted' THEN 'Left out: what it told of is hidden by now, '
        'or the address is not confirmed'
    WHEN 'suspended' THEN 'Left out: the account is suspended'
    WHEN 'bounced' THEN 'Left out: mails to this address come back'
    WHEN 'daily_limit' THEN 'Left out: too many mails that day'
    WHEN 'unsubscribed' THEN 'Left out: unsubscribed'
    WHEN 'preference' THEN 'Left out: switched off in the settings'
    WHEN 'quiet_hours' THEN 'Left out: quiet hours'
    WHEN 'expired' THEN 'Left out: it is too old by now'
    WHEN 'nothing_new' THEN 'Left out: nothing was new any more'
    ELSE 'Left out' END;

-- One's mails and those that were not sent; by (created_at, id) DESC.
CREATE OR REPLACE VIEW mail_log_rows AS
SELECT md5(message_id)::uuid AS id, template, category, recipient,
    state::text AS state, NULL::text AS reason,
    mail_words(state::text, NULL) AS words, created_at, user_id, response
FROM mail_sent
UNION ALL
SELECT id, template, category, recipient, 'skipped', reason::text,
    mail_words('skipped', reason::text), created_at, user_id, detail
FROM mail_skipped;

-- Why an address gets no mails, for staff.
CREATE OR REPLACE FUNCTION mail_suppressed_words(p_reason text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE p_reason
    WHEN 'bounced' THEN 'Mails come back'
    WHEN 'unsubscribed' THEN 'They want none'
    WHEN 'not_permitted' THEN 'We must not write there'
    ELSE p_reason END;

-- Addresses that get no mails, by bounces or by a row; by (since, id) DESC.
CREATE OR REPLACE VIEW mail_suppressed_rows AS
SELECT md5(s.email)::uuid AS id, s.email, 'bounced' AS reason,
    s.score::float8 AS score, (SELECT b.diagnostic FROM mail_bounces b
        WHERE b.email = s.email ORDER BY b.created_at DESC LIMIT 1) AS detail,
    s.updated_at AS since, '' AS category,
    mail_suppressed_words('bounced') AS words,
    s.updated_at + interval '30 days' AS until
FROM mail_scores s
WHERE s.score >= 4 AND s.updated_at > clock_now() - interval '30 days'
UNION ALL
SELECT md5(p.email || ' ' || p.category)::uuid, p.email, p.reason::text,
    0, p.detail, p.created_at, p.category,
    mail_suppressed_words(p.reason::text), p.until
FROM mail_suppressions p WHERE p.until IS NULL OR p.until > clock_now();
