-- digest.sql - who gets a digest now, and what is in it.

-- What a digest looks back at.
CREATE OR REPLACE FUNCTION digest_since(p_digest text) RETURNS timestamptz
LANGUAGE sql STABLE
RETURN clock_now() - CASE p_digest WHEN 'daily' THEN interval '1 day'
    ELSE interval '7 days' END;

-- The time zones where it is morning (from eight to eleven, so that a run
-- that was missed is made up for), for the weekly digest on a Monday.  The
-- rules of summer time are the server's.
CREATE OR REPLACE FUNCTION digest_zones(p_digest text) RETURNS text[]
LANGUAGE sql STABLE AS $$
SELECT coalesce(array_agg(z.name), '{}') FROM pg_timezone_names z
CROSS JOIN LATERAL (SELECT clock_now() AT TIME ZONE z.name AS at) l
WHERE extract(hour FROM l.at) BETWEEN 8 AND 10
    AND (p_digest = 'daily' OR extract(isodow FROM l.at) = 1)
$$;

-- Posts that somebody would be shown: of those they follow, published since,
-- seen by followers, and not muted.
CREATE OR REPLACE FUNCTION digest_posts(p_user uuid, p_since timestamptz)
RETURNS SETOF posts
LANGUAGE sql STABLE AS $$
SELECT p.* FROM follows f
JOIN users a ON a.id = f.following_id AND user_ranked(a.status)
JOIN posts p ON p.author_id = f.following_id
WHERE f.follower_id = p_user AND post_told(p)
    AND p.published_at BETWEEN p_since AND clock_now()
    AND NOT viewer_hides(p_user, f.following_id)
$$;

CREATE OR REPLACE FUNCTION digest_followers(
    p_user uuid, p_since timestamptz
) RETURNS SETOF users
LANGUAGE sql STABLE AS $$
SELECT u.* FROM follows f
JOIN users u ON u.id = f.follower_id AND user_ranked(u.status)
WHERE f.following_id = p_user AND f.created_at > p_since
$$;

-- Unread notifications that preferences let into mails, and that tell of what
-- is still there.  What is hidden on the site, as only mails of it are wanted,
-- is in the digest of those who get no other mail of it.
CREATE OR REPLACE FUNCTION digest_notices(
    p_user uuid, p_since timestamptz
) RETURNS SETOF notifications
LANGUAGE sql STABLE AS $$
SELECT n.* FROM notifications n
LEFT JOIN notification_preferences w ON w.user_id = n.user_id
WHERE n.user_id = p_user AND NOT n.read AND n.created_at > p_since
    AND n.expires_at > clock_now()
    AND (NOT n.hidden OR w.email_frequency IN ('daily', 'weekly'))
    AND mail_let(n.type, w) AND notification_gone(n) IS NULL
$$;

-- Whether there is something new to tell.
CREATE OR REPLACE FUNCTION digest_news(p_user uuid, p_since timestamptz)
RETURNS boolean
LANGUAGE sql STABLE AS $$
SELECT EXISTS (SELECT FROM digest_notices(p_user, p_since))
    OR EXISTS (SELECT FROM digest_posts(p_user, p_since))
    OR EXISTS (SELECT FROM digest_followers(p_user, p_since))
$$;

-- Whether preferences want this digest: only what somebody asked for.  The
-- weekly one has a switch of its own, for those whose mails come at once; it
-- also is what "all together, every week" means.
CREATE OR REPLACE FUNCTION digest_wanted(
    p_digest text, w notification_preferences
) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN w.user_id IS NULL OR NOT w.email_enabled THEN false
    WHEN w.email_frequency IN ('daily', 'weekly')
        THEN p_digest = w.email_frequency::text
    ELSE p_digest = 'weekly' AND w.weekly_digest
        AND w.email_frequency <> 'never' END;

-- The next users, in order of id after p_after, whose morning it is, and who
-- want a digest and had none lately; at most p_most.  p_zones is
-- digest_zones(); who is in a zone that nobody knows lives by UTC.
CREATE OR REPLACE FUNCTION digest_due(
    p_digest text, p_zones text[], p_after uuid, p_most int
) RETURNS TABLE (id uuid, day date)
LANGUAGE sql STABLE AS $$
SELECT u.id, (clock_now() AT TIME ZONE CASE
    WHEN u.time_zone = ANY (p_zones) THEN u.time_zone ELSE 'UTC' END)::date
