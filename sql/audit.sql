-- audit.sql - every counter compared with its rows, every balance with its
-- ledger, every rank with its score.
--
-- For tests and for the batch programs counter-audit and ledger-audit.  Each
-- counter is one full scan and a hash join; nothing is locked, so on a live
-- site a difference counts only when it is still there a minute later.
-- counter_repair() writes what was counted, row by row under the row's lock.

-- The differences; none is what should come back.
CREATE OR REPLACE FUNCTION counter_audit()
RETURNS TABLE (counter text, key text, stored bigint, counted bigint)
LANGUAGE sql STABLE AS $$
WITH acts AS (
    SELECT a.post_id, a.user_id, sum(a.r) AS reactions, sum(a.c) AS comments,
        sum(a.s) AS shares
    FROM (
        SELECT post_id, user_id, 1, 0, 0 FROM reactions
        WHERE post_id IS NOT NULL
        UNION ALL
        SELECT post_id, author_id, 0, 1, 0 FROM comments
        WHERE deleted_at IS NULL AND author_id IS NOT NULL
        UNION ALL
        SELECT post_id, user_id, 0, 0, 1 FROM shares
    ) a(post_id, user_id, r, c, s)
    GROUP BY 1, 2
), per_post AS (
    SELECT post_id, sum(reactions) AS reactions, sum(comments) AS comments,
        sum(shares) AS shares,
        sum(least(1, reactions) + 2 * least(1, comments)
            + 3 * least(1, shares)) AS score
    FROM acts GROUP BY 1
)
SELECT 'posts.' || v.name, p.id::text, v.stored, coalesce(v.counted, 0)
FROM posts p LEFT JOIN per_post a ON a.post_id = p.id
CROSS JOIN LATERAL (VALUES
    ('reaction_count', p.reaction_count::bigint, a.reactions::bigint),
    ('comment_count', p.comment_count, a.comments),
    ('share_count', p.share_count, a.shares),
    ('score', p.score, a.score),
    ('hot', p.hot,
        post_hot(p.score, coalesce(p.published_at, p.created_at))),
    ('reactions_by_type', (SELECT sum(n) FROM unnest(p.reactions_by_type) n),
        a.reactions)
) v(name, stored, counted)
WHERE v.stored <> coalesce(v.counted, 0)

UNION ALL
SELECT 'post_participants.' || v.name, coalesce(p.post_id, a.post_id) || ':'
    || coalesce(p.user_id, a.user_id), coalesce(v.stored, 0),
    coalesce(v.counted, 0)
FROM post_participants p
FULL JOIN acts a ON a.post_id = p.post_id AND a.user_id = p.user_id
CROSS JOIN LATERAL (VALUES
    ('reactions', p.reactions::bigint, a.reactions::bigint),
    ('comments', p.comments, a.comments),
    ('shares', p.shares, a.shares)
) v(name, stored, counted)
WHERE coalesce(v.stored, 0) <> coalesce(v.counted, 0)

UNION ALL
SELECT 'posts.reactions_by_type[' || t.type || ']', p.id::text,
    p.reactions_by_type[t.slot], coalesce(r.n, 0)
FROM posts p
CROSS JOIN unnest(enum_range(NULL::reaction_type)) WITH ORDINALITY
    t(type, slot)
LEFT JOIN (SELECT post_id, type, count(*) AS n FROM reactions
    WHERE post_id IS NOT NULL GROUP BY 1, 2) r
    ON r.post_id = p.id AND r.type = t.type
WHERE p.reactions_by_type[t.slot] <> coalesce(r.n, 0)

UNION ALL
SELECT 'posts.bookmark_count', p.id::text, p.bookmark_count,
    coalesce(b.n, 0)
FROM posts p LEFT JOIN (SELECT post_id, count(*) AS n FROM bookmarks
    GROUP BY 1) b ON b.post_id = p.id
WHERE p.bookmark_count <> coalesce(b.n, 0)

UNION ALL
SELECT 'posts.comment_seq', p.id::text, p.comment_seq, c.n
FROM posts p JOIN (SELECT post_id, max(number) AS n FROM comments
    GROUP BY 1) c ON c.post_id = p.id
WHERE p.comment_seq < c.n -- the last ones may have been purged

