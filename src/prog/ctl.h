/*
 * ctl.h - what the commands of sparklectl share.
 *
 * A command is a row of the table in sparklectl.c.  It gets its words after
 * its name, prints to standard output, and returns the exit status: 0 done, 1
 * refused or failed (said on standard error), 2 wrong usage.
 */
#ifndef PROG_CTL_H
#define PROG_CTL_H

#include <stdbool.h>

#include "base/setting.h"
#include "core/app.h"
#include "core/feature.h"

struct ctl {
    void *mem;
    struct app *app;
    const char *config_path;
    const char *sql; /* directory of the schema */
    bool json;       /* --json, where a command has it */
};

struct ctl_command {
    const char *name;  /* "user create" */
    const char *usage; /* "NAME E-MAIL [--role ROLE]" */
    const char *about;
    int (*run)(struct ctl *c, int argc, char **argv);
    bool no_config; /* works without a valid configuration */
    bool as_root;   /* root stays root: the schema's password, keys and the
                       machine are root's.  Else root becomes the site's user
                       before run, so that nothing of root's is left behind */
};

/* What run returns for an exit status of others' making, without words of
 * usage. */
#define CTL_EXIT(status) (256 + (status))

extern const struct ctl_command ctl_breach_commands[];
extern const struct ctl_command ctl_config_commands[];
extern const struct ctl_command ctl_describe_commands[];
extern const struct ctl_command ctl_reload_commands[];
extern const struct ctl_command ctl_schema_commands[];
extern const struct ctl_command ctl_user_commands[];
extern const struct ctl_command ctl_demo_commands[];
extern const struct ctl_command ctl_jobs_commands[];
extern const struct ctl_command ctl_schedule_commands[];
extern const struct ctl_command ctl_status_commands[];
extern const struct ctl_command ctl_keys_commands[];
extern const struct ctl_command ctl_setup_commands[];
extern const struct ctl_command ctl_doctor_commands[];
extern const struct ctl_command ctl_email_commands[];

/* All sections that any program reads, ended by NULL: the core's, and those of
 * the features.  A new list each time, which lives as long as the program. */
const struct section *const *all_sections(void);
extern const struct feature *const all_features[];

/* The value after --name among the words, or otherwise; takes both out. */
const char *ctl_option(int *argc, char **argv, const char *name,
                       const char *otherwise);
/* Whether --name is among the words; takes it out. */
bool ctl_flag(int *argc, char **argv, const char *name);

/* Says what went wrong on standard error; returns 1. */
int ctl_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What a master answers on its private socket to GET `what`, without the HTTP
 * head, on mem; NULL where it does not. */
const char *ctl_ask_master(void *mem, const char *socket_path,
                           const char *what);

/*
 * Runs the program of that name beside this one with an option and our
 * configuration; what it writes goes to *said.  Its exit status; -1: it was
 * killed, or could not be run.
 */
int ctl_program(struct ctl *c, const char *name, const char *option,
                struct text *said);

/* The owner's connection, which may change the schema. */
struct db *ctl_owner_db(struct ctl *c);

#endif
