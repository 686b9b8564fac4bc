-- notification.sql - notifications: their shape, making and taking back.

-- Columns up to created_at are the shape.  Lists: WHERE user_id = $1 AND
-- expires_at > clock_now(), by (created_at, id) DESC.  The unread count is
-- counted, by notifications_unread_idx: it is always right and short.
CREATE OR REPLACE VIEW notification_rows AS
SELECT n.id, n.type::text AS type, n.title, n.message, n.read,
    n.priority::bigint AS priority,
    a.id AS actor_id, a.username AS actor_username, a.image AS actor_image,
    a.verified AS actor_verified, a.level::bigint AS actor_level,
    n.actor_count::bigint AS actors, n.entity_type, n.entity_id,
    n.action_url, n.created_at,
    n.user_id, n.expires_at, n.type AS type_enum, n.data, n.group_key
FROM notifications n
LEFT JOIN users a ON a.id = n.actor_id AND a.deleted_at IS NULL;

CREATE OR REPLACE FUNCTION notification_title(
    one text, many text, actor text, actors int
) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN left(replace(replace(
    CASE WHEN actors > 1 THEN coalesce(many, one) ELSE one END,
    '{others}', CASE actors WHEN 2 THEN '1 other'
        ELSE (actors - 1) || ' others' END),
    '{actor}', coalesce(actor, 'Somebody')), 500);

-- Make a notification, or add to the unread one of the same group.
--
-- p_group_key says what is one: '<type>:<entity type>:<entity id>'; NULL is
-- never consolidated.  p_title is for one actor, p_title_many (where given)
-- for several: '{actor} and {others} liked your post', where {actor} is the
-- latest one's name and {others} is '1 other', '2 others' ...  Nothing is made for one's own act, and from users
-- blocked or muted: no row is returned.  The preferences are the caller's
-- affair.  made is false where a row was added to.
CREATE OR REPLACE FUNCTION notification_put(
    p_user_id uuid, p_type notification_type, p_actor_id uuid,
    p_entity_type text, p_entity_id uuid, p_title text,
    p_message text DEFAULT '', p_action_url text DEFAULT NULL,
    p_priority int DEFAULT 0, p_keep interval DEFAULT '7 days',
    p_group_key text DEFAULT NULL, p_title_many text DEFAULT NULL,
    p_data jsonb DEFAULT '{}', p_image text DEFAULT NULL
) RETURNS TABLE (id uuid, made boolean, actors bigint)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    counted boolean := false;
    actor text := (SELECT username FROM users u WHERE u.id = p_actor_id);
BEGIN
    IF p_user_id = p_actor_id
        OR p_actor_id IS NOT NULL AND (
            EXISTS (SELECT FROM blocks b
                WHERE b.blocker_id = p_user_id AND b.blocked_id = p_actor_id
                    OR b.blocker_id = p_actor_id
                    AND b.blocked_id = p_user_id)
            OR EXISTS (SELECT FROM mutes m
                WHERE m.muter_id = p_user_id AND m.muted_id = p_actor_id))
    THEN
        RETURN;
    END IF;

    -- Most often it is there already: no second version of the row then.
    SELECT n.id INTO id FROM notifications n
    WHERE n.user_id = p_user_id AND n.group_key = p_group_key
        AND NOT n.read AND n.started_at > clock_now() - interval '24 hours'
    FOR NO KEY UPDATE;
    made := NOT FOUND;
    IF made THEN
        UPDATE notifications n SET group_key = NULL
        WHERE n.user_id = p_user_id AND n.group_key = p_group_key
            AND NOT n.read
            AND n.started_at <= clock_now() - interval '24 hours';
        INSERT INTO notifications AS n (user_id, type, group_key, actor_id,
            actor_count, entity_type, entity_id, title, message, data, image,
            action_url, priority, expires_at)
        VALUES (p_user_id, p_type, p_group_key, p_actor_id, 0, p_entity_type,
            p_entity_id, notification_title(p_title, NULL, actor, 1),
            p_message, p_data, p_image, p_action_url, p_priority,
            clock_now() + p_keep)
        ON CONFLICT (user_id, group_key)
            WHERE NOT read AND group_key IS NOT NULL
            DO UPDATE SET group_key = excluded.group_key
        RETURNING n.id, n.xmax = 0 INTO id, made;
    END IF;

    IF p_actor_id IS NOT NULL THEN
        INSERT INTO notification_actors (notification_id, actor_id)
        VALUES (id, p_actor_id) ON CONFLICT DO NOTHING;
        counted := FOUND;
    END IF;
    UPDATE notifications n SET
        actor_id = p_actor_id,
        actor_count = n.actor_count + counted::int,
        title = notification_title(p_title, p_title_many, actor,
            n.actor_count + counted::int),
        message = p_message, data = p_data, action_url = p_action_url,
        priority = greatest(n.priority, p_priority),
        created_at = clock_now(), expires_at = clock_now() + p_keep
    WHERE n.id = notification_put.id AND (counted OR NOT made)
    RETURNING n.actor_count INTO actors;
    actors := coalesce(actors, 0);
    RETURN NEXT;
END
$$;

-- Take an actor out of an unread notification; the last one takes the row
-- along.  p_within: only if the act was so lately.  The titles are as above.
-- True if something was taken back.
CREATE OR REPLACE FUNCTION notification_take_back(
    p_user_id uuid, p_group_key text, p_actor_id uuid, p_within interval,
    p_title text, p_title_many text DEFAULT NULL
) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    n notifications;
    latest record;
BEGIN
    SELECT * INTO n FROM notifications
    WHERE user_id = p_user_id AND group_key = p_group_key AND NOT read
    FOR UPDATE;
    DELETE FROM notification_actors
    WHERE notification_id = n.id AND actor_id = p_actor_id
        AND created_at > clock_now() - p_within;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    SELECT a.actor_id, a.created_at, u.username INTO latest
    FROM notification_actors a JOIN users u ON u.id = a.actor_id
    WHERE a.notification_id = n.id
    ORDER BY a.created_at DESC, a.actor_id DESC LIMIT 1;
    IF NOT FOUND THEN
        DELETE FROM notifications WHERE id = n.id;
        RETURN true;
    END IF;
    UPDATE notifications SET actor_id = latest.actor_id,
        actor_count = actor_count - 1, created_at = latest.created_at,
        title = notification_title(p_title, p_title_many, latest.username,
            actor_count - 1)
    WHERE id = n.id;
    RETURN true;
END
$$;
