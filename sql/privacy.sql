-- privacy.sql - whose data every row is: how it goes into the owner's export,
-- and what becomes of it when the account is erased.
--
-- The list privacy_places has a row for every column that refers to users,
-- and one for every other way in which a table's rows can be somebody's;
-- site_tables names the tables that are nobody's.  A test holds both against
-- the catalogue, so a new table or column fails until it is put here.

-- ---- The list -------------------------------------------------------------

-- n         the order of erasing: what is found by an address, or an IP
--           address, goes before what tells these
-- tbl, col  the table, and its column that refers to users (NULL: belongs
--           says whose rows they are)
-- belongs   the rows t of user $1; NULL: t.col = $1
-- file      the file of the export; NULL: in no export, and why says why not
-- hidden    columns that are left out of it: secrets, and other people's
-- erase     delete, null (the column), keep, or a function privacy_erase_X
-- why       not exported because; kept because (the legal ground)
-- sealed    a hidden column, sealed with the user's id, that the export has in
--           the clear, as its owner gave it
-- sorted    the export's order, of ledgers, whose rows follow from each other
CREATE OR REPLACE VIEW privacy_places AS
SELECT row_number() OVER () AS n, v.tbl, v.col,
    coalesce(v.belongs, format('t.%I = $1', v.col)) AS belongs, v.file,
    v.hidden::text[] AS hidden, v.erase, v.why,
    CASE v.tbl WHEN 'phones' THEN 'number' END AS sealed,
    CASE v.tbl WHEN 'currency_transactions' THEN 't.currency, t.number'
        WHEN 'xp_log' THEN 't.number' ELSE 'NULL::int' END AS sorted
