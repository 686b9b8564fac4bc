-- notification.sql - notifications: their types, the door by which features
-- tell people of things, taking back, and what the channels send.
--
-- notification_put() is the one door.  It leaves out one's own acts, those of
-- blocked and muted users and what the preferences switch off; adds to the
-- unread row of the same type and entity; and puts a job for each channel
-- into the same transaction, so that nothing is sent of what is rolled back:
--
--   in_app    the row itself; hidden where only other channels are wanted
--   realtime  notification.realtime, at once: the unread count to open tabs,
--             when a row comes or goes
--   email     notification.mail, after the type's delay (at the next full
--             hour for those who want it hourly), which puts mail.send.
--             Those who want mail less often get none here: the digests
--             collect what is unread.
--   push      push.send, one for each browser that asked for it
--   sms       sms.send, from priority 2 on, to a verified number
--
-- E-mail, push and SMS wait for the end of quiet hours, except priority 3;
-- so do mails whose delay would end in them.
-- A row that grows ("A and 3 others") is sent once: when it is made.
--
-- Titles and messages are whole and plain here; what is too long for a channel
-- is cut where it is sent, by unicode_cut().  Of a comment, the message is its
-- excerpt (sql/comment.sql).

-- ---- The types --------------------------------------------------------------

-- Every type of notification: the label, in which section of the preferences
-- it stands, the preference that switches the section off (gate), whether it
-- is always in-app (fixed: those without a gate), how long it is kept, its
-- priority, its mail (src/mailing/mail_notice.c) and how long that waits, whether those of
-- one entity become one row (grouped), and its title for one and for several
-- actors.  {actor} and
-- {others} ("3 others") are filled in, and {name} from the data; words are
-- what stands for a name that the data lack.
CREATE OR REPLACE VIEW notification_kinds AS
SELECT nr, type::notification_type AS type, section, label, gate, fixed,
    keep::interval AS keep, priority, mail, mail_delay::interval AS mail_delay,
    grouped, title, title_many, words::jsonb AS words
FROM (VALUES
    (1, 'POST_LIKED', 'Reactions', 'To your posts', 'post_likes',
        false, '7 days', 0, 'post-liked', '10 minutes', true,
        '{actor} {verb} your post', '{actor} and {others} {verb} your post',
        '{"verb": "liked"}'),
    (2, 'COMMENT_LIKED', 'Reactions', 'To your comments', 'post_likes',
        false, '7 days', 0, 'comment-liked', '10 minutes', true,
        '{actor} {verb} your comment',
        '{actor} and {others} {verb} your comment', '{"verb": "liked"}'),
    (3, 'POST_COMMENTED', 'Comments', 'On your posts', 'post_comments',
        false, '7 days', 1, 'new-comment', '10 minutes', true,
        '{actor} commented on your post',
        '{actor} and {others} commented on your post', '{}'),
    (4, 'COMMENT_REPLIED', 'Comments', 'Replies to you', 'post_comments',
        false, '7 days', 1, 'reply', '10 minutes', true,
        '{actor} replied to your comment',
        '{actor} and {others} replied to your comment', '{}'),
    (5, 'USER_FOLLOWED', 'People', 'New followers', 'new_followers',
        false, '7 days', 0, 'new-follower', '10 minutes', true,
        '{actor} follows you', '{actor} and {others} follow you', '{}'),
    (6, 'MENTION', 'Mentions', 'Of your name', 'mentions',
        false, '7 days', 1, 'mention', '10 minutes', true,
        '{actor} mentioned you in {where}',
        '{actor} and {others} mentioned you in {where}',
        '{"where": "a post"}'),
    (7, 'DIRECT_MESSAGE', 'Messages', 'Private messages', 'direct_messages',
        false, '7 days', 1, 'direct-message', '20 seconds', true,
        '{actor} sent you a message',
        '{actor} and {others} sent you messages', '{}'),
    (8, 'TRADE_REQUEST', 'Messages', 'Trade requests', 'direct_messages',
        false, '7 days', 1, 'trade-request', '10 minutes', true,
        '{actor} wants to trade with you',
        '{actor} and {others} want to trade with you', '{}'),
    (9, 'GROUP_INVITE', 'Groups', 'Invitations', 'group_invites',
        false, '7 days', 1, 'group-invite', '10 minutes', true,
        '{actor} invites you to {groupName}',
        '{actor} and {others} invite you to {groupName}',
        '{"groupName": "a group"}'),
    (10, 'GROUP_POST', 'Groups', 'New posts', 'group_invites',
        false, '7 days', 0, 'group-post', '10 minutes', true,
        '{actor} posted in {groupName}',
        '{actor} and {others} posted in {groupName}',
        '{"groupName": "your group"}'),
    (11, 'EVENT_REMINDER', 'Events', 'Reminders', 'event_reminders',
        false, '7 days', 1, 'event-reminder', '0 s', true,
        '{eventName} starts soon', NULL, '{"eventName": "An event"}'),
    (12, 'WATCH_PARTY_INVITE', 'Events', 'Watch parties', 'event_reminders',
        false, '7 days', 1, 'watch-party-invite', '10 minutes', true,
        '{actor} invites you to watch {videoTitle}',
        '{actor} and {others} invite you to watch {videoTitle}',
        '{"videoTitle": "a video"}'),
    (13, 'YOUTUBE_PREMIERE', 'Events', 'Premieres', 'event_reminders',
        false, '7 days', 1, 'youtube-premiere', '0 s', true,
        '{channelName} premieres soon', NULL,
        '{"channelName": "A channel you like"}'),
    (14, 'ACHIEVEMENT_UNLOCKED', 'Your progress', 'Achievements', NULL,
        true, '90 days', 1, 'achievement', '10 minutes', false,
        'You unlocked {achievementName}', NULL,
        '{"achievementName": "an achievement"}'),
    (15, 'LEVEL_UP', 'Your progress', 'Levels', NULL,
        true, '90 days', 1, 'level-up', '10 minutes', false,
        'You reached level {level}', NULL, '{"level": "up"}'),
    (16, 'QUEST_COMPLETE', 'Your progress', 'Quests', NULL,
        true, '7 days', 1, 'quest-complete', '10 minutes', false,
        'You completed {questName}', NULL, '{"questName": "a quest"}'),
    (17, 'CONTENT_FEATURED', 'Your progress', 'Featured', NULL,
        true, '90 days', 1, 'content-featured', '10 minutes', false,
        'What you made is featured', NULL, '{}'),
    (18, 'MILESTONE_REACHED', 'Your progress', 'Milestones', NULL,
        true, '90 days', 1, 'milestone', '10 minutes', false,
        'You reached {milestoneName}', NULL,
        '{"milestoneName": "a milestone"}'),
    (19, 'SYSTEM', 'From us', 'Notices and safety', NULL,
        true, '30 days', 1, 'system-notification', '10 minutes', false,
        'News of your account', NULL, '{}')
) k(nr, type, section, label, gate, fixed, keep, priority, mail, mail_delay,
    grouped, title, title_many, words);

