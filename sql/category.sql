-- category.sql - categories and tags.

CREATE OR REPLACE VIEW category_rows AS
SELECT c.id, c.slug, c.name, c.description, c.color,
    c.post_count::bigint AS posts,
    c.position::bigint AS position, c.is_open
FROM categories c;

CREATE OR REPLACE VIEW tag_rows AS
SELECT t.name, t.post_count::bigint AS posts,
    t.id
FROM tags t
WHERE t.post_count > 0;

-- The category with a slug; NULL for NULL, and an id that none has (the nil
-- uuid) for a slug that none has, so that posts_category_id_fkey says so.
CREATE OR REPLACE FUNCTION category_by_slug(p_slug text) RETURNS uuid
LANGUAGE sql STABLE
RETURN CASE WHEN p_slug IS NOT NULL THEN coalesce(
    (SELECT id FROM categories WHERE slug = p_slug),
    '00000000-0000-0000-0000-000000000000'::uuid) END;
