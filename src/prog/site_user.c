/* site_user.c - see site_user.h. */
#include "prog/site_user.h"

#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "pool/pool.h"
#include "prog/jobs_settings.h"

/* The owner of a file's directory. */
static bool
owner_beside(const void *mem, const char *file, struct user *ret)
{
    const char *slash = file == NULL ? NULL : strrchr(file, '/');

    return slash != NULL &&
           user_owning(mem, mem_strndup(mem, file, (size_t)(slash - file) + 1),
                       ret);
}

static bool
user_of(const void *mem, const struct master_settings *m, struct user *ret)
{
    return (m->user != NULL && user_named(mem, m->user, ret)) ||
           owner_beside(mem, m->pid_file, ret) ||
           owner_beside(mem, m->status_socket, ret);
}

bool
site_user(const void *mem, const struct config *config, struct user *ret)
{
    return user_of(mem, config_section(config, &master_section), ret) ||
           user_of(mem, config_section(config, &jobs_master_section), ret) ||
           user_named(mem, "sparkle", ret);
}

void
site_user_become(const struct config *config)
{
    struct user user;

    if (geteuid() != 0)
        return;
    if (!site_user(config, config, &user))
        die("root would leave files that the site cannot use: set [master] "
            "user, or make a user sparkle");
    user_become(&user);
}