UNION ALL
SELECT 'comments.' || v.name, c.id::text, v.stored, coalesce(v.counted, 0)
FROM comments c
LEFT JOIN (SELECT comment_id, count(*) AS n, count(DISTINCT user_id) AS users
    FROM reactions WHERE comment_id IS NOT NULL GROUP BY 1) r
    ON r.comment_id = c.id
LEFT JOIN (SELECT parent_id, count(*) AS n FROM comments
    WHERE parent_id IS NOT NULL AND (deleted_at IS NULL OR reply_count > 0)
    GROUP BY 1) k ON k.parent_id = c.id
CROSS JOIN LATERAL (VALUES
    ('reaction_count', c.reaction_count::bigint, r.n),
    ('score', c.score, r.users),
    ('reply_count', c.reply_count, k.n),
    ('reactions_by_type', (SELECT sum(n) FROM unnest(c.reactions_by_type) n),
        r.n)
) v(name, stored, counted)
WHERE v.stored <> coalesce(v.counted, 0)

UNION ALL
SELECT 'comments.depth', c.id::text, c.depth, coalesce(u.depth + 1, 0)
FROM comments c LEFT JOIN comments u ON u.id = c.parent_id
WHERE c.depth <> coalesce(u.depth + 1, 0) OR c.post_id <> u.post_id
    OR c.path <> left(coalesce(u.path, ''), 1530)
        || lpad(to_hex(c.number), 6, '0')

UNION ALL
SELECT 'user_stats.' || v.name, s.user_id::text, v.stored,
    coalesce(v.counted, 0)
FROM user_stats s
LEFT JOIN (SELECT author_id, count(*) AS n FROM posts p
    WHERE post_listed(p) GROUP BY 1) p ON p.author_id = s.user_id
LEFT JOIN (SELECT author_id, count(*) AS n FROM comments
    WHERE deleted_at IS NULL GROUP BY 1) c ON c.author_id = s.user_id
LEFT JOIN (SELECT following_id, count(*) AS n FROM follows
    WHERE counted GROUP BY 1) f
    ON f.following_id = s.user_id
LEFT JOIN (SELECT follower_id, count(*) AS n FROM follows
    WHERE counted GROUP BY 1) g
    ON g.follower_id = s.user_id
LEFT JOIN (SELECT author_id, sum(n) AS n FROM (
        SELECT author_id, sum(reaction_count) AS n FROM posts GROUP BY 1
        UNION ALL
        SELECT author_id, sum(reaction_count) FROM comments GROUP BY 1
    ) l GROUP BY 1) l ON l.author_id = s.user_id
CROSS JOIN LATERAL (VALUES
    ('total_posts', s.total_posts::bigint, p.n),
    ('total_comments', s.total_comments, c.n),
    ('total_followers', s.total_followers, f.n),
    ('total_following', s.total_following, g.n),
    ('total_likes_received', s.total_likes_received, l.n::bigint)
) v(name, stored, counted)
WHERE v.stored <> coalesce(v.counted, 0)

UNION ALL
SELECT 'user_stats.verified', u.id::text, s.verified::int, u.verified::int
FROM users u JOIN user_stats s ON s.user_id = u.id
WHERE s.verified <> u.verified
    OR s.listed <> user_shown(u.status)

UNION ALL
SELECT 'follows.counted', f.follower_id || ':' || f.following_id,
    f.counted::int, (a.listed AND b.listed)::int
FROM follows f
JOIN user_stats a ON a.user_id = f.follower_id
JOIN user_stats b ON b.user_id = f.following_id
WHERE f.counted <> (a.listed AND b.listed)

UNION ALL
SELECT 'categories.post_count', c.slug, c.post_count, coalesce(p.n, 0)
FROM categories c LEFT JOIN (SELECT category_id, count(*) AS n FROM posts p
    WHERE post_listed(p) GROUP BY 1) p ON p.category_id = c.id
WHERE c.post_count <> coalesce(p.n, 0)

UNION ALL
SELECT 'tags.post_count', t.name, t.post_count, coalesce(p.n, 0)
FROM tags t LEFT JOIN (SELECT tag_id, count(*) AS n
    FROM post_tags WHERE published_at IS NOT NULL GROUP BY 1) p
    ON p.tag_id = t.id
WHERE t.post_count <> coalesce(p.n, 0)

