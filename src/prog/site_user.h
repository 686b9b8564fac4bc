/*
 * site_user.h - whom a site belongs to: who runs its programs, and must be
 * able to write whatever they left behind.
 */
#ifndef PROG_SITE_USER_H
#define PROG_SITE_USER_H

#include <stdbool.h>

#include "base/setting.h"
#include "base/user.h"

/*
 * [master] user; or the owner of the directory with the masters' pid files or
 * status sockets; or the user sparkle.  On mem.  False: there is none.
 */
bool site_user(const void *mem, const struct config *config, struct user *ret);

/* Root becomes that user for good, or dies where there is none; others stay
 * who they are. */
void site_user_become(const struct config *config);

#endif
