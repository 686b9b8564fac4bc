-- 0012-excerpt.sql - comments have a beginning in plain text, as posts have.
--
-- Comments that are there already wait for the batch program comment-excerpt;
-- until then notifications of them say the title of their post.

-- Made by the programs from the content.  NULL: not made.
ALTER TABLE comments ADD COLUMN excerpt text;
-- NOT VALID: there is nothing in a new column to be looked at.
ALTER TABLE comments ADD CONSTRAINT comments_excerpt_length CHECK (
    char_length(excerpt) <= 200) NOT VALID;

-- Comments whose excerpt is to be made.
CREATE TABLE comment_excerpt_stale (
    comment_id uuid NOT NULL,
    CONSTRAINT comment_excerpt_stale_pkey PRIMARY KEY (comment_id),
    CONSTRAINT comment_excerpt_stale_comment_id_fkey FOREIGN KEY (comment_id)
        REFERENCES comments ON DELETE CASCADE
) WITH (autovacuum_vacuum_scale_factor = 0.01);

INSERT INTO comment_excerpt_stale
SELECT id FROM comments WHERE deleted_at IS NULL;

-- Titles are made of names that have bounds of their own, and are not cut.
ALTER TABLE notifications DROP CONSTRAINT notifications_title_length;
ALTER TABLE notifications ADD CONSTRAINT notifications_title_length CHECK (
    char_length(title) <= 2000) NOT VALID;