-- ---- The shape --------------------------------------------------------------

-- Why what a notification tells of is not to be told any more, or NULL: who
-- did it is blocked, muted or no more by now, or what it leads to is deleted
-- or not for this user's eyes.  Lists, counts, mails, pushes, SMS and digests
-- all ask here.
CREATE OR REPLACE FUNCTION notification_gone(n notifications)
RETURNS mail_skip_reason
LANGUAGE plpgsql STABLE AS $$
DECLARE
    p posts;
    comment_id uuid;
BEGIN
    IF n.actor_id IS NOT NULL AND EXISTS (
        SELECT FROM hidden_from(n.user_id) id WHERE id = n.actor_id)
    THEN
        RETURN 'not_permitted';
    -- It leads to the profile.
    ELSIF n.type = 'USER_FOLLOWED' AND NOT EXISTS (SELECT FROM users
        WHERE id = n.actor_id AND user_shown(status))
    THEN
        RETURN 'content_deleted';
    END IF;
    comment_id := substring(n.action_url FROM '#c-([0-9a-f-]{36})$')::uuid;
    IF n.entity_type = 'comment' THEN
        comment_id := coalesce(comment_id, n.entity_id);
    ELSIF n.entity_type IS DISTINCT FROM 'post' AND comment_id IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT post.* INTO p FROM posts post
    WHERE post.id = coalesce((SELECT c.post_id FROM comments c
        WHERE c.id = comment_id AND c.deleted_at IS NULL),
        CASE WHEN comment_id IS NULL THEN n.entity_id END);
    IF p.id IS NULL OR p.deleted_at IS NOT NULL THEN
        RETURN 'content_deleted';
    ELSIF NOT post_visible(p, n.user_id) THEN
        RETURN 'not_permitted';
    END IF;
    RETURN NULL;
END
$$;

-- What somebody is told on the site.  What is unread is counted here, by
-- notifications_unread_idx and to 100 at most: always right and short.
CREATE OR REPLACE VIEW notifications_shown AS
SELECT n.* FROM notifications n
WHERE NOT n.hidden AND n.expires_at > clock_now()
    AND notification_gone(n) IS NULL;