UNION ALL
SELECT 'post_tags', p.id::text, coalesce(t.n, 0), cardinality(p.tags)
FROM posts p LEFT JOIN (SELECT pt.post_id, count(*) AS n,
        count(*) FILTER (WHERE t.name = ANY (p.tags) AND pt.published_at
            IS NOT DISTINCT FROM CASE WHEN post_listed(p)
                THEN p.published_at END) AS good
    FROM post_tags pt JOIN tags t ON t.id = pt.tag_id
    JOIN posts p ON p.id = pt.post_id GROUP BY 1) t ON t.post_id = p.id
WHERE coalesce(t.n, 0) <> cardinality(p.tags)
    OR coalesce(t.good, 0) <> cardinality(p.tags)

UNION ALL
SELECT 'notifications.actor_count', n.id::text, n.actor_count,
    coalesce(a.n, 0)
FROM notifications n LEFT JOIN (SELECT notification_id, count(*) AS n
    FROM notification_actors GROUP BY 1) a ON a.notification_id = n.id
WHERE n.actor_count <> coalesce(a.n, 0)

UNION ALL
SELECT 'site_totals', coalesce(t.name, c.name), coalesce(t.n, 0),
    coalesce(c.n, 0)
FROM (SELECT name, sum(n)::bigint AS n FROM site_totals GROUP BY 1) t
FULL JOIN (
    SELECT 'posts' AS name, count(*) AS n FROM posts p WHERE post_listed(p)
    UNION ALL
    SELECT 'posts:' || kind, count(*) FROM posts p WHERE post_listed(p)
    GROUP BY kind
    UNION ALL
    SELECT 'users', count(*) FROM users
    WHERE user_shown(status)
) c ON c.name = t.name
WHERE coalesce(t.n, 0) <> coalesce(c.n, 0)
$$;

-- Balances against the sum of the ledger; the ledgers against themselves: each
-- row, by its number, begins where the one before it ends, and none is missing;
-- the level against the most experience that there was.
CREATE OR REPLACE FUNCTION ledger_audit()
RETURNS TABLE (counter text, key text, stored bigint, counted bigint)
LANGUAGE sql STABLE AS $$
SELECT 'user_balances.' || v.name, b.user_id::text, v.stored,
    coalesce(v.counted, 0)::bigint
FROM user_balances b
LEFT JOIN (
    SELECT user_id, sum(amount) FILTER (WHERE currency = 'sparkle') AS s,
        sum(amount) FILTER (WHERE currency = 'premium') AS p,
        sum(amount) FILTER (WHERE currency = 'sparkle' AND type = 'earn')
            AS e
    FROM currency_transactions GROUP BY 1
) t ON t.user_id = b.user_id
CROSS JOIN LATERAL (VALUES
    ('sparkle_points', b.sparkle_points, t.s),
    ('premium_points', b.premium_points, t.p),
    ('lifetime_earned', b.lifetime_earned, t.e)
) v(name, stored, counted)
WHERE v.stored <> coalesce(v.counted, 0)

UNION ALL
SELECT 'users.experience', u.id::text, u.experience, coalesce(x.n, 0)
FROM users u LEFT JOIN (SELECT user_id, sum(amount) AS n FROM xp_log
    GROUP BY 1) x ON x.user_id = u.id
WHERE u.experience <> coalesce(x.n, 0)

UNION ALL
SELECT 'users.level', u.id::text, u.level, level_for_xp(coalesce(x.most, 0))
FROM users u LEFT JOIN (SELECT user_id, max(n)::bigint AS most
    FROM (SELECT user_id, sum(amount) OVER (PARTITION BY user_id
            ORDER BY number) AS n
        FROM xp_log) r GROUP BY 1) x ON x.user_id = u.id
WHERE u.level <> level_for_xp(coalesce(x.most, 0))

UNION ALL
SELECT 'currency_transactions.' || t.currency || '[' || t.number || ']',
    t.user_id::text, t.balance_before, coalesce(t.ended, 0)
FROM (SELECT user_id, currency, number, balance_before,
        lag(number) OVER w AS last, lag(balance_after) OVER w AS ended
    FROM currency_transactions
    WINDOW w AS (PARTITION BY user_id, currency ORDER BY number)) t
WHERE t.balance_before <> coalesce(t.ended, 0)
    OR t.number IS DISTINCT FROM coalesce(t.last, 0) + 1

UNION ALL
SELECT 'xp_log[' || x.number || ']', x.user_id::text, x.total_xp,
    coalesce(x.ended, 0) + x.amount
