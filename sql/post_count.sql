-- post_count.sql - what is counted and kept when posts are acted on or change:
-- scores, counters, tags, old slugs, the text that searches read.

-- ---- Scores ---------------------------------------------------------------

-- The rank of lists by trend: the logarithm of the score (people who reacted,
-- 1 each, who commented, 2, who shared, 3) and the date.  Ten times the score
-- is worth 12.5 hours; what has no score yet stands as if it were a year older,
-- behind whatever somebody cared for.  It changes with the score only, never
-- with time.
CREATE OR REPLACE FUNCTION post_hot(score bigint, at timestamptz)
RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
RETURN round(1e6::float8 * (log(greatest(1, score)::float8)
    + (date_part('epoch', at) - CASE WHEN score < 1 THEN 31536000 ELSE 0 END)
        / 45000))::bigint;

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

-- What searches read is made by the programs (src/lexeme) and comes with the
-- write, which says in search_of of what version of the post it is.  A write
-- without it leaves nothing to find: what was erased is found no more, and
-- the batch program search-index makes the rest.
CREATE OR REPLACE FUNCTION post_contents_before() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.content = OLD.content
        OR NEW.search_of IS DISTINCT FROM OLD.search_of)
    THEN
        RETURN NEW;
    ELSIF TG_OP = 'INSERT' AND NEW.search_of IS NOT NULL THEN
        RETURN NEW;
    END IF;
    NEW.search := '';
    NEW.search_of := NULL;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER post_contents_before
    BEFORE INSERT OR UPDATE OF content ON post_contents
    FOR EACH ROW EXECUTE FUNCTION post_contents_before();

CREATE OR REPLACE FUNCTION post_contents_stale() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO post_search_stale VALUES (NEW.post_id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER post_contents_stale
    AFTER INSERT OR UPDATE OF content ON post_contents
    FOR EACH ROW WHEN (NEW.search_of IS NULL)
    EXECUTE FUNCTION post_contents_stale();

CREATE OR REPLACE FUNCTION posts_retitled() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO post_search_stale
    SELECT post_id FROM post_contents
    WHERE post_id = NEW.id AND (OLD.version = NEW.version
        OR search_of IS DISTINCT FROM NEW.version)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER posts_retitled
    AFTER UPDATE OF title, tags, excerpt ON posts
    FOR EACH ROW WHEN ((OLD.title, OLD.tags, OLD.excerpt) IS DISTINCT FROM
        (NEW.title, NEW.tags, NEW.excerpt))
    EXECUTE FUNCTION posts_retitled();
