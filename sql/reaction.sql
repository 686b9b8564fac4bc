-- reaction.sql - reactions to posts and comments.
--
-- Putting one that is there and removing one that is not change nothing and
-- say so; both answer with the counts as they are afterwards.  Exactly one of
-- p_post_id and p_comment_id is given.  Who may see the target is the
-- caller's affair: SELECT r.* FROM posts p, reaction_set($1, p.id, NULL, $2,
-- TRUE) r WHERE p.id = $3 AND post_visible(p, $1).

-- The counts by type as an answer: columns LIKE .. SAD in order.
CREATE OR REPLACE FUNCTION reaction_counts(
    counts int[],
    OUT total bigint, OUT reactions_like bigint, OUT reactions_love bigint,
    OUT reactions_sparkle bigint, OUT reactions_fire bigint,
    OUT reactions_laugh bigint, OUT reactions_wow bigint,
    OUT reactions_sad bigint
)
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT counts[1]::bigint + counts[2] + counts[3] + counts[4] + counts[5]
        + counts[6] + counts[7],
    counts[1]::bigint, counts[2]::bigint, counts[3]::bigint,
    counts[4]::bigint, counts[5]::bigint, counts[6]::bigint,
    counts[7]::bigint
$$;

-- Count a reaction on or off its target and its author; the counts by type.
CREATE OR REPLACE FUNCTION reaction_count(
    p_user_id uuid, p_post_id uuid, p_comment_id uuid, p_type reaction_type,
    delta int
) RETURNS int[]
LANGUAGE plpgsql AS $$
DECLARE
    post posts;
    slot int := reaction_slot(p_type);
    author uuid;
    counts int[];
BEGIN
    IF p_post_id IS NOT NULL THEN
        post := post_act(p_post_id, p_user_id, delta, 0, 0, p_type);
        author := post.author_id;
        counts := post.reactions_by_type;
    ELSE
        -- The users who reacted: with the row locked, what this user has
        -- besides tells whether it is the first or was the last.
        PERFORM FROM comments WHERE id = p_comment_id FOR NO KEY UPDATE;
        UPDATE comments c SET
            reaction_count = reaction_count + delta,
            reactions_by_type[slot] = reactions_by_type[slot] + delta,
            score = score + CASE WHEN EXISTS (SELECT FROM reactions r
                WHERE r.comment_id = p_comment_id AND r.user_id = p_user_id
                    AND r.type <> p_type) THEN 0 ELSE delta END
        WHERE id = p_comment_id
        RETURNING author_id, reactions_by_type INTO author, counts;
    END IF;
    UPDATE user_stats
    SET total_likes_received = total_likes_received + delta
    WHERE user_id = author;
    RETURN counts;
END
$$;

-- Put it (p_there) or take it away.
CREATE OR REPLACE FUNCTION reaction_set(
    p_user_id uuid, p_post_id uuid, p_comment_id uuid, p_type reaction_type,
    p_there boolean,
    OUT changed boolean, OUT total bigint, OUT reactions_like bigint,
    OUT reactions_love bigint, OUT reactions_sparkle bigint,
    OUT reactions_fire bigint, OUT reactions_laugh bigint,
    OUT reactions_wow bigint, OUT reactions_sad bigint
)
LANGUAGE plpgsql AS $$
DECLARE
    counts int[];
BEGIN
    PERFORM FROM posts WHERE id = p_post_id FOR NO KEY UPDATE;
    IF p_there AND p_post_id IS NOT NULL THEN
        INSERT INTO reactions (user_id, post_id, comment_id, type)
        VALUES (p_user_id, p_post_id, p_comment_id, p_type)
        ON CONFLICT (post_id, user_id, type) WHERE post_id IS NOT NULL
            DO NOTHING;
    ELSIF p_there THEN
        INSERT INTO reactions (user_id, comment_id, type)
        VALUES (p_user_id, p_comment_id, p_type)
        ON CONFLICT (comment_id, user_id, type)
            WHERE comment_id IS NOT NULL DO NOTHING;
    ELSIF p_post_id IS NOT NULL THEN
        DELETE FROM reactions WHERE post_id = p_post_id
            AND user_id = p_user_id AND type = p_type;
    ELSE
        DELETE FROM reactions WHERE comment_id = p_comment_id
            AND user_id = p_user_id AND type = p_type;
    END IF;
    changed := FOUND;
    IF changed THEN
        counts := reaction_count(p_user_id, p_post_id, p_comment_id, p_type,
            CASE WHEN p_there THEN 1 ELSE -1 END);
    ELSE
        counts := reactions_of(p_post_id, p_comment_id);
    END IF;
    SELECT * FROM reaction_counts(counts) INTO total, reactions_like,
        reactions_love, reactions_sparkle, reactions_fire, reactions_laugh,
        reactions_wow, reactions_sad;
END
$$;

CREATE OR REPLACE FUNCTION reactions_of(p_post_id uuid, p_comment_id uuid)
RETURNS int[]
LANGUAGE sql VOLATILE AS $$
SELECT reactions_by_type FROM posts WHERE id = p_post_id
UNION ALL
SELECT reactions_by_type FROM comments WHERE id = p_comment_id
$$;
