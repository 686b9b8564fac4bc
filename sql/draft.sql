-- draft.sql - what is written and not sent; see src/draft/draft.h.
--
-- A version is the time in milliseconds, or one more than the last where that
-- is not behind it: so that none comes twice at a place, not either when the
-- row was gone meanwhile.
--
-- A draft that was sent or dropped leaves its row, without the words, so that
-- a copy on its way, or on another device, is refused; old-logs sweeps these
-- rows (data_retention_policies).

CREATE OR REPLACE FUNCTION draft_version(p_last bigint) RETURNS bigint
LANGUAGE sql STABLE AS $$
SELECT greatest(p_last + 1, floor(extract(epoch FROM clock_now()) * 1000)::bigint)
$$;

-- Of drafts each user has the latest 50, of rows that a draft left as many.
-- What another call holds is in use, and not among the oldest.
CREATE OR REPLACE FUNCTION draft_evict(p_user uuid) RETURNS void
LANGUAGE sql AS $$
WITH ranked AS (
    SELECT place, row_number() OVER (PARTITION BY dropped
        ORDER BY saved_at DESC, place) AS n
    FROM drafts WHERE user_id = p_user
), old AS (
    SELECT place FROM drafts WHERE user_id = p_user
        AND place IN (SELECT place FROM ranked WHERE n > 50)
    FOR UPDATE SKIP LOCKED
)
DELETE FROM drafts WHERE user_id = p_user AND place IN (SELECT place FROM old)
$$;

-- Keep a draft whose writer knows the version p_version; 0: of none.  Where
-- nothing is kept any version will do.  Refusals: drafts_version (another text
-- is there), drafts_dropped (it was sent or dropped).
CREATE OR REPLACE FUNCTION draft_put(
    p_user uuid, p_place text, p_version bigint, p_title text,
    p_content text, p_tags text, p_excerpt text, p_category text, p_kind text,
    p_youtube_video_id text
) RETURNS drafts
LANGUAGE plpgsql AS $$
DECLARE
    made drafts;
BEGIN
    INSERT INTO drafts AS d (user_id, place, version, title, content, tags,
        excerpt, category, kind, youtube_video_id)
    VALUES (p_user, p_place, draft_version(0), p_title, p_content, p_tags,
        p_excerpt, p_category, p_kind, p_youtube_video_id)
    ON CONFLICT (user_id, place) DO UPDATE SET title = excluded.title,
        content = excluded.content, tags = excluded.tags,
        excerpt = excluded.excerpt, category = excluded.category,
        kind = excluded.kind, youtube_video_id = excluded.youtube_video_id,
        version = draft_version(d.version), dropped = false,
        saved_at = clock_now()
    WHERE d.version = p_version
    RETURNING * INTO made;
    IF FOUND THEN
        PERFORM draft_evict(p_user);
        RETURN made;
    END IF;
    PERFORM refuse('drafts_dropped', 'it was sent or dropped')
    FROM drafts WHERE user_id = p_user AND place = p_place AND dropped;
    PERFORM refuse('drafts_version', 'another text is there');
END
$$;

-- Drop a draft that is of p_version or older; NULL: whatever is there.  Refusal:
-- drafts_version.
CREATE OR REPLACE FUNCTION draft_drop(
    p_user uuid, p_place text, p_version bigint
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO drafts AS d (user_id, place, version, dropped, title, content,
        tags, excerpt, category, kind, youtube_video_id)
    VALUES (p_user, p_place, draft_version(0), true, '', '', '', '', '', '', '')
    ON CONFLICT (user_id, place) DO UPDATE SET title = '', content = '',
        tags = '', excerpt = '', category = '', kind = '',
        youtube_video_id = '', version = draft_version(d.version),
        dropped = true, saved_at = clock_now()
    WHERE NOT d.dropped AND d.version <= coalesce(p_version, d.version);
    IF FOUND THEN
        PERFORM draft_evict(p_user);
    ELSIF EXISTS (SELECT FROM drafts
        WHERE user_id = p_user AND place = p_place AND NOT dropped)
    THEN
        PERFORM refuse('drafts_version', 'another text is there');
    END IF;
END
$$;
