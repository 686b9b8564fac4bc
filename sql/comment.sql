-- comment.sql - comments: their public shape, writing and removing one.

-- Columns up to created_at are the shape.  A deleted comment above others
-- keeps a stub without text and author; lists leave out those that nobody
-- answered: WHERE NOT deleted OR replies > 0.
--
-- Lists of a post's threads (parent_id IS NULL) page by (score, id) or
-- (created_at, id) DESC; a whole thread, depth first, by path; the replies of
-- a comment by (created_at, id) ASC.
CREATE OR REPLACE VIEW comment_rows AS
SELECT c.id, c.post_id, c.parent_id, c.depth::bigint AS depth,
    CASE WHEN c.deleted_at IS NULL THEN c.content END AS content,
    CASE WHEN c.deleted_at IS NULL THEN c.content_html END AS content_html,
    CASE WHEN c.deleted_at IS NULL THEN c.youtube_timestamp::bigint END
        AS youtube_timestamp,
    c.edited_at IS NOT NULL AS edited, c.edited_at,
    c.deleted_at IS NOT NULL AS deleted,
    a.id AS author_id, a.username AS author_username,
    a.image AS author_image,
    coalesce(a.verified, false) AS author_verified,
    a.level::bigint AS author_level,
    c.reaction_count::bigint AS reactions, c.reply_count::bigint AS replies,
    c.created_at,
    c.path, c.score, c.author_id AS by_author_id,
    CASE WHEN c.deleted_at IS NULL THEN user_called(a.username) END
        AS author_name,
    c.reactions_by_type
FROM comments c
LEFT JOIN users a ON a.id = c.author_id AND user_shown(a.status)
    AND c.deleted_at IS NULL;

CREATE OR REPLACE FUNCTION comment_row(c comments)
RETURNS SETOF comment_rows
LANGUAGE sql STABLE ROWS 1 AS $$
SELECT c.id, c.post_id, c.parent_id, c.depth::bigint,
    CASE WHEN c.deleted_at IS NULL THEN c.content END,
    CASE WHEN c.deleted_at IS NULL THEN c.content_html END,
    CASE WHEN c.deleted_at IS NULL THEN c.youtube_timestamp::bigint END,
    c.edited_at IS NOT NULL, c.edited_at, c.deleted_at IS NOT NULL,
    a.id, a.username, a.image, coalesce(a.verified, false), a.level::bigint,
    c.reaction_count::bigint, c.reply_count::bigint, c.created_at,
    c.path, c.score, c.author_id,
    CASE WHEN c.deleted_at IS NULL THEN user_called(a.username) END,
    c.reactions_by_type
FROM (SELECT) one
LEFT JOIN users a ON a.id = c.author_id AND user_shown(a.status)
    AND c.deleted_at IS NULL
$$;

-- Write a comment and count it.  Who may see the post is the caller's affair.
-- Refusals: comments_post_id_fkey, comments_post_open,
-- comments_parent_same_post (also: no such parent), comments_parent_live,
-- comments_content_length, comments_youtube_timestamp_range.  Without an
-- excerpt the batch program comment-excerpt makes it.
DROP FUNCTION IF EXISTS comment_add(uuid, uuid, uuid, text, text, int);
CREATE OR REPLACE FUNCTION comment_add(
    p_post_id uuid, p_parent_id uuid, p_author_id uuid, p_content text,
    p_content_html text, p_youtube_timestamp int DEFAULT NULL,
    p_excerpt text DEFAULT NULL
) RETURNS comments
LANGUAGE plpgsql AS $$
DECLARE
    post posts := post_act(p_post_id, p_author_id, 0, 1, 0);
    parent comments;
    made comments;
