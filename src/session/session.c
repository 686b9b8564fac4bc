/*
 * session.c - signing in and out, put together; signing out, and the token
 * that forms carry.
 */
#include "session/session.h"

#include "core/local_target.h"
#include "core/session.h"
#include "session/session_local.h"

static const struct problem *
logout(struct request *r)
{
    return session_end(r);
}

static const struct member csrf_shape[] = {
    { .name = "token",
      .type = VALUE_TEXT,
      .about = "For the header X-CSRF-Token of calls that change something." },
    { 0 },
};

static const struct problem *
show_csrf(struct request *r)
{
    const char *token = r->session->csrf;

    return answer_values(r, ARGS(ARG(token)));
}

struct entry {
    const char *callback;
};

static const struct field entry_fields[] = {
    FIELD_AS(IN_QUERY, "callbackUrl", struct entry, callback, .max = 8000,
             .about = "Where to go afterwards: a path of this site; / for "
                      "what is none."),
    { 0 },
};

/* Who has signed in meanwhile, in another tab, is sent on. */
static const struct problem *
show_login(struct request *r)
{
    const struct entry *in = r->input;

    return r->session != NULL ? answer_redirect(r, in->callback) : NULL;
}

/* ---- The endpoints ------------------------------------------------------ */

static const struct route routes[] = {
    {
        .on = "POST /api/auth/logout",
        .access = ALLOW_SIGNED_IN,
        .handle = logout,
        .about = "Sign out: ends this session.",
        .form = ANSWER_NOTHING,
        .success = 204,
    },
    {
        .on = "GET /api/auth/csrf",
        .access = ALLOW_SIGNED_IN,
        .handle = show_csrf,
        .about = "Read the session's token against forged requests.",
        .returns = csrf_shape,
    },
    {
        .on = "GET /login",
        .access = ALLOW_ANYONE,
        .handle = show_login,
        .about = "The form to sign in.",
        .input = INPUT(struct entry, entry_fields),
        .page = "session/login",
        .title = "Log in",
    },
    { 0 },
};

static const char *const events[] = { "user.day_begun", NULL };

const struct feature session_feature = {
    .name = "session",
    .about = "Signing in and out.",
    .routes = routes,
    .route_tables =
        (const struct route *const[]){
            session_login_routes,
            session_factor_routes,
            session_again_routes,
            session_list_routes,
            session_alert_routes,
            session_page_routes,
            NULL,
        },
    .jobs = session_jobs,
    .events = events,
    .settings = &login_section,
};
