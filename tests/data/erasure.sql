-- erasure.sql - rows of a user in every place of privacy_places, each with
-- the user's mark in its texts; what is there already (by the API) is left.
--
-- psql variables: me, other, third (ids), mark (a word), ip.  Prints, from
-- within the transaction, the places that still have no row of the user.
BEGIN;
SELECT set_config('t.me', :'me', true), set_config('t.mark', :'mark', true)
\g /dev/null
CREATE FUNCTION pg_temp.hash(n int) RETURNS bytea LANGUAGE sql
RETURN overlay(sha256(uuid_send(gen_random_uuid()))
    PLACING convert_to(current_setting('t.mark'), 'UTF8') FROM 1);

-- ---- The account ----------------------------------------------------------

UPDATE users SET image = 'https://example.org/' || :'mark',
    status_reason = :'mark', time_zone = 'Europe/Berlin' WHERE id = :'me';
UPDATE profiles SET bio = :'mark', location = :'mark',
    website = 'https://' || :'mark' || '.example', twitter = :'mark',
    instagram = :'mark', tiktok = :'mark', discord = :'mark',
    youtube = :'mark', banner = :'mark', interests = ARRAY[:'mark'],
    skills = ARRAY[:'mark'], theme = jsonb_build_object('a', :'mark'::text)
WHERE user_id = :'me';
INSERT INTO user_names_old (name, user_id) VALUES (:'mark' || '_old', :'me');
SELECT add_points(:'me', 5, 'sparkle', 'earn', 'gift', 'gift', :'mark'),
    add_experience(:'me', 5, 'gift', 'gift', :'mark') \g /dev/null
INSERT INTO xp_days (user_id, source, day, amount)
VALUES (:'me', 'gift', current_date, 1) ON CONFLICT DO NOTHING;
INSERT INTO xp_pairs (user_id, source, actor_id, day, times)
VALUES (:'me', 'gift', :'other', current_date, 1),
    (:'other', 'gift', :'me', current_date, 1) ON CONFLICT DO NOTHING;
INSERT INTO xp_texts (user_id, digest, sketch)
VALUES (:'me', 1, '{1}');
INSERT INTO referrals (referrer_id, code) VALUES (:'me', upper(:'mark'));
INSERT INTO referrals (referrer_id, code, status, referred_user_id,
    completed_at, mailbox, network)
VALUES (:'other', left('X' || upper(md5(:'mark')), 32), 'COMPLETED'::referral_status,
    :'me', now(), :'mark' || '@example.org', :'ip');
INSERT INTO referrals (referrer_id, code, decided_at, decided_by)
VALUES (:'third', left('Y' || upper(md5(:'mark')), 32), now(), :'me');
INSERT INTO registrations (email, username, password_hash, referral_code, ip)
SELECT email, left(:'mark' || '_again', 30), :'mark', :'mark', :'ip'
FROM users WHERE id = :'me';
INSERT INTO role_grants (user_id, scope, scope_id, role, granted_by,
    revoked_by)
VALUES (:'me', 'GROUP', :'third', 'MODERATOR', :'other', NULL),
    (:'other', 'EVENT', :'me', 'MODERATOR', :'me', :'me');
INSERT INTO phones (user_id, number, kid, code_hash)
VALUES (:'me', decode(:'phone', 'hex'), 'k1', pg_temp.hash(1));
UPDATE users SET status_changed_by = :'me', deleted_by = :'me'
WHERE id = :'third';
UPDATE job_queues SET paused_by = :'me' WHERE name = 'video';
SELECT audit_write(:'me', 'test.act', 'user', :'other', NULL, NULL,
        :'ip'::inet, :'mark', NULL, true),
    audit_write(:'other', 'test.act', 'user', :'me', NULL, NULL, NULL, '',
        NULL, true) \g /dev/null

-- ---- Signing in -----------------------------------------------------------

INSERT INTO devices (user_id, token_hash, name, user_agent, last_ip)
VALUES (:'me', pg_temp.hash(1), :'mark', :'mark', :'ip');
INSERT INTO sessions (user_id, token_hash, previous_hash, csrf_secret,
    device, user_agent, location, ip, expires_at)
VALUES (:'me', pg_temp.hash(1), pg_temp.hash(2), 'x', :'mark', :'mark',
    :'mark', :'ip', now() + interval '1 year');
INSERT INTO session_tokens_spent (token_hash, session_id)
SELECT pg_temp.hash(1), id FROM sessions WHERE user_id = :'me' LIMIT 1;
INSERT INTO login_history (user_id, email_hash, success, ip, user_agent,
    location)
VALUES (:'me', decode(md5(:'me'), 'hex'), true, :'ip', :'mark', :'mark'),
    (NULL, decode(md5(:'me'), 'hex'), false, :'ip', :'mark', :'mark');
