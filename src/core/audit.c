/* audit.c - see audit.h. */
#include "core/audit.h"

#include "core/session.h"

const char audit_refused_sql[] = SQL(
    SELECT audit_write($1, $2, $3, $4, NULL, NULL, $5::text::inet, $6, $7,
        FALSE, $8)
);

const char *
audit_address(const struct request *r)
{
    return r->ip != NULL && r->ip[0] != '\0' ? r->ip : NULL;
}

const struct problem *
audit_refused(struct request *r, const char *action, const char *resource,
              struct uuid id, const struct problem *refused)
{
    const struct db_result *res = NULL;
    const char *ip = audit_address(r);

    if (refused == NULL || refused->status != 403 || r->session == NULL ||
        r->session->role < ROLE_MODERATOR)
        return refused;
    (void)answer_query(r, audit_refused_sql,
                       ARGS(ARG(r->viewer), ARG(action), ARG(resource), ARG(id),
                            ARG(ip), ARG(r->user_agent), ARG(r->id),
                            ARG(refused->code)),
                       &res);
    return refused;
}
