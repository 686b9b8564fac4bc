-- refusal.sql - the names that functions raise by refuse(), read from their
-- source, so that the program can check its rows against them at start.

CREATE OR REPLACE VIEW raised_refusals AS
SELECT DISTINCT m[1] AS name
FROM pg_proc p, regexp_matches(p.prosrc, 'refuse\(''([a-z_]+)''', 'g') m
WHERE p.pronamespace = 'public'::regnamespace;