INSERT INTO login_locks (subject, user_id)
VALUES (decode(md5(:'me'), 'hex'), NULL), (pg_temp.hash(1), :'me');
INSERT INTO login_challenges (token_hash, user_id, ip)
VALUES (pg_temp.hash(1), :'me', :'ip');
INSERT INTO security_alerts (user_id, type, title, description, data, ip)
VALUES (:'me', 'TEST', :'mark', :'mark', to_jsonb(:'mark'::text), :'ip');
INSERT INTO email_verifications (user_id, email, code_hash, link_hash,
    used_at)
VALUES (:'me', :'mark' || '.former@example.org', 'x', pg_temp.hash(1),
    now());
INSERT INTO password_resets (user_id, token_hash, ip, used_at)
VALUES (:'me', pg_temp.hash(1), :'ip', now());
INSERT INTO email_changes (user_id, old_email, new_email, confirm_hash,
    undo_hash, died_at)
VALUES (:'me', :'mark' || '.old@example.org', :'mark' || '.new@example.org',
    pg_temp.hash(1), pg_temp.hash(2), now());
INSERT INTO two_factor (user_id, secret, kid)
VALUES (:'me', pg_temp.hash(1), 'k1');
INSERT INTO backup_codes (user_id, code_hmac, kid, used_ip)
VALUES (:'me', pg_temp.hash(1), 'k1', :'ip');
INSERT INTO idempotency_keys (scope, key, route, request_hash, body)
VALUES ('user:' || :'me', :'mark', 'POST /', 'x', convert_to(:'mark', 'UTF8')),
    ('ip:' || host(:'ip'::inet), :'mark', 'POST /', 'x',
        convert_to(:'mark', 'UTF8'));

-- ---- Mails, notifications -------------------------------------------------

INSERT INTO mail_sent (message_id, user_id, recipient, template, category,
    subject, response)
VALUES ('<1.' || :'mark' || '>', :'me', :'mark' || '@example.org', 't', 'c',
        :'mark', :'mark'),
    ('<2.' || :'mark' || '>', NULL, :'mark' || '.old@example.org', 't', 'c',
        :'mark', :'mark');
INSERT INTO mail_skipped (user_id, recipient, template, category, reason)
VALUES (:'me', :'mark' || '@example.org', 't', 'c', 'expired');
INSERT INTO mail_suppressions (email, reason, detail)
VALUES (:'mark' || '.old@example.org', 'bounced', :'mark');
INSERT INTO mail_bounces (user_id, email, kind, diagnostic)
VALUES (:'me', :'mark' || '@example.org', 'soft', :'mark'),
    (NULL, :'mark' || '.former@example.org', 'soft', :'mark');
INSERT INTO mail_scores (email, score)
VALUES (:'mark' || '@example.org', 1);
INSERT INTO mail_digests (user_id, digest, period, message_id)
VALUES (:'me', 'daily', current_date, :'mark');
INSERT INTO push_subscriptions (user_id, session_id, endpoint, p256dh, auth,
    user_agent)
SELECT :'me', id, 'https://push.example/' || :'mark',
    sha256('a') || sha256('b') || 'x', substr(pg_temp.hash(1), 1, 16), :'mark'
FROM sessions WHERE user_id = :'me' LIMIT 1;
INSERT INTO notifications (user_id, type, title, message, data, action_url)
VALUES (:'me', 'SYSTEM', :'mark', :'mark', to_jsonb(:'mark'::text),
    '/profile/' || :'mark');
INSERT INTO notifications (user_id, type, actor_id, actor_count, title,
    message, action_url)
VALUES (:'other', 'POST_COMMENTED', :'me', 1, :'mark' || ' commented',
    :'mark', '/profile/' || :'mark');
WITH made AS (
    INSERT INTO notifications (user_id, type, actor_id, actor_count, title,
        message, data, action_url)
    VALUES (:'other', 'USER_FOLLOWED', :'me', 2,
        :'mark' || ' and 1 other follow you', :'mark',
        to_jsonb(:'mark'::text), '/profile/' || :'mark')
    RETURNING id)
INSERT INTO notification_actors (notification_id, actor_id)
SELECT id, unnest(ARRAY[:'me', :'third']::uuid[]) FROM made;
INSERT INTO notification_actors (notification_id, actor_id)
SELECT id, :'me' FROM notifications WHERE actor_id = :'me'
ON CONFLICT DO NOTHING;

-- ---- What was done and written --------------------------------------------

INSERT INTO series (author_id, title, slug)
VALUES (:'me', :'mark', :'mark'), (:'me', 'A series', 'kept-' || :'mark');
WITH made AS (
    INSERT INTO posts (author_id, title, excerpt, status, visibility,
        published_at, publish_at, deleted_at, series_id)
    SELECT :'me', :'mark' || ' ' || t, :'mark', s::post_status,
        v::visibility, CASE WHEN s = 'published' THEN now() END,
        CASE WHEN s = 'scheduled' THEN now() + interval '1 day' END,
        CASE WHEN t = 'gone' THEN now() END,
        CASE WHEN t = 'out' THEN (SELECT id FROM series
            WHERE slug = 'kept-' || :'mark') END
    FROM (VALUES ('out', 'published', 'PUBLIC'), ('draft', 'draft', 'PUBLIC'),
        ('later', 'scheduled', 'PUBLIC'), ('mine', 'published', 'PRIVATE'),
        ('gone', 'published', 'PUBLIC')) v(t, s, v)
    RETURNING id)
