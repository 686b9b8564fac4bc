/*
 * schema.h - the database's schema: the files of sql/ and what is applied.
 *
 * sql/migrations/NNNN-name.sql go forward only, each once, in one transaction
 * of its own (one whose first line is "-- no-transaction" runs outside any,
 * for CREATE INDEX CONCURRENTLY).  Their checksums are kept: a file that was
 * changed after it was applied is refused.  The files of sql/features.list
 * (views, functions, grants) can run again and again, and do whenever one of
 * them changed, all in one transaction.
 */
#ifndef CORE_SCHEMA_H
#define CORE_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

struct db;

/* A file of sql/migrations, or, as version 0, all the feature files. */
struct schema_step {
    int64_t version;
    const char *name;
    const char *sql;
    const char *checksum; /* SHA-256 in hex */
    bool outside;         /* of a transaction */
    bool applied;
};

struct schema {
    struct schema_step *steps; /* by version; the features come last */
    size_t n;
};

/*
 * Reads the files below `directory` and asks the database which are applied
 * (all false where it was never migrated).  On mem.  False with lines in
 * *faults: unreadable, misnamed or doubled files, changed checksums, or a
 * database that is ahead of these files.
 */
bool schema_read(void *mem, const char *directory, struct db *db,
                 struct schema *ret_schema, struct text *faults);

/* How many steps are still to be applied. */
size_t schema_pending(const struct schema *s);

/*
 * Applies what is pending, in order, under an advisory lock, so that two at
 * once are harmless; db is the owner's connection.  Each step is told to
 * `done` (may be NULL) with its microseconds.  False: *faults says where it
 * stopped; the steps before stay.
 */
bool schema_apply(void *mem, struct schema *s, struct db *db,
                  void (*done)(const struct schema_step *step, int64_t us),
                  struct text *faults);

#endif
