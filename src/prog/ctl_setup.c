/*
 * ctl_setup.c - sparklectl setup: from an installed package to a site.
 *
 * The steps are commands of the system (users, PostgreSQL's superuser, nginx,
 * systemd), so they are a script; this finds it and hands over.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "prog/ctl.h"

static int
setup(struct ctl *c, int argc, char **argv)
{
    char **words = mem_array(c->mem, char *, (size_t)argc + 2);

    words[0] = mem_strdup(c->mem, SPARKLE_LIBEXECDIR "/setup");
    for (int i = 0; i < argc; i++)
        words[i + 1] = argv[i];
    (void)execv(words[0], words);
    return ctl_fail("%s: %s", words[0], strerror(errno));
}

const struct ctl_command ctl_setup_commands[] = {
    {
        .name = "setup",
        .usage = "[--domain NAME] [--dry-run] [--yes] [--timers] [--no-start]",
        .about = "Guide a production install: secrets, database, "
                 "configuration, nginx, services; --dry-run tells what is "
                 "there and what would be made, --yes asks nothing, --timers "
                 "takes systemd's timers instead of cron, --no-start starts "
                 "nothing.",
        .run = setup,
        .no_config = true,
    },
    { 0 },
};
