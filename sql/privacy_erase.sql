-- privacy_erase.sql - erasing an account that is due: privacy_erase_begin()
-- closes it, privacy_erase() does the places of the list in sql/privacy.sql
-- one after the other in chunks, and the last of them leaves a row without a
-- name and marks the request as done.
--
-- Each call is a transaction of its own.  Whatever stops a run, the next one
-- begins anew and finds less to do.

-- Accounts that staff deleted are due at once.
CREATE OR REPLACE FUNCTION privacy_adopt() RETURNS bigint
LANGUAGE sql AS $$
WITH made AS (
    INSERT INTO deletion_requests (user_id, due_at)
    SELECT id, clock_now() FROM users
    WHERE status = 'DELETED' AND email <> 'deleted_' || id
    ON CONFLICT (user_id) WHERE cancelled_at IS NULL AND done_at IS NULL
        DO UPDATE SET due_at = least(deletion_requests.due_at,
            excluded.due_at)
    RETURNING 1)
SELECT count(*) FROM made
$$;

-- Close an account whose time has come: from here on there is no way back.
-- False where its owner cancelled, or there is nothing to do.
CREATE OR REPLACE FUNCTION privacy_erase_begin(p_user uuid) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE deletion_requests
    SET started_at = coalesce(started_at, clock_now())
    WHERE user_id = p_user AND cancelled_at IS NULL AND done_at IS NULL
        AND due_at <= clock_now();
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE users SET status = 'DELETED',
        deleted_at = coalesce(deleted_at, clock_now()),
        deleted_by = coalesce(deleted_by, p_user), password_hash = NULL,
        version = version + 1
    WHERE id = p_user;
    PERFORM sessions_end(p_user);
    RETURN true;
END
$$;

-- Do up to p_most rows of a place of the list; how many were done.  Nobody
-- loses a row whose account is not closed.
CREATE OR REPLACE FUNCTION privacy_erase(
    p_user uuid, p_place bigint, p_most bigint
) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    place privacy_places;
    done bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM users u
        JOIN deletion_requests d ON d.user_id = u.id
        WHERE u.id = p_user AND u.status = 'DELETED'
            AND d.started_at IS NOT NULL AND d.done_at IS NULL)
    THEN
        PERFORM refuse('privacy_account_closed', 'the account is in use');
    END IF;
    SELECT * INTO place FROM privacy_places WHERE n = p_place;
    CASE place.erase
    WHEN 'keep' THEN
        RETURN 0;
    WHEN 'delete' THEN
        EXECUTE format('DELETE FROM %I WHERE ctid = ANY (ARRAY(
            SELECT t.ctid FROM %I t WHERE %s LIMIT $2))', place.tbl,
            place.tbl, place.belongs) USING p_user, p_most;
        GET DIAGNOSTICS done = ROW_COUNT;
    WHEN 'null' THEN
        EXECUTE format('UPDATE %I SET %I = NULL WHERE ctid = ANY (ARRAY(
            SELECT t.ctid FROM %I t WHERE %s LIMIT $2))', place.tbl,
            place.col, place.tbl, place.belongs) USING p_user, p_most;
        GET DIAGNOSTICS done = ROW_COUNT;
    ELSE
        EXECUTE format('SELECT %I($1, $2)', 'privacy_erase_' || place.erase)
        INTO done USING p_user, p_most;
    END CASE;
    RETURN done;
END
$$;

-- Whether the user asked that posts, comments and reactions go as well.
CREATE OR REPLACE FUNCTION privacy_removes(p_user uuid) RETURNS boolean
LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM deletion_requests WHERE user_id = p_user
    AND remove_content AND started_at IS NOT NULL AND done_at IS NULL);

-- ---- What is on its way ---------------------------------------------------

-- Events and jobs of the user go; in those of others, who mentioned the
-- user, another name takes the place of its own.
CREATE OR REPLACE FUNCTION privacy_erase_events(p_user uuid, p_most bigint)
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    done bigint;
BEGIN
    DELETE FROM outbox WHERE id = ANY (ARRAY(SELECT id FROM outbox
        WHERE subject_id = p_user OR actor_id = p_user LIMIT p_most));
    GET DIAGNOSTICS done = ROW_COUNT;
    UPDATE outbox SET data = regexp_replace(data::text,
        privacy_quoted(p_user), '"deleted_user"', 'gi')::jsonb
    WHERE data::text ~* privacy_quoted(p_user);
    RETURN done;
