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

struct setting {
    const char *key;
    enum setting_type type;
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

/* The file that a secret was read from; NULL where it stands elsewhere. */
const char *config_secret_file(const struct config *c, const void *in,
                               const char *key);

/* Writes the file anew: all values, or only those that are not the default.
 * Secrets appear as their source, never as their value. */
void config_print(struct text *to, const struct config *c, bool all);

/* Writes the commented sample file of the sections. */
void settings_sample(struct text *to, const struct section *const *sections);

#endif
