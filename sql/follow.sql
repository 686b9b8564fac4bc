-- follow.sql - who follows, blocks and mutes whom.

-- Lists of followers and followed: the card, when, and by whom.  Page by
-- (followed_at, id) DESC.  Counted are those who are shown (visible.sql), as
-- the lists have them: follows.counted says of each whether it is.
CREATE OR REPLACE VIEW follower_rows AS
SELECT u.id, u.username, u.image, u.verified, u.level::bigint AS level,
    f.created_at AS followed_at, f.following_id AS of_id,
    f.follower_id AS by_id, user_called(u.username) AS name
FROM follows f JOIN users u ON u.id = f.follower_id
WHERE user_shown(u.status);

CREATE OR REPLACE VIEW following_rows AS
SELECT u.id, u.username, u.image, u.verified, u.level::bigint AS level,
    f.created_at AS followed_at, f.follower_id AS of_id,
    f.following_id AS by_id, user_called(u.username) AS name
FROM follows f JOIN users u ON u.id = f.following_id
WHERE user_shown(u.status);

-- Whatever changes between two users first locks both their counters, in
-- order of id.
CREATE OR REPLACE FUNCTION lock_pair(a uuid, b uuid) RETURNS void
LANGUAGE sql AS $$
SELECT FROM user_stats WHERE user_id IN (a, b)
ORDER BY user_id FOR NO KEY UPDATE
$$;

CREATE OR REPLACE FUNCTION follow_count(
    follower uuid, followed uuid, delta int
) RETURNS void
LANGUAGE sql AS $$
UPDATE user_stats SET
    total_followers = total_followers
        + CASE user_id WHEN followed THEN delta ELSE 0 END,
    total_following = total_following
        + CASE user_id WHEN follower THEN delta ELSE 0 END
WHERE user_id IN (follower, followed)
$$;

-- Whether both are shown.  Their stats say so, which the caller has locked.
CREATE OR REPLACE FUNCTION follow_counts(a uuid, b uuid) RETURNS boolean
LANGUAGE sql
RETURN (SELECT bool_and(listed) FROM user_stats WHERE user_id IN (a, b));

-- Follow, idempotent; changed tells whether it is new, followers how many
-- there are now.  Refusals: follows_following_id_fkey, follows_not_self,
-- follows_not_blocked (either blocks the other).
CREATE OR REPLACE FUNCTION follow_put(
    p_follower_id uuid, p_following_id uuid,
    OUT changed boolean, OUT followers bigint
)
LANGUAGE plpgsql AS $$
DECLARE
    n int;
BEGIN
    PERFORM lock_pair(p_follower_id, p_following_id);
    IF users_parted(p_follower_id, p_following_id) THEN
        PERFORM refuse('follows_not_blocked', 'one blocks the other');
    END IF;
    INSERT INTO follows (follower_id, following_id, counted)
    SELECT p_follower_id, p_following_id, follow_counts(p_follower_id,
        p_following_id)
    ON CONFLICT DO NOTHING
    RETURNING counted::int INTO n;
    changed := FOUND;
    PERFORM follow_count(p_follower_id, p_following_id, n) WHERE n > 0;
    SELECT total_followers INTO followers FROM user_stats
    WHERE user_id = p_following_id;
END
$$;

CREATE OR REPLACE FUNCTION follow_remove(
    p_follower_id uuid, p_following_id uuid,
    OUT changed boolean, OUT followers bigint
)
LANGUAGE plpgsql AS $$
DECLARE
    n int;
BEGIN
    PERFORM lock_pair(p_follower_id, p_following_id);
    DELETE FROM follows WHERE follower_id = p_follower_id
        AND following_id = p_following_id
    RETURNING counted::int INTO n;
    changed := FOUND;
    PERFORM follow_count(p_follower_id, p_following_id, -n) WHERE n > 0;
    SELECT total_followers INTO followers FROM user_stats
    WHERE user_id = p_following_id;
END
$$;

