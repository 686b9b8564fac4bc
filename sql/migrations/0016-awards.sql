-- 0016-awards.sql - the ledgers in their own order; what earns experience,
-- how often, and nothing for the same text again; follows that are counted.

-- ---- The order of the ledgers ---------------------------------------------

-- The row's place among those of its account (user and currency), from 1.
-- Times do not tell it: they are those of the transaction's beginning, and who
-- began first may come second.  Rows that are there already are numbered by
-- 0017, which holds nobody up.
ALTER TABLE currency_transactions ADD COLUMN number bigint;
ALTER TABLE xp_log ADD COLUMN number bigint;

-- Whoever writes holds the account's row, so the next number is nobody else's;
-- who does not meets the unique index.
CREATE FUNCTION currency_transactions_number() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.number := 1 + coalesce(
        (SELECT max(number) FROM currency_transactions
            WHERE user_id = NEW.user_id AND currency = NEW.currency),
        (SELECT count(*) FROM currency_transactions
            WHERE user_id = NEW.user_id AND currency = NEW.currency));
    RETURN NEW;
END
$$;
CREATE TRIGGER currency_transactions_number
    BEFORE INSERT ON currency_transactions
    FOR EACH ROW WHEN (NEW.number IS NULL)
    EXECUTE FUNCTION currency_transactions_number();

CREATE FUNCTION xp_log_number() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.number := 1 + coalesce(
        (SELECT max(number) FROM xp_log WHERE user_id = NEW.user_id),
        (SELECT count(*) FROM xp_log WHERE user_id = NEW.user_id));
    RETURN NEW;
END
$$;
CREATE TRIGGER xp_log_number BEFORE INSERT ON xp_log
    FOR EACH ROW WHEN (NEW.number IS NULL)
    EXECUTE FUNCTION xp_log_number();

-- ---- What earns experience ------------------------------------------------

-- halve_after  after this many of a day each is worth half, after as many more
--              a quarter, and so on; 0: all the same
-- pair_cap     how many of a day count that one other member caused; 0: all
-- actor_age    how long that member must have been here
-- fresh_text   nothing for a text that the member wrote before, or nearly
ALTER TABLE xp_sources
    ADD COLUMN halve_after int NOT NULL DEFAULT 0,
    ADD COLUMN pair_cap int NOT NULL DEFAULT 0,
    ADD COLUMN actor_age interval NOT NULL DEFAULT '0',
    ADD COLUMN fresh_text boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT xp_sources_limits CHECK (halve_after >= 0
        AND pair_cap >= 0 AND actor_age >= '0');

-- Caps that an operator has set stay.
UPDATE xp_sources s SET halve_after = v.halve_after, pair_cap = v.pair_cap,
    actor_age = v.actor_age, fresh_text = v.fresh_text,
    daily_cap = CASE s.daily_cap WHEN v.was THEN v.cap ELSE s.daily_cap END
FROM (VALUES
    ('post_published', 250, 100, 2, 0, interval '0', true),
    ('comment_created', 150, 50, 6, 0, '0', true),
    ('reaction_received', 200, 100, 0, 5, '24 hours', false),
    ('followed', 100, 50, 10, 0, '24 hours', false),
    -- Once a day of the member's, two of which may begin on one of UTC.
    ('daily_login', 10, 20, 0, 0, '0', false)
) v(source, was, cap, halve_after, pair_cap, actor_age, fresh_text)
WHERE s.source = v.source;

-- How often a source has given something on a day.
ALTER TABLE xp_days ADD COLUMN times int NOT NULL DEFAULT 0;

-- The same by who caused it.
CREATE TABLE xp_pairs (
    user_id uuid NOT NULL,
    source text NOT NULL,
    actor_id uuid NOT NULL,
    day date NOT NULL,
    times int NOT NULL,
    CONSTRAINT xp_pairs_pkey PRIMARY KEY (user_id, source, actor_id, day),
    CONSTRAINT xp_pairs_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users ON DELETE CASCADE
);
CREATE INDEX xp_pairs_actor_id_idx ON xp_pairs (actor_id);
CREATE INDEX xp_pairs_day_idx ON xp_pairs (day);

-- What a member wrote, as text_sketch() of sql/points.sql has it.
CREATE TABLE xp_texts (
    id bigint GENERATED ALWAYS AS IDENTITY,
    user_id uuid NOT NULL,
    digest bigint NOT NULL,
    sketch bigint[] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    CONSTRAINT xp_texts_pkey PRIMARY KEY (id),
    CONSTRAINT xp_texts_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users ON DELETE CASCADE
);
CREATE INDEX xp_texts_digest_idx ON xp_texts (user_id, digest);
CREATE INDEX xp_texts_user_id_idx ON xp_texts (user_id, id);
CREATE INDEX xp_texts_created_at_idx ON xp_texts (created_at);

INSERT INTO data_retention_policies (table_name, time_column, keep, ground)
VALUES
    ('xp_pairs', 'day', '7 days', 'operation'),
    ('xp_texts', 'created_at', '30 days',
        'operation: no experience for the same text again')
ON CONFLICT (table_name) DO NOTHING;

-- ---- Follows --------------------------------------------------------------

-- Whether the counters of both users have it: not while either is not shown
-- to anybody (sql/visible.sql).  Their change of status is carried through by
-- the job follow.recount.
ALTER TABLE follows ADD COLUMN counted boolean NOT NULL DEFAULT true;

-- Of those who are not shown now.
UPDATE follows f SET counted = false
FROM users u WHERE u.status IN ('BANNED', 'DELETED') AND f.follower_id = u.id;
UPDATE follows f SET counted = false
FROM users u WHERE u.status IN ('BANNED', 'DELETED') AND f.following_id = u.id
    AND f.counted;
UPDATE user_stats s SET total_followers = s.total_followers - f.n
FROM (SELECT following_id, count(*) AS n FROM follows WHERE NOT counted
    GROUP BY 1) f
WHERE s.user_id = f.following_id;
UPDATE user_stats s SET total_following = s.total_following - f.n
FROM (SELECT follower_id, count(*) AS n FROM follows WHERE NOT counted
    GROUP BY 1) f
WHERE s.user_id = f.follower_id;

-- ---- Drafts ---------------------------------------------------------------

-- version  another with each change
-- dropped  it was sent or dropped: the row stays for a while, without the
--          words, so that an older copy of them does not come back
ALTER TABLE drafts
    ADD COLUMN version bigint NOT NULL DEFAULT 1,
    ADD COLUMN dropped boolean NOT NULL DEFAULT false;
CREATE INDEX drafts_dropped_idx ON drafts (saved_at) WHERE dropped;

INSERT INTO data_retention_policies (table_name, time_column, keep, ground)
VALUES ('drafts', 'saved_at', '7 days',
    'operation: no older copy of one that was sent or dropped; others stay')
ON CONFLICT (table_name) DO NOTHING;
