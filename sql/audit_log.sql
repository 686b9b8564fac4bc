-- audit_log.sql - writing down what was done to accounts, by whom, from
-- where, and what was refused.
--
-- The table is append-only: sparkle_app may SELECT and INSERT, and has no
-- right at all to the months beneath it (sql/grants.sql; check.sql looks).
-- A row commits or rolls back with what it tells of.  So a function that
-- refuses and wants the attempt kept must return its refusal, not raise it.

-- p_actor is NULL for sparklectl and the batch programs, who say their name
-- as p_user_agent.  p_resource is the kind of thing ('user'), p_before and
-- p_after hold what changed and nothing else: no address, no secret.  p_error
-- says why p_success is false, as the problem's code.
CREATE OR REPLACE FUNCTION audit_write(
    p_actor uuid, p_action text, p_resource text, p_resource_id uuid,
    p_before jsonb, p_after jsonb, p_ip inet, p_user_agent text,
    p_request_id text, p_success boolean, p_error text DEFAULT NULL
) RETURNS void
LANGUAGE sql AS $$
INSERT INTO audit_log (actor_id, action, resource_type, resource_id, before,
    after, ip, user_agent, request_id, success, error)
VALUES (p_actor, p_action, p_resource, p_resource_id::text, p_before,
    p_after, p_ip, left(p_user_agent, 1000), p_request_id, p_success, p_error)
$$;
