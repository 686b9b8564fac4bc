/*
 * account_page.c - the pages of accounts: register, verify, welcome, settings.
 *
 * They hold forms; what the forms do is in account_api.c.
 */
#include "account/account_local.h"

struct link {
    const char *token;
};

static const struct field link_fields[] = {
    FIELD(IN_QUERY, struct link, token, .max = 100, .secret = true,
          .about = "From the mail's link."),
    { 0 },
};

static const struct problem *
show(struct request *r)
{
    (void)r;
    return NULL;
}

/* Who is signed in has nothing to do on these pages. */
static const struct problem *
show_to_visitors(struct request *r)
{
    return r->session != NULL ? answer_redirect(r, "/") : NULL;
}

static const struct problem *
show_verify(struct request *r)
{
    const struct link *link = r->input;

    /* The token is in the page, and in the key of what nginx keeps. */
    if (link->token != NULL) {
        answer_header(r, "Cache-Control", "private, no-store");
        page_text(r, "token", link->token);
    }
    page_set(r, "noindex", "1");
    return NULL;
}

const struct route account_page_routes[] = {
    {
        .on = "GET /register",
        .access = ALLOW_ANYONE,
        .handle = show_to_visitors,
        .about = "The form to register.",
        .page = "account/register",
        .title = "Join",
    },
    {
        .on = "GET /verify-email",
        .access = ALLOW_ANYONE,
        .handle = show_verify,
        .about = "Where the code from the mail goes, and its link leads.",
        .input = INPUT(struct link, link_fields),
        .page = "account/verify-email",
        .title = "Verify your e-mail",
    },
    {
        .on = "GET /welcome",
        .access = ALLOW_SIGNED_IN,
        .handle = show,
        .about = "First steps.",
        .page = "account/welcome",
        .title = "Welcome",
    },
    {
        .on = "GET /settings",
        .access = ALLOW_SIGNED_IN,
        .handle = show,
        .about = "One's settings.",
        .page = "account/settings",
        .title = "Settings",
    },
    { 0 },
};
