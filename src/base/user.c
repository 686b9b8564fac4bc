/* user.c - see user.h. */
#include "base/user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

static bool
take(const void *mem, const struct passwd *row, struct user *ret)
{
    if (row == NULL || row->pw_uid == 0)
        return false;
    *ret = (struct user){ mem_strdup(mem, row->pw_name), row->pw_uid,
                          row->pw_gid };
    return true;
}

bool
user_named(const void *mem, const char *name, struct user *ret)
{
    return take(mem, getpwnam(name), ret);
}

bool
user_owning(const void *mem, const char *path, struct user *ret)
{
    struct stat st;

    return stat(path, &st) == 0 && take(mem, getpwuid(st.st_uid), ret);
}

void
user_become(const struct user *u)
{
    if (initgroups(u->name, u->gid) != 0 || setgid(u->gid) != 0 ||
        setuid(u->uid) != 0)
        die("cannot become %s: %s", u->name, strerror(errno));
    if (setuid(0) == 0)
        BUG("root's rights could be had back");
}