BEGIN
    IF post.id IS NULL OR post.deleted_at IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation',
            CONSTRAINT = 'comments_post_id_fkey', MESSAGE = 'no such post';
    ELSIF NOT post.comments_enabled OR post.status <> 'published' THEN
        PERFORM refuse('comments_post_open', 'comments are closed');
    END IF;
    IF p_parent_id IS NOT NULL THEN
        UPDATE comments SET reply_count = reply_count + 1
        WHERE id = p_parent_id RETURNING * INTO parent;
        IF parent.post_id IS DISTINCT FROM p_post_id THEN
            PERFORM refuse('comments_parent_same_post',
                'the comment answered is not of this post');
        ELSIF parent.deleted_at IS NOT NULL THEN
            PERFORM refuse('comments_parent_live',
                'the comment answered is deleted');
        END IF;
    END IF;

    INSERT INTO comments (post_id, parent_id, author_id, number, path, depth,
        content, content_html, youtube_timestamp, excerpt)
    VALUES (p_post_id, p_parent_id, p_author_id, post.comment_seq,
        left(coalesce(parent.path, ''), 6 * 255)
            || lpad(to_hex(post.comment_seq), 6, '0'),
        coalesce(parent.depth + 1, 0), p_content, p_content_html,
        p_youtube_timestamp, p_excerpt)
    RETURNING * INTO made;
    UPDATE user_stats SET total_comments = total_comments + 1
    WHERE user_id = p_author_id;
    RETURN made;
END
$$;

-- Comments whose excerpt their writer did not make: SQL alone, or programs of
-- the release before.  The batch program comment-excerpt makes it.
CREATE OR REPLACE FUNCTION comment_excerpt_wait() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO comment_excerpt_stale VALUES (NEW.id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER comments_excerpt_made
    AFTER INSERT ON comments
    FOR EACH ROW WHEN (NEW.excerpt IS NULL AND NEW.deleted_at IS NULL)
    EXECUTE FUNCTION comment_excerpt_wait();
CREATE OR REPLACE TRIGGER comments_excerpt_follows
    AFTER UPDATE OF content ON comments
    FOR EACH ROW WHEN (NEW.content <> OLD.content AND NEW.deleted_at IS NULL
        AND NEW.excerpt IS NOT DISTINCT FROM OLD.excerpt)
    EXECUTE FUNCTION comment_excerpt_wait();

-- Delete a comment (its row stays) and count it off.  Parents that were
-- shown only for its sake go with it.  False if there is none to delete.
CREATE OR REPLACE FUNCTION comment_remove(p_comment_id uuid, p_by uuid)
RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    gone comments;
    up uuid;
BEGIN
    SELECT * INTO gone FROM comments WHERE id = p_comment_id;
    PERFORM FROM posts WHERE id = gone.post_id FOR NO KEY UPDATE;
    UPDATE comments SET deleted_at = clock_now(), deleted_by = p_by
    WHERE id = p_comment_id AND deleted_at IS NULL
    RETURNING * INTO gone;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF gone.author_id IS NOT NULL THEN
        PERFORM post_act(gone.post_id, gone.author_id, 0, -1, 0);
    END IF;
    UPDATE posts SET accepted_comment_id = NULL
    WHERE id = gone.post_id AND accepted_comment_id = gone.id;

    up := CASE WHEN gone.reply_count = 0 THEN gone.parent_id END;
    WHILE up IS NOT NULL LOOP
        UPDATE comments SET reply_count = reply_count - 1
        WHERE id = up
        RETURNING CASE WHEN deleted_at IS NOT NULL AND reply_count = 0
            THEN parent_id END INTO up;
    END LOOP;
    UPDATE user_stats SET total_comments = total_comments - 1
    WHERE user_id = gone.author_id;
    RETURN true;
END
$$;

-- The comment, where the actor may delete it: its author, and staff who see
-- the post; no row for anybody else.  Refusals: comments_rank (staff of this
-- rank may not touch what its author wrote).
CREATE OR REPLACE FUNCTION comment_to_delete(
    p_actor uuid, p_comment_id uuid
) RETURNS SETOF comments
LANGUAGE plpgsql ROWS 1 AS $$
DECLARE
    c comments;
BEGIN
    SELECT * INTO c FROM comments
    WHERE id = p_comment_id AND deleted_at IS NULL;
    IF c.author_id IS DISTINCT FROM p_actor THEN
        IF NOT is_staff(p_actor) OR NOT EXISTS (SELECT FROM posts p
            WHERE p.id = c.post_id AND post_readable(p, p_actor))
        THEN
            RETURN;
        ELSIF NOT staff_above(p_actor, c.author_id) THEN
            PERFORM refuse('comments_rank', 'not below the actor');
        END IF;
    END IF;
    RETURN NEXT c;
END
$$;
