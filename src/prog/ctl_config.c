/*
 * ctl_config.c - sparklectl config: check, dump, diff, sample.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "prog/ctl.h"

/* Prints the lines that the program before it has not said. */
static void
print_new(const struct text *said, const struct text *before, void *mem)
{
    for (const char *line = said->at; *line != '\0';) {
        size_t n = strcspn(line, "\n");
        const char *one = mem_printf(mem, "%.*s\n", (int)n, line);

        if (strstr(before->at, one) == NULL)
            (void)fputs(one, stderr);
        line += line[n] == '\n' ? n + 1 : n;
    }
}

/* What the programs find before they start or reload. */
static int
check(struct ctl *c, int argc, char **argv)
{
    static const char *const names[] = { "sparkle-fcgi", "sparkle-jobs" };
    struct text *before = text_new(c->mem);
    bool good = true;

    (void)argv;
    if (argc > 0)
        return 2;
    for (size_t i = 0; i < 2; i++) {
        struct text *said = text_new(c->mem);

        if (ctl_program(c, names[i], "--test-config", said) == 0)
            continue;
        good = false;
        print_new(said, before, c->mem);
        text_add(before, said->at, said->len);
    }
    if (!good)
        return 1;
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
        .about = "Do all that the programs do before they start or reload: "
                 "read the configuration, ask PostgreSQL and Redis, try "
                 "sockets, directories and files; faults are said with file "
                 "and line.",
        .run = check,
        .as_root = true,
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
