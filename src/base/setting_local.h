/*
 * setting_local.h - what the parts of the settings share; see setting.h.
 *
 *   setting.c        sections, instances, what is required and default
 *   setting_file.c   files and their lines (the door to libinih)
 *   setting_value.c  text to value and back
 *   setting_print.c  files and samples from rows
 */
#ifndef BASE_SETTING_LOCAL_H
#define BASE_SETTING_LOCAL_H

#include "base/setting.h"

/* Where a value came from. */
struct origin {
    enum { FROM_DEFAULT, FROM_FILE, FROM_SECRET_FILE, FROM_ENVIRONMENT } kind;
    const char *file;   /* with line: where the configuration says so */
    int line;           /* 0: nowhere */
    const char *source; /* the secret's file, or the variable */
};

/* A section as it stands in the configuration. */
struct instance {
    const struct section *section;
    const char *name; /* NULL where the section is not named */
    void *values;     /* the section's struct */
    struct origin *origins;
    struct instance *next;
};

struct config {
    const struct section *const *sections;
    struct instance *first, **end;
    const char *path;
    struct text *faults; /* while it is read */
    bool bad;
};

/* Finds or makes an instance, filled with the defaults. */
struct instance *config_open(struct config *c, const struct section *s,
                             const char *name);

/* Adds a line "file:line: ..." to the faults. */
void config_fault(struct config *c, const char *file, int line,
                  const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Reads one file; false, errno set, where it cannot be read. */
bool config_file(struct config *c, const char *path);

/*
 * Reads a value into `in`, the section's struct.  NULL, or what is wrong with
 * it, on mem.  Texts are copied to mem.
 */
const char *setting_read(const void *mem, const struct setting *s, void *in,
                         const char *value);

/* Writes a value as it would stand in a file.  Not for secrets. */
void setting_write(struct text *to, const struct setting *s, const void *in);

/* SPARKLE_SECTION_KEY or SPARKLE_SECTION_NAME_KEY, on mem. */
const char *setting_variable(const void *mem, const struct instance *i,
                             const char *key);

#endif
