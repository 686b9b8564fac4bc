-- post.sql - posts: their public shapes, who sees them, slugs, edits.  What is
-- counted and kept when one changes is in post_count.sql.

-- ---- Shapes ---------------------------------------------------------------

-- Any post, as lists show it.  Columns up to published_at are the shape; the
-- rest is to filter and sort by: a statement asks for `listed`, or for `told`
-- and viewer_follows() (visible.sql).  Of an author who is not shown there is
-- a name, and nothing else.
--
-- Lists page by (published_at, id), (score, id) or (hot, id), all DESC, each
-- with an index, also by category_id and (first only) author_id and
-- kind_enum.  Enums are compared as enums: kind_enum = $1::text::post_kind.
-- Select the columns by name (the rest costs a sixth more).
CREATE OR REPLACE VIEW post_cards AS
SELECT p.id, p.slug, p.title, p.excerpt, p.cover_image, p.kind::text AS kind,
    p.status = 'published' AS published, p.views,
    a.id AS author_id, a.username AS author_username,
    a.image AS author_image,
    coalesce(a.verified, false) AS author_verified,
    a.level::bigint AS author_level,
    c.id AS category_id, c.name AS category_name, c.slug AS category_slug,
    p.tags, p.comment_count::bigint AS comments,
    p.reaction_count::bigint AS reactions, p.created_at, p.published_at,
    p.score, p.hot, p.kind AS kind_enum, p.author_id AS by_author_id,
    p.category_id AS by_category_id, user_called(a.username) AS author_name,
    p.language, p.featured,
    p.reactions_by_type, a.status::text AS author_status,
    post_listed(p) AS listed, post_told(p) AS told
FROM posts p
LEFT JOIN users a ON a.id = p.author_id AND user_shown(a.status)
LEFT JOIN categories c ON c.id = p.category_id;

-- Those of everybody's lists.
CREATE OR REPLACE VIEW post_rows AS SELECT * FROM post_cards WHERE listed;

-- A post as a row of post_rows whatever its status, for INSERT ... RETURNING:
-- SELECT row.* FROM made, post_row(made) row.
CREATE OR REPLACE FUNCTION post_row(p posts) RETURNS SETOF post_rows
LANGUAGE sql STABLE ROWS 1 AS $$
SELECT p.id, p.slug, p.title, p.excerpt, p.cover_image, p.kind::text,
    p.status = 'published', p.views,
    a.id, a.username, a.image, coalesce(a.verified, false), a.level::bigint,
    c.id, c.name, c.slug,
    p.tags, p.comment_count::bigint, p.reaction_count::bigint, p.created_at,
    p.published_at,
    p.score, p.hot, p.kind, p.author_id, p.category_id,
    user_called(a.username),
    p.language, p.featured, p.reactions_by_type, a.status::text,
    post_listed(p), post_told(p)
FROM (SELECT) one
LEFT JOIN users a ON a.id = p.author_id AND user_shown(a.status)
LEFT JOIN categories c ON c.id = p.category_id
$$;

-- A whole post, whatever its status: who may see it is asked by
-- post_visible().  Columns up to edited are the shape.
CREATE OR REPLACE VIEW post_details AS
SELECT p.id, p.slug, p.title, p.excerpt, p.cover_image, p.kind::text AS kind,
    p.status = 'published' AS published, p.views,
    a.id AS author_id, a.username AS author_username,
    a.image AS author_image,
    coalesce(a.verified, false) AS author_verified,
    a.level::bigint AS author_level,
    c.id AS category_id, c.name AS category_name, c.slug AS category_slug,
    p.tags, p.comment_count::bigint AS comments,
    p.reaction_count::bigint AS reactions, p.created_at, p.published_at,
    t.content, t.content_html, p.version::bigint AS version,
    p.comments_enabled, p.visibility::text AS visibility,
    p.youtube_video_id, p.language,
    p.reactions_by_type[1]::bigint AS reactions_like,
    p.reactions_by_type[2]::bigint AS reactions_love,
    p.reactions_by_type[3]::bigint AS reactions_sparkle,
    p.reactions_by_type[4]::bigint AS reactions_fire,
    p.reactions_by_type[5]::bigint AS reactions_laugh,
    p.reactions_by_type[6]::bigint AS reactions_wow,
    p.reactions_by_type[7]::bigint AS reactions_sad,
    p.updated_at, p.edited_at IS NOT NULL AS edited,
    p.status::text AS status, p.publish_at,
    user_called(a.username) AS author_name,
    p.author_id AS by_author_id, p.share_count::bigint AS shares,
    p.bookmark_count::bigint AS bookmarks, p.accepted_comment_id,
    p.series_id, p.series_position::bigint AS series_position, p.featured,
    p.score, p.hot
FROM posts p
JOIN post_contents t ON t.post_id = p.id
LEFT JOIN users a ON a.id = p.author_id AND user_shown(a.status)
LEFT JOIN categories c ON c.id = p.category_id
WHERE p.deleted_at IS NULL;

