-- 0015-digest-opt-in.sql - the weekly digest goes to who asked for it.
--
-- Until now every account began with the switch on, and the settings page
-- showed it ticked, so a row that has it says nothing of a wish.  Whose mails
-- are to come weekly chose that by name, and keeps it.

-- When it was switched on, by the user: what shows that they asked.
ALTER TABLE notification_preferences
    ALTER COLUMN weekly_digest SET DEFAULT false,
    ADD COLUMN weekly_digest_at timestamptz;

UPDATE notification_preferences SET weekly_digest = false,
    version = version + 1
WHERE weekly_digest AND email_frequency <> 'weekly';
