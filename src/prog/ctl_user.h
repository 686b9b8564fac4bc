/* ctl_user.h - between the files of sparklectl user. */
#ifndef PROG_CTL_USER_H
#define PROG_CTL_USER_H

#include "core/sql.h"
#include "prog/ctl.h"

/* What the audit log has as the user agent, on c->mem. */
const char *user_agent(struct ctl *c);

/* The user of that name, address or id; false, and said, if none. */
bool user_find(struct ctl *c, const char *name, struct uuid *ret_id);

/* Commands: ctl_user_show.c */
int user_list(struct ctl *c, int argc, char **argv);
int user_show(struct ctl *c, int argc, char **argv);
int user_sessions(struct ctl *c, int argc, char **argv);

#endif
