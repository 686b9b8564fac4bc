/*
 * mail_link.c - the way out: /unsubscribe, which works without signing in.
 *
 * The token of the link names the user and the category and is signed
 * (mail_sign.c).  GET only shows what POST would do, since mail scanners
 * follow links.  POST is also RFC 8058's one click: a mail client sends it
 * without cookies, a CSRF token or a word of ours in the body.
 */
#include <string.h>

#include "base/mem.h"
#include "core/app.h"
#include "core/db.h"
#include "mailing/mailing.h"
#include "mailing/mailing_local.h"

struct way_out {
    const char *token, *one_click;
    bool all;
};

static const struct problem bad_link = {
    .status = 400,
    .code = "BAD_LINK",
    .title = "This link is not whole.  Copy all of it from the mail, or "
             "choose your mails in the settings.",
};
static const struct refusal link_refusals[] = {
    { .problem = &bad_link },
    { 0 },
};

/* ---- The token ----------------------------------------------------------- */

/* What a token of ours says: "USER.CATEGORY.SIGNATURE". */
static bool
read_token(struct request *r, const char *token, struct uuid *ret_user,
           const char **ret_category)
{
    const char *first = token == NULL ? NULL : strchr(token, '.');
    const char *last = token == NULL ? NULL : strrchr(token, '.');

    if (first == NULL || first == last)
        return false;
    const char *what = mem_strndup(r->mem, token, (size_t)(last - token));
    if (!mailing_signed(r->app, r->mem, "unsubscribe", what, last + 1) ||
        !uuid_read(mem_strndup(r->mem, token, (size_t)(first - token)),
                   ret_user))
        return false;
    *ret_category = mem_strndup(r->mem, first + 1, (size_t)(last - first - 1));
    return true;
}

/* The category as people read it: the mails that have it, in a word. */
static const char *
words_of(void *mem, const char *category)
{
    const struct mail_kind *kind;

    if (category[0] == '\0')
        return "all mails but those about your account's safety";
    for (size_t i = 0; (kind = mail_kind_at(i)) != NULL; i++)
        if (kind->what != NULL &&
            strcmp(mail_kind_category(kind), category) == 0)
            return mem_printf(mem, "mails about %s", kind->what);
    return "mails of this kind";
}

/* ---- The page ------------------------------------------------------------ */

/* Nothing of it may be kept by anybody. */
static void
tell_page(struct request *r, const char *token, const char *category)
{
    answer_header(r, "Cache-Control", "private, no-store");
    page_set(r, "noindex", "1");
    page_text(r, "token", token);
    page_text(r, "what", words_of(r->mem, category));
    page_flag(r, "some", category[0] != '\0');
}

static const struct problem *
show_way_out(struct request *r)
{
    const struct way_out *in = r->input;
    struct uuid user;
    const char *category;

    if (!read_token(r, in->token, &user, &category))
        return &bad_link;
    tell_page(r, in->token, category);
    return NULL;
}

static const char leave_sql[] = SQL(SELECT mail_unsubscribe($1, $2));

static const struct problem *
leave(struct request *r)
{
    const struct way_out *in = r->input;
    const struct db_result *res = NULL;
    struct uuid user;
    const char *category;

    if (!read_token(r, in->token, &user, &category))
        return &bad_link;
    if (in->all)
        category = "";
    const struct problem *refused =
        answer_query(r, leave_sql, ARGS(ARG(user), ARG(category)), &res);
    if (refused != NULL)
        return refused;
    tell_page(r, in->token, category);
    page_flag(r, "done", true);
    return NULL;
}

static const struct field show_fields[] = {
    FIELD(IN_QUERY, struct way_out, token, .max = 200, .secret = true,
          .about = "From the mail."),
    { 0 },
};

static const struct field leave_fields[] = {
    FIELD(IN_QUERY, struct way_out, token, .max = 200, .secret = true,
          .about = "From the mail."),
    FIELD(IN_QUERY, struct way_out, all,
          .about = "No mails at all but those about the account's safety."),
    FIELD_AS(IN_BODY, "List-Unsubscribe", struct way_out, one_click, .max = 20,
             .raw = true,
             .about = "`One-Click`, as RFC 8058 has it; not looked at."),
    { 0 },
};

const struct route mail_link_routes[] = {
    {
        .on = "GET /unsubscribe",
        .access = ALLOW_ANYONE,
        .handle = show_way_out,
        .about = "Where the link of a mail leads: what it would end.",
        .input = INPUT(struct way_out, show_fields),
        .refusals = link_refusals,
        .page = "mailing/unsubscribe",
        .title = "No more mails",
        .no_session = true,
        .sql = STATEMENTS(leave_sql),
    },
    {
        .on = "POST /unsubscribe",
        .access = ALLOW_ANYONE,
        .handle = leave,
        .about = "End mails of a kind.  By the page's form, and by a mail "
                 "client in one click (RFC 8058): without cookies or a CSRF "
                 "token, as the link is signed.",
        .input = INPUT(struct way_out, leave_fields),
        .refusals = link_refusals,
        .page = "mailing/unsubscribe",
        .title = "No more mails",
        .no_session = true,
        .no_csrf = true,
        .takes_form = true,
        .sql = STATEMENTS(leave_sql),
    },
    { 0 },
};