-- Columns up to created_at, data and image are the shape.  Lists: WHERE
-- user_id = $1, by (created_at, id) DESC.
CREATE OR REPLACE VIEW notification_rows AS
SELECT n.id, n.type::text AS type, n.title, n.message, n.read,
    n.priority::bigint AS priority,
    a.id AS actor_id, a.username AS actor_username, a.image AS actor_image,
    coalesce(a.verified, false) AS actor_verified,
    a.level::bigint AS actor_level,
    n.actor_count::bigint AS actors, n.entity_type, n.entity_id,
    n.action_url, n.created_at,
    n.user_id, n.expires_at, n.type AS type_enum, n.data, n.group_key,
    n.image,
    CASE WHEN n.actor_id IS NOT NULL THEN user_called(a.username) END
        AS actor_name
FROM notifications_shown n
LEFT JOIN users a ON a.id = n.actor_id AND user_shown(a.status);

CREATE OR REPLACE FUNCTION notification_others(actors int) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN actors = 2 THEN '1 other'
    WHEN actors > 2 THEN (actors - 1) || ' others' END;

CREATE OR REPLACE FUNCTION notification_title(
    one text, many text, actor text, actors int
) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN replace(replace(
    CASE WHEN actors > 1 THEN coalesce(many, one) ELSE one END,
    '{others}', coalesce(notification_others(actors), '')),
    '{actor}', coalesce(actor, 'Somebody'));

-- The title with the {names} of the data filled in, those of the type's words
-- where the data lack one.
CREATE OR REPLACE FUNCTION notification_words(
    p_title text, p_kind notification_kinds, p_data jsonb
) RETURNS text
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    word record;
BEGIN
    IF p_title NOT LIKE '%{%' THEN
        RETURN p_title;
    END IF;
    FOR word IN SELECT key, value FROM jsonb_each_text(p_kind.words || p_data)
        WHERE value IS NOT NULL
    LOOP
        p_title := replace(p_title, '{' || word.key || '}',
            word.value);
    END LOOP;
    RETURN p_title;
END
$$;

-- ---- Preferences ------------------------------------------------------------

-- Where an instant lies in quiet hours, when they end; else NULL.  The hours
-- are those of the zone's clocks, whatever summer time does to them.
CREATE OR REPLACE FUNCTION quiet_end(
    p_from time, p_until time, p_zone text, p_at timestamptz
) RETURNS timestamptz
LANGUAGE plpgsql STABLE AS $$
DECLARE
    here timestamp := p_at AT TIME ZONE p_zone;
    day date := here::date;
BEGIN
    IF p_from IS NULL OR p_from = p_until THEN
        RETURN NULL;
    END IF;
    IF p_from < p_until THEN
        IF here::time < p_from OR here::time >= p_until THEN
            RETURN NULL;
        END IF;
    ELSIF here::time >= p_from THEN
        day := day + 1;
    ELSIF here::time >= p_until THEN
        RETURN NULL;
    END IF;
    RETURN greatest((day + p_until) AT TIME ZONE p_zone, p_at);
END
$$;

-- A zone that AT TIME ZONE knows, by its name in the tz database.
CREATE OR REPLACE FUNCTION time_zone_known(p_zone text) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM now() AT TIME ZONE p_zone;
    RETURN p_zone ~ '^[A-Z][A-Za-z_]+(/[A-Z][A-Za-z0-9_+-]+){0,2}$'
        OR p_zone = 'UTC';
EXCEPTION WHEN invalid_parameter_value THEN
    RETURN false;
END
$$;

-- users.time_zone: whoever writes it.
CREATE OR REPLACE FUNCTION users_time_zone_check() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF NOT time_zone_known(NEW.time_zone) THEN
        PERFORM refuse('users_time_zone_known', 'no such time zone');
    END IF;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER users_time_zone_known
    BEFORE INSERT OR UPDATE OF time_zone ON users
    FOR EACH ROW WHEN (NEW.time_zone <> 'UTC')
    EXECUTE FUNCTION users_time_zone_check();

-- Whether the preference of that name is on; true where there is none.
CREATE OR REPLACE FUNCTION notification_gate(
    wants notification_preferences, gate text
) RETURNS boolean
LANGUAGE sql IMMUTABLE
RETURN coalesce(CASE gate
    WHEN 'post_likes' THEN wants.post_likes
    WHEN 'post_comments' THEN wants.post_comments
    WHEN 'new_followers' THEN wants.new_followers
    WHEN 'mentions' THEN wants.mentions
    WHEN 'direct_messages' THEN wants.direct_messages
    WHEN 'group_invites' THEN wants.group_invites
    WHEN 'event_reminders' THEN wants.event_reminders END, true);