-- Block, idempotent: cuts both follows.  True if it is new.
CREATE OR REPLACE FUNCTION block_put(p_blocker_id uuid, p_blocked_id uuid)
RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    fresh boolean;
BEGIN
    PERFORM lock_pair(p_blocker_id, p_blocked_id);
    INSERT INTO blocks (blocker_id, blocked_id)
    VALUES (p_blocker_id, p_blocked_id) ON CONFLICT DO NOTHING;
    fresh := FOUND;
    PERFORM follow_remove(p_blocker_id, p_blocked_id);
    PERFORM follow_remove(p_blocked_id, p_blocker_id);
    RETURN fresh;
END
$$;

-- ---- When somebody is shown no longer, or again ----------------------------

CREATE OR REPLACE FUNCTION follow_recount_one(
    p_follower_id uuid, p_following_id uuid
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    n int;
BEGIN
    PERFORM lock_pair(p_follower_id, p_following_id);
    UPDATE follows SET counted = NOT counted
    WHERE follower_id = p_follower_id AND following_id = p_following_id
        AND counted <> follow_counts(p_follower_id, p_following_id)
    RETURNING CASE WHEN counted THEN 1 ELSE -1 END INTO n;
    PERFORM follow_count(p_follower_id, p_following_id, n) WHERE FOUND;
END
$$;

-- Count the follows of a user as is right by now, up to p_most of them, behind
-- p_after (what the call before returned): those of others first, then the
-- user's own.  Where to go on; NULL: that was all.  Every counter that a call
-- changes is locked in the order of the ids, as by lock_pair(); whoever follows
-- meanwhile finds the right state there.
CREATE OR REPLACE FUNCTION follow_recount(
    p_user uuid, p_after jsonb, p_most int
) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    own boolean := coalesce((p_after->>'own')::boolean, false);
    after_at timestamptz := coalesce(p_after->>'at', '-infinity');
    after_id uuid := coalesce(p_after->>'id',
        '00000000-0000-0000-0000-000000000000');
    pairs follows[];
    last follows;
BEGIN
    IF own THEN
        pairs := ARRAY(SELECT f FROM follows f WHERE follower_id = p_user
            AND (created_at, following_id) > (after_at, after_id)
            ORDER BY created_at, following_id LIMIT p_most);
    ELSE
        pairs := ARRAY(SELECT f FROM follows f WHERE following_id = p_user
            AND (created_at, follower_id) > (after_at, after_id)
            ORDER BY created_at, follower_id LIMIT p_most);
    END IF;
    PERFORM FROM user_stats WHERE user_id = p_user
        OR user_id IN (SELECT CASE WHEN own THEN p.following_id
            ELSE p.follower_id END FROM unnest(pairs) p)
    ORDER BY user_id FOR NO KEY UPDATE;
    WITH turned AS (
        UPDATE follows f SET counted = NOT f.counted
        FROM unnest(pairs) p
        JOIN user_stats a ON a.user_id = p.follower_id
        JOIN user_stats b ON b.user_id = p.following_id
        WHERE f.follower_id = p.follower_id
            AND f.following_id = p.following_id
            AND f.counted <> (a.listed AND b.listed)
        RETURNING f.follower_id, f.following_id,
            CASE WHEN f.counted THEN 1 ELSE -1 END AS n
    ), delta AS (
        SELECT id, sum(followers) AS followers, sum(following) AS following
        FROM (SELECT following_id, n, 0 FROM turned
            UNION ALL SELECT follower_id, 0, n FROM turned)
            d(id, followers, following)
        GROUP BY 1
    )
    UPDATE user_stats s SET
        total_followers = s.total_followers + d.followers,
        total_following = s.total_following + d.following
    FROM delta d WHERE s.user_id = d.id;

    IF cardinality(pairs) = p_most THEN
        last := pairs[p_most];
        RETURN jsonb_build_object('own', own, 'at', last.created_at, 'id',
            CASE WHEN own THEN last.following_id ELSE last.follower_id END);
    ELSIF NOT own THEN
        RETURN '{"own": true}';
    END IF;
    RETURN NULL;
END
$$;
