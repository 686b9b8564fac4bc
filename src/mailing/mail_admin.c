/*
 * mail_admin.c - mails for staff: previews of all there are, what a user was
 * sent and was not.  Addresses that get none are in mail_suppressed.c.
 *
 * A preview is HTML of ours with a stranger's words in it only where it was
 * made of data that were given; it is shown in a frame that may run nothing
 * and ask for nothing.
 */
#include <string.h>

#include "base/mem.h"
#include "core/app.h"
#include "core/mail.h"
#include "mailing/mailing.h"
#include "mailing/mailing_local.h"

/* ---- Previews ------------------------------------------------------------ */

struct choice {
    const char *mail;
};

static const struct member mail_shape[] = {
    { .name = "name", .type = VALUE_TEXT },
    { .name = "about", .type = VALUE_TEXT },
    { 0 },
};

static const char list_sql[] = SQL(
    SELECT name, about FROM unnest($1::text[], $2::text[]) m(name, about)
);

/* All kinds as two arrays. */
static void
all_mails(void *mem, struct texts *ret_names, struct texts *ret_abouts)
{
    size_t n = 0;

    while (mail_kind_at(n) != NULL)
        n++;
    const char **names = mem_array(mem, const char *, n + 1);
    const char **abouts = mem_array(mem, const char *, n + 1);
    for (size_t i = 0; i < n; i++)
        (void)mailing_list(i, &names[i], &abouts[i]);
    *ret_names = (struct texts){ names, n };
    *ret_abouts = (struct texts){ abouts, n };
}

static const struct problem *
list_mails(struct request *r)
{
    struct texts names, abouts;

    all_mails(r->mem, &names, &abouts);
    return answer_rows(r, 1000, list_sql, ARGS(ARG(names), ARG(abouts)));
}

void
mailing_admin_page(struct request *r)
{
    page_flag(r, "viewer.isAdmin", true);
    page_flag(r, "tab.emails", true);
    page_flag(r, "page.noindex", true);
}

static const struct problem *
list_mails_as(struct request *r)
{
    struct texts names, abouts;

    all_mails(r->mem, &names, &abouts);
    mailing_admin_page(r);
    return answer_rows_as(r, "mails", mail_shape, 1000, list_sql,
                          ARGS(ARG(names), ARG(abouts)));
}

/* Mails that there are, only: a template that fails is our fault. */
static const struct problem *
preview(struct request *r, struct mail *ret_mail)
{
    const struct choice *in = r->input;

    if (mail_kind_named(in->mail) == NULL)
        return &problem_not_found;
    const char *why =
        mailing_preview(r->app, r->mem, in->mail, NULL, ret_mail, NULL);
    return why == NULL ? NULL : &problem_internal;
}

static const struct member preview_shape[] = {
    { .name = "name", .type = VALUE_TEXT },
    { .name = "subject", .type = VALUE_TEXT },
    { .name = "text", .type = VALUE_TEXT },
    { .name = "html", .type = VALUE_TEXT },
    { 0 },
};

static const struct problem *
tell_preview(struct request *r)
{
    const struct choice *in = r->input;
    struct mail mail;
    const struct problem *refused = preview(r, &mail);

    if (refused != NULL)
        return refused;
    return answer_values(r, ARGS(ARG(in->mail), ARG(mail.subject),
                                 ARG(mail.text), ARG(mail.html)));
}

static const struct problem *
give_html(struct request *r)
{
    struct mail mail;
    const struct problem *refused = preview(r, &mail);

    if (refused != NULL)
        return refused;
    answer_header(r, "Content-Security-Policy",
                  "sandbox; default-src 'none'; style-src 'unsafe-inline'; "
                  "frame-ancestors 'self'");
    return answer_raw(r, mail.html, strlen(mail.html));
}

static const struct problem *
show_preview(struct request *r)
{
    const struct choice *in = r->input;
    struct mail mail;
    const struct problem *refused = preview(r, &mail);

    if (refused != NULL)
        return refused;
    answer_header(r, "Content-Security-Policy",
                  "default-src 'self'; img-src 'self' data:; "
                  "frame-src 'self'; base-uri 'none'; form-action 'self'; "
                  "frame-ancestors 'none'; object-src 'none'");
    mailing_admin_page(r);
    page_set(r, "title", mail.subject);
    return answer_values_as(
        r, "preview", preview_shape,
        ARGS(ARG(in->mail), ARG(mail.subject), ARG(mail.text), ARG(mail.html)));
}