-- The matrix of types and channels of a user, as lists and pages show it.  No
-- row of preferences is one of all defaults.
CREATE OR REPLACE FUNCTION notification_matrix(p_user_id uuid)
RETURNS TABLE (type text, section text, label text, gate text, fixed boolean,
    in_app boolean, email boolean, push boolean, first boolean,
    gate_on boolean)
LANGUAGE sql STABLE AS $$
SELECT k.type::text, k.section, k.label, left(k.gate, 1) || substr(
        replace(initcap(replace(k.gate, '_', ' ')), ' ', ''), 2), k.fixed,
    k.fixed OR k.type <> ALL (coalesce(w.in_app_off, '{}')),
    k.type <> ALL (coalesce(w.email_off, '{}')),
    k.type <> ALL (coalesce(w.push_off, '{}')),
    row_number() OVER (PARTITION BY k.section ORDER BY k.nr) = 1,
    notification_gate(w, k.gate)
FROM notification_kinds k
LEFT JOIN notification_preferences w ON w.user_id = p_user_id
ORDER BY k.nr
$$;

-- The channels by which a user wants a type, of those in p_only (NULL: all);
-- 'hourly' or 'digest' where mails are wanted, but not at once.  NULL: nothing
-- at all.
CREATE OR REPLACE FUNCTION notification_channels(
    p_user_id uuid, p_kind notification_kinds, p_priority int, p_only text[]
) RETURNS text[]
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN (SELECT nullif(array_remove(ARRAY[
        CASE WHEN p_kind.fixed
            OR p_kind.type <> ALL (coalesce(w.in_app_off, '{}'))
            THEN 'in_app' END,
        CASE WHEN (p_only IS NULL OR 'email' = ANY (p_only))
            AND coalesce(w.email_enabled, true)
            AND p_kind.type <> ALL (coalesce(w.email_off, '{}'))
            THEN CASE coalesce(w.email_frequency, 'instant')
                WHEN 'instant' THEN 'email' WHEN 'hourly' THEN 'hourly'
                WHEN 'never' THEN NULL ELSE 'digest' END END,
        CASE WHEN (p_only IS NULL OR 'push' = ANY (p_only))
            AND coalesce(w.push_enabled, true)
            AND p_kind.type <> ALL (coalesce(w.push_off, '{}'))
            AND EXISTS (SELECT FROM push_subscriptions_live s
                WHERE s.user_id = u.id)
            THEN 'push' END,
        CASE WHEN (p_only IS NULL OR 'sms' = ANY (p_only)) AND p_priority >= 2
            AND w.sms_enabled AND EXISTS (SELECT FROM phones p
                WHERE p.user_id = u.id AND p.verified_at IS NOT NULL)
            THEN 'sms' END], NULL), '{}')
    FROM users u LEFT JOIN notification_preferences w ON w.user_id = u.id
    WHERE u.id = p_user_id AND u.deleted_at IS NULL
        AND notification_gate(w, p_kind.gate));
END
$$;

-- Columns up to time_zone are the shape.
CREATE OR REPLACE VIEW notification_preference_rows AS
SELECT coalesce(w.post_likes, true) AS post_likes,
    coalesce(w.post_comments, true) AS post_comments,
    coalesce(w.new_followers, true) AS new_followers,
    coalesce(w.mentions, true) AS mentions,
    coalesce(w.direct_messages, true) AS direct_messages,
    coalesce(w.group_invites, true) AS group_invites,
    coalesce(w.event_reminders, true) AS event_reminders,
    coalesce(w.email_enabled, true) AS email_enabled,
    coalesce(w.push_enabled, true) AS push_enabled,
    coalesce(w.sms_enabled, false) AS sms_enabled,
    coalesce(w.in_app_off, '{}')::text[] AS in_app_off,
    coalesce(w.email_off, '{}')::text[] AS email_off,
    coalesce(w.push_off, '{}')::text[] AS push_off,
    coalesce(w.email_frequency, 'instant')::text AS email_frequency,
    coalesce(w.weekly_digest, false) AS weekly_digest,
    to_char(w.quiet_from, 'HH24:MI') AS quiet_from,
    to_char(w.quiet_until, 'HH24:MI') AS quiet_until,
    u.time_zone, u.id AS user_id
FROM users u LEFT JOIN notification_preferences w ON w.user_id = u.id;