FROM users u
JOIN notification_preferences w ON w.user_id = u.id
WHERE u.id > p_after AND u.status = 'ACTIVE'
    AND u.email_verified_at IS NOT NULL
    AND (u.time_zone = ANY (p_zones) OR 'UTC' = ANY (p_zones)
        AND u.time_zone NOT IN (SELECT name FROM pg_timezone_names))
    AND coalesce(u.last_seen_at, u.created_at)
        > clock_now() - interval '180 days'
    AND digest_wanted(p_digest, w)
    AND NOT EXISTS (SELECT FROM mail_digests d
        WHERE d.user_id = u.id AND d.digest = p_digest
            AND d.created_at > clock_now() - CASE p_digest
                WHEN 'daily' THEN interval '20 hours'
                ELSE interval '6 days' END)
ORDER BY u.id LIMIT p_most
$$;

-- Look at the next p_most of those users and put a mail for each who has
-- something new; with p_dry only count them.  The row of mail_digests and the
-- job commit together, so that a run that was cut short goes on where it
-- was, and sends nothing twice.  (By indexes alone: where a few have most of
-- the followers, a plan expects to meet one of everybody's soon, and reads all
-- of follows for each who has none.)
CREATE OR REPLACE FUNCTION digest_step(
    p_digest text, p_zones text[], p_after uuid, p_most int, p_dry boolean
) RETURNS TABLE (looked bigint, queued bigint, last uuid)
LANGUAGE plpgsql
SET enable_seqscan = off AS $$
DECLARE
    ids uuid[];
    days date[];
BEGIN
    SELECT array_agg(d.id ORDER BY d.id), array_agg(d.day ORDER BY d.id)
    INTO ids, days FROM digest_due(p_digest, p_zones, p_after, p_most) d;
    looked := coalesce(cardinality(ids), 0);
    last := ids[looked];
    IF p_dry THEN
        SELECT count(*) INTO queued FROM unnest(ids) u(id)
        WHERE digest_news(u.id, digest_since(p_digest));
        RETURN NEXT;
        RETURN;
    END IF;
    WITH fresh AS (
        INSERT INTO mail_digests (user_id, digest, period)
        SELECT u.id, p_digest, u.day FROM unnest(ids, days) u(id, day)
        WHERE digest_news(u.id, digest_since(p_digest))
        ON CONFLICT DO NOTHING
        RETURNING user_id, period
    )
    SELECT count(job_put('mail.send', 'email', jsonb_build_object(
            'mail', p_digest || '-digest', 'data', jsonb_build_object(
                'digest', p_digest, 'period', period)), user_id,
        p_priority => -10)) INTO queued
    FROM fresh;
    RETURN NEXT;
END
$$;

-- What is in a digest, as the templates see it; NULL where nothing is new by
-- now.
CREATE OR REPLACE FUNCTION digest_content(p_user uuid, p_digest text)
RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    since timestamptz := digest_since(p_digest);
    made jsonb;
BEGIN
    IF NOT digest_news(p_user, since) THEN
        RETURN NULL;
    END IF;
    SELECT jsonb_build_object(
        'posts', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                'title', p.title, 'path', '/post/' || p.slug,
                'excerpt', p.excerpt, 'author', p.author,
                'likes', p.reaction_count, 'oneLike', p.reaction_count = 1,
                'comments', p.comment_count,
                'oneComment', p.comment_count = 1)
                ORDER BY p.score DESC, p.id DESC), '[]')
            FROM (SELECT d.id, d.title, d.slug, d.excerpt, d.score,
                    d.reaction_count, d.comment_count,
                    coalesce(ap.display_name, a.username) AS author
                FROM digest_posts(p_user, since) d
                JOIN users a ON a.id = d.author_id
                LEFT JOIN profiles ap ON ap.user_id = a.id
                ORDER BY d.score DESC, d.id DESC LIMIT 5) p),
        'newFollowers', (SELECT count(*)
            FROM digest_followers(p_user, since)),
        'achievements', (SELECT count(*) FROM notifications_shown
            WHERE user_id = p_user AND type = 'ACHIEVEMENT_UNLOCKED'
                AND created_at > since),
        'unread', (SELECT count(*) FROM notifications_shown
            WHERE user_id = p_user AND NOT read),
        'notices', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                'title', n.title, 'message', n.message)
                ORDER BY n.created_at DESC), '[]')
            FROM (SELECT title, message, created_at
                FROM digest_notices(p_user, since)
                ORDER BY created_at DESC LIMIT 10) n)) INTO made;
    RETURN made || jsonb_build_object(
        'hasPosts', jsonb_array_length(made->'posts') > 0,
        'hasNotices', jsonb_array_length(made->'notices') > 0,
        'hasNumbers', (made->>'newFollowers')::bigint
            + (made->>'achievements')::bigint
            + (made->>'unread')::bigint > 0,
        'oneFollower', (made->>'newFollowers')::bigint = 1,
        'oneAchievement', (made->>'achievements')::bigint = 1);
END
$$;
