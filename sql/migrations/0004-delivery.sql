-- 0004-delivery.sql - the outbox, jobs, notifications, e-mail and the runs
-- of batch programs.

-- ---- Outbox and jobs ------------------------------------------------------

-- What happened, written by the statement that made it happen.  The
-- dispatcher deletes rows and makes a job for each listener in one
-- transaction, so that an event comes out exactly once.
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY,
    event text NOT NULL,
    subject_id uuid,
    actor_id uuid,
    data jsonb NOT NULL DEFAULT '{}',
    request_id text,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    CONSTRAINT outbox_pkey PRIMARY KEY (id)
) WITH (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_insert_scale_factor = 0,
    autovacuum_vacuum_insert_threshold = 50000,
    autovacuum_vacuum_cost_delay = 0
);

-- Workers look at queues in the order of lane, then name.
CREATE TABLE job_queues (
    name text NOT NULL,
    concurrency int NOT NULL,
    lane smallint NOT NULL DEFAULT 50,
    paused_at timestamptz,
    paused_by uuid,
    CONSTRAINT job_queues_pkey PRIMARY KEY (name),
    CONSTRAINT job_queues_name_form CHECK (name ~ '^[a-z_]{1,40}$'),
    CONSTRAINT job_queues_concurrency_range CHECK (
        concurrency BETWEEN 1 AND 100),
    CONSTRAINT job_queues_paused_by_fkey FOREIGN KEY (paused_by)
        REFERENCES users ON DELETE SET NULL
);
CREATE INDEX job_queues_paused_by_idx ON job_queues (paused_by);
-- event runs the listeners; security_email is the lane that no digest blocks,
-- sms that of codes that somebody waits for, which no push service holds up.
INSERT INTO job_queues (name, concurrency, lane) VALUES
    ('security_email', 2, 0), ('sms', 1, 5),
    ('event', 10, 10), ('notification', 10, 20),
    ('push', 5, 30), ('email', 5, 40), ('image', 2, 50), ('video', 1, 60),
    ('achievement', 5, 50), ('leaderboard', 3, 50), ('moderation', 5, 50),
    ('youtube', 2, 60), ('analytics', 20, 70), ('export', 1, 75),
    ('cleanup', 1, 80);

-- state says where a job is looked for:
--   scheduled, retryable  jobs_due_idx, until run_at; then made available
--   available             jobs_claim_idx, by queue, priority and age
--   running               jobs_running_idx, by the end of the lease
--   the rest              jobs_finished_idx, until cleaned up
-- Each index holds only its own jobs, so a claim costs the same whatever
-- waits in other queues, is due later or is done.  No foreign key to
-- job_queues: its check would lock one row for every job of a queue.
CREATE TABLE jobs (
    id bigint GENERATED ALWAYS AS IDENTITY,
    queue text NOT NULL,
    kind text NOT NULL,
    payload jsonb NOT NULL DEFAULT '{}',
    -- Higher first.
    priority smallint NOT NULL DEFAULT 0,
    state job_state NOT NULL DEFAULT 'available',
    run_at timestamptz NOT NULL DEFAULT clock_now(),
    attempts smallint NOT NULL DEFAULT 0,
    max_attempts smallint NOT NULL DEFAULT 3,
    -- At most one unfinished job of a kind has a key.
    unique_key text,
    -- The event and the listener that this job runs (kind is its name, too),
    -- with what the outbox row said.
    event_id bigint,
    listener text,
    actor_id uuid,
    request_id text,
    happened_at timestamptz,
    -- Jobs of one queue, subject and kind run one after the other, in order
    -- of id.
    subject_id uuid,
    leased_until timestamptz,
    worker text,
    errors jsonb NOT NULL DEFAULT '[]',
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    started_at timestamptz,
    finished_at timestamptz,
    CONSTRAINT jobs_pkey PRIMARY KEY (id),
    CONSTRAINT jobs_event_has_listener CHECK (
        (event_id IS NULL) = (listener IS NULL)),
    CONSTRAINT jobs_running_has_lease CHECK (
        state <> 'running' OR leased_until IS NOT NULL),
    CONSTRAINT jobs_payload_size CHECK (pg_column_size(payload) <= 262144)
) WITH (
    fillfactor = 85,
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000,
    autovacuum_vacuum_insert_scale_factor = 0,
    autovacuum_vacuum_insert_threshold = 100000,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000,
    autovacuum_vacuum_cost_delay = 0
);
CREATE INDEX jobs_claim_idx ON jobs (queue, priority DESC, id)
    WHERE state = 'available';
