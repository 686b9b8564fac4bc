/*
 * mail_track.c - digests that were opened and clicked, where [mail] track says
 * so.
 *
 * Where a link leads is inside of its signature (mail_sign.c): one that was
 * changed is refused, so that nobody is sent elsewhere in our name.
 */
#include <string.h>

#include "base/mem.h"
#include "core/app.h"
#include "core/db.h"
#include "mailing/mailing.h"
#include "mailing/mailing_local.h"

struct track {
    int64_t id;
    const char *url, *signature;
};

static const struct problem changed_link = {
    .status = 400,
    .code = "BAD_LINK",
    .title = "This link was changed.  Copy all of it from the mail.",
};
static const struct refusal track_refusals[] = {
    { .problem = &changed_link },
    { 0 },
};

/* Mails that went out while tracking was on are not counted once it is off,
 * but their links still lead where they should. */
static void
count(struct request *r, const char *sql, const int64_t *id)
{
    struct db_error ignored;

    if (mail_settings_of(r->app)->track)
        (void)db_query(r->app->db, r->mem, sql, ARGS(ARG(*id)), &ignored);
}

/* ---- Clicks -------------------------------------------------------------- */

/* Who clicked has also opened, whatever became of the picture. */
static const char clicked_sql[] =
    SQL(
    UPDATE mail_sent SET clicked_at = coalesce(clicked_at, clock_now()),
        opened_at = coalesce(opened_at, clock_now())
    WHERE job_id = $1 AND (clicked_at IS NULL OR opened_at IS NULL)
);

static const struct problem *
follow(struct request *r)
{
    const struct track *in = r->input;
    const char *what =
        mem_printf(r->mem, "%lld:%s", (long long)in->id, in->url);

    if (!mailing_signed(r->app, r->mem, "click", what, in->signature))
        return &changed_link;
    count(r, clicked_sql, &in->id);
    answer_header(r, "Cache-Control", "private, no-store");
    return answer_redirect_away(r, in->url);
}

/* ---- Opening ------------------------------------------------------------- */

static const char opened_sql[] =
    SQL(
    UPDATE mail_sent SET opened_at = clock_now()
    WHERE job_id = $1 AND opened_at IS NULL
);

/* A picture of one transparent point. */
static const char point[] =
    "GIF89a\1\0\1\0\200\0\0\0\0\0\0\0\0!\371\4\1\0\0\0\0,\0\0\0\0\1\0\1\0\0\2"
    "\2D\1\0;";

static const struct problem *
open_picture(struct request *r)
{
    const struct track *in = r->input;
    const char *what = mem_printf(r->mem, "%lld", (long long)in->id);

    if (!mailing_signed(r->app, r->mem, "open", what, in->signature))
        return &changed_link;
    count(r, opened_sql, &in->id);
    answer_header(r, "Cache-Control", "private, no-store");
    return answer_raw(r, point, sizeof point - 1);
}

/* ---- Tables -------------------------------------------------------------- */

static const struct field click_fields[] = {
    FIELD(IN_QUERY, struct track, id, .required = true, .min = 1,
          .about = "Of the mail."),
    FIELD(IN_QUERY, struct track, url, .required = true, .max = 4000,
          .about = "Where the link leads."),
    FIELD(IN_QUERY, struct track, signature, .required = true, .max = 100,
          .secret = true, .about = "Of both."),
    { 0 },
};

static const struct field open_fields[] = {
    FIELD(IN_QUERY, struct track, id, .required = true, .min = 1,
          .about = "Of the mail."),
    FIELD(IN_QUERY, struct track, signature, .required = true, .max = 100,
          .secret = true, .about = "Of it."),
    { 0 },
};

const struct route mail_track_routes[] = {
    {
        .on = "GET /api/email/track/click",
        .access = ALLOW_ANYONE,
        .handle = follow,
        .about = "Go where a link of a digest leads (303), counted if the "
                 "site counts; 400 for a link that was changed.",
        .input = INPUT(struct track, click_fields),
        .refusals = track_refusals,
        .form = ANSWER_NOTHING,
        .success = 303,
        .no_session = true,
        .sql = STATEMENTS(clicked_sql),
    },
    {
        .on = "GET /api/email/track/open",
        .access = ALLOW_ANYONE,
        .handle = open_picture,
        .about = "The picture of a digest, counted if the site counts.",
        .input = INPUT(struct track, open_fields),
        .refusals = track_refusals,
        .raw_type = "image/gif",
        .no_session = true,
        .sql = STATEMENTS(opened_sql),
    },
    { 0 },
};
