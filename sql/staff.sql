-- staff.sql - what staff do to what others wrote: who may, and the row of the
-- audit log.
--
-- The rule is that of accounts (admin.sql): a moderator acts on what people of
-- a lower role wrote, an administrator on anybody's.  The database's role
-- counts, not the session's copy of it.  What the author keeps to themselves,
-- drafts and PRIVATE posts, staff neither see nor change, and they never show
-- anything to more people than its author did.

-- Whether somebody is of the staff at this moment.
CREATE OR REPLACE FUNCTION is_staff(p_user uuid) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM users WHERE id = p_user
        AND status = 'ACTIVE' AND role >= 'MODERATOR');
END
$$;

-- Whether p_actor, who is of the staff, stands above who wrote it; NULL: an
-- account that is gone.
CREATE OR REPLACE FUNCTION staff_above(p_actor uuid, p_author uuid)
RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM users a LEFT JOIN users o ON o.id = p_author
        WHERE a.id = p_actor AND a.status = 'ACTIVE'
            AND a.role BETWEEN 'MODERATOR' AND 'ADMIN'
            AND (o.id IS NULL OR o.role < a.role
                OR a.role = 'ADMIN' AND o.role = 'ADMIN'));
END
$$;

-- What the audit log holds of a change: the members of two objects that
-- differ.  Long texts are cut; a post's revision has the whole.
CREATE OR REPLACE FUNCTION audit_changes(
    p_before jsonb, p_after jsonb, OUT before jsonb, OUT after jsonb
)
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    most constant int := 5000;
BEGIN
    SELECT jsonb_object_agg(key, CASE
            WHEN length(p_before->>key) > most
            THEN to_jsonb(left(p_before->>key, most) || '…')
            ELSE p_before->key END),
        jsonb_object_agg(key, CASE
            WHEN length(p_after->>key) > most
            THEN to_jsonb(left(p_after->>key, most) || '…')
            ELSE p_after->key END)
    INTO before, after
    FROM jsonb_object_keys(p_before || p_after) key
    WHERE p_before->key IS DISTINCT FROM p_after->key;
END
$$;
