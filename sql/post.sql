-- post.sql - posts: their public shapes, and what follows when one changes.

-- ---- Shapes ---------------------------------------------------------------

-- A post in a list: published, public, not deleted.  Columns up to
-- published_at are the shape; the rest is to filter and sort by.  A deleted
-- author has no card; author_name tells what to call it.
--
-- Lists page by (published_at, id), (score, id) or (hot, id), all DESC, each
-- with an index, also by category_id and (first only) author_id and
-- kind_enum.  Enums are compared as enums: kind_enum = $1::text::post_kind.
-- Select the columns by name (the rest costs a sixth more), and a total as
-- (SELECT site_total('posts')), lest it is asked for every row.
CREATE OR REPLACE VIEW post_rows AS
SELECT p.id, p.slug, p.title, p.excerpt, p.cover_image, p.kind::text AS kind,
    true AS published, p.views,
    a.id AS author_id, a.username AS author_username,
    a.image AS author_image, a.verified AS author_verified,
    a.level::bigint AS author_level,
    c.id AS category_id, c.name AS category_name, c.slug AS category_slug,
    p.tags, p.comment_count::bigint AS comments,
    p.reaction_count::bigint AS reactions, p.created_at, p.published_at,
    p.score, p.hot, p.kind AS kind_enum, p.author_id AS by_author_id,
    p.category_id AS by_category_id, p.author_name, p.language, p.featured,
    p.reactions_by_type, a.status::text AS author_status
FROM posts p
LEFT JOIN users a ON a.id = p.author_id AND a.deleted_at IS NULL
LEFT JOIN categories c ON c.id = p.category_id
WHERE p.deleted_at IS NULL AND p.status = 'published'
    AND p.visibility = 'PUBLIC';

-- A post as a row of post_rows whatever its status, for INSERT ... RETURNING:
-- SELECT row.* FROM made, post_row(made) row.
CREATE OR REPLACE FUNCTION post_row(p posts) RETURNS SETOF post_rows
LANGUAGE sql STABLE ROWS 1 AS $$
SELECT p.id, p.slug, p.title, p.excerpt, p.cover_image, p.kind::text,
    p.status = 'published', p.views,
    a.id, a.username, a.image, a.verified, a.level::bigint,
    c.id, c.name, c.slug,
    p.tags, p.comment_count::bigint, p.reaction_count::bigint, p.created_at,
    p.published_at,
    p.score, p.hot, p.kind, p.author_id, p.category_id, p.author_name,
    p.language, p.featured, p.reactions_by_type, a.status::text
FROM (SELECT) one
LEFT JOIN users a ON a.id = p.author_id AND a.deleted_at IS NULL
LEFT JOIN categories c ON c.id = p.category_id
$$;

-- A whole post, whatever its status: who may see it is asked by
-- post_visible().  Columns up to edited are the shape.
CREATE OR REPLACE VIEW post_details AS
SELECT p.id, p.slug, p.title, p.excerpt, p.cover_image, p.kind::text AS kind,
    p.status = 'published' AS published, p.views,
    a.id AS author_id, a.username AS author_username,
    a.image AS author_image, a.verified AS author_verified,
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
    p.status::text AS status, p.publish_at, p.author_name,
    p.author_id AS by_author_id, p.share_count::bigint AS shares,
    p.bookmark_count::bigint AS bookmarks, p.accepted_comment_id,
    p.series_id, p.series_position::bigint AS series_position, p.featured,
    p.score, p.hot
FROM posts p
JOIN post_contents t ON t.post_id = p.id
LEFT JOIN users a ON a.id = p.author_id AND a.deleted_at IS NULL
LEFT JOIN categories c ON c.id = p.category_id
WHERE p.deleted_at IS NULL;

CREATE OR REPLACE FUNCTION post_detail(
    p posts, p_content text, p_content_html text
) RETURNS SETOF post_details
LANGUAGE sql STABLE ROWS 1 AS $$
SELECT p.id, p.slug, p.title, p.excerpt, p.cover_image, p.kind::text,
    p.status = 'published', p.views,
    a.id, a.username, a.image, a.verified, a.level::bigint,
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
    p.status::text, p.publish_at, p.author_name, p.author_id,
    p.share_count::bigint, p.bookmark_count::bigint, p.accepted_comment_id,
    p.series_id, p.series_position::bigint, p.featured, p.score, p.hot
