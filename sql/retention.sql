-- retention.sql - purging what was deleted, when data_retention_policies says
-- that it was kept long enough.
--
-- What nothing of others hangs on goes; of the rest the words go, and the row
-- stays for the counters, answers and ledgers that refer to it.  What an open
-- report is about stays whole until it is handled.  Rows are done from the
-- latest leaf upwards: a deleted answer goes before what it answered.

-- ---- What is due ------------------------------------------------------------

-- whole: the row can go; else its words do.
CREATE OR REPLACE VIEW posts_outdated AS
SELECT p.id, p.reaction_count = 0
    AND NOT EXISTS (SELECT FROM comments c WHERE c.post_id = p.id)
    AND NOT EXISTS (SELECT FROM shares s WHERE s.post_id = p.id)
    AND NOT EXISTS (SELECT FROM bookmarks b WHERE b.post_id = p.id)
    AND NOT EXISTS (SELECT FROM reports r WHERE r.post_id = p.id) AS whole,
    p.slug = 'deleted-' || p.id AS empty, p.deleted_at
FROM posts p JOIN data_retention_policies k ON k.table_name = 'posts'
WHERE k.enabled AND p.deleted_at < clock_now() - k.keep
    AND NOT EXISTS (SELECT FROM reports r
        WHERE r.post_id = p.id AND r.status = 'open');

CREATE OR REPLACE VIEW comments_outdated AS
SELECT c.id, c.reaction_count = 0
    AND NOT EXISTS (SELECT FROM comments k WHERE k.parent_id = c.id)
    AND NOT EXISTS (SELECT FROM reports r WHERE r.comment_id = c.id) AS whole,
    c.content = '[deleted]' AND c.content_html = '' AS empty, c.deleted_at
FROM comments c JOIN data_retention_policies k ON k.table_name = 'comments'
WHERE k.enabled AND c.deleted_at < clock_now() - k.keep
    AND NOT EXISTS (SELECT FROM reports r
        WHERE r.comment_id = c.id AND r.status = 'open');

-- Accounts are emptied when they are erased; the row goes when nothing counts
-- it any more, its points were moved last before that time, too, and the proof
-- of its erasure is gone by its own policy.
CREATE OR REPLACE VIEW users_outdated AS
SELECT u.id, u.deleted_at
FROM users u JOIN data_retention_policies k ON k.table_name = 'users'
WHERE k.enabled AND u.deleted_at < clock_now() - k.keep
    AND u.email = 'deleted_' || u.id
    AND NOT EXISTS (SELECT FROM posts t WHERE t.author_id = u.id)
    AND NOT EXISTS (SELECT FROM comments t WHERE t.author_id = u.id)
    AND NOT EXISTS (SELECT FROM reactions t WHERE t.user_id = u.id)
    AND NOT EXISTS (SELECT FROM shares t WHERE t.user_id = u.id)
    AND NOT EXISTS (SELECT FROM poll_votes t WHERE t.user_id = u.id)
    AND NOT EXISTS (SELECT FROM post_participants t WHERE t.user_id = u.id)
    AND NOT EXISTS (SELECT FROM deletion_requests t WHERE t.user_id = u.id)
    AND NOT EXISTS (SELECT FROM currency_transactions t
        WHERE t.user_id = u.id AND t.created_at >= clock_now() - k.keep);

-- ---- Doing it ---------------------------------------------------------------

-- Each does up to p_most rows, and says how many.  What is restored meanwhile
-- stays: that is asked again of the row itself, which a statement that waited
-- for it sees as it is then, unlike the view.
CREATE OR REPLACE FUNCTION posts_purge(p_most bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    due record;
    post posts;
    done bigint := 0;
BEGIN
    FOR due IN SELECT * FROM posts_outdated WHERE whole OR NOT empty
        LIMIT p_most
    LOOP
        SELECT * INTO post FROM posts
        WHERE id = due.id AND deleted_at = due.deleted_at FOR UPDATE;
        IF NOT FOUND THEN
            CONTINUE;
        ELSIF due.whole THEN
            DELETE FROM posts WHERE id = due.id;
        ELSE
            PERFORM privacy_empty_post(post, NULL);
            DELETE FROM post_revisions WHERE post_id = due.id;
        END IF;
        done := done + 1;
    END LOOP;
    RETURN done;
END
$$;

CREATE OR REPLACE FUNCTION comments_purge(p_most bigint) RETURNS bigint
LANGUAGE sql AS $$
WITH due AS MATERIALIZED (
    SELECT id, whole, deleted_at FROM comments_outdated
    WHERE whole OR NOT empty LIMIT p_most
), gone AS (
    DELETE FROM comments c USING due d
    WHERE d.whole AND c.id = d.id AND c.deleted_at = d.deleted_at
    RETURNING 1
), emptied AS (
    UPDATE comments c SET content = '[deleted]', content_html = '',
        excerpt = NULL, youtube_timestamp = NULL
    FROM due d
    WHERE NOT d.whole AND c.id = d.id AND c.deleted_at = d.deleted_at
    RETURNING c.id
), unsaid AS (
    DELETE FROM mentions WHERE comment_id IN (SELECT id FROM emptied)
)
SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM emptied)
$$;

CREATE OR REPLACE FUNCTION users_purge(p_most bigint) RETURNS bigint
LANGUAGE sql AS $$
WITH gone AS (
    DELETE FROM users u USING (
        SELECT id, deleted_at FROM users_outdated LIMIT p_most) d
    WHERE u.id = d.id AND u.deleted_at = d.deleted_at
    RETURNING 1
)
SELECT count(*) FROM gone
$$;

-- Rows of months that have no partition, which dropping months leaves behind.
-- Runs as the owner, since the program may delete nothing from the log; the
-- year that the log is kept for is asked for here, whatever the policy says.
CREATE OR REPLACE FUNCTION audit_log_purge_default(
    p_keep interval, p_most bigint
) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
WITH gone AS (
    DELETE FROM audit_log_default WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM audit_log_default
        WHERE created_at < clock_now() - greatest(p_keep, interval '1 year')
        LIMIT p_most))
    RETURNING 1
)
SELECT count(*) FROM gone
$$;
REVOKE ALL ON FUNCTION audit_log_purge_default(interval, bigint) FROM PUBLIC;
