/*
 * session_local.h - what the files of this folder share.
 */
#ifndef SESSION_SESSION_LOCAL_H
#define SESSION_SESSION_LOCAL_H

#include "session/session.h"

extern const struct route session_list_routes[];

#endif