END
$$;

-- The code of another by which the user came: no trace of whom.
CREATE OR REPLACE FUNCTION privacy_erase_referred(p_user uuid, p_most bigint)
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    done bigint;
BEGIN
    UPDATE referrals SET referred_user_id = NULL, mailbox = NULL,
        network = NULL
    WHERE id = ANY (ARRAY(SELECT id FROM referrals
        WHERE referred_user_id = p_user LIMIT p_most));
    GET DIAGNOSTICS done = ROW_COUNT;
    RETURN done;
END
$$;

CREATE OR REPLACE FUNCTION privacy_erase_jobs(p_user uuid, p_most bigint)
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    done bigint;
BEGIN
    DELETE FROM jobs WHERE id = ANY (ARRAY(SELECT id FROM jobs
        WHERE subject_id = p_user OR actor_id = p_user
            OR strpos(payload::text, p_user::text) > 0
        LIMIT p_most));
    GET DIAGNOSTICS done = ROW_COUNT;
    UPDATE jobs SET payload = regexp_replace(payload::text,
        privacy_quoted(p_user), '"deleted_user"', 'gi')::jsonb
    WHERE payload::text ~* privacy_quoted(p_user);
    RETURN done;
END
$$;

-- ---- What counts somewhere else -------------------------------------------

-- Take the user out of others' notifications; those of nobody else go.
CREATE OR REPLACE FUNCTION privacy_erase_notices(p_user uuid, p_most bigint)
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    n notifications;
    latest record;
    done bigint := 0;
BEGIN
    FOR n IN SELECT * FROM notifications
        WHERE id IN (SELECT id FROM notifications WHERE actor_id = p_user
            UNION SELECT notification_id FROM notification_actors
            WHERE actor_id = p_user LIMIT p_most)
        FOR UPDATE
    LOOP
        done := done + 1;
        DELETE FROM notification_actors
        WHERE notification_id = n.id AND actor_id = p_user;
        SELECT u.id, u.username INTO latest
        FROM notification_actors a JOIN users u ON u.id = a.actor_id
        WHERE a.notification_id = n.id
        ORDER BY a.created_at DESC, a.actor_id DESC LIMIT 1;
        IF NOT FOUND THEN
            DELETE FROM notifications WHERE id = n.id;
        ELSE
            PERFORM privacy_retell(n, latest.id, latest.username, p_user);
        END IF;
    END LOOP;
    RETURN done;
END
$$;

-- A notification of several, without one of them: "<name> and 2 others like
-- your post" names the latest of those who are left, and counts one less.
CREATE OR REPLACE FUNCTION privacy_retell(
    n notifications, p_latest uuid, p_name text, p_gone uuid
) RETURNS void
LANGUAGE sql AS $$
UPDATE notifications SET actor_id = p_latest,
    actor_count = n.actor_count - 1,
    title = regexp_replace(regexp_replace(n.title,
            '^\S+( and \d+ others?)?', notification_title('{actor}',
                '{actor} and {others}', p_name, n.actor_count - 1)),
        CASE WHEN n.actor_count = 2 THEN '\mfollow you$' ELSE '^$' END,
        'follows you'),
    message = CASE WHEN n.actor_id = p_gone THEN '' ELSE n.message END,
    data = CASE WHEN n.actor_id = p_gone THEN '{}' ELSE n.data END,
    image = CASE WHEN n.actor_id = p_gone THEN NULL ELSE n.image END,
    action_url = CASE WHEN n.action_url LIKE '/profile/%'
        THEN '/profile/' || p_name ELSE n.action_url END
WHERE id = n.id
$$;

CREATE OR REPLACE FUNCTION privacy_erase_follows(p_user uuid, p_most bigint)
RETURNS bigint
LANGUAGE sql AS $$
SELECT count(follow_remove(f.follower_id, f.following_id)) FROM (
    SELECT * FROM follows
    WHERE follower_id = p_user OR following_id = p_user
    LIMIT p_most) f