CREATE OR REPLACE FUNCTION post_detail(
    p posts, p_content text, p_content_html text
) RETURNS SETOF post_details
LANGUAGE sql STABLE ROWS 1 AS $$
SELECT p.id, p.slug, p.title, p.excerpt, p.cover_image, p.kind::text,
    p.status = 'published', p.views,
    a.id, a.username, a.image, coalesce(a.verified, false), a.level::bigint,
    c.id, c.name, c.slug,
    p.tags, p.comment_count::bigint, p.reaction_count::bigint, p.created_at,
    p.published_at,
    p_content, p_content_html, p.version::bigint,
    p.comments_enabled, p.visibility::text, p.youtube_video_id, p.language,
    p.reactions_by_type[1]::bigint, p.reactions_by_type[2]::bigint,
    p.reactions_by_type[3]::bigint, p.reactions_by_type[4]::bigint,
    p.reactions_by_type[5]::bigint, p.reactions_by_type[6]::bigint,
    p.reactions_by_type[7]::bigint,
    p.updated_at, p.edited_at IS NOT NULL,
    p.status::text, p.publish_at, user_called(a.username), p.author_id,
    p.share_count::bigint, p.bookmark_count::bigint, p.accepted_comment_id,
    p.series_id, p.series_position::bigint, p.featured, p.score, p.hot
FROM (SELECT) one
LEFT JOIN users a ON a.id = p.author_id AND user_shown(a.status)
LEFT JOIN categories c ON c.id = p.category_id
$$;

-- ---- Slugs ----------------------------------------------------------------