CREATE INDEX jobs_due_idx ON jobs (run_at)
    WHERE state IN ('scheduled', 'retryable');
CREATE INDEX jobs_running_idx ON jobs (leased_until)
    WHERE state = 'running';
CREATE INDEX jobs_finished_idx ON jobs (queue, state, finished_at)
    WHERE state IN ('completed', 'discarded', 'cancelled');
CREATE UNIQUE INDEX jobs_unique_key ON jobs (kind, unique_key)
    WHERE unique_key IS NOT NULL
        AND state IN ('scheduled', 'available', 'running', 'retryable');
CREATE UNIQUE INDEX jobs_once_per_listener ON jobs (event_id, listener)
    WHERE event_id IS NOT NULL;
CREATE INDEX jobs_subject_idx ON jobs (subject_id, kind, queue, id)
    WHERE subject_id IS NOT NULL
        AND state IN ('scheduled', 'available', 'running', 'retryable');

-- What is put by the clock: see sql/job_schedule.sql.
CREATE TABLE job_schedules (
    name text NOT NULL,
    queue text NOT NULL,
    kind text NOT NULL,
    payload jsonb NOT NULL DEFAULT '{}',
    cron text NOT NULL,
    time_zone text NOT NULL DEFAULT 'UTC',
    enabled boolean NOT NULL DEFAULT true,
    last_run_at timestamptz,
    next_run_at timestamptz,
    CONSTRAINT job_schedules_pkey PRIMARY KEY (name),
    CONSTRAINT job_schedules_name_form CHECK (name ~ '^[a-z0-9-]{1,60}$'),
    CONSTRAINT job_schedules_queue_fkey FOREIGN KEY (queue)
        REFERENCES job_queues ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE INDEX job_schedules_queue_idx ON job_schedules (queue);
CREATE INDEX job_schedules_next_run_at_idx ON job_schedules (next_run_at)
    WHERE enabled;

-- How many finished jobs were cleaned up, by day.
CREATE TABLE job_archive (
    day date NOT NULL,
    queue text NOT NULL,
    kind text NOT NULL,
    state job_state NOT NULL,
    n bigint NOT NULL DEFAULT 0,
    CONSTRAINT job_archive_pkey PRIMARY KEY (day, queue, kind, state)
);

-- ---- Notifications --------------------------------------------------------

-- One unread row a user and group_key ('POST_LIKED:post:<id>') takes all that
-- happens within 24 hours of started_at; created_at is the latest of it and
-- what lists sort by.  A row that takes no more has group_key NULL.  One whose
-- user wants it by other channels only is hidden: in no list and no count.
CREATE TABLE notifications (
    id uuid NOT NULL DEFAULT uuidv7(),
    user_id uuid NOT NULL,
    type notification_type NOT NULL,
    group_key text,
    actor_id uuid,
    actor_count int NOT NULL DEFAULT 0,
    entity_type text,
    entity_id uuid,
    title text NOT NULL,
    message text NOT NULL DEFAULT '',
    data jsonb NOT NULL DEFAULT '{}',
    image text,
    action_url text,
    priority smallint NOT NULL DEFAULT 0,
    read boolean NOT NULL DEFAULT false,
    read_at timestamptz,
    hidden boolean NOT NULL DEFAULT false,
    started_at timestamptz NOT NULL DEFAULT clock_now(),
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    expires_at timestamptz NOT NULL DEFAULT clock_now() + interval '7 days',
    CONSTRAINT notifications_pkey PRIMARY KEY (id),
    CONSTRAINT notifications_title_length CHECK (char_length(title) <= 500),
    CONSTRAINT notifications_message_length CHECK (
        char_length(message) <= 2000),
    CONSTRAINT notifications_action_url_form CHECK (
        char_length(action_url) <= 2000 AND action_url ~ '^(/|https://)'),
    CONSTRAINT notifications_priority_range CHECK (priority BETWEEN 0 AND 3),
    CONSTRAINT notifications_read_at_when_read CHECK (
        read = (read_at IS NOT NULL)),
    CONSTRAINT notifications_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users ON DELETE CASCADE,
    CONSTRAINT notifications_actor_id_fkey FOREIGN KEY (actor_id)
        REFERENCES users ON DELETE SET NULL
) WITH (fillfactor = 80);
CREATE INDEX notifications_user_id_idx
    ON notifications (user_id, created_at, id);
CREATE INDEX notifications_unread_idx
    ON notifications (user_id, created_at, id) WHERE NOT read AND NOT hidden;
CREATE UNIQUE INDEX notifications_group_key
    ON notifications (user_id, group_key)
    WHERE NOT read AND group_key IS NOT NULL;
CREATE INDEX notifications_entity_idx ON notifications (entity_id)
    WHERE entity_id IS NOT NULL;
CREATE INDEX notifications_actor_id_idx ON notifications (actor_id)
    WHERE actor_id IS NOT NULL;
CREATE INDEX notifications_expires_at_idx ON notifications (expires_at);

CREATE TABLE notification_actors (
    notification_id uuid NOT NULL,
    actor_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    -- False: the transaction counts it at its end, with all others.
    counted boolean NOT NULL DEFAULT true,
    CONSTRAINT notification_actors_pkey
        PRIMARY KEY (notification_id, actor_id),
    CONSTRAINT notification_actors_notification_id_fkey
        FOREIGN KEY (notification_id)
        REFERENCES notifications ON DELETE CASCADE,
    CONSTRAINT notification_actors_actor_id_fkey FOREIGN KEY (actor_id)
        REFERENCES users ON DELETE CASCADE
);
CREATE INDEX notification_actors_actor_id_idx
    ON notification_actors (actor_id);

-- The matrix of types and channels in one row: the seven gates of the
-- specification switch a group of types off in every channel, the arrays
-- switch single types off in one channel, the *_enabled a whole channel.
CREATE TABLE notification_preferences (
    user_id uuid NOT NULL,
    post_likes boolean NOT NULL DEFAULT true,
    post_comments boolean NOT NULL DEFAULT true,
    new_followers boolean NOT NULL DEFAULT true,
    mentions boolean NOT NULL DEFAULT true,
    direct_messages boolean NOT NULL DEFAULT true,
    group_invites boolean NOT NULL DEFAULT true,
    event_reminders boolean NOT NULL DEFAULT true,
    email_enabled boolean NOT NULL DEFAULT true,
    push_enabled boolean NOT NULL DEFAULT true,
    sms_enabled boolean NOT NULL DEFAULT false,
    in_app_off notification_type[] NOT NULL DEFAULT '{}',
    email_off notification_type[] NOT NULL DEFAULT '{}',
    push_off notification_type[] NOT NULL DEFAULT '{}',
    email_frequency email_frequency NOT NULL DEFAULT 'instant',
    weekly_digest boolean NOT NULL DEFAULT true,
    -- In the user's time zone (users.time_zone); may cross midnight.
    quiet_from time,
    quiet_until time,
    -- Categories of mail unsubscribed by link ('digest', 'post_liked' ...).
    unsubscribed text[] NOT NULL DEFAULT '{}',
    version int NOT NULL DEFAULT 0,
    CONSTRAINT notification_preferences_pkey PRIMARY KEY (user_id),
    CONSTRAINT notification_preferences_quiet_hours CHECK (
        (quiet_from IS NULL) = (quiet_until IS NULL)),
    CONSTRAINT notification_preferences_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users ON DELETE CASCADE
);

CREATE TABLE push_subscriptions (
    id uuid NOT NULL DEFAULT uuidv7(),
    user_id uuid NOT NULL,
    session_id uuid NOT NULL,
    endpoint text NOT NULL,
    p256dh bytea NOT NULL,
    auth bytea NOT NULL,
    user_agent text,
    failures int NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    last_used_at timestamptz,
    expires_at timestamptz,
    CONSTRAINT push_subscriptions_pkey PRIMARY KEY (id),
    CONSTRAINT push_subscriptions_endpoint_key UNIQUE (endpoint),
    CONSTRAINT push_subscriptions_endpoint_form CHECK (
        char_length(endpoint) <= 2000 AND endpoint ~ '^https://'),
    CONSTRAINT push_subscriptions_p256dh_size CHECK (
        octet_length(p256dh) = 65),
    CONSTRAINT push_subscriptions_auth_size CHECK (octet_length(auth) = 16),
    CONSTRAINT push_subscriptions_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users ON DELETE CASCADE,
    CONSTRAINT push_subscriptions_session_id_fkey FOREIGN KEY (session_id)
        REFERENCES sessions ON DELETE CASCADE
);
CREATE INDEX push_subscriptions_user_id_idx ON push_subscriptions (user_id);
CREATE INDEX push_subscriptions_session_id_idx
    ON push_subscriptions (session_id);

-- Where SMS go, once the code that was sent there came back.  A new number
-- begins anew; the codes of a day are counted, for each costs money.  The
-- number is sealed with the user's id, under the key kid (core/crypto.h).
CREATE TABLE phones (
    user_id uuid NOT NULL,
    number bytea NOT NULL,
    kid text NOT NULL,
    verified_at timestamptz,
    code_hash bytea,
    code_expires_at timestamptz,
    tries int NOT NULL DEFAULT 0,
    codes int NOT NULL DEFAULT 0,
    codes_day date,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    CONSTRAINT phones_pkey PRIMARY KEY (user_id),
    CONSTRAINT phones_code_hash_size CHECK (octet_length(code_hash) = 32),
    CONSTRAINT phones_tries_range CHECK (tries BETWEEN 0 AND 5),
    CONSTRAINT phones_codes_limit CHECK (codes <= 5),
    CONSTRAINT phones_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users ON DELETE CASCADE
);
CREATE INDEX phones_kid_idx ON phones (kid);

-- ---- E-mail ---------------------------------------------------------------

-- A mail is written down before it is handed over: a row found in 'sending'
-- after a crash may have been sent, and is not sent again.
CREATE TABLE mail_sent (
    message_id text NOT NULL,
    job_id bigint,
    user_id uuid,
    recipient text NOT NULL,
    template text NOT NULL,
    category text NOT NULL,
    subject text NOT NULL,
    notification_id uuid,
    state mail_state NOT NULL DEFAULT 'sending',
    provider text,
    response text,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    sent_at timestamptz,
    -- Of digests and campaigns, where tracking is switched on.
    opened_at timestamptz,
    clicked_at timestamptz,
    CONSTRAINT mail_sent_pkey PRIMARY KEY (message_id),
    CONSTRAINT mail_sent_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users ON DELETE CASCADE,
    CONSTRAINT mail_sent_notification_id_fkey FOREIGN KEY (notification_id)
        REFERENCES notifications ON DELETE SET NULL
);
CREATE INDEX mail_sent_user_id_idx ON mail_sent (user_id, created_at);
CREATE INDEX mail_sent_recipient_idx ON mail_sent (recipient, created_at);
CREATE INDEX mail_sent_created_at_idx ON mail_sent (created_at);
-- What bounces and tracked links name.
CREATE INDEX mail_sent_job_id_idx ON mail_sent (job_id);
CREATE INDEX mail_sent_notification_id_idx ON mail_sent (notification_id)
    WHERE notification_id IS NOT NULL;
CREATE INDEX mail_sent_doubtful_idx ON mail_sent (created_at)
    WHERE state IN ('sending', 'maybe_sent');

-- A mail that was not sent, and why: the answer to "I got no mail".
CREATE TABLE mail_skipped (
    id uuid NOT NULL DEFAULT uuidv7(),
    user_id uuid,
    recipient text NOT NULL,
    template text NOT NULL,
    category text NOT NULL,
    reason mail_skip_reason NOT NULL,
    detail text,
    notification_id uuid,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    CONSTRAINT mail_skipped_pkey PRIMARY KEY (id),
    CONSTRAINT mail_skipped_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users ON DELETE CASCADE,
    CONSTRAINT mail_skipped_notification_id_fkey
        FOREIGN KEY (notification_id)
        REFERENCES notifications ON DELETE SET NULL
);
CREATE INDEX mail_skipped_user_id_idx ON mail_skipped (user_id, created_at);
CREATE INDEX mail_skipped_created_at_idx ON mail_skipped (created_at);
CREATE INDEX mail_skipped_notification_id_idx
    ON mail_skipped (notification_id) WHERE notification_id IS NOT NULL;

-- Addresses that get no mail (of a category; '' is all but security mail).
CREATE TABLE mail_suppressions (
    email text NOT NULL,
    category text NOT NULL DEFAULT '',
    reason mail_skip_reason NOT NULL,
    detail text,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    until timestamptz,
    CONSTRAINT mail_suppressions_pkey PRIMARY KEY (email, category)
);
CREATE INDEX mail_suppressions_until_idx ON mail_suppressions (until)
    WHERE until IS NOT NULL;

CREATE TABLE mail_bounces (
    id uuid NOT NULL DEFAULT uuidv7(),
    user_id uuid,
    email text NOT NULL,
    kind bounce_kind NOT NULL,
    message_id text,
    diagnostic text,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    CONSTRAINT mail_bounces_pkey PRIMARY KEY (id),
    CONSTRAINT mail_bounces_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users ON DELETE CASCADE
);
CREATE INDEX mail_bounces_email_idx ON mail_bounces (email, created_at);
CREATE INDEX mail_bounces_user_id_idx ON mail_bounces (user_id);
CREATE INDEX mail_bounces_created_at_idx ON mail_bounces (created_at);
CREATE UNIQUE INDEX mail_bounces_once ON mail_bounces (message_id, kind)
    WHERE message_id IS NOT NULL;

-- The bounce score of an address: soft 1, hard 2, a success takes 0.1 off.
CREATE TABLE mail_scores (
    email text NOT NULL,
    score numeric(6,2) NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT clock_now(),
    CONSTRAINT mail_scores_pkey PRIMARY KEY (email),
    CONSTRAINT mail_scores_positive CHECK (score >= 0)
);
CREATE INDEX mail_scores_updated_at_idx ON mail_scores (updated_at);

-- How many mails left in a minute, over all processes; those that cannot wait
-- have rows of their own, so that they wait for no lock either.
CREATE TABLE mail_rates (
    minute timestamptz NOT NULL,
    urgent boolean NOT NULL DEFAULT false,
    n int NOT NULL DEFAULT 0,
    CONSTRAINT mail_rates_pkey PRIMARY KEY (minute, urgent)
);

-- One row: until when moments are booked by mails that have to wait.
CREATE TABLE mail_turns (
    id boolean NOT NULL DEFAULT true,
    next_at timestamptz NOT NULL DEFAULT '-infinity',
    CONSTRAINT mail_turns_pkey PRIMARY KEY (id),
    CONSTRAINT mail_turns_one CHECK (id)
);
INSERT INTO mail_turns DEFAULT VALUES;

-- One row a user, digest and period: what keeps a restarted run from sending
-- twice.
CREATE TABLE mail_digests (
    user_id uuid NOT NULL,
    digest text NOT NULL,
    period date NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    message_id text,
    CONSTRAINT mail_digests_pkey PRIMARY KEY (user_id, digest, period),
    CONSTRAINT mail_digests_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users ON DELETE CASCADE
);
CREATE INDEX mail_digests_created_at_idx ON mail_digests (created_at);

-- ---- Batch programs -------------------------------------------------------

CREATE TABLE batch_runs (
    id uuid NOT NULL DEFAULT uuidv7(),
    name text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_now(),
    finished_at timestamptz,
    dry_run boolean NOT NULL DEFAULT false,
    -- Exit code of the program; NULL while it runs or if it died.
    exit_code int,
    items bigint NOT NULL DEFAULT 0,
    host text,
    pid int,
    detail jsonb NOT NULL DEFAULT '{}',
    error text,
    CONSTRAINT batch_runs_pkey PRIMARY KEY (id)
);
CREATE INDEX batch_runs_name_idx ON batch_runs (name, started_at);
CREATE INDEX batch_runs_started_at_idx ON batch_runs (started_at);

INSERT INTO data_retention_policies (table_name, time_column, keep, ground)
VALUES
    ('login_history', 'created_at', '90 days',
        'security: new-address alerts look back 30 days'),
    ('security_alerts', 'created_at', '1 year', 'security'),
    ('email_verifications', 'created_at', '30 days', 'security'),
    ('password_resets', 'created_at', '30 days', 'security'),
    ('email_changes', 'created_at', '30 days',
        'security; confirmed ones three times as long, see sql/privacy.sql'),
    ('deletion_requests', 'done_at', '90 days',
        'accountability: proof that they were met'),
    ('login_challenges', 'expires_at', '1 day', 'security'),
    ('login_locks', 'window_started_at', '1 day', 'security'),
    ('session_tokens_spent', 'spent_at', '30 days', 'security'),
    ('sessions', 'expires_at', '30 days', 'security'),
    ('idempotency_keys', 'expires_at', '0 days', 'operation'),
    ('user_names_old', 'until', '0 days', 'operation'),
    ('xp_days', 'day', '7 days', 'operation'),
    ('mail_sent', 'created_at', '30 days', 'support'),
    ('mail_skipped', 'created_at', '30 days', 'support'),
    ('mail_bounces', 'created_at', '30 days', 'operation'),
    ('mail_scores', 'updated_at', '30 days', 'operation'),
    ('mail_digests', 'created_at', '30 days', 'operation'),
    ('batch_runs', 'started_at', '90 days', 'operation'),
    ('audit_log', 'created_at', '1 year', 'legal: accountability');
