-- session.sql - sessions: ending them.

-- End all sessions of a user but one; the hashes whose copies in Redis are to
-- be forgotten (session_forget() in core/session.h, after the commit).
CREATE OR REPLACE FUNCTION sessions_end(
    p_user uuid, p_except uuid DEFAULT NULL, p_reason text DEFAULT 'ended'
) RETURNS TABLE (token_hash bytea)
LANGUAGE sql AS $$
WITH ended AS (
    UPDATE sessions s SET ended_at = clock_now(), end_reason = p_reason
    WHERE s.user_id = p_user AND s.ended_at IS NULL
        AND s.id IS DISTINCT FROM p_except
    RETURNING s.token_hash, s.previous_hash
)
SELECT h FROM ended, unnest(ARRAY[ended.token_hash, ended.previous_hash]) h
WHERE h IS NOT NULL
$$;
