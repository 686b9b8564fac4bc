-- 0002-accounts.sql - users and what belongs to an account.
--
-- Secrets are never here in the clear: passwords are Argon2id strings, tokens
-- SHA-256, codes HMACs, two-factor secrets AES-256-GCM with the key's id
-- inside the value.  A deleted user keeps its row, emptied, so that foreign
-- keys to users mostly matter to tests and to hard deletion by hand.

-- ---- Users ----------------------------------------------------------------

-- Small and often updated (last_seen_at, experience): the long texts are in
-- profiles.  None of the columns that change often is indexed, so that their
-- updates stay on the page (HOT).
CREATE TABLE users (
    -- What every author's card reads comes first, so that forming it does
    -- not walk over the rest of the row.
    id uuid NOT NULL DEFAULT uuidv7(),
    experience bigint NOT NULL DEFAULT 0,
    level int NOT NULL DEFAULT 1,
    version int NOT NULL DEFAULT 0,
    role user_role NOT NULL DEFAULT 'USER',
    status user_status NOT NULL DEFAULT 'PENDING_VERIFICATION',
    verified boolean NOT NULL DEFAULT false,
    deleted_at timestamptz,
    username text NOT NULL,
    image text,
    -- Lower case and IDNA-normalised by the program; 'deleted_<id>' once gone.
    email text NOT NULL,
    email_verified_at timestamptz,
    username_changed_at timestamptz,
    password_hash text,
    password_changed_at timestamptz,
    provider auth_provider NOT NULL DEFAULT 'LOCAL',
    status_reason text,
    status_changed_at timestamptz,
    status_changed_by uuid,
    suspended_until timestamptz,
    reputation int NOT NULL DEFAULT 0,
    language text NOT NULL DEFAULT 'en',
    time_zone text NOT NULL DEFAULT 'UTC',
    last_seen_at timestamptz,
    last_seen_hidden boolean NOT NULL DEFAULT false,
    terms_accepted_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    updated_at timestamptz NOT NULL DEFAULT clock_now(),
    deleted_by uuid,
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT users_email_key UNIQUE (email),
    CONSTRAINT users_email_form CHECK (
        char_length(email) <= 255 AND email = lower(email)
        AND (email LIKE '_%@_%' OR status = 'DELETED')),
    CONSTRAINT users_username_form CHECK (
        username ~ '^[a-zA-Z0-9_]{3,30}$' OR status = 'DELETED'),
    CONSTRAINT users_image_length CHECK (char_length(image) <= 2000),
    CONSTRAINT users_status_reason_length CHECK (
        char_length(status_reason) <= 1000),
    CONSTRAINT users_language_length CHECK (
        char_length(language) BETWEEN 2 AND 35),
    CONSTRAINT users_time_zone_length CHECK (char_length(time_zone) <= 64),
    CONSTRAINT users_experience_positive CHECK (experience >= 0),
    CONSTRAINT users_level_positive CHECK (level >= 1),
    -- SYSTEM is who acts where nobody did: it never signs in.
    CONSTRAINT users_system_no_login CHECK (
        role <> 'SYSTEM' OR password_hash IS NULL),
    CONSTRAINT users_deleted_status CHECK (
        (status = 'DELETED') = (deleted_at IS NOT NULL)),
    CONSTRAINT users_status_changed_by_fkey FOREIGN KEY (status_changed_by)
        REFERENCES users ON DELETE SET NULL,
    CONSTRAINT users_deleted_by_fkey FOREIGN KEY (deleted_by)
        REFERENCES users ON DELETE SET NULL
) WITH (fillfactor = 80);

CREATE UNIQUE INDEX users_username_key ON users (lower(username));
-- The administrators' list: the newest first, by role, by status, and by the
-- beginning of a name or an address.
CREATE INDEX users_created_at_idx ON users (created_at, id);
CREATE INDEX users_role_idx ON users (role, created_at, id)
    WHERE role <> 'USER';
CREATE INDEX users_username_prefix_idx
    ON users (lower(username) COLLATE "C");
CREATE INDEX users_email_prefix_idx ON users (email COLLATE "C");
CREATE INDEX users_suspended_until_idx ON users (suspended_until)
    WHERE status = 'SUSPENDED';
CREATE INDEX users_status_idx ON users (status, created_at, id)
    WHERE status <> 'ACTIVE';
CREATE INDEX users_status_changed_by_idx ON users (status_changed_by)
    WHERE status_changed_by IS NOT NULL;
CREATE INDEX users_deleted_by_idx ON users (deleted_by)
    WHERE deleted_by IS NOT NULL;

-- An edit names the version it read and bumps it; that is what updated_at
-- tells, not that somebody was seen or got experience.
CREATE TRIGGER users_updated_at BEFORE UPDATE OF version ON users
    FOR EACH ROW EXECUTE FUNCTION set_updated_at();

