-- leaderboard.sql - who did most in a time: experience, posts published,
-- reactions received from others.
--
-- Days begin at midnight, weeks on Monday, months on the first, all in UTC;
-- hourly are the sixty minutes before.  Only active accounts stand on a board.

-- When a board's period began that holds a time; NULL: all time.
CREATE OR REPLACE FUNCTION leaderboard_begin(p_board text, p_at timestamptz)
RETURNS timestamptz
LANGUAGE sql STABLE
RETURN CASE p_board
    WHEN 'hourly' THEN p_at - interval '1 hour'
    WHEN 'daily' THEN date_trunc('day', p_at, 'UTC')
    WHEN 'weekly' THEN date_trunc('week', p_at, 'UTC')
    WHEN 'monthly' THEN date_trunc('month', p_at, 'UTC') END;

-- What everybody scored from one time until before another.
CREATE OR REPLACE FUNCTION leaderboard_scores(
    p_metric text, p_from timestamptz, p_until timestamptz
) RETURNS TABLE (user_id uuid, score bigint)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    CASE p_metric
    WHEN 'xp' THEN
        RETURN QUERY SELECT x.user_id, sum(x.amount) FROM xp_log x
        WHERE x.created_at >= p_from AND x.created_at < p_until
        GROUP BY 1;
    WHEN 'posts' THEN
        RETURN QUERY SELECT p.author_id, count(*) FROM posts p
        WHERE post_listed(p)
            AND p.published_at >= p_from AND p.published_at < p_until
        GROUP BY 1;
    WHEN 'reactions' THEN
        RETURN QUERY SELECT coalesce(p.author_id, c.author_id), count(*)
        FROM reactions r
        LEFT JOIN posts p ON p.id = r.post_id
        LEFT JOIN comments c ON c.id = r.comment_id
        WHERE r.created_at >= p_from AND r.created_at < p_until
            AND coalesce(p.author_id, c.author_id) <> r.user_id
        GROUP BY 1;
    END CASE;
END
$$;

-- The same of all time, from the counters.
CREATE OR REPLACE FUNCTION leaderboard_totals(p_metric text)
RETURNS TABLE (user_id uuid, score bigint)
LANGUAGE sql STABLE AS $$
SELECT u.id, CASE p_metric WHEN 'xp' THEN u.experience
    WHEN 'posts' THEN s.total_posts
    WHEN 'reactions' THEN s.total_likes_received END
FROM users u JOIN user_stats s ON s.user_id = u.id
$$;

-- The first p_most of a board's period that holds a time, until that time.
CREATE OR REPLACE FUNCTION leaderboard_standing(
    p_board text, p_metric text, p_at timestamptz, p_most int
) RETURNS TABLE (user_id uuid, score bigint)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    begun timestamptz := leaderboard_begin(p_board, p_at);
BEGIN
    IF begun IS NULL THEN
        RETURN QUERY SELECT t.user_id, t.score
        FROM leaderboard_totals(p_metric) t
        JOIN users u ON u.id = t.user_id AND user_ranked(u.status)
        WHERE t.score > 0 ORDER BY t.score DESC, t.user_id LIMIT p_most;
    ELSE
        RETURN QUERY SELECT t.user_id, t.score
        FROM leaderboard_scores(p_metric, begun, p_at) t
        JOIN users u ON u.id = t.user_id AND user_ranked(u.status)
        WHERE t.score > 0 ORDER BY t.score DESC, t.user_id LIMIT p_most;
    END IF;
END
$$;

-- What the first ten get, in points: 10 for the first of a day, 1 for the
-- tenth; five times that for a week, twenty times for a month.
CREATE OR REPLACE FUNCTION leaderboard_prize(p_board text, p_rank int)
RETURNS bigint
LANGUAGE sql IMMUTABLE
RETURN (11 - p_rank) * CASE p_board WHEN 'daily' THEN 1
    WHEN 'weekly' THEN 5 ELSE 20 END;

-- Archive the first 1,000 of a metric in a period that ended, and pay the
-- first ten; how many were archived.  Once: of an archive that is there
-- nothing is changed.
CREATE OR REPLACE FUNCTION leaderboard_archive_one(
    p_board text, p_metric text, p_from timestamptz, p_until timestamptz
) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
BEGIN
    IF EXISTS (SELECT FROM leaderboard_archives WHERE board = p_board
        AND metric = p_metric AND starts_at = p_from)
    THEN
        RETURN 0;
    END IF;
    INSERT INTO leaderboard_archives
        (board, metric, starts_at, rank, user_id, score)
    SELECT p_board, p_metric, p_from,
        row_number() OVER (ORDER BY t.score DESC, t.user_id), t.user_id,
        t.score
    FROM leaderboard_scores(p_metric, p_from, p_until) t
    JOIN users u ON u.id = t.user_id AND user_ranked(u.status)
    WHERE t.score > 0
    ORDER BY t.score DESC, t.user_id LIMIT 1000;
    GET DIAGNOSTICS n = ROW_COUNT;
    PERFORM add_points(a.user_id, leaderboard_prize(p_board, a.rank),
        'sparkle', 'earn', 'leaderboard', 'leaderboard:' || p_board || ':'
            || p_metric || ':' || to_char(p_from AT TIME ZONE 'UTC',
            'YYYY-MM-DD'),
        'Rank ' || a.rank || ', ' || p_board || ' ' || p_metric)
    FROM leaderboard_archives a
    JOIN user_balances b ON b.user_id = a.user_id
    WHERE a.board = p_board AND a.metric = p_metric
        AND a.starts_at = p_from AND a.rank <= 10;
    RETURN n;
END
$$;

-- Archive the periods of a board that ended since its last archive; where
-- there is none, the one that ended last.  How many rows; a dry run says how
-- many there would be.
CREATE OR REPLACE FUNCTION leaderboard_archive(p_board text, p_dry boolean)
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    upper timestamptz := leaderboard_begin(p_board, clock_now());
    lower timestamptz := leaderboard_begin(p_board,
        upper - interval '1 second');
    last timestamptz := coalesce((SELECT max(starts_at)
        FROM leaderboard_archives WHERE board = p_board),
        leaderboard_begin(p_board, lower - interval '1 second'));
    metric text;
    n bigint := 0;
BEGIN
    WHILE lower > last LOOP
        FOREACH metric IN ARRAY ARRAY['xp', 'posts', 'reactions'] LOOP
            n := n + CASE WHEN p_dry THEN (SELECT least(count(*), 1000)
                    FROM leaderboard_scores(metric, lower, upper) t
                    JOIN users u ON u.id = t.user_id
                        AND user_ranked(u.status)
                    WHERE t.score > 0)
                ELSE leaderboard_archive_one(p_board, metric, lower, upper)
                END;
        END LOOP;
        upper := lower;
        lower := leaderboard_begin(p_board, lower - interval '1 second');
    END LOOP;
    RETURN n;
END
$$;
