/*
 * privacy.h - one's data: taking all of it along, and having it erased.
 *
 * sql/privacy.sql has the list of all places where data of a user are, with
 * how each is exported and erased.  Here is what people call: asking for the
 * deletion of the account (14 days in which it can be cancelled), and for an
 * export (a zip by a job, offered for 7 days by a signed link); and the batch
 * programs account-deletion and data-exports.
 */
#ifndef PRIVACY_PRIVACY_H
#define PRIVACY_PRIVACY_H

#include "core/feature.h"

extern const struct feature privacy_feature;
extern const struct section privacy_section; /* [privacy] */

/*
 * For a page that shows the template privacy/settings: reads the state of
 * both into the page's data, as `privacy`.  Such a route lists
 * privacy_settings_sql among its statements.
 */
const struct problem *privacy_settings(struct request *r);
extern const char privacy_settings_sql[];

#endif