$$;

CREATE OR REPLACE FUNCTION privacy_erase_bookmarks(
    p_user uuid, p_most bigint
) RETURNS bigint
LANGUAGE sql AS $$
SELECT count(bookmark_remove(p_user, b.post_id)) FROM (
    SELECT post_id FROM bookmarks WHERE user_id = p_user LIMIT p_most) b
$$;

CREATE OR REPLACE FUNCTION privacy_erase_reactions(
    p_user uuid, p_most bigint
) RETURNS bigint
LANGUAGE sql AS $$
SELECT count((SELECT changed FROM reaction_set(p_user, r.post_id,
    r.comment_id, r.type, false)))
FROM (SELECT * FROM reactions
    WHERE user_id = p_user AND privacy_removes(p_user) LIMIT p_most) r
$$;

-- ---- Posts, comments ------------------------------------------------------

-- Posts that people read stay, by "Deleted User"; the others are emptied.
-- The name says which were done.
CREATE OR REPLACE FUNCTION privacy_erase_posts(p_user uuid, p_most bigint)
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    post posts;
    done bigint := 0;
BEGIN
    FOR post IN SELECT * FROM posts
        WHERE author_id = p_user
            AND author_name IS DISTINCT FROM 'Deleted User'
        LIMIT least(p_most, 500) FOR UPDATE
    LOOP
        IF privacy_removes(p_user) OR post_kept_private(post) THEN
            PERFORM privacy_empty_post(post, p_user);
        END IF;
        UPDATE posts SET author_name = 'Deleted User' WHERE id = post.id;
        done := done + 1;
    END LOOP;
    RETURN CASE WHEN done = 500 THEN p_most ELSE done END;
END
$$;

-- The row stays, deleted, for what others hung on it; the triggers of posts
-- count it off.
CREATE OR REPLACE FUNCTION privacy_empty_post(post posts, p_by uuid)
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE posts SET deleted_at = coalesce(deleted_at, clock_now()),
        deleted_by = coalesce(deleted_by, p_by),
        status = CASE status WHEN 'scheduled' THEN 'draft' ELSE status END
            ::post_status,
        publish_at = NULL, title = 'Deleted post', slug = 'deleted-' || id,
        excerpt = NULL, cover_image = NULL, tags = '{}', language = 'und',
        youtube_video_id = NULL, series_id = NULL, series_position = NULL
    WHERE id = post.id;
    UPDATE post_contents SET content = '', content_html = ''
    WHERE post_id = post.id;
    DELETE FROM post_slugs_old WHERE post_id = post.id;
    DELETE FROM polls WHERE post_id = post.id;
    DELETE FROM mentions WHERE post_id = post.id AND comment_id IS NULL;
    DELETE FROM notifications
    WHERE entity_type = 'post' AND entity_id = post.id;
    IF post.deleted_at IS NULL THEN
        INSERT INTO outbox (event, subject_id, actor_id)
        VALUES ('post.deleted', post.id, p_by);
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION privacy_erase_series(p_user uuid, p_most bigint)
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    done bigint;
BEGIN
    DELETE FROM series WHERE id = ANY (ARRAY(SELECT s.id FROM series s
        WHERE s.author_id = p_user AND (privacy_removes(p_user)
            OR NOT EXISTS (SELECT FROM posts p WHERE p.series_id = s.id))
        LIMIT p_most));
    GET DIAGNOSTICS done = ROW_COUNT;
    RETURN done;
END
$$;

CREATE OR REPLACE FUNCTION privacy_erase_comments(p_user uuid, p_most bigint)
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    c comments;
    removes boolean := privacy_removes(p_user);
    done bigint := 0;
