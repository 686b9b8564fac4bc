-- 0013-undetermined.sql - posts whose writer said no language.
--
-- They were taken for English, so that a page said lang="en" of Arabic, and a
-- screen reader spoke it as that.  What has a title without a Latin letter is
-- not English; of the others nobody knows which were meant, and they stay.

ALTER TABLE posts ALTER COLUMN language SET DEFAULT 'und';

UPDATE posts SET language = 'und'
WHERE language = 'en' AND title !~ '[A-Za-z]';
