-- roles.sql - the two database roles, made by a superuser at installation.
--
-- Re-runnable.  sparkle_owner owns the database and the schema and runs the
-- migrations; sparkle_app is what the programs connect as: it reads and
-- writes rows and can run no DDL.  Passwords are not set here: the installer
-- does that with ALTER ROLE.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'sparkle_owner') THEN
        CREATE ROLE sparkle_owner LOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'sparkle_app') THEN
        CREATE ROLE sparkle_app LOGIN;
    END IF;
END
$$;

ALTER ROLE sparkle_owner NOSUPERUSER NOCREATEROLE NOCREATEDB;
ALTER ROLE sparkle_app NOSUPERUSER NOCREATEROLE NOCREATEDB;

-- A request that hangs must not hold a worker, a lock or old row versions.
ALTER ROLE sparkle_app SET statement_timeout = '5s';
ALTER ROLE sparkle_app SET lock_timeout = '2s';
ALTER ROLE sparkle_app SET idle_in_transaction_session_timeout = '10s';

-- Short statements over warm tables: compiling them, or caching the 20 rows
-- that a list joins, costs more than it saves (lists: 0.31 to 0.27 ms).
ALTER ROLE sparkle_app SET jit = off;
ALTER ROLE sparkle_app SET enable_memoize = off;
