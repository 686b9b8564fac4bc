-- points.sql - experience, levels and the points ledger.
--
-- Both functions lock the user's row first and look for the key then, so
-- that any number of calls at once lose and repeat nothing.

-- Experience at which level n begins: 0, 100, 250, 450, 700, 1000, ...
CREATE OR REPLACE FUNCTION xp_for_level(n int) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 25 * (n::bigint - 1) * (n + 2);

-- The greatest n with xp_for_level(n) <= xp.  The root can be one off for
-- large values; the comparison puts it right.
CREATE OR REPLACE FUNCTION level_for_xp(xp bigint) RETURNS int
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    n int := floor((sqrt(9 + 0.16 * greatest(xp, 0)::float8) - 1) / 2);
BEGIN
    IF xp_for_level(n + 1) <= xp THEN
        RETURN n + 1;
    ELSIF xp_for_level(n) > xp AND n > 1 THEN
        RETURN n - 1;
    END IF;
    RETURN greatest(n, 1);
END
$$;

-- Write a row of the ledger and move the balance.  amount is signed (a spend
-- is negative).  The same key again changes nothing and returns the first
-- row.  Too little on the account: user_balances_not_negative; no account:
-- currency_transactions_user_id_fkey.
CREATE OR REPLACE FUNCTION add_points(
    p_user_id uuid, p_amount bigint, p_currency currency,
    p_type transaction_type, p_source text, p_key text,
    p_description text DEFAULT NULL
) RETURNS currency_transactions
LANGUAGE plpgsql AS $$
DECLARE
    made currency_transactions;
    before bigint;
BEGIN
    SELECT CASE p_currency WHEN 'sparkle' THEN sparkle_points
        ELSE premium_points END INTO before
    FROM user_balances WHERE user_id = p_user_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation',
            CONSTRAINT = 'currency_transactions_user_id_fkey',
            MESSAGE = 'no such account';
    END IF;

    SELECT * INTO made FROM currency_transactions
    WHERE user_id = p_user_id AND currency = p_currency AND key = p_key;
    IF FOUND THEN
        RETURN made;
    END IF;

    UPDATE user_balances SET
        sparkle_points = sparkle_points
            + CASE p_currency WHEN 'sparkle' THEN p_amount ELSE 0 END,
        premium_points = premium_points
            + CASE p_currency WHEN 'premium' THEN p_amount ELSE 0 END,
        lifetime_earned = lifetime_earned
            + CASE WHEN p_currency = 'sparkle' AND p_type = 'earn'
                THEN p_amount ELSE 0 END,
        version = version + 1
    WHERE user_id = p_user_id;

    INSERT INTO currency_transactions (user_id, amount, currency, type,
        source, key, description, balance_before, balance_after)
    VALUES (p_user_id, p_amount, p_currency, p_type, p_source, p_key,
        p_description, before, before + p_amount)
    RETURNING * INTO made;
    RETURN made;
END
$$;

-- ---- What earns ------------------------------------------------------------

