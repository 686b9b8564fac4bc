-- account.sql - users: their public shapes, their making, and what follows
-- when one changes.

-- ---- Shapes ---------------------------------------------------------------

-- An author, an actor: the card.  Beside what people wrote and did the same
-- columns come from a LEFT JOIN of users who are shown, so that of others all
-- are NULL but name, by user_called(), and verified, which is false.
CREATE OR REPLACE VIEW user_cards AS
SELECT u.id, u.username, u.image, u.verified, u.level::bigint AS level,
    user_called(u.username) AS name
FROM users u
WHERE user_shown(u.status);

-- The public profile.
CREATE OR REPLACE VIEW user_rows AS
SELECT u.id, u.username, u.image, p.bio, u.role::text AS role, u.verified,
    u.level::bigint AS level, u.experience, u.created_at,
    CASE WHEN NOT u.last_seen_hidden THEN u.last_seen_at END AS last_seen_at,
    p.display_name, p.location, p.website, p.twitter, p.instagram, p.tiktok,
    p.discord, p.youtube, p.interests, p.skills, p.banner,
    s.total_posts::bigint AS posts, s.total_followers::bigint AS followers,
    s.total_following::bigint AS following,
    s.total_likes_received AS likes_received,
    u.status::text AS status, u.role AS role_enum, s.standing,
    u.email_verified_at IS NOT NULL AS email_verified
FROM users u
JOIN profiles p ON p.user_id = u.id
JOIN user_stats s ON s.user_id = u.id
WHERE user_shown(u.status)
    -- The same said again, for user_stats_standing_idx.
    AND s.listed;

-- ---- Making a user --------------------------------------------------------

-- A name from an address: its letters and digits, and 4 random ones.
CREATE OR REPLACE FUNCTION username_from_email(email text) RETURNS text
LANGUAGE sql VOLATILE
RETURN coalesce(nullif(left(regexp_replace(
    lower(split_part(email, '@', 1)), '[^a-z0-9]', '', 'g'), 26), ''),
    'user') || random_text(4);

-- Everything a registration makes, or nothing: the user, its profile, stats,
-- balance with 100 points and their ledger row, notification preferences,
-- welcome notification, 10 experience, and the outbox event user.created,
-- whose listeners mail.  A user that comes verified (by a mail's code, another
-- provider, an administrator) is ACTIVE at once, and claims the referral code.
--
-- Refusals: users_email_key, users_email_form, users_username_key,
-- users_username_form, users_username_reserved.
-- Without a name one is made from the address, in up to 5 tries.
CREATE OR REPLACE FUNCTION create_user(
    p_email text, p_username text DEFAULT NULL,
    p_password_hash text DEFAULT NULL,
    p_email_verified boolean DEFAULT false,
    p_referral_code text DEFAULT NULL,
    p_role user_role DEFAULT 'USER',
    p_provider auth_provider DEFAULT 'LOCAL',
    p_image text DEFAULT NULL, p_display_name text DEFAULT NULL,
    p_language text DEFAULT 'en', p_time_zone text DEFAULT 'UTC',
    p_request_id text DEFAULT NULL
) RETURNS users
LANGUAGE plpgsql AS $$
DECLARE
    made users;
    broken text;
