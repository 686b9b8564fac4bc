-- 0006-registrations.sql - who asked for an account and has not confirmed the
-- address; and whom referral codes brought, until it is clear that they pay.

-- Every registration has a row, whether its address is known or not, so that
-- nobody can tell: it reserves the user name for a day.  The account is made
-- when the mail's code or link comes back.
CREATE TABLE registrations (
    id uuid NOT NULL DEFAULT uuidv7(),
    email text NOT NULL,
    username text NOT NULL,
    password_hash text NOT NULL,
    referral_code text,
    ip inet,
    -- Of the last mail; NULL before it is made, and of one that has none.
    code_hash bytea,
    link_hash bytea,
    code_expires_at timestamptz NOT NULL
        DEFAULT clock_now() + interval '10 minutes',
    tries int NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    expires_at timestamptz NOT NULL DEFAULT clock_now() + interval '1 day',
    CONSTRAINT registrations_pkey PRIMARY KEY (id),
    CONSTRAINT registrations_link_hash_key UNIQUE (link_hash),
    CONSTRAINT registrations_email_form CHECK (
        char_length(email) <= 255 AND email = lower(email)
        AND email LIKE '_%@_%'),
    CONSTRAINT registrations_username_form CHECK (
        username ~ '^[a-zA-Z0-9_]{3,30}$'),
    CONSTRAINT registrations_tries_range CHECK (tries BETWEEN 0 AND 5)
);
CREATE UNIQUE INDEX registrations_username_key
    ON registrations (lower(username));
CREATE INDEX registrations_email_idx ON registrations (email);
CREATE INDEX registrations_expires_at_idx ON registrations (expires_at);

INSERT INTO data_retention_policies (table_name, time_column, keep, ground)
VALUES ('registrations', 'expires_at', '0 days', 'operation');

-- A code that somebody came by pays at once, or is held for staff: held_for
-- says why.  mailbox: the newcomer's address, folded; network: from where.
ALTER TABLE referrals
    ADD COLUMN claimed_at timestamptz,
    ADD COLUMN mailbox text,
    ADD COLUMN network inet,
    ADD COLUMN held_for text,
    ADD COLUMN decided_at timestamptz,
    ADD COLUMN decided_by uuid,
    ADD CONSTRAINT referrals_held_for_known CHECK (
        held_for IN ('mailbox', 'network')),
    ADD CONSTRAINT referrals_decided_by_fkey FOREIGN KEY (decided_by)
        REFERENCES users ON DELETE SET NULL;
CREATE INDEX referrals_mailbox_idx ON referrals (mailbox)
    WHERE mailbox IS NOT NULL;
CREATE INDEX referrals_network_idx ON referrals (network, claimed_at)
    WHERE network IS NOT NULL;
CREATE INDEX referrals_held_idx ON referrals (claimed_at, id)
    WHERE held_for IS NOT NULL AND decided_at IS NULL;
CREATE INDEX referrals_decided_by_idx ON referrals (decided_by)
    WHERE decided_by IS NOT NULL;
