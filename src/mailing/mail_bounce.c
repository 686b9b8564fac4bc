/*
 * mail_bounce.c - mails that came back: read from a Maildir by the batch
 * program mail-bounces, or told by a provider.
 *
 * Whose they were is in the address they came back to, which is signed
 * (mail_sign.c), so that nobody can stop another's mails with a forged one.
 * How bad it is says the report (RFC 3464: Status 5.x.x or 4.x.x; RFC 5965: a
 * complaint).  What is neither, an answer of somebody's holidays say, is let
 * be.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/app.h"
#include "core/batch.h"
#include "core/db.h"
#include "mailing/mailing.h"
#include "mailing/mailing_local.h"

/* A report holds the mail that it is about; what says why comes before it. */
#define REPORT_MOST (1024 * 1024)

/* ---- Reports ------------------------------------------------------------- */

/* The value of the first line "name: value", trimmed, on mem; NULL: none. */
static const char *
line_named(void *mem, const char *text, const char *name)
{
    size_t n = strlen(name);

    while (text != NULL && *text != '\0') {
        if (strncasecmp(text, name, n) == 0 && text[n] == ':')
            return text_trim(mem, mem_strndup(mem, text + n + 1,
                                              strcspn(text + n + 1, "\r\n")));
        text = strchr(text, '\n');
        text = text == NULL ? NULL : text + 1;
    }
    return NULL;
}

/* A row of bounce_kind, or NULL; *ret_why what the report says. */
static const char *
kind_of(void *mem, const char *report, const char **ret_why)
{
    const char *status = line_named(mem, report, "Status");
    const char *said = line_named(mem, report, "Diagnostic-Code");

    *ret_why = said != NULL ? said : status;
    if (line_named(mem, report, "Feedback-Type") != NULL) {
        *ret_why = line_named(mem, report, "Feedback-Type");
        return "complaint";
    }
    if (status == NULL)
        return NULL;
    return status[0] == '5' ? "hard" : status[0] == '4' ? "soft" : NULL;
}

static const char bounce_sql[] =
    SQL(
    SELECT mail_bounce_of($1, $2::text::bounce_kind, $3)
);

/* False where the database failed: the file stays for the next time. */
static bool
take_report(struct job *job, const char *report)
{
    const char *why = NULL;
    const int64_t of = mailing_bounced_job(job->app, job->mem, report);
    const char *kind = kind_of(job->mem, report, &why);
    struct db_error error;

    if (of == 0 || kind == NULL)
        return true;
    /* Else one report would stop all that come after it. */
    why = text_mended(job->mem, why);
    (void)db_query(job->db, job->mem, bounce_sql,
                   ARGS(ARG(of), ARG(kind), ARG(why)), &error);
    if (error.failed)
        log_error("%s: %s", job->kind, error.message);
    return !error.failed;
}

/* ---- The Maildir --------------------------------------------------------- */

static void
close_dir(DIR **dir)
{
    if (*dir != NULL)
        (void)closedir(*dir);
}

/* From new/ to cur/, as read.  A file that cannot be read is moved, too. */
static bool
take_file(struct job *job, const char *box, const char *name)
{
    const char *from = mem_printf(job->mem, "%s/new/%s", box, name);
    const char *to = mem_printf(job->mem, "%s/cur/%s:2,S", box, name);
    const char *report = file_read(job->mem, from, REPORT_MOST, NULL);

    if (report == NULL)
        log_warn("%s: %s", from, strerror(errno));
    else if (!take_report(job, report))
        return false;
    if (rename(from, to) == 0)
        return true;
    log_error("%s: %s", from, strerror(errno));
    return false;
}

int64_t
bounces_read(struct job *job, bool dry_run)
{
    const char *box = mail_settings_of(job->app)->bounce_maildir;
    void *all = job->mem;
    int64_t n = 0;

    if (box == NULL)
        return 0;
    DIR *dir __attribute__((cleanup(close_dir))) =
        opendir(mem_printf(all, "%s/new", box));
    if (dir == NULL) {
        log_error("%s/new: %s", box, strerror(errno));
        return -1;
    }
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        if (e->d_name[0] == '.')
            continue;
        job->mem = mem_context(all, "bounce");
        bool taken = dry_run || take_file(job, box, e->d_name);
        mem_free(job->mem);
        job->mem = all;
        if (!taken)
            return -1;
        n++;
    }
    return n < BATCH_ROWS || dry_run ? n : BATCH_ROWS - 1;
}

/* ---- POST /api/email/bounce ---------------------------------------------- */

struct told {
    const char *email, *message_id, *reason;
    unsigned int kind;
};

static const char *const bounce_kinds[] = { "soft", "hard", "complaint", NULL };

static const struct field told_fields[] = {
    FIELD(IN_BODY, struct told, email, .required = true, .min = 3, .max = 255,
          .raw = true, .about = "The address that mails came back from."),
    { .name = "kind",
      .place = IN_BODY,
      .type = VALUE_CHOICE,
      .offset = offsetof(struct told, kind),
      .required = true,
      .choices = bounce_kinds,
      .about = "soft: not now; hard: never; complaint: called spam." },
    FIELD_AS(IN_BODY, "messageId", struct told, message_id, .max = 255,
             .raw = true,
             .about = "Of the mail: a bounce told twice counts once."),
    FIELD(IN_BODY, struct told, reason, .max = 1000, .raw = true,
          .about = "What the server said."),
    { 0 },
};

static const struct problem not_configured = {
    .status = 404,
    .code = "NOT_CONFIGURED",
    .title = "Bounces are not taken here.",
};
static const struct problem wrong_secret = {
    .status = 401,
    .code = "WRONG_SECRET",
    .title = "The Authorization header has not the secret of [mail] "
             "bounce_secret.",
};
static const struct refusal told_refusals[] = {
    { .problem = &not_configured },
    { .problem = &wrong_secret },
    { 0 },
};

static const char told_sql[] =
    SQL(
    SELECT mail_bounce(lower($1), $2::text::bounce_kind, $3, $4)
);

static const struct problem *
take_told(struct request *r)
{
    const struct told *in = r->input;
    const char *secret = mail_settings_of(r->app)->bounce_secret;
    const char *given = request_header(r, "AUTHORIZATION");
    const char *kind = bounce_kinds[in->kind];

    if (secret == NULL)
        return &not_configured;
    if (given == NULL || !text_starts(given, "Bearer ") ||
        !text_secret_same(given + 7, secret))
        return &wrong_secret;
    return answer_done_anyway(
        r, told_sql,
        ARGS(ARG(in->email), ARG(kind), ARG(in->message_id), ARG(in->reason)));
}

const struct route mail_bounce_routes[] = {
    {
        .on = "POST /api/email/bounce",
        .access = ALLOW_ANYONE,
        .handle = take_told,
        .about = "Tell that a mail came back.  For mail providers: no cookie "
                 "and no CSRF token, but the secret of [mail] bounce_secret.",
        .input = INPUT(struct told, told_fields),
        .refusals = told_refusals,
        .form = ANSWER_NOTHING,
        .success = 204,
        .no_session = true,
        .no_csrf = true,
        .sql = STATEMENTS(told_sql),
    },
    { 0 },
};