CREATE TABLE profiles (
    user_id uuid NOT NULL,
    display_name text,
    bio text,
    location text,
    website text,
    twitter text,
    instagram text,
    tiktok text,
    discord text,
    youtube text,
    banner text,
    interests text[] NOT NULL DEFAULT '{}',
    skills text[] NOT NULL DEFAULT '{}',
    theme jsonb NOT NULL DEFAULT '{}',
    completeness smallint NOT NULL DEFAULT 20,
    completed_at timestamptz,
    updated_at timestamptz NOT NULL DEFAULT clock_now(),
    CONSTRAINT profiles_pkey PRIMARY KEY (user_id),
    CONSTRAINT profiles_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users ON DELETE CASCADE,
    CONSTRAINT profiles_display_name_length CHECK (
        char_length(display_name) BETWEEN 1 AND 100),
    CONSTRAINT profiles_bio_length CHECK (char_length(bio) <= 5000),
    CONSTRAINT profiles_location_length CHECK (char_length(location) <= 100),
    CONSTRAINT profiles_website_form CHECK (
        char_length(website) <= 500 AND website ~ '^https?://'),
    CONSTRAINT profiles_twitter_length CHECK (char_length(twitter) <= 100),
    CONSTRAINT profiles_instagram_length CHECK (char_length(instagram) <= 100),
    CONSTRAINT profiles_tiktok_length CHECK (char_length(tiktok) <= 100),
    CONSTRAINT profiles_discord_length CHECK (char_length(discord) <= 100),
    CONSTRAINT profiles_youtube_length CHECK (char_length(youtube) <= 100),
    CONSTRAINT profiles_banner_length CHECK (char_length(banner) <= 2000),
    CONSTRAINT profiles_interests_count CHECK (cardinality(interests) <= 20),
    CONSTRAINT profiles_skills_count CHECK (cardinality(skills) <= 20),
    CONSTRAINT profiles_theme_size CHECK (pg_column_size(theme) <= 4096),
    CONSTRAINT profiles_completeness_range CHECK (
        completeness BETWEEN 0 AND 100)
);
CREATE TRIGGER profiles_updated_at BEFORE UPDATE ON profiles
    FOR EACH ROW EXECUTE FUNCTION set_updated_at();

-- Counters of a user.  standing is the key of the user list: verified first,
-- then followers.
CREATE TABLE user_stats (
    user_id uuid NOT NULL,
    total_posts int NOT NULL DEFAULT 0,
    total_comments int NOT NULL DEFAULT 0,
    total_followers int NOT NULL DEFAULT 0,
    total_following int NOT NULL DEFAULT 0,
    total_likes_received bigint NOT NULL DEFAULT 0,
    -- Kept from users.verified by a trigger.
    verified boolean NOT NULL DEFAULT false,
    listed boolean NOT NULL DEFAULT true,
    login_streak int NOT NULL DEFAULT 0,
    streak_day date,
    standing bigint NOT NULL GENERATED ALWAYS AS (
        CASE WHEN verified THEN 1000000000000 ELSE 0 END + total_followers
    ) STORED,
    CONSTRAINT user_stats_pkey PRIMARY KEY (user_id),
    CONSTRAINT user_stats_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users ON DELETE CASCADE,
    CONSTRAINT user_stats_not_negative CHECK (
        total_posts >= 0 AND total_comments >= 0 AND total_followers >= 0
        AND total_following >= 0 AND total_likes_received >= 0)
) WITH (fillfactor = 80);
CREATE INDEX user_stats_standing_idx ON user_stats (standing, user_id)
    WHERE listed;

-- What people are searched by: names for trigrams, the document for words.
CREATE TABLE user_search (
    user_id uuid NOT NULL,
    names text NOT NULL,
    document tsvector NOT NULL,
    CONSTRAINT user_search_pkey PRIMARY KEY (user_id),
    CONSTRAINT user_search_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users ON DELETE CASCADE
);
CREATE INDEX user_search_names_idx ON user_search
    USING gin (names gin_trgm_ops);
CREATE INDEX user_search_document_idx ON user_search USING gin (document);

