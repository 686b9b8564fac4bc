-- sms.sql - telephone numbers and what is sent there; see src/sms.

-- Name a number, which is sealed under the key p_kid: a code goes there.
-- Refusals: phones_codes_limit (five codes a day, for each costs money and
-- rings somebody's telephone).
CREATE OR REPLACE FUNCTION phone_put(
    p_user_id uuid, p_number bytea, p_kid text, p_request_id text
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    today date := (clock_now() AT TIME ZONE 'UTC')::date;
BEGIN
    INSERT INTO phones AS p (user_id, number, kid, codes, codes_day)
    VALUES (p_user_id, p_number, p_kid, 1, today)
    ON CONFLICT (user_id) DO UPDATE SET number = excluded.number,
        kid = excluded.kid, verified_at = NULL, code_hash = NULL,
        code_expires_at = NULL, tries = 0, codes_day = today,
        codes = CASE WHEN p.codes_day = today THEN p.codes ELSE 0 END + 1;
    PERFORM job_put('sms.code', 'sms', '{}', p_user_id,
        p_unique_key => p_user_id::text, p_request_id => p_request_id);
END
$$;

-- Try a code, given as its hashes under each of our keys: 'verified',
-- 'wrong', or 'gone' (there is none, it is too old, or five were wrong).
CREATE OR REPLACE FUNCTION phone_verify(p_user_id uuid, p_hashes bytea)
RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    phone phones;
BEGIN
    SELECT * INTO phone FROM phones WHERE user_id = p_user_id
    FOR NO KEY UPDATE;
    IF phone.code_hash IS NULL OR phone.code_expires_at <= clock_now()
        OR phone.tries >= 5
    THEN
        RETURN 'gone';
    END IF;
    IF NOT EXISTS (SELECT FROM generate_series(0,
            octet_length(p_hashes) / 32 - 1) i
        WHERE substr(p_hashes, i * 32 + 1, 32) = phone.code_hash)
    THEN
        UPDATE phones SET tries = tries + 1 WHERE user_id = p_user_id;
        RETURN 'wrong';
    END IF;
    UPDATE phones SET verified_at = clock_now(), code_hash = NULL,
        code_expires_at = NULL, tries = 0
    WHERE user_id = p_user_id;
    RETURN 'verified';
END
$$;
