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

-- Give experience for an event.  p_amount NULL takes the amount of
-- xp_sources; its daily cap holds in any case.  Every level passed is paid
-- 10 x level points; an outbox event user.level_up tells of the rise.  added
-- is 0 where the key was used before or the cap is reached.
CREATE OR REPLACE FUNCTION add_experience(
    p_user_id uuid, p_amount int, p_source text, p_key text,
    p_reason text DEFAULT NULL,
    OUT added int, OUT experience bigint, OUT old_level int,
    OUT new_level int
)
LANGUAGE plpgsql AS $$
DECLARE
    rule xp_sources;
    today date := (clock_now() AT TIME ZONE 'UTC')::date;
    used int;
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
    added := coalesce(p_amount, rule.amount, 0);
    IF rule.daily_cap > 0 THEN
        SELECT amount INTO used FROM xp_days
        WHERE user_id = p_user_id AND source = p_source AND day = today;
        added := greatest(0,
            least(added, rule.daily_cap - coalesce(used, 0)));
        IF added > 0 THEN
            INSERT INTO xp_days AS d (user_id, source, day, amount)
            VALUES (p_user_id, p_source, today, added)
            ON CONFLICT (user_id, source, day)
                DO UPDATE SET amount = d.amount + excluded.amount;
        END IF;
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