CREATE TABLE reserved_usernames (
    name text NOT NULL,
    CONSTRAINT reserved_usernames_pkey PRIMARY KEY (name),
    CONSTRAINT reserved_usernames_lower CHECK (name = lower(name))
);
INSERT INTO reserved_usernames
SELECT regexp_split_to_table('about account accounts abuse admin administrator api
    app apps assets auth avatar billing blog bot categories category channel
    channels check_username comment comments contact css dashboard data delete
    deleted demo dev developer developers discover docs download edit email
    event events everyone export faq feed feeds fonts forgot_password forum
    group groups guest health help here home host hostmaster icons images img
    info invite js legal login logout mail manifest me media members mentions
    messages metrics moderation moderator mod new news nobody none noreply
    notification notifications null oauth official operator owner post posts
    postmaster preview privacy profile public register report reports
    reset_password robots root rss search security settings setup shop
    signin signup sitemap sparkle sparkle_universe staff static stats status
    store superuser support sysadmin system tag tags team terms test token
    trending undefined unsubscribe upload uploads user username users verify
    void webmaster welcome well_known www youtube', '\s+');

-- Old names lead to their user for 90 days and are nobody else's meanwhile.
CREATE TABLE user_names_old (
    name text NOT NULL,
    user_id uuid NOT NULL,
    until timestamptz NOT NULL DEFAULT clock_now() + interval '90 days',
    CONSTRAINT user_names_old_pkey PRIMARY KEY (name),
    CONSTRAINT user_names_old_lower CHECK (name = lower(name)),
    CONSTRAINT user_names_old_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users ON DELETE CASCADE
);
CREATE INDEX user_names_old_user_id_idx ON user_names_old (user_id);
CREATE INDEX user_names_old_until_idx ON user_names_old (until);

-- ---- Points, experience ---------------------------------------------------

CREATE TABLE user_balances (
    user_id uuid NOT NULL,
    sparkle_points bigint NOT NULL DEFAULT 0,
    premium_points bigint NOT NULL DEFAULT 0,
    lifetime_earned bigint NOT NULL DEFAULT 0,
    version int NOT NULL DEFAULT 0,
    CONSTRAINT user_balances_pkey PRIMARY KEY (user_id),
    CONSTRAINT user_balances_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users ON DELETE CASCADE,
    CONSTRAINT user_balances_not_negative CHECK (
        sparkle_points >= 0 AND premium_points >= 0)
) WITH (fillfactor = 80);

-- The ledger: amounts are signed, and their sum is the balance.
CREATE TABLE currency_transactions (
    id uuid NOT NULL DEFAULT uuidv7(),
    user_id uuid NOT NULL,
    amount bigint NOT NULL,
    currency currency NOT NULL,
    type transaction_type NOT NULL,
    source text NOT NULL,
    -- What it is paid for, once: 'level_up:5', 'referral:<id>'.
    key text NOT NULL,
    description text,
    balance_before bigint NOT NULL,
    balance_after bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    CONSTRAINT currency_transactions_pkey PRIMARY KEY (id),
    CONSTRAINT currency_transactions_once UNIQUE (user_id, currency, key),
    CONSTRAINT currency_transactions_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users ON DELETE CASCADE,
    CONSTRAINT currency_transactions_adds_up CHECK (
        balance_after = balance_before + amount),
    CONSTRAINT currency_transactions_sign CHECK (CASE type
        WHEN 'spend' THEN amount < 0
        WHEN 'transfer' THEN amount <> 0
        ELSE amount > 0 END),
    CONSTRAINT currency_transactions_source_length CHECK (
        char_length(source) BETWEEN 1 AND 50),
    CONSTRAINT currency_transactions_key_length CHECK (
        char_length(key) BETWEEN 1 AND 200),
    CONSTRAINT currency_transactions_description_length CHECK (
        char_length(description) <= 500)
);
CREATE INDEX currency_transactions_user_id_idx
    ON currency_transactions (user_id, created_at, id);

-- What earns experience.  The daily cap is what one source can earn a user a
-- day (UTC); 0 means no cap.
CREATE TABLE xp_sources (
    source text NOT NULL,
    amount int NOT NULL,
    daily_cap int NOT NULL DEFAULT 0,
    CONSTRAINT xp_sources_pkey PRIMARY KEY (source),
    CONSTRAINT xp_sources_positive CHECK (amount >= 0 AND daily_cap >= 0)
);
INSERT INTO xp_sources (source, amount, daily_cap) VALUES
    ('account_created', 10, 0),
    ('email_verified', 20, 0),
    ('post_published', 25, 250),
    ('comment_created', 5, 150),
    ('reaction_received', 1, 200),
    ('followed', 2, 100),
    ('daily_login', 5, 10);

CREATE TABLE xp_log (
    id uuid NOT NULL DEFAULT uuidv7(),
    user_id uuid NOT NULL,
    amount int NOT NULL,
    source text NOT NULL,
    key text NOT NULL,
    reason text,
    total_xp bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    CONSTRAINT xp_log_pkey PRIMARY KEY (id),
    CONSTRAINT xp_log_once UNIQUE (user_id, source, key),
    CONSTRAINT xp_log_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users ON DELETE CASCADE,
    CONSTRAINT xp_log_source_length CHECK (
        char_length(source) BETWEEN 1 AND 50),
    CONSTRAINT xp_log_key_length CHECK (char_length(key) BETWEEN 1 AND 200)
);
CREATE INDEX xp_log_user_id_idx ON xp_log (user_id, created_at, id);
-- What a day brought, for the leaderboards.
CREATE INDEX xp_log_created_at_idx ON xp_log USING brin (created_at);

CREATE TABLE xp_days (
    user_id uuid NOT NULL,
    source text NOT NULL,
    day date NOT NULL,
    amount int NOT NULL,
    CONSTRAINT xp_days_pkey PRIMARY KEY (user_id, source, day),
    CONSTRAINT xp_days_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users ON DELETE CASCADE
) WITH (fillfactor = 80);
CREATE INDEX xp_days_day_idx ON xp_days (day);

CREATE TABLE referrals (
    id uuid NOT NULL DEFAULT uuidv7(),
    referrer_id uuid NOT NULL,
    code text NOT NULL,
    status referral_status NOT NULL DEFAULT 'PENDING',
    referred_user_id uuid,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    completed_at timestamptz,
    CONSTRAINT referrals_pkey PRIMARY KEY (id),
    CONSTRAINT referrals_code_key UNIQUE (code),
    CONSTRAINT referrals_code_form CHECK (code ~ '^[A-Z0-9]{6,32}$'),
    CONSTRAINT referrals_referred_user_id_key UNIQUE (referred_user_id),
    CONSTRAINT referrals_not_self CHECK (referred_user_id <> referrer_id),
    CONSTRAINT referrals_completed CHECK (
        (status = 'COMPLETED') = (completed_at IS NOT NULL)),
    CONSTRAINT referrals_referrer_id_fkey FOREIGN KEY (referrer_id)
        REFERENCES users ON DELETE CASCADE,
    CONSTRAINT referrals_referred_user_id_fkey FOREIGN KEY (referred_user_id)
        REFERENCES users ON DELETE SET NULL
);
CREATE INDEX referrals_referrer_id_idx ON referrals (referrer_id, created_at);

-- ---- Sessions, devices, logins --------------------------------------------

-- A browser that has signed in, known by a signed cookie.
CREATE TABLE devices (
    id uuid NOT NULL DEFAULT uuidv7(),
    user_id uuid NOT NULL,
    token_hash bytea NOT NULL,
    name text,
    user_agent text,
    last_ip inet,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    last_seen_at timestamptz NOT NULL DEFAULT clock_now(),
    CONSTRAINT devices_pkey PRIMARY KEY (id),
    CONSTRAINT devices_token_key UNIQUE (user_id, token_hash),
    CONSTRAINT devices_token_hash_size CHECK (octet_length(token_hash) = 32),
    CONSTRAINT devices_name_length CHECK (char_length(name) <= 200),
    CONSTRAINT devices_user_agent_length CHECK (
        char_length(user_agent) <= 1000),
    CONSTRAINT devices_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users ON DELETE CASCADE
);

-- The id is public (it names a session in the list of them); the token is
-- known by its SHA-256 only.  previous_hash stays good until the new token
-- was seen; what is older is in session_tokens_spent.
CREATE TABLE sessions (
    id uuid NOT NULL DEFAULT uuidv7(),
    user_id uuid NOT NULL,
    token_hash bytea NOT NULL,
    previous_hash bytea,
    superseded_at timestamptz,
    family uuid NOT NULL DEFAULT gen_random_uuid(),
    csrf_secret bytea NOT NULL,
    device_id uuid,
    device text,
    user_agent text,
    ip inet,
    location text,
    remember boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    last_seen_at timestamptz NOT NULL DEFAULT clock_now(),
    extended_at timestamptz NOT NULL DEFAULT clock_now(),
    rotated_at timestamptz NOT NULL DEFAULT clock_now(),
    reauthenticated_at timestamptz,
    expires_at timestamptz NOT NULL,
    absolute_expires_at timestamptz NOT NULL
        DEFAULT clock_now() + interval '1 year',
    ended_at timestamptz,
    end_reason text,
    CONSTRAINT sessions_pkey PRIMARY KEY (id),
    CONSTRAINT sessions_token_hash_key UNIQUE (token_hash),
    CONSTRAINT sessions_token_hash_size CHECK (octet_length(token_hash) = 32),
    CONSTRAINT sessions_previous_hash_size CHECK (
        octet_length(previous_hash) = 32),
    CONSTRAINT sessions_device_length CHECK (char_length(device) <= 200),
    CONSTRAINT sessions_location_length CHECK (char_length(location) <= 200),
    CONSTRAINT sessions_user_agent_length CHECK (
        char_length(user_agent) <= 1000),
    CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users ON DELETE CASCADE,
    CONSTRAINT sessions_device_id_fkey FOREIGN KEY (device_id)
        REFERENCES devices ON DELETE SET NULL
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX sessions_previous_hash_key ON sessions (previous_hash)
    WHERE previous_hash IS NOT NULL;
CREATE INDEX sessions_user_id_idx ON sessions (user_id);
CREATE INDEX sessions_family_idx ON sessions (family);
CREATE INDEX sessions_device_id_idx ON sessions (device_id)
    WHERE device_id IS NOT NULL;
CREATE INDEX sessions_expires_at_idx ON sessions (expires_at);

-- Tokens superseded twice or more: their use is theft.
CREATE TABLE session_tokens_spent (
    token_hash bytea NOT NULL,
    session_id uuid NOT NULL,
    spent_at timestamptz NOT NULL DEFAULT clock_now(),
    CONSTRAINT session_tokens_spent_pkey PRIMARY KEY (token_hash),
    CONSTRAINT session_tokens_spent_session_id_fkey FOREIGN KEY (session_id)
        REFERENCES sessions ON DELETE CASCADE
);
CREATE INDEX session_tokens_spent_session_id_idx
    ON session_tokens_spent (session_id);
CREATE INDEX session_tokens_spent_spent_at_idx
    ON session_tokens_spent (spent_at);

CREATE TABLE login_history (
    id uuid NOT NULL DEFAULT uuidv7(),
    user_id uuid,
    -- HMAC of the address that was tried, known or not.
    email_hash bytea NOT NULL,
    success boolean NOT NULL,
    -- Why not: UNKNOWN_EMAIL, WRONG_PASSWORD, WRONG_CODE, LOCKED, BANNED ...
    reason text,
    session_id uuid,
    device_id uuid,
    ip inet,
    user_agent text,
    location text,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    CONSTRAINT login_history_pkey PRIMARY KEY (id),
    CONSTRAINT login_history_reason_length CHECK (char_length(reason) <= 50),
    CONSTRAINT login_history_user_agent_length CHECK (
        char_length(user_agent) <= 1000),
    CONSTRAINT login_history_location_length CHECK (
        char_length(location) <= 200),
    CONSTRAINT login_history_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users ON DELETE CASCADE,
    CONSTRAINT login_history_session_id_fkey FOREIGN KEY (session_id)
        REFERENCES sessions ON DELETE SET NULL,
    CONSTRAINT login_history_device_id_fkey FOREIGN KEY (device_id)
        REFERENCES devices ON DELETE SET NULL
);
CREATE INDEX login_history_user_id_idx
    ON login_history (user_id, created_at, id);
CREATE INDEX login_history_user_ip_idx
    ON login_history (user_id, ip, created_at) WHERE success;
CREATE INDEX login_history_email_hash_idx
    ON login_history (email_hash, created_at) WHERE NOT success;
CREATE INDEX login_history_session_id_idx ON login_history (session_id)
    WHERE session_id IS NOT NULL;
CREATE INDEX login_history_device_id_idx ON login_history (device_id)
    WHERE device_id IS NOT NULL;
CREATE INDEX login_history_created_at_idx ON login_history (created_at);

-- Failed logins within the window, and the lock.  subject is the HMAC of the
-- address, so that unknown addresses lock alike; device_id is a known device
-- of the account, or the nil uuid for all unknown ones together.
CREATE TABLE login_locks (
    subject bytea NOT NULL,
    device_id uuid NOT NULL
        DEFAULT '00000000-0000-0000-0000-000000000000',
    user_id uuid,
    -- The failures of the last 15 minutes; the first of them.
    failed_at timestamptz[] NOT NULL DEFAULT '{}',
    window_started_at timestamptz NOT NULL DEFAULT clock_now(),
    locked_until timestamptz,
    CONSTRAINT login_locks_pkey PRIMARY KEY (subject, device_id),
    CONSTRAINT login_locks_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users ON DELETE CASCADE
) WITH (fillfactor = 80);
CREATE INDEX login_locks_user_id_idx ON login_locks (user_id)
    WHERE user_id IS NOT NULL;
CREATE INDEX login_locks_window_idx ON login_locks (window_started_at);

-- The step between the right password and the second factor.
CREATE TABLE login_challenges (
    token_hash bytea NOT NULL,
    user_id uuid NOT NULL,
    ip inet,
    remember boolean NOT NULL DEFAULT false,
    tries int NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    expires_at timestamptz NOT NULL
        DEFAULT clock_now() + interval '5 minutes',
    used_at timestamptz,
    CONSTRAINT login_challenges_pkey PRIMARY KEY (token_hash),
    CONSTRAINT login_challenges_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users ON DELETE CASCADE
);
CREATE INDEX login_challenges_user_id_idx ON login_challenges (user_id);
CREATE INDEX login_challenges_expires_at_idx ON login_challenges (expires_at);

CREATE TABLE security_alerts (
    id uuid NOT NULL DEFAULT uuidv7(),
    user_id uuid NOT NULL,
    type text NOT NULL,
    severity alert_severity NOT NULL DEFAULT 'medium',
    -- The same type and cause is not raised again within an hour.
    cause text NOT NULL DEFAULT '',
    title text NOT NULL,
    description text NOT NULL DEFAULT '',
    data jsonb NOT NULL DEFAULT '{}',
    ip inet,
    acknowledged_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    CONSTRAINT security_alerts_pkey PRIMARY KEY (id),
    CONSTRAINT security_alerts_type_form CHECK (type ~ '^[A-Z0-9_]{1,50}$'),
    CONSTRAINT security_alerts_title_length CHECK (char_length(title) <= 200),
    CONSTRAINT security_alerts_description_length CHECK (
        char_length(description) <= 2000),
    CONSTRAINT security_alerts_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users ON DELETE CASCADE
);
CREATE INDEX security_alerts_user_id_idx
    ON security_alerts (user_id, created_at, id);
CREATE INDEX security_alerts_cause_idx
    ON security_alerts (user_id, type, cause, created_at);
CREATE INDEX security_alerts_created_at_idx ON security_alerts (created_at);

-- ---- Proofs: e-mail, password, second factor ------------------------------

-- A 6-digit code and a link for one address.  One is live a user: a new one
-- sets died_at of the old.
CREATE TABLE email_verifications (
    id uuid NOT NULL DEFAULT uuidv7(),
    user_id uuid NOT NULL,
    email text NOT NULL,
    code_hash bytea NOT NULL,
    link_hash bytea NOT NULL,
    tries int NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    expires_at timestamptz NOT NULL
        DEFAULT clock_now() + interval '10 minutes',
    used_at timestamptz,
    died_at timestamptz,
    CONSTRAINT email_verifications_pkey PRIMARY KEY (id),
    CONSTRAINT email_verifications_link_hash_key UNIQUE (link_hash),
    CONSTRAINT email_verifications_tries_range CHECK (tries BETWEEN 0 AND 5),
    CONSTRAINT email_verifications_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users ON DELETE CASCADE
);
CREATE UNIQUE INDEX email_verifications_one_live
    ON email_verifications (user_id)
    WHERE used_at IS NULL AND died_at IS NULL;
CREATE INDEX email_verifications_user_id_idx
    ON email_verifications (user_id, created_at);
CREATE INDEX email_verifications_created_at_idx
    ON email_verifications (created_at);

CREATE TABLE password_resets (
    id uuid NOT NULL DEFAULT uuidv7(),
    user_id uuid NOT NULL,
    token_hash bytea NOT NULL,
    ip inet,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    expires_at timestamptz NOT NULL DEFAULT clock_now() + interval '1 hour',
    used_at timestamptz,
    died_at timestamptz,
    CONSTRAINT password_resets_pkey PRIMARY KEY (id),
    CONSTRAINT password_resets_token_hash_key UNIQUE (token_hash),
    CONSTRAINT password_resets_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users ON DELETE CASCADE
);
CREATE UNIQUE INDEX password_resets_one_live ON password_resets (user_id)
    WHERE used_at IS NULL AND died_at IS NULL;
CREATE INDEX password_resets_user_id_idx
    ON password_resets (user_id, created_at);
CREATE INDEX password_resets_created_at_idx ON password_resets (created_at);

CREATE TABLE email_changes (
    id uuid NOT NULL DEFAULT uuidv7(),
    user_id uuid NOT NULL,
    old_email text NOT NULL,
    new_email text NOT NULL,
    -- NULL until the mail with its token is made.
    confirm_hash bytea,
    undo_hash bytea,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    expires_at timestamptz NOT NULL DEFAULT clock_now() + interval '1 day',
    confirmed_at timestamptz,
    undo_expires_at timestamptz,
    undone_at timestamptz,
    died_at timestamptz,
    CONSTRAINT email_changes_pkey PRIMARY KEY (id),
    CONSTRAINT email_changes_confirm_hash_key UNIQUE (confirm_hash),
    CONSTRAINT email_changes_undo_hash_key UNIQUE (undo_hash),
    CONSTRAINT email_changes_new_email_form CHECK (
        char_length(new_email) <= 255 AND new_email = lower(new_email)
        AND new_email LIKE '_%@_%'),
    CONSTRAINT email_changes_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users ON DELETE CASCADE
);
CREATE UNIQUE INDEX email_changes_one_live ON email_changes (user_id)
    WHERE confirmed_at IS NULL AND died_at IS NULL;
CREATE INDEX email_changes_user_id_idx ON email_changes (user_id, created_at);
-- Addresses that are kept for who had them.
CREATE INDEX email_changes_old_email_idx ON email_changes (old_email)
    WHERE undo_expires_at IS NOT NULL AND undone_at IS NULL;

-- enabled_at NULL: set up, not yet proven; good until setup_expires_at.  A
-- TOTP step is good once: an update takes a step above last_step only.
CREATE TABLE two_factor (
    user_id uuid NOT NULL,
    secret bytea NOT NULL,
    kid text NOT NULL,
    last_step bigint NOT NULL DEFAULT 0,
    -- Codes tried since then; a right one sets them back.
    tries int NOT NULL DEFAULT 0,
    tries_since timestamptz,
    setup_expires_at timestamptz NOT NULL
        DEFAULT clock_now() + interval '10 minutes',
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    enabled_at timestamptz,
    CONSTRAINT two_factor_pkey PRIMARY KEY (user_id),
    CONSTRAINT two_factor_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users ON DELETE CASCADE
);
CREATE INDEX two_factor_kid_idx ON two_factor (kid);
CREATE INDEX two_factor_pending_idx ON two_factor (setup_expires_at)
    WHERE enabled_at IS NULL;

CREATE TABLE backup_codes (
    user_id uuid NOT NULL,
    code_hmac bytea NOT NULL,
    kid text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    used_at timestamptz,
    used_ip inet,
    CONSTRAINT backup_codes_pkey PRIMARY KEY (user_id, code_hmac),
    CONSTRAINT backup_codes_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users ON DELETE CASCADE
);

-- The ids and ages of keys; the keys themselves are in files of the operator.
CREATE TABLE encryption_keys (
    purpose text NOT NULL,
    kid text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    retired_at timestamptz,
    CONSTRAINT encryption_keys_pkey PRIMARY KEY (purpose, kid)
);

-- ---- Roles, privacy, audit ------------------------------------------------

CREATE TABLE role_grants (
    id uuid NOT NULL DEFAULT uuidv7(),
    user_id uuid NOT NULL,
    scope grant_scope NOT NULL,
    scope_id uuid NOT NULL,
    role user_role NOT NULL,
    granted_by uuid,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    revoked_by uuid,
    CONSTRAINT role_grants_pkey PRIMARY KEY (id),
    CONSTRAINT role_grants_role_grantable CHECK (role < 'ADMIN'),
    CONSTRAINT role_grants_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users ON DELETE CASCADE,
    CONSTRAINT role_grants_granted_by_fkey FOREIGN KEY (granted_by)
        REFERENCES users ON DELETE SET NULL,
    CONSTRAINT role_grants_revoked_by_fkey FOREIGN KEY (revoked_by)
        REFERENCES users ON DELETE SET NULL
);
CREATE UNIQUE INDEX role_grants_one_live
    ON role_grants (user_id, scope, scope_id) WHERE revoked_at IS NULL;
CREATE INDEX role_grants_scope_idx ON role_grants (scope, scope_id);
CREATE INDEX role_grants_granted_by_idx ON role_grants (granted_by)
    WHERE granted_by IS NOT NULL;
CREATE INDEX role_grants_revoked_by_idx ON role_grants (revoked_by)
    WHERE revoked_by IS NOT NULL;

CREATE TABLE deletion_requests (
    id uuid NOT NULL DEFAULT uuidv7(),
    user_id uuid NOT NULL,
    remove_content boolean NOT NULL DEFAULT false,
    reason text,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    due_at timestamptz NOT NULL DEFAULT clock_now() + interval '14 days',
    -- Set when erasing begins: from then on nothing can be cancelled.
    started_at timestamptz,
    cancelled_at timestamptz,
    done_at timestamptz,
    CONSTRAINT deletion_requests_pkey PRIMARY KEY (id),
    CONSTRAINT deletion_requests_reason_length CHECK (
        char_length(reason) <= 1000),
    CONSTRAINT deletion_requests_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users ON DELETE CASCADE
);
CREATE UNIQUE INDEX deletion_requests_one_live ON deletion_requests (user_id)
    WHERE cancelled_at IS NULL AND done_at IS NULL;
CREATE INDEX deletion_requests_user_id_idx ON deletion_requests (user_id);
CREATE INDEX deletion_requests_due_at_idx ON deletion_requests (due_at)
    WHERE cancelled_at IS NULL AND done_at IS NULL;

CREATE TABLE data_exports (
    id uuid NOT NULL DEFAULT uuidv7(),
    user_id uuid NOT NULL,
    state export_state NOT NULL DEFAULT 'queued',
    path text,
    size bigint,
    error text,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    ready_at timestamptz,
    expires_at timestamptz,
    CONSTRAINT data_exports_pkey PRIMARY KEY (id),
    CONSTRAINT data_exports_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users ON DELETE CASCADE
);
CREATE UNIQUE INDEX data_exports_one_at_a_time ON data_exports (user_id)
    WHERE state IN ('queued', 'running');
CREATE INDEX data_exports_user_id_idx ON data_exports (user_id, created_at);
CREATE INDEX data_exports_expires_at_idx ON data_exports (expires_at)
    WHERE state = 'ready';

-- Append-only: the program may SELECT and INSERT.  No foreign keys, since
-- the log outlives what it tells of.
CREATE TABLE audit_log (
    id uuid NOT NULL DEFAULT uuidv7(),
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    actor_id uuid,
    action text NOT NULL,
    resource_type text,
    resource_id text,
    success boolean NOT NULL DEFAULT true,
    error text,
    before jsonb,
    after jsonb,
    ip inet,
    user_agent text,
    request_id text,
    CONSTRAINT audit_log_pkey PRIMARY KEY (id, created_at),
    CONSTRAINT audit_log_action_length CHECK (
        char_length(action) BETWEEN 1 AND 100),
    CONSTRAINT audit_log_user_agent_length CHECK (
        char_length(user_agent) <= 1000)
) PARTITION BY RANGE (created_at);
CREATE INDEX audit_log_created_at_idx ON audit_log (created_at, id);
CREATE INDEX audit_log_actor_id_idx ON audit_log (actor_id, created_at);
CREATE INDEX audit_log_resource_idx
    ON audit_log (resource_type, resource_id, created_at);
CREATE INDEX audit_log_action_idx ON audit_log (action, created_at);
CREATE INDEX audit_log_failure_idx ON audit_log (created_at, id)
    WHERE NOT success;
CREATE TABLE audit_log_default PARTITION OF audit_log DEFAULT;

-- Make the partition of the month (UTC) that holds a day; true if it was
-- made now.  Rows that had to go to the default partition move over.  Runs
-- as the owner, since the program may make no tables.
CREATE FUNCTION audit_log_add_month(day date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    first date := date_trunc('month', day::timestamp);
    part text := 'audit_log_' || to_char(first, 'YYYY_MM');
    lower timestamptz := first::timestamp AT TIME ZONE 'UTC';
    upper timestamptz :=
        (first + interval '1 month')::timestamp AT TIME ZONE 'UTC';
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('audit_log_add_month'));
    IF to_regclass(part) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE audit_log INCLUDING DEFAULTS
        INCLUDING CONSTRAINTS)', part);
    EXECUTE format('WITH moved AS (
            DELETE FROM audit_log_default
            WHERE created_at >= %L AND created_at < %L RETURNING *)
        INSERT INTO %I SELECT * FROM moved', lower, upper, part);
    EXECUTE format('ALTER TABLE audit_log ATTACH PARTITION %I
        FOR VALUES FROM (%L) TO (%L)', part, lower, upper);
    RETURN true;
END
$$;

-- Drop the months that ended before a day, which must be a year ago or more.
CREATE FUNCTION audit_log_drop_before(day date) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    part text;
    dropped int := 0;
BEGIN
    IF day > (clock_now() - interval '1 year')::date THEN
        PERFORM refuse('audit_log_retention',
            'the audit log is kept for a year');
    END IF;
    FOR part IN
        SELECT c.relname FROM pg_inherits i
        JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'audit_log'::regclass
            AND c.relname ~ '^audit_log_\d{4}_\d\d$'
            AND to_date(substr(c.relname, 11), 'YYYY_MM')
                + interval '1 month' <= day
    LOOP
        EXECUTE format('DROP TABLE %I', part);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END
$$;
REVOKE ALL ON FUNCTION audit_log_add_month(date),
    audit_log_drop_before(date) FROM PUBLIC;

SELECT audit_log_add_month((now() + n * interval '1 month')::date)
FROM generate_series(0, 2) n;

-- ---- Idempotency, retention -----------------------------------------------

-- The first answer to a POST with an Idempotency-Key, for 24 hours.  status
-- is NULL while the request runs.
CREATE TABLE idempotency_keys (
    -- 'user:<id>' or 'ip:<address>'
    scope text NOT NULL,
    key text NOT NULL,
    route text NOT NULL,
    request_hash bytea NOT NULL,
    status int,
    headers jsonb,
    body bytea,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    expires_at timestamptz NOT NULL DEFAULT clock_now() + interval '24 hours',
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (scope, key),
    CONSTRAINT idempotency_keys_key_length CHECK (
        char_length(key) BETWEEN 1 AND 255)
);
CREATE INDEX idempotency_keys_expires_at_idx ON idempotency_keys (expires_at);

-- How long the rows of a table are kept, and on what ground.
CREATE TABLE data_retention_policies (
    table_name text NOT NULL,
    time_column text NOT NULL,
    keep interval NOT NULL DEFAULT '30 days',
    ground text NOT NULL,
    enabled boolean NOT NULL DEFAULT true,
    updated_at timestamptz NOT NULL DEFAULT clock_now(),
    CONSTRAINT data_retention_policies_pkey PRIMARY KEY (table_name)
);
CREATE TRIGGER data_retention_policies_updated_at
    BEFORE UPDATE ON data_retention_policies
    FOR EACH ROW EXECUTE FUNCTION set_updated_at();
