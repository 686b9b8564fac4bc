-- search.sql - which posts a search looks at.

-- By the index of words in any case: the planner takes @@ for cheap, and would
-- rather look into each post, though their vectors lie apart from the rows.
CREATE OR REPLACE FUNCTION search_posts(q tsquery) RETURNS SETOF uuid
LANGUAGE sql STABLE ROWS 500
SET enable_seqscan = off
AS $$
SELECT post_id FROM post_contents WHERE search @@ q
$$;