-- Change what is given (NULL: stays; '' ends quiet hours).  Refusals:
-- notification_preferences_quiet_hours, users_time_zone_known.
CREATE OR REPLACE FUNCTION notification_prefer(
    p_user_id uuid, p_post_likes boolean, p_post_comments boolean,
    p_new_followers boolean, p_mentions boolean, p_direct_messages boolean,
    p_group_invites boolean, p_event_reminders boolean,
    p_email_enabled boolean, p_push_enabled boolean, p_sms_enabled boolean,
    p_weekly_digest boolean, p_in_app_off text[], p_email_off text[],
    p_push_off text[], p_email_frequency text, p_quiet_from text,
    p_quiet_until text, p_time_zone text
) RETURNS SETOF notification_preference_rows
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO notification_preferences (user_id) VALUES (p_user_id)
    ON CONFLICT DO NOTHING;
    UPDATE notification_preferences SET
        post_likes = coalesce(p_post_likes, post_likes),
        post_comments = coalesce(p_post_comments, post_comments),
        new_followers = coalesce(p_new_followers, new_followers),
        mentions = coalesce(p_mentions, mentions),
        direct_messages = coalesce(p_direct_messages, direct_messages),
        group_invites = coalesce(p_group_invites, group_invites),
        event_reminders = coalesce(p_event_reminders, event_reminders),
        email_enabled = coalesce(p_email_enabled, email_enabled),
        push_enabled = coalesce(p_push_enabled, push_enabled),
        sms_enabled = coalesce(p_sms_enabled, sms_enabled),
        weekly_digest = coalesce(p_weekly_digest, weekly_digest),
        weekly_digest_at = CASE WHEN coalesce(p_weekly_digest, weekly_digest)
            THEN coalesce(weekly_digest_at, clock_now()) END,
        in_app_off = coalesce(p_in_app_off::notification_type[], in_app_off),
        email_off = coalesce(p_email_off::notification_type[], email_off),
        push_off = coalesce(p_push_off::notification_type[], push_off),
        email_frequency = coalesce(p_email_frequency::email_frequency,
            email_frequency),
        quiet_from = CASE WHEN p_quiet_from IS NULL THEN quiet_from
            ELSE nullif(p_quiet_from, '')::time END,
        quiet_until = CASE WHEN p_quiet_until IS NULL THEN quiet_until
            ELSE nullif(p_quiet_until, '')::time END,
        version = version + 1
    WHERE user_id = p_user_id;
    UPDATE users SET time_zone = p_time_zone
    WHERE id = p_user_id AND time_zone <> p_time_zone;
    RETURN QUERY SELECT * FROM notification_preference_rows r
    WHERE r.user_id = p_user_id;
END
$$;

-- ---- Making -----------------------------------------------------------------

-- One's own act, or somebody's whom one does not want to hear of.  (Functions
-- that each notification calls are PL/pgSQL: their plans last a session.)
CREATE OR REPLACE FUNCTION notification_unwelcome(p_user uuid, p_actor uuid)
RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN p_actor IS NOT NULL
        AND (p_user = p_actor OR viewer_hides(p_user, p_actor));
END
$$;

