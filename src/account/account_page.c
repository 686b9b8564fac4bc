/*
 * account_page.c - the pages of accounts: register, verify, welcome, settings,
 * and what the links of mails lead to.
 *
 * They hold forms; what the forms do is in the other files.
 */
#include "account/account_local.h"
#include "core/crypto.h"
#include "core/db.h"
#include "mailing/mailing.h"
#include "privacy/privacy.h"

struct link {
    const char *token;
    int64_t done;
};

struct newcomer {
    const char *token, *username;
    int64_t done;
};

static const struct field newcomer_fields[] = {
    FIELD(IN_QUERY, struct newcomer, token, .max = 100, .secret = true,
          .about = "From the mail's link."),
    FIELD(IN_QUERY, struct newcomer, username, .max = 30,
          .about = "With which name somebody registers."),
    FIELD(IN_QUERY, struct newcomer, done, .max = 1,
          .about = "1: the button was pressed, and it worked."),
    { 0 },
};

static const struct field link_fields[] = {
    FIELD(IN_QUERY, struct link, token, .max = 100, .secret = true,
          .about = "From the mail's link."),
    FIELD(IN_QUERY, struct link, done, .max = 1,
          .about = "1: the button was pressed, and it worked."),
    { 0 },
};

struct done {
    int64_t sent;
};

static const struct field done_fields[] = {
    FIELD(IN_QUERY, struct done, sent, .max = 1,
          .about = "1: the mail was asked for."),
    { 0 },
};

struct invitation {
    const char *ref;
};

static const struct field invitation_fields[] = {
    FIELD(IN_QUERY, struct invitation, ref, .max = 40,
          .about = "A referral code to fill in."),
    { 0 },
};

static const struct problem *
show(struct request *r)
{
    (void)r;
    return NULL;
}

static void
give_token(struct request *r, const char *token)
{
    /* It is in the page, and in the key of what nginx keeps. */
    answer_header(r, "Cache-Control", "private, no-store");
    page_text(r, "token", token);
}

/* What a mail's link leads to: a page with a button, as mail programs follow
 * links by themselves. */
static const struct problem *
show_link(struct request *r)
{
    const struct link *link = r->input;

    if (link->token != NULL)
        give_token(r, link->token);
    page_flag(r, "done", link->done > 0);
    page_set(r, "noindex", "1");
    return NULL;
}

static const char verified_sql[] =
    SQL(SELECT verified_by_link($1) IS NOT NULL AS verified);

/* A link that was opened before has nothing left to ask. */
static const struct problem *
tell_confirmed(struct request *r, const struct newcomer *in)
{
    const struct db_result *res = NULL;
    uint8_t hash[SHA256_SIZE];
    const struct bytes token = { hash, sizeof hash };
    bool confirmed = in->done > 0;

    if (in->token != NULL) {
        give_token(r, in->token);
        mailing_link_hash(in->token, hash);
        const struct problem *refused =
            answer_query(r, verified_sql, ARGS(ARG(token)), &res);
        if (refused != NULL)
            return refused;
        confirmed = db_boolean(res, 0, 0);
    }
    page_flag(r, "confirmed", confirmed);
    return NULL;
}

/* A new code can be asked for by a name, or by who is signed in. */
static const struct problem *
show_verify(struct request *r)
{
    const struct newcomer *in = r->input;

    if (in->username != NULL && account_username_valid(in->username))
        page_text(r, "username", in->username);
    page_flag(r, "mayResend", in->username != NULL || r->session != NULL);
    page_set(r, "noindex", "1");
    return tell_confirmed(r, in);
}

static const struct problem *
show_forgot(struct request *r)
{
    const struct done *done = r->input;

    page_flag(r, "sent", done->sent > 0);
    page_set(r, "noindex", "1");
    return NULL;
}

static const struct problem *
show_register(struct request *r)
{
    const struct invitation *in = r->input;

    if (in->ref != NULL)
        page_text(r, "referral", in->ref);
    return r->session != NULL ? answer_redirect(r, "/") : NULL;
}

/* ---- GET /settings/account ----------------------------------------------- */

static const struct member account_shape[] = {
    { .name = "email", .type = VALUE_TEXT },
    { .name = "emailVerified", .type = VALUE_BOOLEAN },
    { .name = "newEmail", .type = VALUE_TEXT, .nullable = true },
    { .name = "passwordChangedAt", .type = VALUE_TIME, .nullable = true },
    { 0 },
};

static const char account_sql[] = SQL(
    SELECT u.email, u.email_verified_at IS NOT NULL, c.new_email,
        u.password_changed_at
    FROM users u
    LEFT JOIN email_changes c ON c.user_id = u.id AND c.confirmed_at IS NULL
        AND c.died_at IS NULL AND c.expires_at > $2
    WHERE u.id = $1
);

static const struct problem *
show_account(struct request *r)
{
    const struct problem *refused =
        answer_row_as(r, "account", account_shape, account_sql,
                      ARGS(ARG(r->viewer), ARG(r->now)));

    page_set(r, "noindex", "1");
    if (refused == NULL)
        refused = referrals_show(r);
    return refused != NULL ? refused : privacy_settings(r);
}

const struct route account_page_routes[] = {
    {
        .on = "GET /register",
        .access = ALLOW_ANYONE,
        .handle = show_register,
        .about = "The form to register.",
        .input = INPUT(struct invitation, invitation_fields),
        .page = "account/register",
        .title = "Join",
    },
    {
        .on = "GET /verify-email",
        .access = ALLOW_ANYONE,
        .handle = show_verify,
        .about = "Where the code from the mail goes, and its link leads.",
        .input = INPUT(struct newcomer, newcomer_fields),
        .page = "account/verify-email",
        .sql = STATEMENTS(verified_sql),
        .title = "Verify your e-mail",
    },
    {
        .on = "GET /forgot-password",
        .access = ALLOW_ANYONE,
        .handle = show_forgot,
        .about = "Where a link for a new password is asked for.",
        .input = INPUT(struct done, done_fields),
        .page = "account/forgot-password",
        .title = "Forgot your password?",
    },
    {
        .on = "GET /reset-password",
        .access = ALLOW_ANYONE,
        .handle = show_link,
        .about = "Where the mail's link for a new password leads.",
        .input = INPUT(struct link, link_fields),
        .page = "account/reset-password",
        .title = "Choose a new password",
    },
    {
        .on = "GET /confirm-email",
        .access = ALLOW_ANYONE,
        .handle = show_link,
        .about = "Where the link at a new address leads.",
        .input = INPUT(struct link, link_fields),
        .page = "account/confirm-email",
        .title = "Your new address",
    },
    {
        .on = "GET /undo-email",
        .access = ALLOW_ANYONE,
        .handle = show_link,
        .about = "Where the link at an old address leads.",
        .input = INPUT(struct link, link_fields),
        .page = "account/undo-email",
        .title = "Undo the change",
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
    {
        .on = "GET /settings/account",
        .access = ALLOW_SIGNED_IN,
        .handle = show_account,
        .about = "One's address and password, invitations, one's data, and "
                 "the way out.",
        .page = "account/settings-account",
        .title = "Account",
        .sql = STATEMENTS(account_sql, privacy_settings_sql),
    },
    { 0 },
};