FROM (SELECT) one
LEFT JOIN users a ON a.id = p.author_id AND a.deleted_at IS NULL
LEFT JOIN categories c ON c.id = p.category_id
$$;

-- May the viewer (NULL: a visitor) read the post by its address?  Moderators
-- are the program's affair.
CREATE OR REPLACE FUNCTION post_visible(p posts, viewer uuid)
RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF p.deleted_at IS NOT NULL THEN
        RETURN false;
    ELSIF p.author_id = viewer THEN
        RETURN true;
    ELSIF viewer IS NOT NULL AND EXISTS (
        SELECT FROM blocks
        WHERE blocker_id = p.author_id AND blocked_id = viewer
            OR blocker_id = viewer AND blocked_id = p.author_id)
    THEN
        RETURN false;
    ELSIF p.status = 'published' AND p.visibility IN ('PUBLIC', 'UNLISTED')
    THEN
        RETURN true;
    ELSIF viewer IS NULL THEN
        RETURN false;
    END IF;
    RETURN EXISTS (SELECT FROM post_collaborators
            WHERE post_id = p.id AND user_id = viewer)
        OR p.status = 'published' AND p.visibility = 'FOLLOWERS'
            AND EXISTS (SELECT FROM follows
                WHERE follower_id = viewer AND following_id = p.author_id);
END
$$;

-- ---- Slugs ----------------------------------------------------------------