-- A title as a part of an address: small letters and digits between hyphens,
-- at most 100 and then whole words where they are short, '' where nothing is
-- left; NFC.  Accents fall off, Cyrillic and Greek are written in Latin
-- letters; letters of other scripts stay, with the marks that belong to them:
-- [:alnum:] has the vowels, but not the viramas, nuktas and tones from
-- Devanagari to Meetei Mayek, of which a word is made no less.  What is written
-- above a text, or not seen at all, goes without a hyphen.
CREATE OR REPLACE FUNCTION slug_from(title text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT rtrim(CASE WHEN length(s) <= 100 THEN s
    ELSE regexp_replace(left(s, 100), '-[^-]{0,20}$', '') END, '-')
FROM (SELECT btrim(regexp_replace(regexp_replace(normalize(
    public.unaccent(translate(
        replace(replace(replace(replace(replace(replace(replace(replace(
        replace(replace(replace(replace(replace(replace(replace(
            lower(normalize(title, NFKC)),
            'щ', 'shch'), 'ж', 'zh'), 'х', 'kh'), 'ц', 'ts'), 'ч', 'ch'),
            'ш', 'sh'), 'ю', 'yu'), 'я', 'ya'), 'ё', 'yo'), 'θ', 'th'),
            'χ', 'ch'), 'ψ', 'ps'), 'ß', 'ss'), '&', ' and '), '''', ''),
        'абвгдезийклмнопрстуфыэіїєґαβγδεζηικλμνξοπρσςτυφωάέήίόύώъь’'
            || chr(173), -- a soft hyphen, which unaccent makes a hard one of
        'abvgdeziyklmnoprstufyeiiegavgdeziiklmnxoprsstyfoaeiioyo')), NFC),
    '[\u0300-\u036f\u0483-\u0487\u0591-\u05af\u0658\u06df\u06e0'
    '\u06ea-\u06ec\u0740-\u074a\u08ca-\u08d3\u0951-\u0954\u1ab0-\u1aff'
    '\u1dc0-\u1dff\u200b-\u200f\u2060-\u206f\u20d0-\u20f0\ufe00-\ufe0f'
    '\ufe20-\ufe2f\ufeff]+', '', 'g'),
    '[^[:alnum:]\u093c\u094d\u09bc\u09cd\u0a3c\u0a4d\u0abc\u0acd'
    '\u0afd-\u0aff\u0b3c\u0b4d\u0b55\u0bcd\u0c04\u0c3c\u0c4d\u0cbc\u0ccd'
    '\u0d3b\u0d3c\u0d4d\u0dca\u0e47-\u0e4e\u0eba\u0ec8-\u0ecc\u0f39\u0f84'
    '\u1037\u1039\u103a\u135d-\u135f\u1714\u1715\u1734\u17c9-\u17d3\u17dd'
    '\u1939-\u193b\u1a60\u1a75-\u1a7f\u1b34\u1b44\u1baa\u1bab\u1be6\u1bf2'
    '\u1bf3\u1c37\u2d7f\u3099\u309a\ua806\ua82c\ua8c4\ua92b-\ua92d\ua953'
    '\ua9b3\ua9c0\uaaf6\uabec\uabed]+', '-', 'g'), '-') AS s) whole
$$;

-- A slug for a title that no other post has or had.  Two posts of one title
-- at once: the second waits here for the first to be stored or dropped.
CREATE OR REPLACE FUNCTION post_slug(
    title text, p_post_id uuid DEFAULT NULL
) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    base text := coalesce(nullif(slug_from(title), ''),
        'post-' || random_text(6));
    candidate text := base;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('slug:' || base, 0));
    WHILE EXISTS (SELECT FROM posts p
            WHERE p.slug = candidate
                AND p.id IS DISTINCT FROM p_post_id)
        OR EXISTS (SELECT FROM post_slugs_old o
            WHERE o.slug = candidate
                AND o.post_id IS DISTINCT FROM p_post_id)
    LOOP
        candidate := rtrim(left(base, 93), '-') || '-' || random_text(6);
    END LOOP;
    RETURN candidate;
END
$$;

-- The post with a slug, or that had it once.
CREATE OR REPLACE FUNCTION post_by_slug(p_slug text) RETURNS uuid
LANGUAGE sql STABLE
RETURN coalesce((SELECT id FROM posts WHERE slug = p_slug),
    (SELECT post_id FROM post_slugs_old WHERE slug = p_slug));

-- ---- Editing --------------------------------------------------------------

-- The post, locked for an edit: p_visibility and p_published are what the edit
-- wants, NULL: no change.  Refusals: posts_seen (there is none that the editor
-- may see), posts_own (it is somebody else's), posts_rank (of somebody whom
-- staff of this rank may not touch), posts_author_only (who may read it is its
-- author's to say; staff may show it to fewer), posts_version (it is not the
-- version that the editor read; NULL: any).
CREATE OR REPLACE FUNCTION post_to_edit(
    p_editor uuid, p_post_id uuid, p_version bigint,
    p_visibility text DEFAULT NULL, p_published boolean DEFAULT NULL
) RETURNS SETOF posts
LANGUAGE plpgsql ROWS 1 AS $$
DECLARE
    post posts;
    helps boolean;
    staff boolean;
BEGIN
    SELECT * INTO post FROM posts
    WHERE id = p_post_id AND deleted_at IS NULL FOR UPDATE;
    IF post.id IS NULL OR NOT post_readable(post, p_editor) THEN
        PERFORM refuse('posts_seen', 'no such post');
    ELSIF post.author_id IS DISTINCT FROM p_editor THEN
        helps := EXISTS (SELECT FROM post_collaborators
            WHERE post_id = post.id AND user_id = p_editor);
        staff := post_open_to_staff(post)
            AND staff_above(p_editor, post.author_id);
        IF NOT (helps OR staff) THEN
            PERFORM refuse('posts_rank', 'not below the editor')
            WHERE is_staff(p_editor);
            PERFORM refuse('posts_own', 'not the author');
        ELSIF p_published <> (post.status = 'published')
                AND (p_published OR NOT staff)
            OR p_visibility <> post.visibility::text AND (NOT staff
                OR audience_size(p_visibility)
                    > audience_size(post.visibility::text))
        THEN
            PERFORM refuse('posts_author_only', 'the author says who reads');
        END IF;
    END IF;
    IF p_version IS NOT NULL AND p_version <> post.version THEN
        PERFORM refuse('posts_version', 'changed meanwhile');
    END IF;
    RETURN NEXT post;
END
$$;

-- The post, locked for its deletion, which is its author's and staff's to do.
-- Refusals: those of post_to_edit().
CREATE OR REPLACE FUNCTION post_to_delete(p_actor uuid, p_post_id uuid)
RETURNS SETOF posts
LANGUAGE plpgsql ROWS 1 AS $$
DECLARE
    post posts;
BEGIN
    SELECT * INTO post FROM post_to_edit(p_actor, p_post_id, NULL);
    IF post.author_id IS DISTINCT FROM p_actor
        AND NOT (post_open_to_staff(post)
            AND staff_above(p_actor, post.author_id))
    THEN
        PERFORM refuse('posts_author_only', 'a collaborator');
    END IF;
    RETURN NEXT post;
END
$$;

-- A post's text as it is now: to be asked when the post is locked, since the
-- statement that locks it may see an older one.
CREATE OR REPLACE FUNCTION post_text(p_post_id uuid) RETURNS text
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN (SELECT content FROM post_contents WHERE post_id = p_post_id);
END
$$;

-- A post as the audit log has it: what an edit can change.
CREATE OR REPLACE FUNCTION post_audited(p posts, p_content text)
RETURNS jsonb
LANGUAGE sql STABLE AS $$
SELECT jsonb_build_object('title', p.title, 'excerpt', p.excerpt,
    'content', p_content, 'kind', p.kind, 'categoryId', p.category_id,
    'tags', to_jsonb(p.tags), 'coverImage', p.cover_image,
    'youtubeVideoId', p.youtube_video_id, 'language', p.language,
    'visibility', p.visibility, 'published', p.status = 'published',
    'commentsEnabled', p.comments_enabled, 'version', p.version,
    'deleted', p.deleted_at IS NOT NULL)
$$;