BEGIN
    FOR try IN 1..5 LOOP
        BEGIN
            INSERT INTO users (email, username, password_hash,
                password_changed_at, email_verified_at, status, role,
                provider, image, language, time_zone, terms_accepted_at)
            VALUES (p_email, coalesce(p_username,
                    username_from_email(p_email)), p_password_hash,
                CASE WHEN p_password_hash IS NOT NULL THEN clock_now() END,
                CASE WHEN p_email_verified THEN clock_now() END,
                CASE WHEN p_email_verified THEN 'ACTIVE'
                    ELSE 'PENDING_VERIFICATION' END::user_status,
                p_role, p_provider, p_image, p_language, p_time_zone,
                clock_now())
            RETURNING * INTO made;
            EXIT;
        EXCEPTION WHEN unique_violation THEN
            GET STACKED DIAGNOSTICS broken = CONSTRAINT_NAME;
            IF p_username IS NOT NULL OR broken <> 'users_username_key'
                OR try = 5 THEN
                RAISE;
            END IF;
        END;
    END LOOP;

    INSERT INTO profiles (user_id, display_name)
    VALUES (made.id, coalesce(p_display_name, made.username));
    INSERT INTO user_stats (user_id, verified)
    VALUES (made.id, made.verified);
    INSERT INTO user_balances (user_id) VALUES (made.id);
    INSERT INTO notification_preferences (user_id) VALUES (made.id);
    PERFORM profile_refresh(made.id);
    PERFORM add_points(made.id, 100, 'sparkle', 'earn', 'welcome_bonus',
        'welcome_bonus', 'Welcome to Sparkle Universe');
    PERFORM add_experience(made.id, NULL, 'account_created',
        'account_created');
    PERFORM notification_put(made.id, 'SYSTEM',
        p_title => 'Welcome to Sparkle Universe ✨',
        p_message => 'Your account is ready, with 100 sparkle points to start '
            'with. Tell people who you are, follow a few, and write your '
            'first post.',
        p_action_url => '/welcome', p_channels => '{}');
    IF p_email_verified AND p_referral_code IS NOT NULL THEN
        PERFORM referral_claim(made.id, p_referral_code, p_ip => NULL);
    END IF;
    INSERT INTO outbox (event, subject_id, actor_id, data, request_id)
    VALUES ('user.created', made.id, made.id, jsonb_build_object(
        'verify', NOT p_email_verified), p_request_id);

    SELECT * INTO made FROM users WHERE id = made.id;
    RETURN made;
END
$$;

-- ---- When users and profiles change ---------------------------------------

-- A name must be free of reservation: by the system, unless the user is an
-- administrator, by somebody who had it in the last 90 days, or who registers
-- with it.  So must an address: by somebody who can still undo its change.
CREATE OR REPLACE FUNCTION users_before() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status <> 'DELETED' AND (
        NEW.role <> 'ADMIN' AND EXISTS (SELECT FROM reserved_usernames
            WHERE name = lower(NEW.username))
        OR EXISTS (SELECT FROM user_names_old
            WHERE name = lower(NEW.username) AND user_id <> NEW.id
                AND until > clock_now())
        OR EXISTS (SELECT FROM registrations
            WHERE lower(username) = lower(NEW.username)
                AND expires_at > clock_now()))
    THEN
        PERFORM refuse('users_username_reserved', 'this name is reserved');
    END IF;
    IF email_kept(NEW.email, NEW.id) THEN
        RAISE EXCEPTION USING ERRCODE = 'unique_violation',
            CONSTRAINT = 'users_email_key', MESSAGE = 'this address is kept';
    END IF;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER users_before
    BEFORE INSERT OR UPDATE OF username, email ON users
    FOR EACH ROW EXECUTE FUNCTION users_before();

-- The old name leads here for 90 days, unless the account is gone.
CREATE OR REPLACE FUNCTION users_renamed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM user_names_old
    WHERE user_id = NEW.id
        AND (name = lower(NEW.username) OR NEW.status = 'DELETED');
    IF NEW.status <> 'DELETED' THEN
        INSERT INTO user_names_old (name, user_id)
        VALUES (lower(OLD.username), NEW.id)
        ON CONFLICT (name) DO UPDATE
            SET user_id = excluded.user_id, until = excluded.until;
    END IF;
    PERFORM user_index(NEW.id);
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER users_renamed AFTER UPDATE OF username ON users
    FOR EACH ROW WHEN (lower(OLD.username) <> lower(NEW.username))
    EXECUTE FUNCTION users_renamed();

