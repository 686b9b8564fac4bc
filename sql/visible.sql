-- visible.sql - who may see what: said here, and nowhere else.  Every list,
-- page, search, count, feed, mail and cache asks here; tests/lint refuses the
-- words visibility, blocks and mutes in other SQL, and tests/api/matrix.test.mjs
-- asks every route for every relation.

-- ---- Members --------------------------------------------------------------

--                        shown   ranked   signs in
--   ACTIVE               yes     yes      yes
--   PENDING_VERIFICATION yes     no       yes
--   SUSPENDED            yes     no       no: a matter between them and staff
--   BANNED, DELETED      no      no       no
--
-- Who is not shown has no profile and no card beside what they wrote, stands
-- in no list, search, count of users or of followers, and is not told of.
-- What they wrote is shown as that of a deleted user.

CREATE OR REPLACE FUNCTION user_shown(status user_status) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN status NOT IN ('BANNED', 'DELETED');

-- What a card calls somebody, from the user name: NULL of who is not shown.
-- The only words for that which programs and pages have.
CREATE OR REPLACE FUNCTION user_called(username text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(username, 'Deleted user');

-- Who stands on boards, is paid their prizes, and is recommended in mails.
CREATE OR REPLACE FUNCTION user_ranked(status user_status) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN status = 'ACTIVE';

-- ---- Between two members --------------------------------------------------

-- Who blocks and who is blocked are not there for each other: no profile, no
-- post, no comment (a stub where others answered), no row of a list.  Neither
-- is told why.  A mute is one's own: the other is in no feed, search, thread
-- or notice of who muted, but where one goes to see them.

-- Whom a member is parted from, by a block of either; nobody for a visitor
-- (NULL).
CREATE OR REPLACE FUNCTION parted_from(viewer uuid) RETURNS SETOF uuid
LANGUAGE sql STABLE ROWS 10 AS $$
SELECT blocked_id FROM blocks WHERE blocker_id = viewer
UNION ALL
SELECT blocker_id FROM blocks WHERE blocked_id = viewer
$$;

-- Whose words a list leaves out, asked once for all rows: (author IN (SELECT
-- id FROM hidden_from(viewer) id)) IS NOT TRUE becomes a hashed table.
CREATE OR REPLACE FUNCTION hidden_from(viewer uuid) RETURNS SETOF uuid
LANGUAGE sql STABLE ROWS 10 AS $$
SELECT id FROM parted_from(viewer) id
UNION ALL
SELECT muted_id FROM mutes WHERE muter_id = viewer
$$;

-- The same two of one pair: a look into each index.  (PL/pgSQL functions that
-- every row calls ask the sets themselves: a call costs as much as the look.)
CREATE OR REPLACE FUNCTION users_parted(a uuid, b uuid) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM parted_from(a) id WHERE id = b);
END
$$;

CREATE OR REPLACE FUNCTION viewer_hides(viewer uuid, author uuid)
RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM hidden_from(viewer) id WHERE id = author);
END
$$;

-- ---- Posts ----------------------------------------------------------------

--              by its address      in lists and searches
--   PUBLIC     everybody           everybody's
--   UNLISTED   everybody           none
--   FOLLOWERS  who follows         the feed of who follows; the author's, for
--                                  them and the author
--   PRIVATE    collaborators       none
--
-- That is of a published post; drafts and scheduled ones are for the author
-- and collaborators, what is deleted for nobody.  The author reads all of
-- their own.  Staff read what is reported or open to everybody.
--
-- These are expressions that the planner sees through: post_listed() is the
-- condition of the partial indexes of lists.

-- In everybody's lists, and counted.
CREATE OR REPLACE FUNCTION post_listed(p posts) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN p.deleted_at IS NULL AND p.status = 'published'
    AND p.visibility = 'PUBLIC';

-- In the lists of who follows the author.
CREATE OR REPLACE FUNCTION post_told(p posts) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN p.deleted_at IS NULL AND p.status = 'published'
    AND p.visibility IN ('PUBLIC', 'FOLLOWERS');

-- Read by everybody who has the address, and so open to staff.
CREATE OR REPLACE FUNCTION post_open(p posts) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN p.deleted_at IS NULL AND p.status = 'published'
    AND p.visibility IN ('PUBLIC', 'UNLISTED');

-- Never shown to anybody but who wrote it: nothing is lost to others by its
-- author's erasure.
CREATE OR REPLACE FUNCTION post_kept_private(p posts) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN p.deleted_at IS NOT NULL OR p.status <> 'published'
    OR p.visibility = 'PRIVATE';

-- Does the viewer stand so near to the author that lists of the author's posts
-- have those for followers, too?
CREATE OR REPLACE FUNCTION viewer_follows(viewer uuid, author uuid)
RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN viewer IS NOT NULL AND (viewer = author OR EXISTS (
        SELECT FROM follows
        WHERE follower_id = viewer AND following_id = author));
END
$$;

-- May the viewer (NULL: a visitor) read the post by its address?  Moderators
-- are post_readable()'s affair.
CREATE OR REPLACE FUNCTION post_visible(p posts, viewer uuid)
RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF p.deleted_at IS NOT NULL THEN
        RETURN false;
    ELSIF p.author_id = viewer THEN
        RETURN true;
    ELSIF viewer IS NOT NULL AND EXISTS (
        SELECT FROM parted_from(viewer) id WHERE id = p.author_id)
    THEN
        RETURN false;
    ELSIF post_open(p) THEN
        RETURN true;
    ELSIF viewer IS NULL THEN
        RETURN false;
    END IF;
    RETURN EXISTS (SELECT FROM post_collaborators
            WHERE post_id = p.id AND user_id = viewer)
        OR post_told(p) AND viewer_follows(viewer, p.author_id);
END
$$;

-- Whether staff see a post of somebody else: what is open, and what somebody
-- who saw it reported.
CREATE OR REPLACE FUNCTION post_open_to_staff(p posts) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN post_open(p) OR post_told(p) AND EXISTS (
        SELECT FROM reports WHERE post_id = p.id);
END
$$;

-- May the viewer read the post by its address, as staff or as anybody?
CREATE OR REPLACE FUNCTION post_readable(p posts, viewer uuid)
RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN post_visible(p, viewer)
        OR post_open_to_staff(p) AND is_staff(viewer);
END
$$;

-- How many may read a post, from the fewest: whether a change shows it to more.
CREATE OR REPLACE FUNCTION audience_size(p_visibility text) RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN array_position('{PRIVATE,FOLLOWERS,UNLISTED,PUBLIC}'::text[],
    p_visibility);

-- ---- Profiles -------------------------------------------------------------

-- May the viewer see that there is this member, who is shown?  Staff do.
CREATE OR REPLACE FUNCTION user_visible(p_user uuid, viewer uuid)
RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN NOT users_parted(viewer, p_user) OR is_staff(viewer);
END
$$;
