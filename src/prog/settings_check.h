/*
 * settings_check.h - whether the settings mean what there is: addresses that
 * are some, files that can be read, directories that can be written.
 *
 * What a setting stands for is said by its row (enum setting_meaning).
 */
#ifndef PROG_SETTINGS_CHECK_H
#define PROG_SETTINGS_CHECK_H

#include <stdbool.h>

#include "base/setting.h"
#include "core/app.h"
#include "pool/master.h"

/* Adds a line for each setting that is wrong.  Of those that name places to
 * write in only where `writes`: sparkle-fcgi, in its sandbox, cannot and need
 * not. */
void settings_check(const struct app *app, bool writes, struct text *faults);

/* The same for a program's prepare: a start only warns of them, since it is
 * better that a site serves what it can. */
void settings_look(const struct app *app, const struct setup *s, bool writes);

/* What is wrong with one setting's text, on mem; NULL: nothing. */
const char *setting_fault(const void *mem, enum setting_meaning meaning,
                          const char *text, bool writes);

/* What is wrong with a directory to write in; NULL: nothing. */
const char *place_fault(const char *path);

/* Connections to PostgreSQL that all programs may have at once. */
int64_t settings_connections(const struct config *config);

#endif