-- A title as a part of an address: small letters and digits between hyphens,
-- at most 100, '' where nothing is left.  Accents fall off, Cyrillic and
-- Greek are written in Latin letters; letters of other scripts stay.
CREATE OR REPLACE FUNCTION slug_from(title text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT rtrim(left(btrim(regexp_replace(
    public.unaccent(translate(
        replace(replace(replace(replace(replace(replace(replace(replace(
        replace(replace(replace(replace(replace(replace(replace(
            lower(normalize(title, NFKC)),
            'щ', 'shch'), 'ж', 'zh'), 'х', 'kh'), 'ц', 'ts'), 'ч', 'ch'),
            'ш', 'sh'), 'ю', 'yu'), 'я', 'ya'), 'ё', 'yo'), 'θ', 'th'),
            'χ', 'ch'), 'ψ', 'ps'), 'ß', 'ss'), '&', ' and '), '''', ''),
        'абвгдезийклмнопрстуфыэіїєґαβγδεζηικλμνξοπρσςτυφωάέήίόύώъь’',
        'abvgdeziyklmnoprstufyeiiegavgdeziiklmnxoprsstyfoaeiioyo')),
    '[^[:alnum:]]+', '-', 'g'), '-'), 100), '-')
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

-- ---- Scores ---------------------------------------------------------------

-- Ten times the score is worth 12.5 hours; it changes with the score only,
-- never with time.
CREATE OR REPLACE FUNCTION post_hot(score bigint, at timestamptz)
RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
RETURN round(1e6::float8 * (log(greatest(1, score)::float8)
    + date_part('epoch', at) / 45000))::bigint;

-- Where the count of a type stands in reactions_by_type: 1..7.
CREATE OR REPLACE FUNCTION reaction_slot(type reaction_type) RETURNS int
LANGUAGE sql STABLE PARALLEL SAFE
RETURN array_position(enum_range(NULL::reaction_type), type);

-- Count a user's act on a post: +1 or -1 in one of the three.  Everything
-- that counts on a post comes through here, and locks the post before it
-- writes anything that refers to it (whose foreign key check would lock it
-- weakly, and then wait for an editor who waits for it).  So all queue up
-- behind one row.  Returns the post; all NULL where there is none.
CREATE OR REPLACE FUNCTION post_act(
    p_post_id uuid, p_user_id uuid, d_reactions int, d_comments int,
    d_shares int, p_type reaction_type DEFAULT NULL
) RETURNS posts
LANGUAGE plpgsql AS $$
DECLARE
    post posts;
    worth int;
    slot int := coalesce(reaction_slot(p_type), 1);
    d_slot int := CASE WHEN p_type IS NULL THEN 0 ELSE d_reactions END;
BEGIN
    PERFORM FROM posts WHERE id = p_post_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;

    INSERT INTO post_participants AS t
        (post_id, user_id, reactions, comments, shares)
    VALUES (p_post_id, p_user_id, greatest(0, d_reactions),
        greatest(0, d_comments), greatest(0, d_shares))
    ON CONFLICT (post_id, user_id) DO UPDATE SET
        reactions = t.reactions + d_reactions,
        comments = t.comments + d_comments, shares = t.shares + d_shares
    RETURNING least(1, reactions) - least(1, reactions - d_reactions)
        + 2 * (least(1, comments) - least(1, comments - d_comments))
        + 3 * (least(1, shares) - least(1, shares - d_shares))
    INTO worth;

    UPDATE posts p SET
        reaction_count = reaction_count + d_reactions,
        comment_count = comment_count + d_comments,
        comment_seq = comment_seq + greatest(0, d_comments),
        share_count = share_count + d_shares,
        reactions_by_type[slot] = reactions_by_type[slot] + d_slot,
        score = score + worth,
        hot = CASE worth WHEN 0 THEN hot ELSE post_hot(score + worth,
            coalesce(published_at, created_at)) END
    WHERE id = p_post_id
    RETURNING p.* INTO post;
    RETURN post;
END
$$;

-- A share counts each time, and once a user for the score.  Returns the
-- count of shares.
CREATE OR REPLACE FUNCTION share_add(
    p_post_id uuid, p_user_id uuid, p_channel text
) RETURNS bigint
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM posts WHERE id = p_post_id FOR NO KEY UPDATE;
    INSERT INTO shares (post_id, user_id, channel)
    VALUES (p_post_id, p_user_id, coalesce(p_channel, 'link'));
    RETURN (post_act(p_post_id, p_user_id, 0, 0, 1)).share_count;
END
$$;

-- Put or change a bookmark, or take it away; true if there was none (was
-- one).  A folder must be the user's own: bookmarks_folder_own.
CREATE OR REPLACE FUNCTION bookmark_put(
    p_user_id uuid, p_post_id uuid, p_folder_id uuid DEFAULT NULL,
    p_note text DEFAULT NULL
) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    fresh boolean;
BEGIN
    IF p_folder_id IS NOT NULL AND NOT EXISTS (SELECT FROM bookmark_folders
        WHERE id = p_folder_id AND user_id = p_user_id)
    THEN
        PERFORM refuse('bookmarks_folder_own', 'no such folder');
    END IF;
    PERFORM FROM posts WHERE id = p_post_id FOR NO KEY UPDATE;
    INSERT INTO bookmarks (user_id, post_id, folder_id, note)
    VALUES (p_user_id, p_post_id, p_folder_id, p_note)
    ON CONFLICT (user_id, post_id) DO UPDATE
        SET folder_id = excluded.folder_id, note = excluded.note
    RETURNING xmax = 0 INTO fresh;
    IF fresh THEN
        UPDATE posts SET bookmark_count = bookmark_count + 1
        WHERE id = p_post_id;
    END IF;
    RETURN fresh;
END
$$;

CREATE OR REPLACE FUNCTION bookmark_remove(p_user_id uuid, p_post_id uuid)
RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM bookmarks
    WHERE user_id = p_user_id AND post_id = p_post_id;
    IF FOUND THEN
        UPDATE posts SET bookmark_count = bookmark_count - 1
        WHERE id = p_post_id;
    END IF;
    RETURN FOUND;
END
$$;

-- ---- When posts change ----------------------------------------------------

-- Fill in what can be left out: the slug, the date of publication, the rank;
-- tags in lower case and each once.  A closed category takes nothing new:
-- posts_category_is_open.
CREATE OR REPLACE FUNCTION posts_before() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.slug IS NULL THEN
        NEW.slug := post_slug(NEW.title, NEW.id);
    END IF;
    IF TG_OP = 'INSERT' OR NEW.tags IS DISTINCT FROM OLD.tags THEN
        NEW.tags := coalesce((SELECT array_agg(tag ORDER BY first) FROM (
            SELECT lower(tag) AS tag, min(n) AS first
            FROM unnest(NEW.tags) WITH ORDINALITY t(tag, n)
            GROUP BY 1) once), '{}');
    END IF;
    IF NEW.status = 'published' AND NEW.published_at IS NULL THEN
        NEW.published_at := clock_now();
    END IF;
    NEW.hot := post_hot(NEW.score, coalesce(NEW.published_at,
        NEW.created_at));
    IF NEW.category_id IS NOT NULL
        AND (TG_OP = 'INSERT' OR NEW.category_id IS DISTINCT FROM
            OLD.category_id)
        AND EXISTS (SELECT FROM categories
            WHERE id = NEW.category_id AND NOT is_open)
    THEN
        PERFORM refuse('posts_category_is_open', 'the category is closed');
    END IF;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER posts_before
    BEFORE INSERT OR UPDATE OF slug, tags, status, published_at, category_id
    ON posts FOR EACH ROW EXECUTE FUNCTION posts_before();

CREATE OR REPLACE TRIGGER posts_updated_at BEFORE UPDATE OF version ON posts
    FOR EACH ROW EXECUTE FUNCTION set_updated_at();

CREATE OR REPLACE FUNCTION post_listed(p posts) RETURNS boolean
LANGUAGE sql IMMUTABLE
RETURN (p.status = 'published' AND p.visibility = 'PUBLIC'
    AND p.deleted_at IS NULL) IS TRUE;

-- Rows of tags, and of post_tags with the date while the post is listed;
-- counts of tags.  In order of name, so that two posts never wait for each
-- other.
CREATE OR REPLACE FUNCTION post_keep_tags(was posts, is_now posts)
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    counted text[] := CASE WHEN post_listed(was) THEN was.tags ELSE '{}' END;
    counts text[] := CASE WHEN post_listed(is_now) THEN is_now.tags
        ELSE '{}' END;
BEGIN
    IF is_now.id IS NOT NULL THEN
        INSERT INTO tags (name)
        SELECT name FROM unnest(is_now.tags) name
        WHERE NOT EXISTS (SELECT FROM tags t WHERE t.name = name.name)
        ORDER BY name
        ON CONFLICT (name) DO NOTHING;
        DELETE FROM post_tags pt USING tags t
        WHERE pt.post_id = is_now.id AND t.id = pt.tag_id
            AND t.name <> ALL (is_now.tags);
        INSERT INTO post_tags AS pt (post_id, tag_id, published_at)
        SELECT is_now.id, id, CASE WHEN post_listed(is_now)
            THEN is_now.published_at END
        FROM tags WHERE name = ANY (is_now.tags)
        ON CONFLICT (post_id, tag_id) DO UPDATE
            SET published_at = excluded.published_at
            WHERE pt.published_at IS DISTINCT FROM excluded.published_at;
    END IF;

    IF counted <> counts THEN
        WITH delta AS (
            SELECT t.id, (t.name = ANY (counts))::int
                - (t.name = ANY (counted))::int AS n
            FROM tags t WHERE t.name = ANY (counts || counted)
            ORDER BY t.name FOR NO KEY UPDATE
        )
        UPDATE tags t SET post_count = t.post_count + delta.n
        FROM delta WHERE t.id = delta.id AND delta.n <> 0;
    END IF;
END
$$;

-- What counts posts that are listed: categories, tags, authors, the site.
-- Counters of the post itself do not come here.
CREATE OR REPLACE FUNCTION posts_listed() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    was boolean := TG_OP <> 'INSERT' AND post_listed(OLD);
    is_now boolean := TG_OP <> 'DELETE' AND post_listed(NEW);
BEGIN
    UPDATE categories c SET post_count = post_count + d.n
    FROM (SELECT id, sum(n) AS n FROM (VALUES
            (CASE WHEN was THEN OLD.category_id END, -1),
            (CASE WHEN is_now THEN NEW.category_id END, 1)) v(id, n)
        GROUP BY id) d
    WHERE c.id = d.id AND d.n <> 0;
    UPDATE user_stats s SET total_posts = total_posts + d.n
    FROM (SELECT id, sum(n) AS n FROM (VALUES
            (CASE WHEN was THEN OLD.author_id END, -1),
            (CASE WHEN is_now THEN NEW.author_id END, 1)) v(id, n)
        GROUP BY id) d
    WHERE s.user_id = d.id AND d.n <> 0;
    PERFORM post_keep_tags(OLD, NEW);
    IF was AND NOT is_now OR was AND OLD.kind <> NEW.kind THEN
        PERFORM site_count('posts:' || OLD.kind, -1);
    END IF;
    IF is_now AND NOT was OR is_now AND OLD.kind <> NEW.kind THEN
        PERFORM site_count('posts:' || NEW.kind, 1);
    END IF;
    IF was <> is_now THEN
        PERFORM site_count('posts', is_now::int - was::int);
    END IF;
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER posts_listed AFTER INSERT OR DELETE OR UPDATE OF
    status, visibility, deleted_at, category_id, author_id, published_at,
    tags, kind
    ON posts FOR EACH ROW EXECUTE FUNCTION posts_listed();

-- An old slug leads to its post.
CREATE OR REPLACE FUNCTION posts_slug_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM post_slugs_old
    WHERE slug = NEW.slug AND post_id = NEW.id;
    INSERT INTO post_slugs_old (slug, post_id) VALUES (OLD.slug, NEW.id)
    ON CONFLICT (slug) DO UPDATE
        SET post_id = excluded.post_id, created_at = clock_now();
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER posts_slug_changed AFTER UPDATE OF slug ON posts
    FOR EACH ROW WHEN (OLD.slug <> NEW.slug)
    EXECUTE FUNCTION posts_slug_changed();

-- What searches read: title, tags, excerpt, content, in this weight.
CREATE OR REPLACE FUNCTION post_document(
    title text, tags text[], excerpt text, content text
) RETURNS tsvector
LANGUAGE sql STABLE
RETURN setweight(to_tsvector('sparkle', title), 'A')
    || setweight(to_tsvector('sparkle', array_to_string(tags, ' ')), 'B')
    || setweight(to_tsvector('sparkle', coalesce(excerpt, '')), 'C')
    || setweight(to_tsvector('sparkle', content), 'D');

CREATE OR REPLACE FUNCTION post_contents_before() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.search := coalesce((SELECT post_document(p.title, p.tags, p.excerpt,
        NEW.content) FROM posts p WHERE p.id = NEW.post_id), '');
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER post_contents_before
    BEFORE INSERT OR UPDATE OF content ON post_contents
    FOR EACH ROW EXECUTE FUNCTION post_contents_before();

CREATE OR REPLACE FUNCTION posts_retitled() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE post_contents SET search = post_document(NEW.title, NEW.tags,
        NEW.excerpt, content)
    WHERE post_id = NEW.id;
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER posts_retitled
    AFTER UPDATE OF title, tags, excerpt ON posts
    FOR EACH ROW WHEN ((OLD.title, OLD.tags, OLD.excerpt) IS DISTINCT FROM
        (NEW.title, NEW.tags, NEW.excerpt))
    EXECUTE FUNCTION posts_retitled();

-- ---- Editing --------------------------------------------------------------

-- The post, locked for an edit or its deletion.  Refusals: posts_seen (there
-- is none that the editor may see), posts_own (it is somebody else's),
-- posts_version (it is not the version that the editor read; NULL: any).
CREATE OR REPLACE FUNCTION post_for_edit(
    p_editor uuid, p_post_id uuid, p_staff boolean, p_version bigint
) RETURNS SETOF posts
LANGUAGE plpgsql ROWS 1 AS $$
DECLARE
    post posts;
BEGIN
    SELECT * INTO post FROM posts
    WHERE id = p_post_id AND deleted_at IS NULL FOR UPDATE;
    IF post.id IS NULL OR NOT (p_staff OR post_visible(post, p_editor)) THEN
        PERFORM refuse('posts_seen', 'no such post');
    ELSIF NOT (p_staff OR post.author_id IS NOT DISTINCT FROM p_editor
        OR EXISTS (SELECT FROM post_collaborators
            WHERE post_id = post.id AND user_id = p_editor))
    THEN
        PERFORM refuse('posts_own', 'not the author');
    ELSIF p_version IS NOT NULL AND p_version <> post.version THEN
        PERFORM refuse('posts_version', 'changed meanwhile');
    END IF;
    RETURN NEXT post;
END
$$;
