-- 0007-fingerprint.sql - from which browser and network a session is used,
-- which logins came from networks that hide who is behind them, and how long
-- what was deleted is kept.

-- 36 bytes: see src/core/fingerprint.h.  NULL until the next rotation.
ALTER TABLE sessions ADD COLUMN fingerprint bytea;
-- NOT VALID: there is nothing in a new column to be looked at.
ALTER TABLE sessions ADD CONSTRAINT sessions_fingerprint_size CHECK (
    octet_length(fingerprint) = 36) NOT VALID;

-- The kind of list that the address was in at that time.
ALTER TABLE login_history ADD COLUMN network text;
ALTER TABLE login_history ADD CONSTRAINT login_history_network_known CHECK (
    network IN ('vpn', 'proxy', 'hosting')) NOT VALID;

-- What was deleted is kept for a while and then purged (sql/retention.sql);
-- these indexes have nothing but what is deleted in them.
CREATE INDEX posts_deleted_at_idx ON posts (deleted_at)
    WHERE deleted_at IS NOT NULL;
CREATE INDEX comments_deleted_at_idx ON comments (deleted_at)
    WHERE deleted_at IS NOT NULL;
CREATE INDEX users_deleted_at_idx ON users (deleted_at)
    WHERE deleted_at IS NOT NULL;
INSERT INTO data_retention_policies (table_name, time_column, keep, ground)
VALUES
    ('posts', 'deleted_at', '30 days', 'support: deleted by mistake'),
    ('comments', 'deleted_at', '30 days', 'support: deleted by mistake'),
    ('users', 'deleted_at', '1 year',
        'accountability: what the audit log refers to')
ON CONFLICT (table_name) DO NOTHING;
