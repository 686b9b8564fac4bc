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
        .usage = "[--domain NAME] [--dry-run] [--yes] [--no-start] [--timers | "
                 "--cron] [--hsts-subdomains] [--remove [--purge]]",
        .about = "Guide a production install: secrets, database, "
                 "configuration, nginx, services; --dry-run tells what is "
                 "there and what would be made, --yes asks nothing, --no-start "
                 "starts nothing; a new --domain replaces the old one "
                 "everywhere; batch programs are started by systemd's timers "
                 "where systemd runs and by cron elsewhere, or as --timers and "
                 "--cron say; --hsts-subdomains tells browsers that all names "
                 "below the site's have HTTPS; --remove takes the site out of "
                 "nginx, systemd and cron, and with --purge the database and "
                 "all files go, too.",
        .run = setup,
        .no_config = true,
    },
    { 0 },
};
