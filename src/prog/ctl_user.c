/*
 * ctl_user.c - sparklectl user: make users, change their role and password.
 */
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/mem.h"
#include "core/cache.h"
#include "core/crypto.h"
#include "core/db.h"
#include "core/session.h"
#include "prog/ctl.h"

static const char *const roles[] = { "USER",      "CREATOR", "VERIFIED_CREATOR",
                                     "MODERATOR", "ADMIN",   NULL };

/* ---- Passwords ---------------------------------------------------------- */

/* A line from standard input, unseen where that is a terminal. */
static const char *
read_password(void *mem)
{
    struct termios seen, unseen;
    bool terminal = tcgetattr(STDIN_FILENO, &seen) == 0;
    char line[600];

    if (terminal) {
        unseen = seen;
        unseen.c_lflag &= ~(tcflag_t)ECHO;
        (void)fputs("Password: ", stderr);
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &unseen);
    }
    bool got = fgets(line, sizeof line, stdin) != NULL;
    if (terminal) {
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &seen);
        (void)fputs("\n", stderr);
    }
    if (!got)
        return NULL;
    line[strcspn(line, "\r\n")] = '\0';
    const char *password = mem_strdup(mem, line);
    explicit_bzero(line, sizeof line);
    return password;
}

static const char *
hash_of_input(struct ctl *c)
{
    const struct auth_settings *auth =
        SETTINGS_OF(c->app, &auth_section, struct auth_settings);
    const char *password = read_password(c->mem);

    if (password == NULL || strlen(password) < 12) {
        (void)ctl_fail("a password has 12 characters at least");
        return NULL;
    }
    return password_hash(c->mem, auth, password);
}

static int
report(const struct db_error *error, const struct db_result *res,
       const char *name, const char *done)
{
    if (error->failed)
        return ctl_fail("%s: %s%s%s", name, error->message,
                        error->constraint != NULL ? ": " : "",
                        error->constraint != NULL ? error->constraint : "");
    if (db_affected(res) == 0)
        return ctl_fail("there is no user %s", name);
    (void)printf("%s: %s\n", name, done);
    return 0;
}

/* What Redis keeps of a user's sessions follows PostgreSQL at once. */
static void
sessions_changed(struct ctl *c, const char *sql, const char *name,
                 void (*tell)(struct request *r, const struct db_result *rows))
{
    struct request r = { .mem = c->mem, .app = c->app };
    struct db_error error;
    const struct db_result *rows =
        db_query(c->app->db, c->mem, sql, ARGS(ARG(name)), &error);

    if (!error.failed)
        tell(&r, rows);
    (void)cache_ping(c->app->cache); /* what was told has arrived */
}

/* ---- Commands ----------------------------------------------------------- */

static const char create_sql[] = SQL(
    SELECT (create_user(p_email => lower($1), p_username => $2,
        p_password_hash => $3, p_email_verified => TRUE,
        p_role => $4::text::user_role)).id
);

static int
create(struct ctl *c, int argc, char **argv)
{
    const char *role = ctl_option(&argc, argv, "role", "USER");
    struct db_error error;

    if (argc != 2)
        return 2;
    if (text_index(roles, role) < 0)
        return ctl_fail("--role is one of USER, CREATOR, VERIFIED_CREATOR, "
                        "MODERATOR, ADMIN");
    const char *hash = hash_of_input(c);
    if (hash == NULL)
        return 1;
    const char *name = argv[0], *email = argv[1];
    struct db_result *res =
        db_query(c->app->db, c->mem, create_sql,
                 ARGS(ARG(email), ARG(name), ARG(hash), ARG(role)), &error);
    return report(&error, res, name, "made");
}

/* The role and the news of it, with a row of the audit log. */
static const char role_sql[] = SQL(
    WITH old AS (
        SELECT id, role FROM users WHERE lower(username) = lower($1)
            AND status <> 'DELETED' FOR UPDATE
    ), made AS (
        UPDATE users u SET role = $2::text::user_role, version = version + 1
        FROM old WHERE u.id = old.id
        RETURNING u.id, old.role AS was
    )
    INSERT INTO audit_log (action, resource_type, resource_id, before, after)
    SELECT 'user.role', 'user', id::text, jsonb_build_object('role', was),
        jsonb_build_object('role', $2::text, 'by', 'sparklectl')
    FROM made
);

static const char user_sql[] =
    SQL(
    SELECT id FROM users WHERE lower(username) = lower($1)
);

static void
refresh(struct request *r, const struct db_result *users)
{
    if (db_rows(users) == 1)
        session_refresh_user(r, db_uuid(users, 0, 0));
}

static int
set_role(struct ctl *c, int argc, char **argv)
{
    struct db_error error;

    if (argc != 2)
        return 2;
    const char *name = argv[0], *role = argv[1];
    if (text_index(roles, role) < 0)
        return ctl_fail("a role is one of USER, CREATOR, VERIFIED_CREATOR, "
                        "MODERATOR, ADMIN");
    struct db_result *res = db_query(c->app->db, c->mem, role_sql,
                                     ARGS(ARG(name), ARG(role)), &error);
    sessions_changed(c, user_sql, name, refresh);
    return report(&error, res, name, "has the new role");
}

/* A new password ends the sessions. */
static const char password_sql[] = SQL(
    WITH made AS (
        UPDATE users SET password_hash = $2, password_changed_at = clock_now(),
            version = version + 1
        WHERE lower(username) = lower($1) AND status <> 'DELETED'
        RETURNING id
    ), ended AS (
        UPDATE sessions s SET ended_at = clock_now(),
            end_reason = 'password_changed'
        FROM made WHERE s.user_id = made.id AND s.ended_at IS NULL
    )
    INSERT INTO audit_log (action, resource_type, resource_id, after)
    SELECT 'user.password', 'user', id::text,
        jsonb_build_object('by', 'sparklectl')
    FROM made
);

static const char ended_sql[] = SQL(
    SELECT s.token_hash FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE lower(u.username) = lower($1) AND s.ended_at IS NOT NULL
        AND s.expires_at > clock_now()
);

static int
set_password(struct ctl *c, int argc, char **argv)
{
    struct db_error error;

    if (argc != 1)
        return 2;
    const char *name = argv[0], *hash = hash_of_input(c);
    if (hash == NULL)
        return 1;
    struct db_result *res = db_query(c->app->db, c->mem, password_sql,
                                     ARGS(ARG(name), ARG(hash)), &error);
    sessions_changed(c, ended_sql, name, session_forget);
    return report(&error, res, name, "has the new password");
}

const struct ctl_command ctl_user_commands[] = {
    {
        .name = "user create",
        .usage = "NAME E-MAIL [--role ROLE] < password",
        .about = "Make a user whose address counts as verified.",
        .run = create,
    },
    {
        .name = "user role",
        .usage = "NAME ROLE",
        .about = "Give a user a role.",
        .run = set_role,
    },
    {
        .name = "user password",
        .usage = "NAME < password",
        .about = "Give a user a new password; ends the sessions.",
        .run = set_password,
    },
    { 0 },
};
