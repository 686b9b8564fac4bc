/*
 * audit.h - the audit log, for what is refused.  What is done writes its row
 * in its own statement (sql/staff.sql), so that both commit together.
 */
#ifndef CORE_AUDIT_H
#define CORE_AUDIT_H

#include "core/endpoint.h"

/* To be listed by routes that call it. */
extern const char audit_refused_sql[];

/*
 * Writes down that staff were refused (403) an action, "post.update", on
 * somebody's thing, "post" with this id; nothing for anybody else, any other
 * problem, or NULL.  Returns the problem.
 */
const struct problem *audit_refused(struct request *r, const char *action,
                                    const char *resource, struct uuid id,
                                    const struct problem *refused);

/* The caller's address as text for an inet, or NULL. */
const char *audit_address(const struct request *r);

#endif
