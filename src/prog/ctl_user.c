/*
 * ctl_user.c - sparklectl user: role, status, sessions, second factor.
 *
 * The same functions of sql/admin.sql as those of the staff's API, acting as
 * nobody: the audit log has sparklectl as the user agent.  Looking is in
 * ctl_user_show.c, what takes a password in ctl_user_password.c.
 */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "core/cache.h"
#include "core/db.h"
#include "core/email.h"
#include "core/event.h"
#include "core/session.h"
#include "prog/ctl_user.h"

/* Why each code of a refusal, as people read it. */
static const struct {
    const char *code, *words;
} refusals[] = {
    { "NOT_FOUND", "there is no such user" },
    { "HIGHER_ROLE", "SYSTEM is no role of a user" },
    { "LAST_ADMIN", "this is the last administrator; make another one first" },
    { "INVALID_TRANSITION",
      "its status cannot change that way; see user show" },
    { "ACCOUNT_DELETED", "this account is deleted" },
    { "TWO_FACTOR_OFF", "this account has no second factor" },
};

/* sparklectl, and who called it: sudo tells, or the system. */
const char *
user_agent(struct ctl *c)
{
    const char *sudo = getenv("SUDO_USER");
    const struct passwd *self = getpwuid(getuid());

    return mem_printf(c->mem, "sparklectl (%s)",
                      sudo != NULL   ? sudo
                      : self != NULL ? self->pw_name
                                     : "?");
}

/* A name, an address or an id; all zero, and said, where there is none. */
static const char find_sql[] =
    SQL(
    SELECT id FROM users
    WHERE lower(username) = lower($1) OR email = $2
        OR id = CASE WHEN $1 ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){4}[0-9a-f]{8}$'
            THEN $1::uuid END
    ORDER BY lower(username) = lower($1) DESC LIMIT 1
);

bool
user_find(struct ctl *c, const char *name, struct uuid *ret_id)
{
    const char *email = email_normal(c->mem, name);
    struct db_error error;
    const struct db_result *res = db_query(c->app->db, c->mem, find_sql,
                                           ARGS(ARG(name), ARG(email)), &error);

    if (error.failed)
        (void)ctl_fail("%s: %s", name, error.message);
    else if (db_rows(res) == 0)
        (void)ctl_fail("there is no user %s", name);
    else
        *ret_id = db_uuid(res, 0, 0);
    return !error.failed && db_rows(res) > 0;
}

/* ---- Acting ------------------------------------------------------------- */

static int
refused(const char *name, const char *code)
{
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (strcmp(refusals[i].code, code) == 0)
            return ctl_fail("%s: %s", name, refusals[i].words);
    return ctl_fail("%s: refused: %s", name, code);
}

int
user_act(struct ctl *c, const char *name, const char *done, const char *sql,
         const struct sql_arg *args)
{
    struct request r = { .mem = c->mem, .app = c->app };
    struct db_error error;
    const struct db_result *res =
        db_query(c->app->db, c->mem, sql, args, &error);

    if (error.failed)
        return ctl_fail("%s: %s%s%s", name, error.message,
                        error.constraint != NULL ? ": " : "",
                        error.constraint != NULL ? error.constraint : "");
    if (db_rows(res) > 0 && !db_null(res, 0, 1))
        return refused(name, db_text(res, 0, 1, NULL));
    if (db_rows(res) > 0 && !db_null(res, 0, 0))
        session_forget(&r, res);
    event_wake_from(c->app);
    (void)cache_ping(c->app->cache); /* what was told has arrived */
    (void)printf("%s: %s\n", name, done);
    return 0;
}

static const char *const roles[] = { "USER",      "CREATOR", "VERIFIED_CREATOR",
                                     "MODERATOR", "ADMIN",   NULL };

bool
user_role_known(const char *role)
{
    if (text_index(roles, role) >= 0)
        return true;
    (void)ctl_fail("a role is one of USER, CREATOR, VERIFIED_CREATOR, "
                   "MODERATOR, ADMIN");
    return false;
}

/* ---- Commands ----------------------------------------------------------- */

static const char role_sql[] =
    SQL(
    SELECT NULL::bytea, staff_set_role(NULL, $1, $2::text::user_role, $3,
        NULL, $4, NULL)
);

static int
set_role(struct ctl *c, int argc, char **argv)
{
    const char *reason = ctl_option(&argc, argv, "reason", NULL);
    const char *agent = user_agent(c);
    struct request r = { .mem = c->mem, .app = c->app };
    struct uuid id;

    if (argc != 2)
        return 2;
    const char *name = argv[0], *role = argv[1];
    if (!user_role_known(role) || !user_find(c, name, &id))
        return 1;
    int status = user_act(c, name, "has the new role", role_sql,
                          ARGS(ARG(id), ARG(role), ARG(reason), ARG(agent)));
    session_refresh_user(&r, id);
    (void)cache_ping(c->app->cache);
    return status;
}

static const char status_sql[] =
    SQL(
    SELECT token_hash, refused FROM staff_shut_out(NULL, $1,
        $2::text::user_status, $3,
        clock_now() + interval '1 day' * $4, NULL, $5, NULL)
);