static const struct field choice_fields[] = {
    FIELD(IN_PATH, struct choice, mail, .max = 60,
          .about = "The mail's name: weekly-digest."),
    { 0 },
};

/* ---- What a user was sent ------------------------------------------------ */

struct log {
    struct uuid user;
    struct cursor cursor;
    int64_t limit;
};

static const char user_sql[] = SQL(SELECT id FROM users WHERE id = $1);

static const struct member user_shape[] = {
    { .name = "id", .type = VALUE_UUID },
    { 0 },
};

static const struct problem *
list_log(struct request *r)
{
    const struct log *in = r->input;

    return answer_rows_of(r, in->limit, mail_log_sql,
                          ARGS(ARG(in->user),
                               ARG_AS(VALUE_TIME, in->cursor.key),
                               ARG(in->cursor.id), ARG(in->limit)),
                          user_sql, ARGS(ARG(in->user)));
}

static const struct field log_fields[] = {
    FIELD(IN_PATH, struct log, user, .about = "The user's id."),
    FIELD(IN_QUERY, struct log, cursor,
          .about = "`nextCursor` of the page before."),
    FIELD(IN_QUERY, struct log, limit, .min = 1, .max = 100, .otherwise = 20,
          .about = "At most this many."),
    { 0 },
};

static const struct problem *
show_log(struct request *r)
{
    const struct log *in = r->input;
    const int64_t limit = 30;
    const struct problem *refused =
        answer_row_as(r, "account", user_shape, user_sql, ARGS(ARG(in->user)));

    if (refused != NULL)
        return refused;
    mailing_admin_page(r);
    return answer_rows_as(r, "log", mail_log_shape, limit, mail_log_sql,
                          ARGS(ARG(in->user),
                               ARG_AS(VALUE_TIME, in->cursor.key),
                               ARG(in->cursor.id), ARG(limit)));
}

static const struct field show_log_fields[] = {
    FIELD(IN_PATH, struct log, user, .about = "The user's id."),
    FIELD(IN_QUERY, struct log, cursor, .about = "Goes on after a page."),
    { 0 },
};

/* ---- The endpoints ------------------------------------------------------- */

const struct route mail_admin_routes[] = {
    {
        .on = "GET /api/admin/emails",
        .access = ALLOW_ADMINS,
        .handle = list_mails,
        .about = "List the mails that the site sends.",
        .returns = mail_shape,
        .form = ANSWER_ARRAY,
        .sql = STATEMENTS(list_sql),
    },
    {
        .on = "GET /api/admin/emails/{mail}",
        .access = ALLOW_ADMINS,
        .handle = tell_preview,
        .about = "Preview a mail, made of its sample.",
        .input = INPUT(struct choice, choice_fields),
        .returns = preview_shape,
    },
    {
        .on = "GET /api/admin/emails/{mail}/html",
        .access = ALLOW_ADMINS,
        .handle = give_html,
        .about = "The HTML of a preview, for a frame: it runs nothing.",
        .input = INPUT(struct choice, choice_fields),
        .raw_type = "text/html",
    },
    {
        .on = "GET /api/admin/users/{user}/mail",
        .access = ALLOW_ADMINS,
        .handle = list_log,
        .about = "List the mails of the last 30 days that a user was sent, "
                 "and those they were not, with the reason.",
        .input = INPUT(struct log, log_fields),
        .returns = mail_log_shape,
        .form = ANSWER_LIST,
        .sql = STATEMENTS(mail_log_sql, user_sql),
    },
    {
        .on = "GET /admin/users/{user}/mail",
        .access = ALLOW_ADMINS,
        .handle = show_log,
        .about = "The page of a user's mails, for who answers them.",
        .input = INPUT(struct log, show_log_fields),
        .page = "mailing/user-log",
        .title = "Mails of a user",
        .sql = STATEMENTS(mail_log_sql, user_sql),
    },
    {
        .on = "GET /admin/emails",
        .access = ALLOW_ADMINS,
        .handle = list_mails_as,
        .about = "The page of all mails.",
        .page = "mailing/emails",
        .title = "E-mails",
        .sql = STATEMENTS(list_sql),
    },
    {
        .on = "GET /admin/emails/{mail}",
        .access = ALLOW_ADMINS,
        .handle = show_preview,
        .about = "The page of a mail's preview.",
        .input = INPUT(struct choice, choice_fields),
        .page = "mailing/preview",
    },
    { 0 },
};
