-- search.sql - what a search looks for.

-- A word or phrase as a query: '' where nothing of it can be found.
CREATE OR REPLACE FUNCTION search_leaf(word text, beginning boolean)
RETURNS tsquery
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN beginning
        AND numnode(phraseto_tsquery('sparkle', word)) > 0
    THEN (phraseto_tsquery('sparkle', word)::text || ':*')::tsquery
    ELSE phraseto_tsquery('sparkle', word) END;

-- The query of words with marks beside them, as src/search/query.h has them.
-- An alternative that only says what to go without would look at every post:
-- it is left out, unless a filter says which to look at.
CREATE OR REPLACE FUNCTION search_query(
    words text[], marks text[], filtered boolean
) RETURNS tsquery
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT coalesce(string_agg(alternative, ' | '), '')::tsquery
FROM (
    SELECT string_agg(CASE WHEN mark LIKE '%-%' THEN '!(' ELSE '(' END
        || leaf::text || ')', ' & ') AS alternative
    FROM (
        SELECT search_leaf(word, mark LIKE '%*%') AS leaf, mark,
            count(*) FILTER (WHERE mark LIKE '|%') OVER (ORDER BY n) AS nr
        FROM unnest(words, marks) WITH ORDINALITY t(word, mark, n)
    ) leaves
    WHERE numnode(leaf) > 0
    GROUP BY nr
    HAVING filtered OR bool_or(mark NOT LIKE '%-%')
) alternatives
$$;
