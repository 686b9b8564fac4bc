/*
 * security_page.c - the page settings/security: one partial a section, each
 * of the feature that it is about.
 */
#include "session/session_local.h"
#include "twofactor/twofactor.h"

struct security {
    struct cursor cursor;
};

static const struct field security_fields[] = {
    FIELD(IN_QUERY, struct security, cursor,
          .about = "Goes on with the login history."),
    { 0 },
};

static const struct problem *
show_security(struct request *r)
{
    const struct security *in = r->input;
    const struct problem *refused = alerts_show(r);

    if (refused == NULL)
        refused = twofactor_show(r);
    if (refused == NULL)
        refused = sessions_show(r);
    if (refused == NULL)
        refused = history_show(r, &in->cursor);
    page_set(r, "noindex", "1");
    return refused;
}

const struct route session_page_routes[] = {
    {
        .on = "GET /settings/security",
        .access = ALLOW_SIGNED_IN,
        .handle = show_security,
        .about = "Alerts, the second factor, sessions, and past logins.",
        .input = INPUT(struct security, security_fields),
        .page = "session/security",
        .title = "Security",
    },
    { 0 },
};