-- The jobs of a new row, for its channels.
CREATE OR REPLACE FUNCTION notification_send(
    p_id uuid, p_user_id uuid, p_kind notification_kinds, p_priority int,
    p_channels text[]
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    payload jsonb := jsonb_build_object('notification', p_id);
    mail_at timestamptz := CASE WHEN p_priority >= 2 THEN NULL
        WHEN 'hourly' = ANY (p_channels) THEN date_trunc('hour',
            clock_now() + p_kind.mail_delay) + interval '1 hour'
        ELSE clock_now() + p_kind.mail_delay END;
    ends timestamptz;
    mail_ends timestamptz;
BEGIN
    IF 'in_app' = ANY (p_channels) THEN
        PERFORM job_put('notification.realtime', 'notification',
            payload || jsonb_build_object('user', p_user_id));
    END IF;
    IF NOT p_channels && '{email,hourly,push,sms}' THEN
        RETURN;
    END IF;
    IF p_priority < 3 THEN
        SELECT quiet_end(w.quiet_from, w.quiet_until, u.time_zone,
                clock_now()),
            quiet_end(w.quiet_from, w.quiet_until, u.time_zone,
                coalesce(mail_at, clock_now()))
        INTO ends, mail_ends
        FROM users u JOIN notification_preferences w ON w.user_id = u.id
        WHERE u.id = p_user_id;
    END IF;
    IF p_channels && '{email,hourly}' THEN
        PERFORM job_put('notification.mail', 'notification', payload,
            p_run_at => greatest(mail_ends, mail_at),
            p_unique_key => p_id::text);
    END IF;
    IF 'push' = ANY (p_channels) THEN
        PERFORM job_put('push.send', 'push',
            payload || jsonb_build_object('subscription', s.id),
            p_run_at => ends, p_unique_key => p_id || ':' || s.id)
        FROM push_subscriptions_live s WHERE s.user_id = p_user_id;
    END IF;
    IF 'sms' = ANY (p_channels) THEN
        PERFORM job_put('sms.send', 'push', payload, p_run_at => ends,
            p_unique_key => p_id::text);
    END IF;
END
$$;

-- The title of a grouped row, from its type and what it holds.
CREATE OR REPLACE FUNCTION notification_retitle(
    n notifications, p_actor uuid, p_actors int
) RETURNS text
LANGUAGE sql STABLE AS $$
SELECT notification_words(notification_title(k.title, k.title_many,
    (SELECT username FROM users WHERE id = p_actor), p_actors), k, n.data)
FROM notification_kinds k WHERE k.type = n.type
$$;

-- A crowd at one thing: each act would leave a version of the row behind, and
-- each look at the row would walk over all of them.  So from ten actors on,
-- within ten seconds, acts only add their actors, and the row is brought up
-- to date once a transaction, at its end.
CREATE OR REPLACE FUNCTION notification_count_late() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    n notifications;
    now_there int;
    mark text := txid_current() || ':' || NEW.notification_id;
BEGIN
    IF current_setting('sparkle.counted', true) = mark THEN
        RETURN NULL;
    END IF;
    PERFORM set_config('sparkle.counted', mark, true);
    SELECT * INTO n FROM notifications WHERE id = NEW.notification_id
    FOR NO KEY UPDATE;
    SELECT count(*) INTO now_there FROM notification_actors
    WHERE notification_id = n.id;
    UPDATE notifications SET actor_count = now_there,
        title = notification_retitle(n, n.actor_id, now_there)
    WHERE id = n.id AND actor_count <> now_there;
    RETURN NULL;
END
$$;
DROP TRIGGER IF EXISTS notification_actors_count_late ON notification_actors;
CREATE CONSTRAINT TRIGGER notification_actors_count_late
    AFTER INSERT ON notification_actors DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NOT NEW.counted)
    EXECUTE FUNCTION notification_count_late();

-- Tell a user of something, by the channels that they want.
--
-- p_actor_id: who did it, NULL for the site.  The entity is what it was done
-- to: unread rows of one type and entity become one within 24 hours, where
-- the type is grouped.  p_title: in place of the type's, for types that are
-- not grouped.  p_data: an object;
-- what {names} in titles and the templates of mails want.  p_channels: only
-- these besides in-app ('{}': none), for who mails by itself.  No row is
-- returned where nothing is told; made is false where a row was added to.
CREATE OR REPLACE FUNCTION notification_put(
    p_user_id uuid, p_type notification_type, p_actor_id uuid DEFAULT NULL,
    p_entity_type text DEFAULT NULL, p_entity_id uuid DEFAULT NULL,
    p_title text DEFAULT NULL, p_message text DEFAULT '',
    p_action_url text DEFAULT NULL, p_priority int DEFAULT NULL,
    p_data jsonb DEFAULT '{}', p_channels text[] DEFAULT NULL,
    p_image text DEFAULT NULL
) RETURNS TABLE (id uuid, made boolean, actors bigint)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    kind notification_kinds;
    level int;
    channels text[];
    key text;
    one text;
    many text;
    actor text;
    crowd boolean;
    counted boolean := false;
