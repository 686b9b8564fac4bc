-- follow.sql - who follows, blocks and mutes whom.

-- Lists of followers and followed: the card, when, and by whom.  Page by
-- (followed_at, id) DESC.
CREATE OR REPLACE VIEW follower_rows AS
SELECT u.id, u.username, u.image, u.verified, u.level::bigint AS level,
    f.created_at AS followed_at, f.following_id AS of_id,
    f.follower_id AS by_id
FROM follows f JOIN users u ON u.id = f.follower_id
WHERE u.status NOT IN ('BANNED', 'DELETED');

CREATE OR REPLACE VIEW following_rows AS
SELECT u.id, u.username, u.image, u.verified, u.level::bigint AS level,
    f.created_at AS followed_at, f.follower_id AS of_id,
    f.following_id AS by_id
FROM follows f JOIN users u ON u.id = f.following_id
WHERE u.status NOT IN ('BANNED', 'DELETED');

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

-- Follow, idempotent; changed tells whether it is new, followers how many
-- there are now.  Refusals: follows_following_id_fkey, follows_not_self,
-- follows_not_blocked (either blocks the other).
CREATE OR REPLACE FUNCTION follow_put(
    p_follower_id uuid, p_following_id uuid,
    OUT changed boolean, OUT followers bigint
)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lock_pair(p_follower_id, p_following_id);
    IF EXISTS (SELECT FROM blocks
        WHERE blocker_id = p_follower_id AND blocked_id = p_following_id
            OR blocker_id = p_following_id AND blocked_id = p_follower_id)
    THEN
        PERFORM refuse('follows_not_blocked', 'one blocks the other');
    END IF;
    INSERT INTO follows (follower_id, following_id)
    VALUES (p_follower_id, p_following_id) ON CONFLICT DO NOTHING;
    changed := FOUND;
    IF changed THEN
        PERFORM follow_count(p_follower_id, p_following_id, 1);
    END IF;
    SELECT total_followers INTO followers FROM user_stats
    WHERE user_id = p_following_id;
END
$$;

CREATE OR REPLACE FUNCTION follow_remove(
    p_follower_id uuid, p_following_id uuid,
    OUT changed boolean, OUT followers bigint
)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lock_pair(p_follower_id, p_following_id);
    DELETE FROM follows WHERE follower_id = p_follower_id
        AND following_id = p_following_id;
    changed := FOUND;
    IF changed THEN
        PERFORM follow_count(p_follower_id, p_following_id, -1);
    END IF;
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
