-- key.sql - keys by their ids: the inventory, and hashes under several keys.

-- Is the hash among others, 32 bytes each, one behind the other?  The program
-- makes them under every key of a ring, since the value was made under one.
CREATE OR REPLACE FUNCTION hash_among(p_hash bytea, p_hashes bytea)
RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT AS $$
SELECT p_hash = ANY (ARRAY(
    SELECT substring(p_hashes FROM i FOR 32)
    FROM generate_series(1, octet_length(p_hashes), 32) i))
$$;

-- Note which keys a ring has now; what is gone from it counts as retired, and
-- one that comes back as in use again.  True where something was new.
CREATE OR REPLACE FUNCTION keys_note(p_purpose text, p_kids text[])
RETURNS boolean
LANGUAGE sql AS $$
WITH here AS (
    INSERT INTO encryption_keys AS k (purpose, kid)
    SELECT p_purpose, unnest(p_kids)
    ON CONFLICT (purpose, kid) DO UPDATE SET retired_at = NULL
        WHERE k.retired_at IS NOT NULL
    RETURNING 1
), gone AS (
    UPDATE encryption_keys SET retired_at = clock_now()
    WHERE purpose = p_purpose AND kid <> ALL (p_kids) AND retired_at IS NULL
    RETURNING 1
)
SELECT EXISTS (SELECT FROM here UNION ALL SELECT FROM gone)
$$;

-- How many stored values need which key.  Signed links and codes that live
-- for minutes are not counted.
CREATE OR REPLACE VIEW key_uses AS
SELECT 'encryption' AS purpose, kid, count(*) AS uses
FROM (SELECT kid FROM two_factor UNION ALL SELECT kid FROM phones) v
GROUP BY kid
UNION ALL
SELECT 'signing', kid, count(*)
FROM backup_codes WHERE used_at IS NULL GROUP BY kid
UNION ALL
SELECT 'pepper', split_part(password_hash, '$pepper=', 2), count(*)
FROM users WHERE password_hash LIKE '%$pepper=%' GROUP BY 2;