BEGIN
    IF notification_unwelcome(p_user_id, p_actor_id) THEN
        RETURN;
    END IF;
    SELECT * INTO kind FROM notification_kinds k WHERE k.type = p_type;
    level := coalesce(p_priority, kind.priority);
    channels := notification_channels(p_user_id, kind, level, p_channels);
    IF channels IS NULL THEN
        RETURN;
    END IF;
    IF kind.grouped THEN
        key := p_type || ':' || p_entity_type || ':' || p_entity_id;
    END IF;
    SELECT username INTO actor FROM users u WHERE u.id = p_actor_id;
    one := coalesce(p_title, kind.title);
    many := CASE WHEN p_title IS NULL THEN kind.title_many END;

    -- Most often it is there already: no second version of the row then.
    SELECT n.id, n.actor_count, n.actor_count >= 10
        AND n.created_at > clock_now() - interval '10 s'
    INTO id, actors, crowd FROM notifications n
    WHERE n.user_id = p_user_id AND n.group_key = key
        AND NOT n.read AND n.started_at > clock_now() - interval '24 hours'
    FOR NO KEY UPDATE;
    made := NOT FOUND;
    IF made THEN
        UPDATE notifications n SET group_key = NULL
        WHERE n.user_id = p_user_id AND n.group_key = key
            AND NOT n.read
            AND n.started_at <= clock_now() - interval '24 hours';
        INSERT INTO notifications AS n (user_id, type, group_key, actor_id,
            actor_count, entity_type, entity_id, title, message, data, image,
            action_url, priority, expires_at, hidden)
        VALUES (p_user_id, p_type, key, p_actor_id, 0, p_entity_type,
            p_entity_id, notification_words(notification_title(one, NULL,
                actor, 1), kind, p_data),
            p_message, p_data, p_image, p_action_url, level,
            clock_now() + kind.keep, NOT 'in_app' = ANY (channels))
        ON CONFLICT (user_id, group_key)
            WHERE NOT read AND group_key IS NOT NULL
            DO UPDATE SET group_key = excluded.group_key
        RETURNING n.id, n.xmax = 0 INTO id, made;
    END IF;

    IF p_actor_id IS NOT NULL THEN
        INSERT INTO notification_actors (notification_id, actor_id, counted)
        VALUES (id, p_actor_id, crowd IS NOT TRUE) ON CONFLICT DO NOTHING;
        counted := FOUND;
    END IF;
    IF crowd THEN
        RETURN NEXT;
        RETURN;
    END IF;
    UPDATE notifications n SET
        actor_id = p_actor_id,
        actor_count = n.actor_count + counted::int,
        title = notification_words(notification_title(one, many, actor,
            n.actor_count + counted::int), kind, p_data),
        message = p_message, data = p_data,
        action_url = p_action_url, priority = greatest(n.priority, level),
        created_at = clock_now(), expires_at = clock_now() + kind.keep,
        hidden = n.hidden AND NOT 'in_app' = ANY (channels)
    WHERE n.id = notification_put.id AND (counted OR NOT made)
    RETURNING n.actor_count INTO actors;
    actors := coalesce(actors, 0);

    IF made THEN
        PERFORM notification_send(id, p_user_id, kind, level, channels);
    END IF;
    RETURN NEXT;
END
$$;

-- Take an actor out of a notification of an act that was undone within 5
-- minutes; the last one takes the row along.  True if something was taken
-- back.
CREATE OR REPLACE FUNCTION notification_take_back(
    p_user_id uuid, p_type notification_type, p_entity_type text,
    p_entity_id uuid, p_actor_id uuid,
    p_within interval DEFAULT '5 minutes'
) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    n notifications;
    latest record;
BEGIN
    SELECT t.* INTO n FROM notifications t
    JOIN notification_actors a ON a.notification_id = t.id
        AND a.actor_id = p_actor_id
        AND a.created_at > clock_now() - p_within
    WHERE t.entity_id = p_entity_id AND t.user_id = p_user_id
        AND t.type = p_type AND t.entity_type = p_entity_type
    ORDER BY t.created_at DESC LIMIT 1
    FOR UPDATE OF t;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    DELETE FROM notification_actors
    WHERE notification_id = n.id AND actor_id = p_actor_id;
    SELECT a.actor_id, a.created_at INTO latest
    FROM notification_actors a
    WHERE a.notification_id = n.id
    ORDER BY a.created_at DESC, a.actor_id DESC LIMIT 1;
    IF FOUND THEN
        n.data := '{}';
        UPDATE notifications SET actor_id = latest.actor_id,
            actor_count = actor_count - 1, created_at = latest.created_at,
            title = notification_retitle(n, latest.actor_id, actor_count - 1)
        WHERE id = n.id;
    ELSE
        DELETE FROM notifications WHERE id = n.id;
        PERFORM job_put('notification.realtime', 'notification',
            jsonb_build_object('user', p_user_id));
    END IF;
    RETURN true;
END
$$;

-- ---- When what they tell of goes -------------------------------------------

-- Open tabs are told that there are fewer.
CREATE OR REPLACE FUNCTION notification_tell_fewer(p_users uuid[])
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM job_put('notification.realtime', 'notification',
        jsonb_build_object('user', u))
    FROM (SELECT DISTINCT unnest(p_users) AS u ORDER BY 1) t;
END
$$;

-- What tells of a post, or of a comment there, to whom the post is not there
-- (any more) goes, whatever its type.
CREATE OR REPLACE FUNCTION notification_sweep_post(p_post_id uuid)
RETURNS void
LANGUAGE sql AS $$
WITH gone AS (
    DELETE FROM notifications n
    USING (SELECT p_post_id AS id UNION ALL
        SELECT id FROM comments WHERE post_id = p_post_id) about
    WHERE n.entity_id = about.id AND NOT EXISTS (SELECT FROM posts p
        WHERE p.id = p_post_id AND post_visible(p, n.user_id))
    RETURNING n.user_id
)
SELECT notification_tell_fewer(array_agg(user_id)) FROM gone
HAVING count(*) > 0
$$;