FROM (SELECT user_id, number, amount, total_xp, lag(number) OVER w AS last,
        lag(total_xp) OVER w AS ended
    FROM xp_log WINDOW w AS (PARTITION BY user_id ORDER BY number)) x
WHERE x.total_xp <> coalesce(x.ended, 0) + x.amount
    OR x.number IS DISTINCT FROM coalesce(x.last, 0) + 1
$$;

-- The most experience that a user ever had, which the level is of.
CREATE OR REPLACE FUNCTION xp_most(p_user uuid) RETURNS bigint
LANGUAGE sql STABLE AS $$
SELECT coalesce(max(x.n), 0)::bigint
FROM (SELECT sum(amount) OVER (ORDER BY number)
    FROM xp_log WHERE user_id = p_user) x(n)
$$;

-- Put right what counter_audit() finds in the counters that readers see;
-- how many were.  Each is counted again under the lock of its row.
CREATE OR REPLACE FUNCTION counter_repair() RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    bad record;
    done bigint := 0;
BEGIN
    FOR bad IN SELECT DISTINCT split_part(a.counter, '.', 1) AS what, a.key
        FROM counter_audit() a
    LOOP
        CASE bad.what
        WHEN 'posts' THEN PERFORM post_recount(bad.key::uuid);
        WHEN 'post_participants' THEN
            PERFORM post_recount(split_part(bad.key, ':', 1)::uuid);
        WHEN 'post_tags' THEN
            UPDATE posts SET tags = tags WHERE id = bad.key::uuid;
        WHEN 'comments' THEN PERFORM comment_recount(bad.key::uuid);
        WHEN 'user_stats' THEN PERFORM user_recount(bad.key::uuid);
        WHEN 'follows' THEN
            PERFORM follow_recount_one(split_part(bad.key, ':', 1)::uuid,
                split_part(bad.key, ':', 2)::uuid);
        WHEN 'categories' THEN
            UPDATE categories c SET post_count = (SELECT count(*)
                FROM posts p WHERE p.category_id = c.id AND post_listed(p))
            WHERE slug = bad.key;
        WHEN 'tags' THEN
            UPDATE tags t SET post_count = (SELECT count(*)
                FROM post_tags p
                WHERE p.tag_id = t.id AND published_at IS NOT NULL)
            WHERE name = bad.key;
        WHEN 'notifications' THEN
            UPDATE notifications n SET actor_count = (SELECT count(*)
                FROM notification_actors a WHERE a.notification_id = n.id)
            WHERE id = bad.key::uuid;
        WHEN 'site_totals' THEN
            PERFORM site_count(bad.key, (SELECT sum(a.counted - a.stored)
                FROM counter_audit() a
                WHERE a.counter = 'site_totals' AND a.key = bad.key
            )::bigint);
        END CASE;
        done := done + 1;
    END LOOP;
    RETURN done;
END
$$;

-- Put right what ledger_audit() finds; how many accounts were.  A ledger that
-- is itself in disorder stays so: that is for people to look into.  The ledgers are
-- only ever added to, so they have the last word: balances, experience and
-- levels are what their rows sum up to.  Where that is less than nothing the
-- table's own constraints refuse it, and nothing is changed.
CREATE OR REPLACE FUNCTION ledger_repair() RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    bad record;
    done bigint := 0;
BEGIN
    FOR bad IN SELECT DISTINCT split_part(a.counter, '.', 1) AS what,
            a.key::uuid AS id
        FROM ledger_audit() a
    LOOP
        IF bad.what = 'user_balances' THEN
            PERFORM FROM user_balances WHERE user_id = bad.id
            FOR NO KEY UPDATE;
            UPDATE user_balances b SET sparkle_points = t.s,
                premium_points = t.p, lifetime_earned = t.e,
                version = version + 1
            FROM (SELECT
                    coalesce(sum(amount) FILTER (
                        WHERE currency = 'sparkle'), 0) AS s,
                    coalesce(sum(amount) FILTER (
                        WHERE currency = 'premium'), 0) AS p,
                    coalesce(sum(amount) FILTER (WHERE currency = 'sparkle'
                        AND type = 'earn'), 0) AS e
                FROM currency_transactions WHERE user_id = bad.id) t
            WHERE b.user_id = bad.id;
        ELSIF bad.what = 'users' THEN
            PERFORM FROM users WHERE id = bad.id FOR NO KEY UPDATE;
            UPDATE users u SET experience = t.n,
                level = level_for_xp(xp_most(u.id))
            FROM (SELECT coalesce(sum(amount), 0)::bigint AS n FROM xp_log
                WHERE user_id = bad.id) t
            WHERE u.id = bad.id;
        ELSE
            CONTINUE;
        END IF;
        done := done + 1;
    END LOOP;
    RETURN done;