INSERT INTO post_contents (post_id, content, content_html)
SELECT id, :'mark', '<p>' || :'mark' || '</p>' FROM made;
INSERT INTO post_slugs_old (slug, post_id)
SELECT :'mark' || '-was', id FROM posts
WHERE author_id = :'me' AND title LIKE '%draft';
INSERT INTO post_revisions (post_id, version, title, content, editor_id)
SELECT id, 7, w, w, e::uuid FROM posts, LATERAL (SELECT
    CASE author_id WHEN :'me' THEN :'mark' ELSE 'Theirs' END,
    CASE author_id WHEN :'me' THEN :'other' ELSE :'me' END) v(w, e)
WHERE author_id IN (:'me', :'other') AND status = 'published';
UPDATE posts SET tags = ARRAY['erasure'] WHERE author_id = :'me'
    AND title LIKE '%mine';
INSERT INTO polls (post_id) SELECT id FROM posts WHERE author_id = :'me';
INSERT INTO poll_options (post_id, position, label)
SELECT id, 1, :'mark' FROM posts
WHERE author_id = :'me' AND title LIKE '%draft';
INSERT INTO polls (post_id) SELECT id FROM posts
WHERE author_id = :'other' ON CONFLICT DO NOTHING;
INSERT INTO poll_options (post_id, position, label)
SELECT id, 1, 'yes' FROM posts WHERE author_id = :'other'
ON CONFLICT DO NOTHING;
INSERT INTO poll_votes (post_id, user_id, position)
SELECT id, :'me', 1 FROM posts WHERE author_id = :'other';
INSERT INTO post_collaborators (post_id, user_id)
SELECT id, :'me' FROM posts WHERE author_id = :'other';
SELECT share_add(id, :'me', 'link'), bookmark_put(:'me', id, NULL, :'mark')
FROM posts WHERE author_id = :'other' \g /dev/null
INSERT INTO drafts (user_id, place, title, content, tags, excerpt, category,
    kind, youtube_video_id)
VALUES (:'me', 'new', :'mark', :'mark', '', '', '', '', '');
INSERT INTO bookmark_folders (user_id, name) VALUES (:'me', :'mark');
INSERT INTO mentions (post_id, user_id)
SELECT id, :'me' FROM posts WHERE author_id = :'other'
ON CONFLICT DO NOTHING;
INSERT INTO reports (reporter_id, reported_user_id, reason, detail,
    handled_by)
VALUES (:'me', :'other', 'SPAM', :'mark', NULL),
    (:'other', :'me', 'SPAM', :'mark', NULL),
    (:'third', :'other', 'SPAM', 'x', :'me');
INSERT INTO blocks (blocker_id, blocked_id)
VALUES (:'me', :'third'), (:'third', :'me');
INSERT INTO mutes (muter_id, muted_id)
VALUES (:'me', :'third'), (:'third', :'me');
INSERT INTO leaderboard_archives (board, metric, starts_at, rank, user_id,
    score)
VALUES ('weekly', :'mark', now(), 1, :'me', 1);
INSERT INTO posts (author_id, title, deleted_at, deleted_by)
VALUES (:'other', 'Moderated', now(), :'me');
UPDATE comments SET deleted_by = :'me'
WHERE author_id = :'other' AND deleted_at IS NOT NULL;
INSERT INTO comment_excerpt_stale
SELECT id FROM comments WHERE author_id = :'me';

-- ---- On its way -----------------------------------------------------------

INSERT INTO outbox (event, subject_id, actor_id, data)
VALUES ('test.nobody', :'me', :'me', to_jsonb(:'mark'::text));
INSERT INTO jobs (queue, kind, state, payload, subject_id, actor_id,
    finished_at, errors)
VALUES ('email', 'mail.send', 'discarded',
        jsonb_build_object('data', :'mark'::text), :'me', NULL, now(),
        jsonb_build_array(:'mark'::text)),
    ('event', 'x', 'completed', jsonb_build_object('name', :'mark'::text),
        :'other', :'me', now(), '[]'),
    ('event', 'x', 'completed', jsonb_build_object('user', :'me'::text,
        'name', :'mark'::text), :'other', NULL, now(), '[]');

SELECT format('%s %s', p.tbl, coalesce(p.col, p.belongs))
FROM privacy_places p
WHERE NOT EXISTS (SELECT FROM privacy_rows(p.n, :'me'));
COMMIT;
