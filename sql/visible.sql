-- visible.sql - which members are shown to others: said here, and nowhere else.
--
--                        shown   ranked   signs in
--   ACTIVE               yes     yes      yes
--   PENDING_VERIFICATION yes     no       yes
--   SUSPENDED            yes     no       no: a matter between them and staff
--   BANNED, DELETED      no      no       no
--
-- Who is not shown has no profile and no card beside what they wrote, stands
-- in no list, search, count of users or of followers, and is not told of.
-- What they wrote is shown as that of a deleted user.

CREATE OR REPLACE FUNCTION user_shown(status user_status) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN status NOT IN ('BANNED', 'DELETED');

-- What a card calls somebody, from the user name: NULL of who is not shown.
-- The only words for that which programs and pages have.
CREATE OR REPLACE FUNCTION user_called(username text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(username, 'Deleted user');

-- Who stands on boards, is paid their prizes, and is recommended in mails.
CREATE OR REPLACE FUNCTION user_ranked(status user_status) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN status = 'ACTIVE';
