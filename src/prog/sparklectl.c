/*
 * sparklectl.c - the administrator's command.
 *
 * What it can do are rows, in the tables that `tables` names; a command's name
 * is one word or two.  This file reads the options that all share, the
 * configuration, and finds the row.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/cache.h"
#include "core/db.h"
#include "prog/ctl.h"
#include "prog/site_user.h"

static const struct ctl_command *const tables[] = {
    ctl_setup_commands,    ctl_schema_commands, ctl_config_commands,
    ctl_describe_commands, ctl_user_commands,   ctl_status_commands,
    ctl_doctor_commands,   ctl_demo_commands,   ctl_email_commands,
    ctl_breach_commands,   ctl_keys_commands,   ctl_schedule_commands,
    ctl_jobs_commands,     ctl_reload_commands, NULL,
};

/* ---- For the commands --------------------------------------------------- */

static void
take_out(int *argc, char **argv, int at, int n)
{
    *argc -= n;
    for (int i = at; i < *argc; i++)
        argv[i] = argv[i + n];
}

const char *
ctl_option(int *argc, char **argv, const char *name, const char *otherwise)
{
    size_t n = strlen(name);

    for (int i = 0; i < *argc; i++) {
        const char *word = argv[i];

        if (!text_starts(word, "--") || strncmp(word + 2, name, n) != 0)
            continue;
        if (word[2 + n] == '=') {
            take_out(argc, argv, i, 1);
            return word + 3 + n;
        }
        if (word[2 + n] == '\0' && i + 1 < *argc) {
            const char *value = argv[i + 1];

            take_out(argc, argv, i, 2);
            return value;
        }
    }
    return otherwise;
}

bool
ctl_flag(int *argc, char **argv, const char *name)
{
    for (int i = 0; i < *argc; i++)
        if (text_starts(argv[i], "--") && strcmp(argv[i] + 2, name) == 0) {
            take_out(argc, argv, i, 1);
            return true;
        }
    return false;
}

int
ctl_fail(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)fputs("sparklectl: ", stderr);
    (void)vfprintf(stderr, format, args);
    (void)fputs("\n", stderr);
    va_end(args);
    return 1;
}

/*
 * In production the owner's password is for root only, so the configuration,
 * which all programs read, does not name it: it lies where setup put it.
 */
static const char *
owner_password(struct ctl *c)
{
    const char *slash = strrchr(c->config_path, '/');
    int directory = slash == NULL ? 0 : (int)(slash - c->config_path + 1);
    char *password = file_read(c->mem,
                               mem_printf(c->mem, "%.*ssecrets/owner_password",
                                          directory, c->config_path),
                               4096, NULL);

    if (password != NULL)
        password[strcspn(password, "\r\n")] = '\0';
    return password;
}

struct db *
ctl_owner_db(struct ctl *c)
{
    struct db_settings *owner = mem_new(c->mem, struct db_settings);

    *owner = *SETTINGS_OF(c->app, &db_section, struct db_settings);
    owner->user = owner->owner;
    owner->password = owner->owner_password != NULL ? owner->owner_password
                                                    : owner_password(c);
    owner->timeout = 24 * CLOCK_HOUR; /* a migration may take its time */
    return db_new(c->mem, owner, NULL);
}

/* ---- The command line --------------------------------------------------- */

/* Whether the words begin a command's name, or are its name and more. */
static bool
meant(const struct ctl_command *row, int argc, char **argv)
{
    const char *name = row->name;

    for (int i = 0; i < argc && name[0] != '\0'; i++) {
        size_t n = strcspn(name, " ");

        if (strlen(argv[i]) != n || strncmp(argv[i], name, n) != 0)
            return false;
        name += n + (name[n] == ' ');
    }
    return true;
}

/* All commands, or those that the words mean. */
static void
usage(FILE *to, int argc, char **argv)
{
    (void)fputs("usage: sparklectl [--config FILE] [--sql DIR] COMMAND ...\n\n",
                to);
    for (size_t t = 0; tables[t] != NULL; t++)
        for (const struct ctl_command *row = tables[t]; row->name != NULL;
             row++)
            if (meant(row, argc, argv))
                (void)fprintf(to, "  %s%s%s\n      %s\n", row->name,
                              row->usage != NULL ? " " : "",
                              row->usage != NULL ? row->usage : "", row->about);
    (void)fputs("\nThe configuration is /etc/sparkle/sparkle.conf where "
                "--config names no other.\n",
                to);
}