static int
set_status(struct ctl *c, int argc, char **argv, const char *status,
           const char *done)
{
    const char *reason = ctl_option(&argc, argv, "reason", NULL);
    const char *agent = user_agent(c), *name = argv[0];
    const char *word = ctl_option(&argc, argv, "days", "7");
    struct request r = { .mem = c->mem, .app = c->app };
    int64_t days;
    struct uuid id;

    if (argc != 1)
        return 2;
    if (!text_to_int(word, &days) || days < 1 || days > 365)
        return ctl_fail("--days takes a number from 1 to 365");
    name = argv[0];
    if (!user_find(c, name, &id))
        return 1;
    int failed = user_act(
        c, name, done, status_sql,
        ARGS(ARG(id), ARG(status), ARG(reason), ARG(days), ARG(agent)));
    session_refresh_user(&r, id);
    (void)cache_ping(c->app->cache);
    return failed;
}

static int
suspend(struct ctl *c, int argc, char **argv)
{
    return set_status(c, argc, argv, "SUSPENDED", "suspended");
}

static int
ban(struct ctl *c, int argc, char **argv)
{
    return set_status(c, argc, argv, "BANNED", "banned");
}

static int
activate(struct ctl *c, int argc, char **argv)
{
    return set_status(c, argc, argv, "ACTIVE", "active");
}

static int
delete_now(struct ctl *c, int argc, char **argv)
{
    if (!ctl_flag(&argc, argv, "now"))
        return ctl_fail("there is no way back; say --now if you mean it");
    return set_status(c, argc, argv, "DELETED",
                      "deleted; sparkle-batch account-deletion erases it");
}

/* ---- Sign-in ------------------------------------------------------------ */

/* A statement of ($1 the user, $2 the reason, $3 the agent). */
static int
act_on(struct ctl *c, int argc, char **argv, const char *done, const char *sql)
{
    const char *reason = ctl_option(&argc, argv, "reason", NULL);
    const char *agent = user_agent(c);
    struct uuid id;

    if (argc != 1)
        return 2;
    if (!user_find(c, argv[0], &id))
        return 1;
    return user_act(c, argv[0], done, sql,
                    ARGS(ARG(id), ARG(reason), ARG(agent)));
}

static const char end_sql[] =
    SQL(
    SELECT token_hash, refused FROM staff_end_sessions(NULL, $1, $2, NULL, $3,
        NULL)
);
static const char factor_sql[] =
    SQL(
    SELECT NULL::bytea, staff_remove_2fa(NULL, $1, $2, NULL, $3, NULL)
);
static const char mail_sql[] = SQL(
    SELECT NULL::bytea, staff_reset_password(NULL, $1, $2, NULL, $3, NULL)
);

static int
end_sessions(struct ctl *c, int argc, char **argv)
{
    return act_on(c, argc, argv, "signed out everywhere", end_sql);
}

static int
reset_factor(struct ctl *c, int argc, char **argv)
{
    return act_on(c, argc, argv, "signs in without a second factor",
                  factor_sql);
}

static int
mail_password(struct ctl *c, int argc, char **argv)
{
    return act_on(c, argc, argv, "gets a mail with a link", mail_sql);
}

const struct ctl_command ctl_user_commands[] = {
    {
        .name = "user list",
        .usage = "[TEXT] [--role ROLE] [--status STATUS] [--limit N]",
        .about = "List users, the newest first; TEXT begins the name or the "
                 "address.",
        .run = user_list,
    },
    {
        .name = "user show",
        .usage = "NAME",
        .about = "Show an account, and what was done to it; NAME is a user "
                 "name, an address or an id, here and below.",
        .run = user_show,
    },
    {
        .name = "user sessions",
        .usage = "NAME",
        .about = "List where a user is signed in.",
        .run = user_sessions,
    },
    {
        .name = "user create",
        .usage = "NAME E-MAIL [--role ROLE] < password",
        .about = "Make a user whose address counts as verified.",
        .run = user_create,
    },
    {
        .name = "user role",
        .usage = "NAME ROLE [--reason TEXT]",
        .about = "Give a user a role.",
        .run = set_role,
    },
    {
        .name = "user suspend",
        .usage = "NAME [--days N] [--reason TEXT]",
        .about = "Shut a user out for some days, 7 if not said.",
        .run = suspend,
    },
    {
        .name = "user ban",
        .usage = "NAME [--reason TEXT]",
        .about = "Shut a user out.",
        .run = ban,
    },
    {
        .name = "user activate",
        .usage = "NAME [--reason TEXT]",
        .about = "Let a user in again, or in without a verified address.",
        .run = activate,
    },
    {
        .name = "user delete",
        .usage = "NAME --now [--reason TEXT]",
        .about = "Close an account, to be erased; there is no way back.",
        .run = delete_now,
    },
    {
        .name = "user end-sessions",
        .usage = "NAME [--reason TEXT]",
        .about = "Sign a user out everywhere.",
        .run = end_sessions,
    },
    {
        .name = "user password",
        .usage = "NAME < password",
        .about = "Give a user a new password; ends the sessions.",
        .run = user_set_password,
    },
    {
        .name = "user mail-password",
        .usage = "NAME [--reason TEXT]",
        .about = "Mail a user a link to a new password.",
        .run = mail_password,
    },
    {
        .name = "user reset-2fa",
        .usage = "NAME [--reason TEXT]",
        .about = "Take the second factor off a user who lost it.",
        .run = reset_factor,
    },
    { 0 },
};
