-- search.sql - which posts a search looks at.

-- The posts that fit, by the index of words in any case: the planner takes @@
-- for cheap, and would rather look into each post, though their vectors lie
-- apart from the rows.
--
-- Words that more than 3,000 posts have say little of what is wanted, and to
-- sort all that have them took longer the larger the site: of those the 2,000
-- posts of the highest rank are looked at, unless `whole` is wanted, since a
-- filter leaves few.  How many have the words is asked without the order of
-- phrases, which the index does not know: each vector would have to be read.
CREATE OR REPLACE FUNCTION search_posts(q tsquery, whole boolean)
RETURNS SETOF uuid
LANGUAGE plpgsql STABLE ROWS 500
SET enable_seqscan = off
AS $$
DECLARE
    words tsquery := regexp_replace(q::text, '<(-|\d+)>', '&', 'g');
BEGIN
    IF whole OR (SELECT count(*) FROM (SELECT FROM post_contents
        WHERE search @@ words LIMIT 3001) few) <= 3000
    THEN
        RETURN QUERY SELECT post_id FROM post_contents WHERE search @@ q;
    ELSE
        RETURN QUERY SELECT c.post_id
            FROM (SELECT id FROM posts p WHERE post_listed(p)
                ORDER BY hot DESC, id DESC LIMIT 2000) p
            JOIN post_contents c ON c.post_id = p.id
            WHERE c.search @@ q;
    END IF;
END
$$;
