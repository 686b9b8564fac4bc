/*
 * admin.h - what staff see and do: accounts, roles, status, the audit log.
 *
 * Pages are below /admin, the API below /api/admin.  Moderators see accounts
 * without their addresses and shut out whom they outrank; the rest is for
 * administrators.  The rules and the rows of the audit log are made by the SQL
 * that acts: sql/admin.sql.  Roles within a group, an event or a channel
 * (role_grants) will be a file here, admin_grant.c.
 */
#ifndef ADMIN_ADMIN_H
#define ADMIN_ADMIN_H

#include "core/feature.h"

extern const struct feature admin_feature;

#endif