BEGIN
    -- Not locked here: a post is locked before its comments, everywhere.
    FOR c IN SELECT * FROM comments
        WHERE author_id = p_user
            AND author_name IS DISTINCT FROM 'Deleted User'
        LIMIT least(p_most, 500)
    LOOP
        done := done + 1;
        IF removes AND comment_remove(c.id, p_user) THEN
            INSERT INTO outbox (event, subject_id, actor_id, data)
            VALUES ('comment.deleted', c.id, p_user,
                jsonb_build_object('postId', c.post_id));
        END IF;
        UPDATE comments SET author_name = 'Deleted User',
            content = CASE WHEN deleted_at IS NULL THEN content
                ELSE '[deleted]' END,
            content_html = CASE WHEN deleted_at IS NULL THEN content_html
                ELSE '' END,
            excerpt = CASE WHEN deleted_at IS NULL THEN excerpt END,
            youtube_timestamp = CASE WHEN deleted_at IS NULL
                THEN youtube_timestamp END
        WHERE id = c.id;
        DELETE FROM mentions m USING comments k
        WHERE m.comment_id = c.id AND k.id = c.id
            AND k.deleted_at IS NOT NULL;
    END LOOP;
    RETURN CASE WHEN done = 500 THEN p_most ELSE done END;
END
$$;

-- ---- The ledgers, the user ------------------------------------------------

-- The ledgers are append-only to the programs.  This, as their owner, takes
-- the free texts out of the rows of an account that is closed, and no more.
CREATE OR REPLACE FUNCTION privacy_erase_ledger(p_user uuid, p_most bigint)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    points bigint;
    experience bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM users
        WHERE id = p_user AND status = 'DELETED')
    THEN
        PERFORM refuse('privacy_account_closed', 'the account is in use');
    END IF;
    UPDATE currency_transactions SET description = NULL
    WHERE ctid = ANY (ARRAY(SELECT ctid FROM currency_transactions
        WHERE user_id = p_user AND description IS NOT NULL LIMIT p_most));
    GET DIAGNOSTICS points = ROW_COUNT;
    UPDATE xp_log SET reason = NULL
    WHERE ctid = ANY (ARRAY(SELECT ctid FROM xp_log
        WHERE user_id = p_user AND reason IS NOT NULL LIMIT p_most));
    GET DIAGNOSTICS experience = ROW_COUNT;
    RETURN greatest(points, experience);
END
$$;
REVOKE ALL ON FUNCTION privacy_erase_ledger(uuid, bigint) FROM PUBLIC;

-- The end: no name, no address, nothing to sign in with; and it is done.
CREATE OR REPLACE FUNCTION privacy_erase_account(p_user uuid, p_most bigint)
RETURNS bigint
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE deletion_requests SET reason = NULL WHERE user_id = p_user;
    UPDATE users SET username = 'deleted_' || id, email = 'deleted_' || id,
        image = NULL, password_hash = NULL, password_changed_at = NULL,
        email_verified_at = NULL, username_changed_at = NULL,
        provider = 'LOCAL', role = 'USER', verified = false,
        status_reason = NULL, suspended_until = NULL, reputation = 0,
        language = 'en', time_zone = 'UTC', last_seen_at = NULL,
        last_seen_hidden = true, terms_accepted_at = NULL,
        version = version + 1
    WHERE id = p_user AND email <> 'deleted_' || id;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    UPDATE profiles SET display_name = 'Deleted User', bio = NULL,
        location = NULL, website = NULL, twitter = NULL, instagram = NULL,
        tiktok = NULL, discord = NULL, youtube = NULL, banner = NULL,
        interests = '{}', skills = '{}', theme = '{}', completeness = 0,
        completed_at = NULL
    WHERE user_id = p_user;
    -- The triggers of both write it anew.
    DELETE FROM user_search WHERE user_id = p_user;
    RETURN 1;
END
$$;

-- After the last place: the request is met, and whoever listens may know.
CREATE OR REPLACE FUNCTION privacy_erase_end(p_user uuid) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE deletion_requests SET done_at = clock_now()
    WHERE user_id = p_user AND started_at IS NOT NULL AND done_at IS NULL;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO outbox (event, subject_id) VALUES ('user.deleted', p_user);
    PERFORM audit_write(NULL, 'account.erased', 'user', p_user, NULL, NULL,
        NULL, 'sparkle-batch', NULL, true);
    RETURN true;
END
$$;
