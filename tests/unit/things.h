/*
 * things.h - what the suites of the data side begin with: a connection with
 * two temporary relations, things and tries.  Each suite that includes this
 * has its own.  Needs SPARKLE_TEST_PG, a connection string.
 */
#ifndef UNIT_THINGS_H
#define UNIT_THINGS_H

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/db.h"
#include "tests/unit/context.h"

static struct db_settings settings;
static struct db *db;
static struct db_error error;

static int
begin(void)
{
    context_set_up();
    settings.name = getenv("SPARKLE_TEST_PG");
    settings.timeout = 2 * CLOCK_SECOND;
    db = db_new(mem, &settings, NULL);
    return db_script(db, mem,
                     "CREATE TEMP TABLE things (id bigint PRIMARY KEY,"
                     " n bigint CONSTRAINT things_n_small CHECK (n < 100));"
                     "CREATE TEMP SEQUENCE tries",
                     &error)
               ? 0
               : 1;
}

static struct db_result *
query(const char *sql, const struct sql_arg *args)
{
    struct db_result *res = db_query(db, mem, sql, args, &error);

    if (error.failed)
        (void)fprintf(stderr, "\n%s: %s %s\n", sql, error.sqlstate,
                      error.message);
    return res;
}

#endif
