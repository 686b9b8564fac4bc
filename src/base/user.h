/*
 * user.h - whom a process runs as.
 *
 * Root's rights are given up for good, and only ever for those of a user who
 * is not root.
 */
#ifndef BASE_USER_H
#define BASE_USER_H

#include <stdbool.h>
#include <sys/types.h>

struct user {
    const char *name;
    uid_t uid;
    gid_t gid; /* the user's own group, unless the caller sets another */
};

/* A user by name, on mem; false: there is none, or it is root. */
bool user_named(const void *mem, const char *name, struct user *ret);

/* Whom a file or directory belongs to, on mem; false: it is not there, or it
 * is root's or nobody's that has a name. */
bool user_owning(const void *mem, const char *path, struct user *ret);

/* Becomes the user, with all groups of theirs; dies where that fails.  For
 * root only. */
void user_become(const struct user *u);

#endif
