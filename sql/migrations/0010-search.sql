-- 0010-search.sql - what searches read is made by the programs.
--
-- Posts that are there already wait for the batch program search-index, and
-- are found by the old words until it has been by.

-- The version of the post that `search` was made of; NULL: not made.
ALTER TABLE post_contents ADD COLUMN search_of int;

-- Posts whose `search` is to be made anew.
CREATE TABLE post_search_stale (
    post_id uuid NOT NULL,
    CONSTRAINT post_search_stale_pkey PRIMARY KEY (post_id),
    CONSTRAINT post_search_stale_post_id_fkey FOREIGN KEY (post_id)
        REFERENCES posts ON DELETE CASCADE
) WITH (autovacuum_vacuum_scale_factor = 0.01);

INSERT INTO post_search_stale SELECT post_id FROM post_contents;