-- What tells of a comment that is deleted goes; a row that tells of others
-- there, too, tells of the latest of them, and loses the words of this.
CREATE OR REPLACE FUNCTION notification_sweep_comment(
    p_comment_id uuid, p_post_id uuid
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    n notifications;
    latest comments;
    wrote uuid := (SELECT author_id FROM comments WHERE id = p_comment_id);
    fewer uuid[] := '{}';
BEGIN
    FOR n IN SELECT * FROM notifications t
        WHERE t.entity_id IN (p_comment_id, p_post_id,
                (SELECT parent_id FROM comments WHERE id = p_comment_id))
            AND (t.entity_id = p_comment_id
                OR t.data->>'comment' = p_comment_id::text)
        ORDER BY t.id FOR UPDATE
    LOOP
        SELECT c.* INTO latest FROM notification_actors a
        JOIN comments c ON c.author_id = a.actor_id
        WHERE a.notification_id = n.id AND n.entity_id <> p_comment_id
            AND c.post_id = p_post_id AND c.deleted_at IS NULL
            AND c.created_at >= n.started_at - interval '1 minute'
            AND (n.entity_type = 'post' OR c.parent_id = n.entity_id)
        ORDER BY c.created_at DESC, c.id DESC LIMIT 1;
        IF NOT FOUND THEN
            DELETE FROM notifications WHERE id = n.id;
            fewer := fewer || n.user_id;
            CONTINUE;
        END IF;
        DELETE FROM notification_actors a
        WHERE a.notification_id = n.id AND a.actor_id = wrote
            AND NOT EXISTS (SELECT FROM comments c
                WHERE c.author_id = wrote AND c.post_id = p_post_id
                    AND c.deleted_at IS NULL
                    AND c.created_at >= n.started_at - interval '1 minute'
                    AND (n.entity_type = 'post'
                        OR c.parent_id = n.entity_id));
        n.actor_count := (SELECT count(*) FROM notification_actors
            WHERE notification_id = n.id);
        UPDATE notifications SET actor_id = latest.author_id,
            actor_count = n.actor_count, message = '',
            title = notification_retitle(n, latest.author_id, n.actor_count),
            action_url = regexp_replace(action_url, '#c-.*$',
                '#c-' || latest.id),
            data = data || jsonb_build_object('comment', latest.id)
        WHERE id = n.id;
    END LOOP;
    PERFORM notification_tell_fewer(fewer) WHERE fewer <> '{}';
END
$$;

-- The job notification.bulk: SYSTEM notifications to all active users, or to
-- those of a role, 500 a job; the next 500 (`after` a user) are the next job's.
-- What each one wants decides as always.  How many users were gone through.
CREATE OR REPLACE FUNCTION notification_bulk(p_what jsonb) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    people uuid[] := ARRAY(SELECT id FROM users
        WHERE status = 'ACTIVE'
            AND role::text = coalesce(p_what->>'role', role::text)
            AND id > coalesce((p_what->>'after')::uuid,
                '00000000-0000-0000-0000-000000000000')
        ORDER BY id LIMIT 500);
BEGIN
    PERFORM n.id FROM unnest(people) u, notification_put(u, 'SYSTEM',
        p_title => p_what->>'title',
        p_message => coalesce(p_what->>'message', ''),
        p_action_url => p_what->>'url',
        p_priority => (p_what->>'priority')::int) n;
    IF cardinality(people) = 500 THEN
        PERFORM job_put('notification.bulk', 'notification',
            p_what || jsonb_build_object('after', people[500]));
    END IF;
    RETURN cardinality(people);
END
$$;

-- ---- Sending ----------------------------------------------------------------

-- The job notification.mail: puts mail.send, which looks whether there is
-- still a reason to mail, and notes it where there is none (mail.sql).  What
-- was taken back meanwhile leaves no row, and no mail.
CREATE OR REPLACE FUNCTION notification_mail_put(p_id uuid) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM job_put('mail.send', CASE WHEN n.priority >= 2
            THEN 'security_email' ELSE 'email' END,
        jsonb_build_object('mail', k.mail, 'notification', n.id), n.user_id,
        p_unique_key => 'notification:' || n.id)
    FROM notifications n JOIN notification_kinds k ON k.type = n.type
    WHERE n.id = p_id;
END
$$;
