/*
 * database_check.h - asks the database, before a program starts, whether it
 * fits the program.
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
 * Asks in a child, since a master opens no connections.  A database that does
 * not answer is no fault: it is said in the log, and the workers wait for it.
 */
bool database_check(struct app *app,
                    bool (*more)(struct app *app, struct text *faults),
                    struct text *faults);

#endif