END
$$;

CREATE OR REPLACE FUNCTION reaction_array(
    p_post_id uuid, p_comment_id uuid
) RETURNS int[]
LANGUAGE sql STABLE AS $$
SELECT array_agg(coalesce(r.n, 0)::int ORDER BY t.slot)
FROM unnest(enum_range(NULL::reaction_type)) WITH ORDINALITY t(type, slot)
LEFT JOIN (SELECT type, count(*) AS n FROM reactions
    WHERE post_id = p_post_id OR comment_id = p_comment_id GROUP BY 1) r
    ON r.type = t.type
$$;

CREATE OR REPLACE FUNCTION post_recount(p_post_id uuid) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM posts WHERE id = p_post_id FOR NO KEY UPDATE;
    DELETE FROM post_participants WHERE post_id = p_post_id;
    INSERT INTO post_participants
        (post_id, user_id, reactions, comments, shares)
    SELECT p_post_id, user_id, sum(r), sum(c), sum(s) FROM (
        SELECT user_id, 1, 0, 0 FROM reactions WHERE post_id = p_post_id
        UNION ALL
        SELECT author_id, 0, 1, 0 FROM comments WHERE post_id = p_post_id
            AND deleted_at IS NULL AND author_id IS NOT NULL
        UNION ALL
        SELECT user_id, 0, 0, 1 FROM shares WHERE post_id = p_post_id
    ) a(user_id, r, c, s) GROUP BY user_id;
    UPDATE posts p SET reaction_count = t.r, comment_count = t.c,
        share_count = t.s, score = t.score,
        reactions_by_type = reaction_array(p.id, NULL),
        hot = post_hot(t.score, coalesce(published_at, created_at)),
        bookmark_count = (SELECT count(*) FROM bookmarks
            WHERE post_id = p.id),
        comment_seq = (SELECT coalesce(max(number), 0) FROM comments
            WHERE post_id = p.id)
    FROM (SELECT coalesce(sum(reactions), 0) AS r,
            coalesce(sum(comments), 0) AS c, coalesce(sum(shares), 0) AS s,
            coalesce(sum(least(1, reactions) + 2 * least(1, comments)
                + 3 * least(1, shares)), 0) AS score
        FROM post_participants WHERE post_id = p_post_id) t
    WHERE p.id = p_post_id;
END
$$;

CREATE OR REPLACE FUNCTION comment_recount(p_comment_id uuid) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM comments WHERE id = p_comment_id FOR NO KEY UPDATE;
    UPDATE comments c SET
        reactions_by_type = reaction_array(NULL, c.id),
        reaction_count = (SELECT count(*) FROM reactions
            WHERE comment_id = c.id),
        score = (SELECT count(DISTINCT user_id) FROM reactions
            WHERE comment_id = c.id),
        reply_count = (SELECT count(*) FROM comments k
            WHERE k.parent_id = c.id
                AND (k.deleted_at IS NULL OR k.reply_count > 0))
    WHERE id = p_comment_id;
END
$$;

CREATE OR REPLACE FUNCTION user_recount(p_user_id uuid) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM user_stats WHERE user_id = p_user_id FOR NO KEY UPDATE;
    UPDATE user_stats s SET
        total_posts = (SELECT count(*) FROM posts p
            WHERE p.author_id = s.user_id AND post_listed(p)),
        total_comments = (SELECT count(*) FROM comments
            WHERE author_id = s.user_id AND deleted_at IS NULL),
        total_followers = (SELECT count(*) FROM follows
            WHERE following_id = s.user_id AND counted),
        total_following = (SELECT count(*) FROM follows
            WHERE follower_id = s.user_id AND counted),
        total_likes_received = coalesce((SELECT sum(reaction_count)
                FROM posts WHERE author_id = s.user_id), 0)
            + coalesce((SELECT sum(reaction_count)
                FROM comments WHERE author_id = s.user_id), 0),
        verified = u.verified,
        listed = user_shown(u.status)
    FROM users u WHERE u.id = s.user_id AND s.user_id = p_user_id;
END
$$;
