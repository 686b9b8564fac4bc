-- check.sql - is this database in order?  Raises at the first kind of fault,
-- with examples; changes nothing.  Run it as the owner or as sparkle_app:
-- psql -v ON_ERROR_STOP=1 -f sql/check.sql, or the text as one statement.

DO $check$
DECLARE
    faults text;
BEGIN
    -- Materialised, lest the planner hopes to meet 20 faults soon.
    WITH bad AS MATERIALIZED (
        SELECT * FROM counter_audit() UNION ALL SELECT * FROM ledger_audit()
    )
    SELECT string_agg(format('%s %s: %s stored, %s counted', counter, key,
        stored, counted), E'\n') INTO faults
    FROM (SELECT * FROM bad LIMIT 20) a;
    IF faults IS NOT NULL THEN
        RAISE EXCEPTION E'counters differ from their rows:\n%', faults;
    END IF;

    -- The schema: foreign keys are indexed, names are good.
    SELECT string_agg(format('%s.%s', c.conrelid::regclass, c.conname),
        E'\n') INTO faults
    FROM pg_constraint c
    WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace
        AND NOT EXISTS (SELECT FROM pg_index i
            WHERE i.indrelid = c.conrelid
                AND (i.indkey::smallint[])[0:cardinality(c.conkey) - 1]
                    @> c.conkey);
    IF faults IS NOT NULL THEN
        RAISE EXCEPTION E'foreign keys without an index:\n%', faults;
    END IF;

    SELECT string_agg(format('%s.%s', c.conrelid::regclass, c.conname),
        E'\n') INTO faults
    FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid
    WHERE c.connamespace = 'public'::regnamespace AND c.contype IN ('c', 'f')
        AND NOT r.relispartition AND r.relname <> 'schema_migrations'
        AND (c.conname !~ ('^' || r.relname || '_')
            OR c.conname ~ '_check\d*$');
    IF faults IS NOT NULL THEN
        RAISE EXCEPTION E'constraints without a name of their own:\n%',
            faults;
    END IF;

    -- The programs may write rows and nothing else.
    SELECT string_agg(c.oid::regclass::text, E'\n') INTO faults
    FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace
        AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
        AND (NOT has_table_privilege('sparkle_app', c.oid, 'SELECT')
            OR has_table_privilege('sparkle_app', c.oid, 'TRUNCATE')
            OR pg_has_role('sparkle_app', c.relowner, 'MEMBER'));
    IF faults IS NOT NULL THEN
        RAISE EXCEPTION E'wrong rights of sparkle_app on:\n%', faults;
    END IF;
    IF has_table_privilege('sparkle_app', 'audit_log', 'UPDATE')
        OR has_table_privilege('sparkle_app', 'audit_log', 'DELETE')
        OR has_schema_privilege('sparkle_app', 'public', 'CREATE')
    THEN
        RAISE EXCEPTION 'sparkle_app has too many rights';
    END IF;
    IF to_regclass('audit_log_' || to_char(now() AT TIME ZONE 'UTC'
        + interval '1 month', 'YYYY_MM')) IS NULL
    THEN
        RAISE EXCEPTION 'audit_log has no partition for next month';
    END IF;
END
$check$;