-- Who is listed, counted and on top of the list of users.
CREATE OR REPLACE FUNCTION users_status_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    shown boolean := user_shown(NEW.status);
BEGIN
    UPDATE user_stats SET verified = NEW.verified, listed = shown
    WHERE user_id = NEW.id;
    IF TG_OP = 'INSERT' THEN
        PERFORM site_count('users', shown::int);
    ELSIF shown <> user_shown(OLD.status) THEN
        PERFORM site_count('users', CASE WHEN shown THEN 1 ELSE -1 END);
        PERFORM job_put('follow.recount', 'event', '{}', NEW.id);
    END IF;
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER users_status_changed
    AFTER INSERT OR UPDATE OF status, verified ON users
    FOR EACH ROW EXECUTE FUNCTION users_status_changed();

-- What people are searched by.
CREATE OR REPLACE FUNCTION user_index(p_user_id uuid) RETURNS void
LANGUAGE sql AS $$
INSERT INTO user_search (user_id, names, document)
SELECT u.id,
    lower(public.unaccent(u.username || ' '
        || coalesce(p.display_name, ''))),
    setweight(to_tsvector('simple', u.username), 'A')
    || setweight(to_tsvector('sparkle', coalesce(p.display_name, '')), 'A')
    || setweight(to_tsvector('sparkle', coalesce(p.bio, '')), 'C')
FROM users u JOIN profiles p ON p.user_id = u.id
WHERE u.id = p_user_id
ON CONFLICT (user_id) DO UPDATE
    SET names = excluded.names, document = excluded.document
$$;

CREATE OR REPLACE FUNCTION profiles_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM user_index(NEW.user_id);
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER profiles_changed
    AFTER INSERT OR UPDATE OF display_name, bio ON profiles
    FOR EACH ROW EXECUTE FUNCTION profiles_changed();

-- How complete a profile is, 0..100.
CREATE OR REPLACE FUNCTION profile_completeness(u users, p profiles)
RETURNS int
LANGUAGE sql STABLE
RETURN 20
    + CASE WHEN u.image <> '' THEN 15 ELSE 0 END
    + CASE WHEN p.bio <> '' THEN 10 ELSE 0 END
    + CASE WHEN lower(p.display_name) <> lower(u.username)
        THEN 10 ELSE 0 END
    + CASE WHEN p.location <> '' THEN 5 ELSE 0 END
    + CASE WHEN p.website <> '' THEN 5 ELSE 0 END
    + CASE WHEN p.twitter <> '' THEN 5 ELSE 0 END
    + CASE WHEN p.instagram <> '' THEN 5 ELSE 0 END
    + CASE WHEN p.youtube <> '' THEN 10 ELSE 0 END
    + CASE WHEN u.email_verified_at IS NOT NULL THEN 15 ELSE 0 END;

-- Call after a change of users or profiles.  The first time at 80 or more
-- sets completed_at, pays 50 points and tells by profile.completed.
CREATE OR REPLACE FUNCTION profile_refresh(p_user_id uuid) RETURNS int
LANGUAGE plpgsql AS $$
DECLARE
    n int;
    first boolean;
BEGIN
    SELECT profile_completeness(u, p),
        p.completed_at IS NULL AND profile_completeness(u, p) >= 80
    INTO n, first
    FROM profiles p JOIN users u ON u.id = p.user_id
    WHERE p.user_id = p_user_id FOR NO KEY UPDATE OF p;
    UPDATE profiles SET completeness = n,
        completed_at = CASE WHEN first THEN clock_now() ELSE completed_at END
    WHERE user_id = p_user_id AND (completeness <> n OR first);
    IF first THEN
        PERFORM add_points(p_user_id, 50, 'sparkle', 'earn',
            'profile_completed', 'profile_completed', 'Profile completed');
        INSERT INTO outbox (event, subject_id, actor_id)
        VALUES ('profile.completed', p_user_id, p_user_id);
    END IF;
    RETURN n;
END
$$;
