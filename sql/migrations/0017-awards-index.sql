-- no-transaction
-- 0017-awards-index.sql - numbers for the rows of the ledgers that have none,
-- and the indexes for them; nobody waits for it, and it can be run again.

-- As they follow from each other.  Where an account only ever gained, that is
-- the order of its balances; else that of their times is all that is known.
UPDATE currency_transactions t SET number = v.number
FROM (
    SELECT id, row_number() OVER (PARTITION BY user_id, currency
        ORDER BY CASE WHEN gains THEN balance_after END, created_at, id)
        AS number
    FROM (SELECT *, bool_and(amount > 0) OVER (PARTITION BY user_id, currency)
            AS gains
        FROM currency_transactions WHERE number IS NULL) o
) v
WHERE t.id = v.id;

UPDATE xp_log t SET number = v.number
FROM (
    SELECT id, row_number() OVER (PARTITION BY user_id
        ORDER BY CASE WHEN gains THEN total_xp END, created_at, id) AS number
    FROM (SELECT *, bool_and(amount > 0) OVER (PARTITION BY user_id) AS gains
        FROM xp_log WHERE number IS NULL) o
) v
WHERE t.id = v.id;

DROP INDEX CONCURRENTLY IF EXISTS currency_transactions_number_idx;
CREATE UNIQUE INDEX CONCURRENTLY currency_transactions_number_idx
    ON currency_transactions (user_id, currency, number);

DROP INDEX CONCURRENTLY IF EXISTS xp_log_number_idx;
CREATE UNIQUE INDEX CONCURRENTLY xp_log_number_idx
    ON xp_log (user_id, number);
