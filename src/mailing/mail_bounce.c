/*
 * mail_bounce.c - mails that came back: read from a Maildir by the batch
 * program mail-bounces, or told by a provider.
 *
 * Whose they were is in the address they came back to, which is signed
 * (mail_sign.c), so that nobody can stop another's mails with a forged one.
 * How bad it is says the report (mail_report.c).  What is none, an answer of
 * somebody's holidays say, is let be; a report that cannot be read is flagged
 * ("F" of a Maildir) and told, and sparklectl doctor counts those.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

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

static const char bounce_sql[] =
    SQL(
    SELECT mail_bounce_of($1, $2::text::bounce_kind, $3)
);

/* What became of a file of the Maildir. */
enum taken {
    TAKEN,  /* counted as a bounce */
    LET_BE, /* no report, none of our mails, or one that was delivered */
    ASIDE,  /* ours to look at: it could not be read */
    AGAIN,  /* the database failed: it stays for the next time */
    TAKEN_KINDS,
};

static enum taken
take_report(struct job *job, const char *text)
{
    static const char *const kinds[] = {
        [REPORT_SOFT] = "soft",
        [REPORT_HARD] = "hard",
        [REPORT_COMPLAINT] = "complaint",
    };
    const int64_t of = mailing_bounced_job(job->app, job->mem, text);
    struct report report;
    struct db_error error;

    mailing_report(job->mem, text, &report);
    if (of == 0 || report.outcome == REPORT_NONE ||
        report.outcome == REPORT_FINE)
        return LET_BE;
    if (report.outcome == REPORT_UNCLEAR)
        return ASIDE;
    /* Else one report would stop all that come after it. */
    const char *why = text_mended(job->mem, report.why);
    const char *kind = kinds[report.outcome];
    (void)db_query(job->db, job->mem, bounce_sql,
                   ARGS(ARG(of), ARG(kind), ARG(why)), &error);
    if (error.failed)
        log_error("%s: %s", job->kind, error.message);
    return error.failed ? AGAIN : TAKEN;
}

/* ---- The Maildir --------------------------------------------------------- */

static void
close_dir(DIR **dir)
{
    if (*dir != NULL)
        (void)closedir(*dir);
}

/* A report is text: a byte of zero in it would hide what comes after. */
static char *
read_report(void *mem, const char *path)
{
    size_t n = 0;
    char *bytes = file_read(mem, path, REPORT_MOST, &n);

    for (size_t i = 0; bytes != NULL && i < n; i++)
        if (bytes[i] == '\0')
            bytes[i] = ' ';
    return bytes;
}

/* From new/ to cur/, as read, and flagged where somebody should look at it. */
static enum taken
take_file(struct job *job, const char *box, const char *name)
{
    const char *from = mem_printf(job->mem, "%s/new/%s", box, name);
    const char *report = read_report(job->mem, from);
    const char *why = report == NULL ? strerror(errno)
                                     : "a report whose status cannot be read";
    enum taken taken = report == NULL ? ASIDE : take_report(job, report);
    const char *to = mem_printf(job->mem, "%s/cur/%s:2,%s", box, name,
                                taken == ASIDE ? "FS" : "S");

    if (taken == AGAIN)
        return AGAIN;
    if (rename(from, to) != 0) {
        log_error("%s: %s", from, strerror(errno));
        return AGAIN;
    }
    if (taken == ASIDE)
        log_event(LOG_WARN, "a bounce was not understood", LOG_TEXT("file", to),
                  LOG_TEXT("why", why));
    return taken;
}

static void
log_bounces(const int64_t counts[TAKEN_KINDS])
{
    if (counts[TAKEN] + counts[LET_BE] + counts[ASIDE] > 0)
        log_event(LOG_INFO, "bounces read", LOG_NUMBER("taken", counts[TAKEN]),
                  LOG_NUMBER("let_be", counts[LET_BE]),
                  LOG_NUMBER("aside", counts[ASIDE]));
}

int64_t
bounces_read(struct job *job, bool dry_run)
{
    const char *box = mail_settings_of(job->app)->bounce_maildir;
    void *all = job->mem;
    int64_t n = 0, counts[TAKEN_KINDS] = { 0 };

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
        if (!dry_run)
            counts[take_file(job, box, e->d_name)]++;
        mem_free(job->mem);
        job->mem = all;
        if (counts[AGAIN] > 0)
            return -1;
        n++;
    }
    log_bounces(counts);
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
