/*
 * database_check.h - asks PostgreSQL and Redis, before a program starts,
 * whether they fit it.
 */
#ifndef PROG_DATABASE_CHECK_H
#define PROG_DATABASE_CHECK_H

#include <stdbool.h>

#include "base/text.h"
#include "core/app.h"

/*
 * False, with lines in *faults, where the database is behind the files of
 * sql/ (beside web/, in the source and where they are installed; no such
 * files: not asked), or where `more` (may be NULL) finds faults, which says
 * false for a database that did not answer.
 *
 * Asks in a child, since a master opens no connections.  A start takes no
 * offence at a database that does not answer: it is said in the log, and the
 * workers wait for it.  A test (test_only) does, since then a program runs that
 * is better off; and it wants Redis to answer and PostgreSQL to let as many in
 * as all pools may have workers.
 */
bool database_check(struct app *app, bool test_only,
                    bool (*more)(struct app *app, struct text *faults),
                    struct text *faults);

#endif