-- A text as a member's eye has it: without marks, case, blanks, digits and
-- signs, letters in a row once; where nothing is left, the text without blanks.
CREATE OR REPLACE FUNCTION text_folded(p_text text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT coalesce((SELECT string_agg(c, '' ORDER BY n) FROM (
        SELECT c, n, lag(c) OVER (ORDER BY n) AS before
        FROM unnest(string_to_array(coalesce(
            nullif(regexp_replace(t, '[^[:alpha:]]+', '', 'g'), ''),
            regexp_replace(t, '\s+', '', 'g')), NULL))
            WITH ORDINALITY u(c, n)) letters
    WHERE c IS DISTINCT FROM before), '')
FROM lower(public.unaccent(normalize(left(p_text, 2000), NFKC))) t
$$;

-- The 32 least hashes of the runs of four letters of a folded text: two texts
-- have as many of them in common, in parts, as they have of their runs.
CREATE OR REPLACE FUNCTION text_sketch(p_folded text) RETURNS bigint[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT coalesce(array_agg(h), '{}') FROM (
    SELECT DISTINCT hashtextextended(concat(a, b, c, d), 0) AS h
    FROM (SELECT n, a, lead(a) OVER w, lead(a, 2) OVER w, lead(a, 3) OVER w
        FROM unnest(string_to_array(p_folded, NULL)) WITH ORDINALITY u(a, n)
        WINDOW w AS (ORDER BY n)) run(n, a, b, c, d)
    WHERE d IS NOT NULL OR n = 1
    ORDER BY h LIMIT 32) least
$$;

-- Whether the member wrote nothing like it: the same, as far as xp_texts goes
-- back, or more than half the same among the last 100 texts.  Notes the text,
-- so that it is fresh once; the caller holds the user's row.
CREATE OR REPLACE FUNCTION text_fresh(p_user_id uuid, p_text text)
RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    folded text := text_folded(p_text);
    p_digest bigint := hashtextextended(folded, 0);
    mine bigint[] := text_sketch(folded);
    known boolean;
BEGIN
    known := EXISTS (SELECT FROM xp_texts
            WHERE user_id = p_user_id AND digest = p_digest)
        OR EXISTS (SELECT FROM (SELECT sketch FROM xp_texts
                WHERE user_id = p_user_id ORDER BY id DESC LIMIT 100) t
            WHERE 2 * (SELECT count(*) FROM unnest(t.sketch) h
                    WHERE h = ANY (mine))
                > greatest(cardinality(mine), cardinality(t.sketch)));
    IF NOT known THEN
        INSERT INTO xp_texts (user_id, digest, sketch)
        VALUES (p_user_id, p_digest, mine);
    END IF;
    RETURN NOT known;
END
$$;

-- Whether one of a source, caused by an actor on a day, counts: the actor is
-- somebody who has been here for long enough, and caused no more than the
-- source lets one member cause.  Notes it where it does.
CREATE OR REPLACE FUNCTION pair_counts(
    rule xp_sources, p_user_id uuid, p_actor uuid, p_day date
) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM users WHERE id = p_actor
        AND created_at <= clock_now() - rule.actor_age)
    THEN
        RETURN false;
    ELSIF rule.pair_cap = 0 THEN
        RETURN true;
    END IF;
    INSERT INTO xp_pairs AS p (user_id, source, actor_id, day, times)
    VALUES (p_user_id, rule.source, p_actor, p_day, 1)
    ON CONFLICT (user_id, source, actor_id, day)
        DO UPDATE SET times = p.times + 1 WHERE p.times < rule.pair_cap;
    RETURN FOUND;
END
$$;

-- What is left of an amount on a day by the source's rules, noted as given.
CREATE OR REPLACE FUNCTION xp_of_day(
    rule xp_sources, p_user_id uuid, p_day date, p_amount int
) RETURNS int
LANGUAGE plpgsql AS $$
DECLARE
    given xp_days;
    n int := p_amount;
BEGIN
    SELECT * INTO given FROM xp_days
    WHERE user_id = p_user_id AND source = rule.source AND day = p_day;
    IF rule.halve_after > 0 THEN
        n := n >> least(31, coalesce(given.times, 0) / rule.halve_after);
    END IF;
    IF rule.daily_cap > 0 THEN
        n := least(n, rule.daily_cap - coalesce(given.amount, 0));
    END IF;
    IF n > 0 AND (rule.halve_after > 0 OR rule.daily_cap > 0) THEN
        INSERT INTO xp_days AS d (user_id, source, day, amount, times)
        VALUES (p_user_id, rule.source, p_day, n, 1)
        ON CONFLICT (user_id, source, day) DO UPDATE
            SET amount = d.amount + excluded.amount, times = d.times + 1;
    END IF;
    RETURN greatest(n, 0);
END
$$;

-- Give experience for an event; what it gives, and how much of it a day, is a
-- row of xp_sources.  p_amount instead of the row's amount, p_actor: who
-- caused it, where that was another member, p_text: what was written.  Every
-- level passed is paid 10 x level points; an outbox event user.level_up tells
-- of the rise.  added is 0 where the key was used before, or the rules leave
-- nothing.  Everything is asked under the lock of the user's row.
DROP FUNCTION IF EXISTS add_experience(uuid, int, text, text, text);
CREATE OR REPLACE FUNCTION add_experience(
    p_user_id uuid, p_amount int, p_source text, p_key text,
    p_reason text DEFAULT NULL, p_actor uuid DEFAULT NULL,
    p_text text DEFAULT NULL,
    OUT added int, OUT experience bigint, OUT old_level int,
    OUT new_level int
)
LANGUAGE plpgsql AS $$
DECLARE
    rule xp_sources;
    today date := (clock_now() AT TIME ZONE 'UTC')::date;
BEGIN
    SELECT u.experience, u.level INTO experience, old_level
    FROM users u WHERE u.id = p_user_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation',
            CONSTRAINT = 'xp_log_user_id_fkey', MESSAGE = 'no such user';
    END IF;
    added := 0;
    new_level := old_level;
    PERFORM FROM xp_log
    WHERE user_id = p_user_id AND source = p_source AND key = p_key;
    IF FOUND THEN
        RETURN;
    END IF;

    SELECT * INTO rule FROM xp_sources WHERE source = p_source;
    IF rule.fresh_text AND NOT text_fresh(p_user_id, p_text)
        OR p_actor IS NOT NULL
            AND NOT pair_counts(rule, p_user_id, p_actor, today)
    THEN
        RETURN;
    END IF;
    added := coalesce(p_amount, rule.amount, 0);
    IF rule.source IS NOT NULL THEN
        added := xp_of_day(rule, p_user_id, today, added);
    END IF;
    IF added = 0 THEN
        RETURN;
    END IF;

    experience := experience + added;
    new_level := greatest(old_level, level_for_xp(experience));
    UPDATE users u SET experience = add_experience.experience,
        level = new_level
    WHERE u.id = p_user_id;
    INSERT INTO xp_log (user_id, amount, source, key, reason, total_xp)
    VALUES (p_user_id, added, p_source, p_key, p_reason, experience);
    IF new_level > old_level THEN
        PERFORM add_points(p_user_id, 10 * n, 'sparkle', 'earn', 'level_up',
            'level_up:' || n, 'Level ' || n)
        FROM generate_series(old_level + 1, new_level) n;
        INSERT INTO outbox (event, subject_id, data)
        VALUES ('user.level_up', p_user_id, jsonb_build_object(
            'oldLevel', old_level, 'newLevel', new_level,
            'experience', experience,
            'bonus', 5 * (new_level - old_level)
                * (new_level + old_level + 1)));
    END IF;
END
$$;

-- Take back what a key gave, once, by a row of its own; how much.  A level
-- that was reached stays, the day's share stays used up, and the key is used:
-- who writes, deletes and writes again earns nothing.
CREATE OR REPLACE FUNCTION take_experience(
    p_user_id uuid, p_source text, p_key text
) RETURNS int
LANGUAGE plpgsql AS $$
DECLARE
    given int;
    total bigint;
BEGIN
    PERFORM FROM users WHERE id = p_user_id FOR NO KEY UPDATE;
    SELECT amount INTO given FROM xp_log
    WHERE user_id = p_user_id AND source = p_source AND key = p_key;
    IF NOT FOUND OR EXISTS (SELECT FROM xp_log WHERE user_id = p_user_id
        AND source = p_source AND key = 'taken:' || p_key)
    THEN
        RETURN 0;
    END IF;
    UPDATE users SET experience = experience - given WHERE id = p_user_id
    RETURNING experience INTO total;
    INSERT INTO xp_log (user_id, amount, source, key, total_xp)
    VALUES (p_user_id, -given, p_source, 'taken:' || p_key, total);
    RETURN given;
END
$$;
