/*
 * session.h - signing in and out.  (What a session is: core/session.h.)
 */
#ifndef SESSION_SESSION_H
#define SESSION_SESSION_H

#include "core/feature.h"

extern const struct feature session_feature;
extern const struct section login_section; /* [login] */

#endif
