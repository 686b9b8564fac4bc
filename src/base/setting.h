/*
 * setting.h - settings are rows; a configuration file fills structs.
 *
 * A section of the file ([database], or [pool api] where a section may stand
 * several times) is a table of settings and a struct that they fill.  The
 * same rows print the sample file, the man page and --help, and refuse a bad
 * file with its name, line and reason.  Unknown sections and keys are errors.
 */
#ifndef BASE_SETTING_H
#define BASE_SETTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* The C type of the member is given in brackets. */
enum setting_type {
    SETTING_TEXT,     /* (const char *) */
    SETTING_INTEGER,  /* (int64_t) min..max; max 0: no upper bound */
    SETTING_BOOLEAN,  /* (bool) yes|no|true|false|on|off|1|0 */
    SETTING_DURATION, /* (int64_t, microseconds) 250ms 10s 5m 2h 7d; 0 */
    SETTING_SIZE,     /* (int64_t, bytes) 512 64k 50m 2g */
    SETTING_CHOICE,   /* (const char *) one of choices */
    SETTING_SECRET,   /* (const char *) KEY, or KEY_file naming a file, or the
                         environment's SPARKLE_SECTION_KEY; never printed */
};

/* What a text stands for, so that it can be checked before it is used; see
 * prog/settings_check.h. */
enum setting_meaning {
    MEANS_TEXT,
    MEANS_FILE,      /* a file to read */
    MEANS_PLACE,     /* a directory that jobs and batch programs write in */
    MEANS_SWEPT,     /* such directories, with blanks between them, which are
                        emptied where they are there */
    MEANS_ORIGIN,    /* https://host[:port] (RFC 6454) */
    MEANS_ORIGINS,   /* several, with blanks between them */
    MEANS_URL,       /* http or https */
    MEANS_MAILBOX,   /* Name <address>, or an address (RFC 5322) */
    MEANS_TRANSPORT, /* core/mail.h */
    MEANS_CONTACT,   /* mailto:ADDRESS or https://HOST... (RFC 8292) */
};

struct setting {
    const char *key;
    enum setting_type type;
    enum setting_meaning meaning;
    size_t offset;
    const char *otherwise; /* as it would stand in the file; NULL: none */
    bool required;
    int64_t min, max;
    const char *const *choices; /* ended by NULL */
    const char *about;
};
#define SETTING(owner, member, kind, ...)                                      \
    {                                                                          \
        .key = #member, .type = SETTING_##kind,                                \
        .offset = offsetof(owner, member), __VA_ARGS__                         \
    }

struct section {
    const char *name;
    bool named; /* may stand several times, as [name INSTANCE] */
    const struct setting *settings; /* ended by one without a key */
    size_t size;                    /* of the struct they fill */
    const char *about;
};

/* A configuration that was read whole and is valid. */
struct config;

/*
 * Reads path, and then path's directory's conf.d/ *.conf in order (a later
 * value wins), against `sections` (ended by NULL).  On mem.  NULL where
 * anything is wrong: every fault is then a line of *faults in the form
 * "file:line: what is wrong".  path NULL: all defaults.
 */
struct config *config_read(const void *mem, const char *path,
                           const struct section *const *sections,
                           struct text *faults);

/* The struct of a section that is not named. Never NULL: defaults if absent. */
const void *config_section(const struct config *c, const struct section *s);

/* The i-th instance of a named section and its name; NULL past the last. */
const void *config_instance(const struct config *c, const struct section *s,
                            size_t i, const char **ret_name);

/*
 * Where a section's struct got a setting from: "file:line", or "default".
 * `in` is what config_section or config_instance returned.  For faults that
 * only show when settings are read together.  Lives as long as c.
 */
const char *config_where(const struct config *c, const void *in,
                         const char *key);

/* A setting as it stands in a configuration. */
struct config_value {
    const char *section, *instance; /* instance NULL: the section has no name */
    const struct setting *setting;
    const void *at;    /* the member: see enum setting_type */
    const char *where; /* "file:line", or "default" */
    const char *file;  /* a secret's; NULL where it stands elsewhere */
};

/* Each setting of each section, in the order of the rows. */
void config_each(const struct config *c,
                 void (*look)(const struct config_value *v, void *with),
                 void *with);

/* The file that a secret was read from; NULL where it stands elsewhere. */
const char *config_secret_file(const struct config *c, const void *in,
                               const char *key);

/* Writes the file anew: all values, or only those that are not the default.
 * Secrets appear as their source, never as their value. */
void config_print(struct text *to, const struct config *c, bool all);

/* Writes the commented sample file of the sections. */
void settings_sample(struct text *to, const struct section *const *sections);

#endif