FROM (VALUES

-- Found by an address that the account has or had, or by where it came from.
('mail_suppressions', NULL, 't.email = ANY (privacy_addresses($1))',
    'mail_suppressions', '{}', 'delete', NULL),
('mail_scores', NULL, 't.email = ANY (privacy_addresses($1))',
    'mail_scores', '{}', 'delete', NULL),
('mail_sent', 'user_id',
    't.user_id = $1 OR t.user_id IS NULL
    AND t.recipient = ANY (privacy_addresses($1))',
    'mails', '{job_id,provider,response}', 'delete', NULL),
('mail_bounces', 'user_id',
    't.user_id = $1 OR t.user_id IS NULL
    AND t.email = ANY (privacy_addresses($1))',
    'mail_bounces', '{}', 'delete', NULL),
('registrations', NULL, 't.email = ANY (privacy_addresses($1))',
    NULL, '{}', 'delete',
    'whoever names the address may be somebody else; gone within a day'),
('mail_skipped', 'user_id', NULL, 'mails_not_sent', '{}', 'delete', NULL),
('mail_digests', 'user_id', NULL, 'digests', '{}', 'delete', NULL),
('idempotency_keys', NULL, 't.scope = ANY (privacy_scopes($1))',
    NULL, '{}', 'delete', 'answers kept for a day, of what is exported here'),
('login_locks', 'user_id',
    't.user_id = $1 OR t.user_id IS NULL
    AND t.subject = ANY (privacy_hashes($1))',
    'login_locks', '{subject}', 'delete', NULL),
('login_history', NULL, 't.user_id IS NULL AND NOT t.success
    AND t.email_hash = ANY (privacy_hashes($1))',
    'login_attempts', '{email_hash}', 'delete', NULL),

-- What is on its way.
('outbox', NULL, 't.subject_id = $1 OR t.actor_id = $1
    OR t.data::text ~* privacy_quoted($1)',
    NULL, '{}', 'events', 'gone within a second'),
('jobs', NULL, 't.subject_id = $1 OR t.actor_id = $1
    OR strpos(t.payload::text, $1::text) > 0
    OR t.payload::text ~* privacy_quoted($1)',
    NULL, '{}', 'jobs', 'work to be done about what is exported here'),

-- Signing in.
('session_tokens_spent', NULL,
    't.session_id IN (SELECT s.id FROM sessions s WHERE s.user_id = $1)',
    NULL, '{}', 'delete', 'secrets'),
('login_history', 'user_id', NULL,
    'login_history', '{email_hash}', 'delete', NULL),
('sessions', 'user_id', NULL, 'sessions',
    '{token_hash,previous_hash,csrf_secret,family,fingerprint}', 'delete', NULL),
('devices', 'user_id', NULL, 'devices', '{token_hash}', 'delete', NULL),
('login_challenges', 'user_id', NULL, NULL, '{}', 'delete', 'secrets'),
('security_alerts', 'user_id', NULL,
    'security_alerts', '{}', 'delete', NULL),
('email_verifications', 'user_id', NULL,
    'email_verifications', '{code_hash,link_hash}', 'delete', NULL),
('password_resets', 'user_id', NULL,
    'password_resets', '{token_hash}', 'delete', NULL),
('email_changes', 'user_id', NULL,
    'email_changes', '{confirm_hash,undo_hash}', 'delete', NULL),
('two_factor', 'user_id', NULL,
    'two_factor', '{secret,kid,last_step}', 'delete', NULL),
('backup_codes', 'user_id', NULL,
    'backup_codes', '{code_hmac,kid}', 'delete', NULL),

-- The account's affairs.
('role_grants', 'user_id', NULL,
    'role_grants', '{granted_by,revoked_by}', 'delete', NULL),
('role_grants', 'granted_by', NULL,
    NULL, '{}', 'null', 'the rights of others'),
('role_grants', 'revoked_by', NULL,
    NULL, '{}', 'null', 'the rights of others'),
('user_names_old', 'user_id', NULL, 'former_names', '{}', 'delete', NULL),
('referrals', 'referrer_id', NULL,
    'referrals', '{referred_user_id,mailbox,network,decided_by}', 'delete',
    NULL),
('referrals', 'referred_user_id', NULL,
    NULL, '{}', 'referred', 'the code of somebody else'),
('referrals', 'decided_by', NULL, NULL, '{}', 'null', 'codes of others'),
('data_exports', 'user_id', NULL,
    'exports', '{path,error}', 'delete', NULL),
('phones', 'user_id', NULL, 'phone', '{number,kid,code_hash}',
    'delete', NULL),
('push_subscriptions', 'user_id', NULL,
    'push_subscriptions', '{p256dh,auth}', 'delete', NULL),
('notification_preferences', 'user_id', NULL,
    'notification_preferences', '{}', 'delete', NULL),
('notifications', 'user_id', NULL, 'notifications', '{}', 'delete', NULL),
('notifications', 'actor_id', NULL,
    NULL, '{}', 'notices', 'notifications of others'),
('notification_actors', 'actor_id', NULL,
    NULL, '{}', 'notices', 'notifications of others'),

-- What the user did.
('follows', 'follower_id', NULL, 'following', '{}', 'follows', NULL),
('follows', 'following_id', NULL, 'followers', '{}', 'follows', NULL),
('blocks', 'blocker_id', NULL, 'blocks', '{}', 'delete', NULL),
('blocks', 'blocked_id', NULL,
    NULL, '{}', 'delete', 'whom others block is theirs'),
('mutes', 'muter_id', NULL, 'mutes', '{}', 'delete', NULL),
('mutes', 'muted_id', NULL,
    NULL, '{}', 'delete', 'whom others mute is theirs'),
('drafts', 'user_id', NULL, 'drafts', '{}', 'delete', NULL),
('bookmarks', 'user_id', NULL, 'bookmarks', '{}', 'bookmarks', NULL),
('bookmark_folders', 'user_id', NULL,
    'bookmark_folders', '{}', 'delete', NULL),
('mentions', 'user_id', NULL, 'mentions', '{}', 'delete', NULL),
('reports', 'reporter_id', NULL,
    'reports', '{handled_by}', 'delete', NULL),
('reports', 'reported_user_id', NULL,
    NULL, '{}', 'delete', 'protects who reported'),
('reports', 'handled_by', NULL, NULL, '{}', 'null', 'reports of others'),
('leaderboard_archives', 'user_id', NULL,
    'leaderboards', '{}', 'delete', NULL),
('reactions', 'user_id', NULL, 'reactions', '{}', 'reactions',
    'a count on what others wrote, by nobody known (recital 26)'),
('shares', 'user_id', NULL, 'shares', '{}', 'keep',
    'a count on what others wrote, by nobody known (recital 26)'),
('poll_votes', 'user_id', NULL, 'poll_votes', '{}', 'keep',
    'a count of a poll, by nobody known (recital 26)'),
('post_participants', 'user_id', NULL, NULL, '{}', 'keep',
    'a sum of what is exported here; by nobody known (recital 26)'),
('post_collaborators', 'user_id', NULL,
    'collaborations', '{}', 'delete', NULL),

-- What the user wrote.
('post_revisions', NULL,
    't.post_id IN (SELECT p.id FROM posts p WHERE p.author_id = $1)',
    'post_revisions', '{editor_id}', 'delete', NULL),
('post_revisions', 'editor_id', NULL,
    NULL, '{}', 'null', 'texts of others'),
('post_contents', NULL,
    't.post_id IN (SELECT p.id FROM posts p WHERE p.author_id = $1)',
    'post_contents', '{content_html,search,search_of}', 'posts', NULL),
('post_search_stale', NULL,
    't.post_id IN (SELECT p.id FROM posts p WHERE p.author_id = $1)',
    NULL, '{}', 'posts', 'says that work waits'),
('post_slugs_old', NULL,
    't.post_id IN (SELECT p.id FROM posts p WHERE p.author_id = $1)',
    'post_addresses', '{}', 'posts', NULL),
('post_tags', NULL,
    't.post_id IN (SELECT p.id FROM posts p WHERE p.author_id = $1)',
    NULL, '{}', 'posts', 'the posts name their tags'),
('polls', NULL,
    't.post_id IN (SELECT p.id FROM posts p WHERE p.author_id = $1)',
    'polls', '{}', 'posts', NULL),
('poll_options', NULL,
    't.post_id IN (SELECT p.id FROM posts p WHERE p.author_id = $1)',
    'poll_options', '{}', 'posts', NULL),
('posts', 'author_id', NULL, 'posts', '{deleted_by}', 'posts',
    'stays under "Deleted User" unless its removal is asked for'),
('series', 'author_id', NULL, 'series', '{}', 'series',
    'the frame of posts that stay'),
('comments', 'author_id', NULL, 'comments',
    '{content_html,excerpt,path,deleted_by}', 'comments',
    'stays under "Deleted User" unless its removal is asked for'),
('posts', 'deleted_by', NULL, NULL, '{}', 'keep',
    'posts of others; an id that leads to nobody'),
('comment_excerpt_stale', NULL,
    't.comment_id IN (SELECT c.id FROM comments c WHERE c.author_id = $1)',
    NULL, '{}', 'comments', 'says that work waits'),
('comments', 'deleted_by', NULL, NULL, '{}', 'keep',
    'comments of others; an id that leads to nobody'),

-- Points.
('xp_days', 'user_id', NULL,
    NULL, '{}', 'delete', 'sums of what is exported here'),
('xp_pairs', 'user_id', NULL,
    NULL, '{}', 'delete', 'counts by who caused what is exported here'),
('xp_pairs', 'actor_id', NULL,
    NULL, '{}', 'delete', 'the experience of others'),
('xp_texts', 'user_id', NULL,
    NULL, '{}', 'delete', 'hashes of parts of what is exported here'),
('user_balances', 'user_id', NULL, 'balance', '{}', 'keep',
    'accounts: an amount of nobody known'),
('currency_transactions', 'user_id', NULL, 'points', '{}', 'ledger',
    'accounts (Art. 17(3)(b)): amounts of nobody known, without their texts'),
('xp_log', 'user_id', NULL, 'experience', '{}', 'ledger',
    'accounts: amounts of nobody known, without their texts'),

-- The user itself, last: until here the address is known by it.
('job_queues', 'paused_by', NULL,
    NULL, '{}', 'null', 'the state of the site'),
('users', 'status_changed_by', NULL,
    NULL, '{}', 'null', 'accounts of others'),
('users', 'deleted_by', 't.deleted_by = $1 AND t.id <> $1',
    NULL, '{}', 'null', 'accounts of others'),
('user_stats', 'user_id', NULL, 'statistics', '{}', 'keep',
    'counts of nobody known'),
('audit_log', NULL, 't.actor_id = $1',
    'audit_log', '{before,after,resource_id}', 'keep',
    'accountability and legal claims (Art. 17(3)(b) and (e)): for a year'),
('audit_log', NULL, 't.resource_type = ''user'' AND t.resource_id = $1::text
    AND t.actor_id IS DISTINCT FROM $1',
    NULL, '{}', 'keep', 'names staff; accountability and legal claims (Art.
    17(3)(b) and (e)): for a year'),
('deletion_requests', 'user_id', NULL, 'deletion_requests', '{}', 'account',
    'proof for 90 days that the request was met (Art. 5(2)), without its
    reason'),
('user_search', 'user_id', NULL,
    NULL, '{}', 'account', 'words of what is exported here'),
('profiles', 'user_id', NULL, 'profile', '{}', 'account',
    'an empty profile called "Deleted User"'),
('users', NULL, 't.id = $1', 'account',
    '{password_hash,status_changed_by,deleted_by}', 'account',
    'an id, which what stays refers to; no name, no address')

) v(tbl, col, belongs, file, hidden, erase, why);

-- Tables whose rows are nobody's.
CREATE OR REPLACE VIEW site_tables AS
SELECT unnest('{schema_migrations,site_totals,reserved_usernames,xp_sources,
    encryption_keys,data_retention_policies,categories,tags,job_schedules,
    job_archive,batch_runs,mail_rates,mail_turns}'::text[]) AS tbl;

-- What may still hold an address, a name, an IP address or a token of an
-- erased user, and on what ground.  place is a table and its columns, or what
-- is no table.
CREATE OR REPLACE VIEW privacy_remains AS
SELECT * FROM (VALUES
    ('table', 'audit_log', '{ip,user_agent,before,after}'::text[],
        'accountability and legal claims, Art. 17(3)(b) and (e) GDPR; the
        month is dropped after a year'),
    ('table', 'posts', '{title,excerpt,slug,cover_image,tags}',
        'what others wrote of a user is theirs, and what the user published
        and did not ask to remove is free expression: Art. 17(3)(a)'),
    ('table', 'post_contents', '{content,content_html,search}',
        'as posts'),
    ('table', 'post_slugs_old', '{slug}', 'as posts'),
    ('table', 'poll_options', '{label}', 'as posts'),
    ('table', 'series', '{title,slug}', 'as posts'),
    ('table', 'comments', '{content,content_html,excerpt}',
        'as posts'),
    ('redis', 'quota:*', '{}',
        'counts by IP address, and by keyed hashes of what mails and SMS were
        asked for to, against misuse, Art. 6(1)(f): they end by themselves
        within a day'),
    ('redis', 'lock:*', '{}',
        'a keyed hash of an address that was guessed at, Art. 6(1)(f): ends
        by itself within 15 minutes'),
    ('redis', 'session:*', '{}',
        'the mark "-" or "?" in the place of a token, so that it opens
        nothing more: ends by itself within a minute'),
    ('file', 'mail/', '{}',
        'the mailbox of transport file:, for development: there the mails
        are the recipients'''),
    ('file', 'log/', '{}',
        'logs against misuse, Art. 6(1)(f): until they are rotated away
        (install/logrotate.d, journald.conf)'),
    ('file', 'cache/nginx/', '{}',
        'pages as guests saw them: gone within ten minutes'),
    ('file', 'postgres/', '{}',
        'files of the server: dead rows until the next vacuum, the
        write-ahead log until it is used again; backups are the operator''s')
) v(kind, place, columns, ground);

-- ---- What rows are found by -----------------------------------------------

-- Every address that the account has, had, or asked for, but for those that
-- are another's by now: whoever registered with an address, and never proved
-- it, learns nothing of who comes after.
CREATE OR REPLACE FUNCTION privacy_addresses(p_user uuid) RETURNS text[]
LANGUAGE sql STABLE AS $$
SELECT array_agg(DISTINCT a) FROM (
    SELECT email FROM users WHERE id = p_user
    UNION ALL SELECT old_email FROM email_changes WHERE user_id = p_user
    UNION ALL SELECT new_email FROM email_changes
    WHERE user_id = p_user AND confirmed_at IS NOT NULL
    UNION ALL SELECT email FROM email_verifications
    WHERE user_id = p_user AND used_at IS NOT NULL) v(a)
WHERE NOT EXISTS (SELECT FROM users u WHERE u.email = a AND u.id <> p_user)
$$;

-- Whether rows are left that nothing but this address tells to be somebody's.
CREATE OR REPLACE FUNCTION privacy_address_noted(p_email text)
RETURNS boolean
LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM mail_suppressions WHERE email = p_email)
    OR EXISTS (SELECT FROM mail_scores WHERE email = p_email)
    OR EXISTS (SELECT FROM mail_sent
        WHERE recipient = p_email AND user_id IS NULL)
    OR EXISTS (SELECT FROM mail_bounces
        WHERE email = p_email AND user_id IS NULL);

-- Whether a change of address, older than p_keep, can go.  One that was never
-- confirmed leaves nothing behind.  A confirmed one stays three times as long,
-- and while it can be undone or an erasure would miss rows without it.
CREATE OR REPLACE FUNCTION privacy_change_over(
    c email_changes, p_keep interval
) RETURNS boolean
LANGUAGE sql STABLE
RETURN c.expires_at <= clock_now()
    AND (c.confirmed_at IS NULL
        OR c.created_at < clock_now() - 3 * p_keep
            AND coalesce(c.undo_expires_at <= clock_now(), true)
            AND NOT privacy_address_noted(c.old_email)
            AND NOT privacy_address_noted(c.new_email));

-- The hashes under which failed logins of its address are noted.
CREATE OR REPLACE FUNCTION privacy_hashes(p_user uuid) RETURNS bytea[]
LANGUAGE sql STABLE AS $$
SELECT array_agg(DISTINCT h) FROM (
    SELECT email_hash FROM login_history WHERE user_id = p_user
    UNION ALL SELECT subject FROM login_locks WHERE user_id = p_user) v(h)
$$;

-- Whose Idempotency-Keys are the user's: its own, and those it sent before
-- it was signed in.
CREATE OR REPLACE FUNCTION privacy_scopes(p_user uuid) RETURNS text[]
LANGUAGE sql STABLE AS $$
SELECT array_agg(DISTINCT s) FROM (
    SELECT 'user:' || p_user
    UNION ALL SELECT 'ip:' || host(ip) FROM sessions WHERE user_id = p_user
    UNION ALL SELECT 'ip:' || host(last_ip) FROM devices
    WHERE user_id = p_user
    UNION ALL SELECT 'ip:' || host(ip) FROM login_history
    WHERE user_id = p_user AND success) v(s)
$$;

-- The user's name as it stands in JSON, as a pattern: who is mentioned.
CREATE OR REPLACE FUNCTION privacy_quoted(p_user uuid) RETURNS text
LANGUAGE sql STABLE
RETURN (SELECT '"' || username || '"' FROM users WHERE id = p_user);

-- ---- Asking for deletion --------------------------------------------------

-- Ask that the account goes in 14 days; the request.  Tells the owner by
-- mail.  Refusals: deletion_requests_one_live, deletion_requests_last_admin.
CREATE OR REPLACE FUNCTION deletion_ask(
    p_user uuid, p_remove_content boolean, p_reason text, p_ip inet,
    p_user_agent text, p_request_id text
) RETURNS deletion_requests
LANGUAGE plpgsql AS $$
DECLARE
    made deletion_requests;
BEGIN
    PERFORM FROM users WHERE role = 'ADMIN' AND status = 'ACTIVE'
    ORDER BY id FOR NO KEY UPDATE;
    IF EXISTS (SELECT FROM users WHERE id = p_user AND role = 'ADMIN')
        AND NOT EXISTS (SELECT FROM users u WHERE u.role = 'ADMIN'
            AND u.status = 'ACTIVE' AND u.id <> p_user
            AND NOT EXISTS (SELECT FROM deletion_requests d
                WHERE d.user_id = u.id AND d.cancelled_at IS NULL))
    THEN
        PERFORM refuse('deletion_requests_last_admin',
            'the site would be left without an administrator');
    END IF;
    INSERT INTO deletion_requests (user_id, remove_content, reason)
    VALUES (p_user, p_remove_content, p_reason) RETURNING * INTO made;
    PERFORM job_put('mail.send', 'security_email',
        '{"mail": "account-deletion"}', p_user, p_request_id => p_request_id);
    PERFORM alert_raise(p_user, 'ACCOUNT_DELETION_REQUESTED', 'high',
        'Your account is going to be deleted',
        'If that was not you, keep the account in your settings, change '
        'your password and end all other sessions.', made.id::text,
        jsonb_build_object('dueAt', made.due_at), p_ip);
    PERFORM audit_write(p_user, 'account.deletion_requested', 'user', p_user,
        NULL, jsonb_build_object('dueAt', made.due_at,
            'removeContent', p_remove_content),
        p_ip, p_user_agent, p_request_id, true);
    RETURN made;
END
$$;

-- Keep the account after all.  The row's lock decides against the batch that
-- erases; from due_at on it is too late.  Refusals: deletion_requests_live,
-- deletion_requests_begun.
CREATE OR REPLACE FUNCTION deletion_cancel(
    p_user uuid, p_ip inet, p_user_agent text, p_request_id text
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    live deletion_requests;
BEGIN
    SELECT * INTO live FROM deletion_requests
    WHERE user_id = p_user AND cancelled_at IS NULL AND done_at IS NULL
    FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM refuse('deletion_requests_live', 'nothing to cancel');
    ELSIF live.started_at IS NOT NULL OR live.due_at <= clock_now() THEN
        PERFORM refuse('deletion_requests_begun', 'it has begun');
    END IF;
    UPDATE deletion_requests SET cancelled_at = clock_now()
    WHERE id = live.id;
    PERFORM audit_write(p_user, 'account.deletion_cancelled', 'user', p_user,
        NULL, NULL, p_ip, p_user_agent, p_request_id, true);
END
$$;

-- ---- Asking for an export -------------------------------------------------

-- Ask for all of one's data: one at a time, one a day.  Refusals:
-- data_exports_one_at_a_time, data_exports_daily.
CREATE OR REPLACE FUNCTION export_ask(
    p_user uuid, p_ip inet, p_user_agent text, p_request_id text
) RETURNS data_exports
LANGUAGE plpgsql AS $$
DECLARE
    made data_exports;
BEGIN
    PERFORM FROM users WHERE id = p_user FOR NO KEY UPDATE;
    IF EXISTS (SELECT FROM data_exports WHERE user_id = p_user
        AND state IN ('ready', 'expired')
        AND created_at > clock_now() - interval '1 day')
    THEN
        PERFORM refuse('data_exports_daily', 'one was made today');
    END IF;
    INSERT INTO data_exports (user_id) VALUES (p_user) RETURNING * INTO made;
    PERFORM job_put('privacy.export', 'export',
        jsonb_build_object('export', made.id), p_user,
        p_request_id => p_request_id);
    PERFORM audit_write(p_user, 'account.export_requested', 'user', p_user,
        NULL, NULL, p_ip, p_user_agent, p_request_id, true);
    RETURN made;
END
$$;

-- The rows of a place as JSON, in no order, and what of each is sealed; for
-- the export.
CREATE OR REPLACE FUNCTION privacy_rows(p_place bigint, p_user uuid)
RETURNS TABLE (shown text, sealed bytea)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    place privacy_places;
BEGIN
    SELECT * INTO place FROM privacy_places WHERE n = p_place;
    RETURN QUERY EXECUTE format(
        'SELECT (to_jsonb(t) - $2)::text, %s FROM %I t WHERE %s ORDER BY %s',
        coalesce('t.' || quote_ident(place.sealed), 'NULL::bytea'),
        place.tbl, place.belongs, place.sorted) USING p_user, place.hidden;
END
$$;
