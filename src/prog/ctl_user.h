/* ctl_user.h - between the files of sparklectl user. */
#ifndef PROG_CTL_USER_H
#define PROG_CTL_USER_H

#include "core/sql.h"
#include "prog/ctl.h"

/* What the audit log has as the user agent, on c->mem. */
const char *user_agent(struct ctl *c);

/* The user of that name, address or id; false, and said, if none. */
bool user_find(struct ctl *c, const char *name, struct uuid *ret_id);

/* Whether there is that role; says so where not. */
bool user_role_known(const char *role);

/*
 * Runs a statement whose rows are (hash of a session that ended or NULL, code
 * of a refusal or NULL), and says what was done, or why not; what Redis keeps
 * of the sessions follows at once.  An exit status.
 */
int user_act(struct ctl *c, const char *name, const char *done, const char *sql,
             const struct sql_arg *args);

/* Commands. */
int user_create(struct ctl *c, int argc, char **argv);
int user_set_password(struct ctl *c, int argc, char **argv);
int user_list(struct ctl *c, int argc, char **argv);
int user_show(struct ctl *c, int argc, char **argv);
int user_sessions(struct ctl *c, int argc, char **argv);

#endif
