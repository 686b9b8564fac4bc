/*
 * ctl_config.c - sparklectl config: check, dump, diff, sample.
 */
#include <stdio.h>

#include "prog/ctl.h"

/* By the time a command runs the file was read, so it is fine. */
static int
check(struct ctl *c, int argc, char **argv)
{
    (void)argv;
    if (argc > 0)
        return 2;
    (void)printf("%s is fine.\n",
                 c->config_path != NULL ? c->config_path : "The default");
    return 0;
}

static int
print(struct ctl *c, int argc, bool all)
{
    struct text *out = text_new(c->mem);

    if (argc > 0)
        return 2;
    config_print(out, c->app->config, all);
    (void)fputs(out->at, stdout);
    return 0;
}

static int
dump(struct ctl *c, int argc, char **argv)
{
    (void)argv;
    return print(c, argc, true);
}

static int
diff(struct ctl *c, int argc, char **argv)
{
    (void)argv;
    return print(c, argc, false);
}

static int
sample(struct ctl *c, int argc, char **argv)
{
    struct text *out = text_new(c->mem);

    (void)argv;
    if (argc > 0)
        return 2;
    settings_sample(out, all_sections());
    (void)fputs(out->at, stdout);
    return 0;
}

const struct ctl_command ctl_config_commands[] = {
    {
        .name = "config check",
        .about = "Read the configuration; faults are said with file and line.",
        .run = check,
    },
    {
        .name = "config dump",
        .about = "Print all settings as they are in force, but for secrets.",
        .run = dump,
    },
    {
        .name = "config diff",
        .about = "Print the settings that differ from their defaults.",
        .run = diff,
    },
    {
        .name = "config sample",
        .about = "Print a commented sample file.",
        .run = sample,
        .no_config = true,
    },
    { 0 },
};
