-- 0001-base.sql - extensions, ids, the clock, and the enumerations.
--
-- Run as sparkle_owner, the owner of the database.  Both extensions are
-- trusted: they need no superuser.

ALTER SCHEMA public OWNER TO sparkle_owner;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO sparkle_app;

CREATE EXTENSION IF NOT EXISTS unaccent;
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- ---- Time and ids ---------------------------------------------------------

-- The time of the transaction, which tests move: sparkle.clock_offset is an
-- interval ('15 days'), unset in production.  Every default and every rule
-- about time asks this function.
CREATE FUNCTION clock_now() RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN coalesce(current_setting('sparkle.clock_offset', true), '')
    = '' THEN now()
    ELSE now() + current_setting('sparkle.clock_offset', true)::interval END;

-- UUIDv7 (RFC 9562, 6.2 method 3): 48 bits of milliseconds, the version, 12
-- bits of the fraction of the millisecond, and 64 bits of a random UUID, which
-- has its variant already.  One expression that uses its argument once: so
-- statements have it in line, and no function is called for it.
CREATE FUNCTION uuidv7(at timestamptz DEFAULT clock_timestamp()) RETURNS uuid
LANGUAGE sql VOLATILE PARALLEL SAFE
RETURN (overlay(
    lpad(to_hex((date_part('epoch', at) * 4096000)::bigint), 15, '0')
    PLACING '7' FROM 13 FOR 0) || right(gen_random_uuid()::text, 17))::uuid;

-- n random characters of an alphabet, from the server's strong source.  The
-- alphabet has at most 256 characters; 256 mod its length is a bias that
-- suffixes can bear and secrets cannot: secrets are made by the programs.
CREATE FUNCTION random_text(
    n int, alphabet text DEFAULT '0123456789abcdefghijklmnopqrstuvwxyz'
) RETURNS text
LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
SELECT string_agg(substr(alphabet,
    get_byte(uuid_send(gen_random_uuid()), 15) % length(alphabet) + 1, 1), '')
FROM generate_series(1, n)
$$;

-- ---- Triggers that several tables share -----------------------------------

CREATE FUNCTION set_updated_at() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := clock_now();
    RETURN NEW;
END
$$;

-- Raise a refusal under the name of a constraint, for the rules that a CHECK
-- cannot say; the programs map both alike.
CREATE FUNCTION refuse(name text, message text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = name,
        MESSAGE = message;
END
$$;

-- ---- Text search ----------------------------------------------------------

-- English stems, accents folded: "café" finds "cafe".
CREATE TEXT SEARCH CONFIGURATION sparkle (COPY = english);
ALTER TEXT SEARCH CONFIGURATION sparkle
    ALTER MAPPING FOR hword, hword_part, word WITH unaccent, english_stem;

-- ---- Enumerations ---------------------------------------------------------

-- Ordered by rank, so that role >= 'MODERATOR' means what it says.
CREATE TYPE user_role AS ENUM (
    'USER', 'CREATOR', 'VERIFIED_CREATOR', 'MODERATOR', 'ADMIN', 'SYSTEM');
CREATE TYPE user_status AS ENUM (
    'PENDING_VERIFICATION', 'ACTIVE', 'SUSPENDED', 'BANNED', 'DELETED');
CREATE TYPE auth_provider AS ENUM (
    'LOCAL', 'GOOGLE', 'GITHUB', 'DISCORD', 'OIDC', 'WALLET', 'PASSKEY');
CREATE TYPE alert_severity AS ENUM ('low', 'medium', 'high', 'critical');
CREATE TYPE referral_status AS ENUM ('PENDING', 'COMPLETED', 'CANCELLED');
CREATE TYPE export_state AS ENUM ('queued', 'running', 'ready', 'failed',
    'expired');
CREATE TYPE grant_scope AS ENUM ('GROUP', 'EVENT', 'CHANNEL');

CREATE TYPE currency AS ENUM ('sparkle', 'premium');
CREATE TYPE transaction_type AS ENUM ('earn', 'spend', 'transfer', 'refund');

CREATE TYPE post_kind AS ENUM (
    'ARTICLE', 'DISCUSSION', 'QUESTION', 'POLL', 'VIDEO', 'GALLERY',
    'FAN_ART', 'LINK', 'ANNOUNCEMENT');
CREATE TYPE post_status AS ENUM ('draft', 'scheduled', 'published');
CREATE TYPE visibility AS ENUM ('PUBLIC', 'FOLLOWERS', 'PRIVATE', 'UNLISTED');
-- The order is the order of the counts in posts.reactions_by_type.
CREATE TYPE reaction_type AS ENUM (
    'LIKE', 'LOVE', 'SPARKLE', 'FIRE', 'LAUGH', 'WOW', 'SAD');
CREATE TYPE report_reason AS ENUM (
    'SPAM', 'HARASSMENT', 'HATE', 'VIOLENCE', 'SEXUAL', 'COPYRIGHT',
    'MISINFORMATION', 'OTHER');
CREATE TYPE report_status AS ENUM ('open', 'accepted', 'rejected');

CREATE TYPE notification_type AS ENUM (
    'POST_LIKED', 'POST_COMMENTED', 'COMMENT_LIKED', 'COMMENT_REPLIED',
    'USER_FOLLOWED', 'ACHIEVEMENT_UNLOCKED', 'LEVEL_UP', 'MENTION', 'SYSTEM',
    'GROUP_INVITE', 'GROUP_POST', 'EVENT_REMINDER', 'WATCH_PARTY_INVITE',
    'DIRECT_MESSAGE', 'YOUTUBE_PREMIERE', 'QUEST_COMPLETE', 'TRADE_REQUEST',
    'CONTENT_FEATURED', 'MILESTONE_REACHED');
CREATE TYPE email_frequency AS ENUM (
    'instant', 'hourly', 'daily', 'weekly', 'never');

-- scheduled: due later; the index that claims never meets it.
CREATE TYPE job_state AS ENUM (
    'scheduled', 'available', 'running', 'retryable', 'completed',
    'discarded', 'cancelled');
CREATE TYPE mail_state AS ENUM ('sending', 'sent', 'maybe_sent', 'failed');
CREATE TYPE mail_skip_reason AS ENUM (
    'seen_on_site', 'already_read', 'content_deleted', 'not_permitted',
    'suspended', 'bounced', 'daily_limit', 'unsubscribed', 'preference',
    'quiet_hours', 'expired', 'nothing_new');
CREATE TYPE bounce_kind AS ENUM ('soft', 'hard', 'complaint');

-- ---- Site-wide totals -----------------------------------------------------

-- A total is spread over slots, so that two writers seldom meet on a row.
CREATE TABLE site_totals (
    name text NOT NULL,
    slot smallint NOT NULL,
    n bigint NOT NULL DEFAULT 0,
    CONSTRAINT site_totals_pkey PRIMARY KEY (name, slot)
) WITH (fillfactor = 50);

CREATE FUNCTION site_count(of text, delta bigint) RETURNS void
LANGUAGE sql AS $$
INSERT INTO site_totals AS t (name, slot, n)
VALUES (of, pg_backend_pid() % 8, delta)
ON CONFLICT (name, slot) DO UPDATE SET n = t.n + excluded.n
$$;
