/*
 * ctl_user_password.c - sparklectl user create, password: what reads a password
 * from standard input and holds it to the site's policy.
 */
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/mem.h"
#include "core/cache.h"
#include "core/crypto.h"
#include "core/db.h"
#include "core/email.h"
#include "core/lockout.h"
#include "core/password_policy.h"
#include "prog/ctl_user.h"

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

/* The policy holds here, too; says what it wants. */
static bool
password_taken(struct ctl *c, const char *password, const char *name,
               const char *email)
{
    struct request r = { .mem = c->mem, .app = c->app };
    struct password_verdict verdict;

    if (password_verdict(&r, password, name, email, &verdict) != NULL)
        return ctl_fail("the filter of breached passwords cannot be read; see "
                        "sparklectl doctor") == 0;
    for (int i = 0; i < PASSWORD_FAULTS; i++)
        if (verdict.faults & 1U << i)
            (void)ctl_fail("%s", password_advice[i]);
    return verdict.valid;
}

static const char *
hash_of_input(struct ctl *c, const char *name, const char *email)
{
    const struct auth_settings *auth =
        SETTINGS_OF(c->app, &auth_section, struct auth_settings);
    const char *password = read_password(c->mem);

    if (password == NULL) {
        (void)ctl_fail("the password is read from standard input");
        return NULL;
    }
    password = password_normal(c->mem, password);
    return password_taken(c, password, name, email)
               ? password_hash(c->mem, auth, password)
               : NULL;
}

static const char create_sql[] = SQL(
    WITH made AS MATERIALIZED (
        SELECT (create_user(p_email => $1, p_username => $2,
            p_password_hash => $3, p_email_verified => TRUE,
            p_role => $4::text::user_role)).id
    )
    SELECT NULL::bytea, NULL::text FROM made, audit_write(NULL, 'user.create',
        'user', made.id, NULL, jsonb_build_object('role', $4), NULL, $5, NULL,
        TRUE)
);

int
user_create(struct ctl *c, int argc, char **argv)
{
    const char *role = ctl_option(&argc, argv, "role", "USER");
    const char *agent = user_agent(c);

    if (argc != 2)
        return 2;
    if (!user_role_known(role))
        return 1;
    const char *name = argv[0], *email = email_normal(c->mem, argv[1]);
    if (email == NULL)
        return ctl_fail("%s is no e-mail address", argv[1]);
    const char *hash = hash_of_input(c, name, email);
    if (hash == NULL)
        return 1;
    return user_act(
        c, name, "made", create_sql,
        ARGS(ARG(email), ARG(name), ARG(hash), ARG(role), ARG(agent)));
}

/* Whose password it is to be, however they were named. */
static const char whose_sql[] =
    SQL(
    SELECT username, email FROM users WHERE id = $1
);

/* A new password ends the sessions. */
static const char password_sql[] =
    SQL(
    SELECT token_hash, refused FROM staff_set_password($1, $2, $3)
);

int
user_set_password(struct ctl *c, int argc, char **argv)
{
    const char *agent = user_agent(c);
    struct db_error error;
    struct uuid id;

    if (argc != 1)
        return 2;
    if (!user_find(c, argv[0], &id))
        return 1;
    const struct db_result *who =
        db_query(c->app->db, c->mem, whose_sql, ARGS(ARG(id)), &error);
    if (error.failed || db_rows(who) == 0)
        return ctl_fail("%s: %s", argv[0], error.message);
    const char *hash =
        hash_of_input(c, db_text(who, 0, 0, NULL), db_text(who, 0, 1, NULL));
    if (hash == NULL)
        return 1;
    struct request r = { .mem = c->mem, .app = c->app };
    int status = user_act(c, argv[0], "has the new password", password_sql,
                          ARGS(ARG(id), ARG(hash), ARG(agent)));
    if (status == 0) {
        lockout_forgive(&r, db_text(who, 0, 1, NULL));
        (void)cache_ping(c->app->cache);
    }
    return status;
}