/* How many of the words are the command's name; 0: it is another's. */
static int
words_of(const struct ctl_command *row, int argc, char **argv)
{
    const char *second = strchr(row->name, ' ');
    size_t first =
        second != NULL ? (size_t)(second - row->name) : strlen(row->name);

    if (argc < 1 || strlen(argv[0]) != first ||
        strncmp(argv[0], row->name, first) != 0)
        return 0;
    if (second == NULL)
        return 1;
    return argc > 1 && strcmp(argv[1], second + 1) == 0 ? 2 : 0;
}

static const struct ctl_command *
find(int argc, char **argv, int *ret_words)
{
    for (size_t t = 0; tables[t] != NULL; t++)
        for (const struct ctl_command *row = tables[t]; row->name != NULL;
             row++) {
            int words = words_of(row, argc, argv);

            if (words > 0) {
                *ret_words = words;
                return row;
            }
        }
    return NULL;
}

/* The command that the words may have meant: up to two letters are wrong. */
static const char *
nearest(void *mem, int argc, char **argv)
{
    const char *best = NULL;
    unsigned int least = 3;

    for (size_t t = 0; tables[t] != NULL && argc > 0; t++)
        for (const struct ctl_command *row = tables[t]; row->name != NULL;
             row++) {
            const char *typed = strchr(row->name, ' ') != NULL && argc > 1
                                    ? mem_printf(mem, "%s %s", argv[0], argv[1])
                                    : argv[0];
            unsigned int far = text_distance(typed, row->name);

            if (far < least) {
                least = far;
                best = row->name;
            }
        }
    return best;
}

static int
unknown(void *mem, int argc, char **argv)
{
    const char *near = nearest(mem, argc, argv);

    (void)ctl_fail("there is no command %s; %s%s", argc > 0 ? argv[0] : "",
                   near != NULL ? "did you mean " : "--help lists them",
                   near != NULL ? near : "");
    return 2;
}

/* Reads the configuration and opens what commands use; says its faults. */
static bool
open_app(struct ctl *c, bool needed)
{
    struct text *faults = text_new(c->mem);
    struct config *config = config_read(c->mem, needed ? c->config_path : NULL,
                                        all_sections(), faults);

    if (config == NULL && needed) {
        (void)fputs(faults->at, stderr);
        return false;
    }
    c->app = mem_new(c->mem, struct app);
    c->app->features = all_features;
    c->app->config = config;
    if (!needed)
        return true;
    c->app->db = db_new(c->mem, config_section(config, &db_section), NULL);
    c->app->cache = cache_new(c->mem, config_section(config, &cache_section));
    return true;
}

int
main(int argc, char **argv)
{
    struct ctl c = { .mem = mem_context(NULL, "sparklectl") };
    int words = 0;

    log_program("sparklectl");
    log_plain(true);
    argc--;
    argv++;
    c.config_path =
        ctl_option(&argc, argv, "config", "/etc/sparkle/sparkle.conf");
    c.sql = ctl_option(&argc, argv, "sql", SPARKLE_DATADIR "/sql");
    bool help = ctl_flag(&argc, argv, "help");
    if (argc == 0 || help) {
        usage(help ? stdout : stderr, argc, argv);
        return help ? 0 : 2;
    }
    if (ctl_flag(&argc, argv, "version")) {
        (void)puts("sparklectl " PACKAGE_VERSION);
        return 0;
    }
    const struct ctl_command *command = find(argc, argv, &words);
    if (command == NULL)
        return unknown(c.mem, argc, argv);
    if (!open_app(&c, !command->no_config))
        return 1;
    if (!command->no_config && !command->as_root)
        site_user_become(c.app->config);
    int status = command->run(&c, argc - words, argv + words);
    if (status == 2)
        (void)ctl_fail("usage: sparklectl %s %s", command->name,
                       command->usage != NULL ? command->usage : "");
    mem_free(c.mem);
    return status >= CTL_EXIT(0) ? status - CTL_EXIT(0) : status;
}
