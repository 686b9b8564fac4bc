/*
 * mail_digest.c - the daily and the weekly digest: the batch programs that
 * put a mail for each who wakes up now and has something new (sql/digest.sql),
 * and what is in it.
 */
#include "base/log.h"
#include "base/mem.h"
#include "core/batch.h"
#include "core/db.h"
#include "core/template_json.h"
#include "mailing/mailing_local.h"

/* ---- The batch ----------------------------------------------------------- */

static const char zones_sql[] = SQL(SELECT digest_zones($1));
/* clang-format off */
static const char step_sql[] = SQL(
    SELECT looked, queued, last
    FROM digest_step($1, $2::text[],
        coalesce($3, '00000000-0000-0000-0000-000000000000'::uuid), $4::int,
        $5)
);
/* clang-format on */

static const struct db_result *
query(struct job *job, const char *sql, const struct sql_arg *args)
{
    struct db_error error;
    const struct db_result *res =
        db_query(job->db, job->mem, sql, args, &error);

    if (!error.failed)
        return res;
    log_error("%s: %s (%s)", job->kind, error.message, error.sqlstate);
    return NULL;
}

/* The names outlive the statement: they hang on the run. */
static bool
begin(struct job *job, struct digest_run *run, const char *digest)
{
    const struct db_result *row = query(job, zones_sql, ARGS(ARG(digest)));

    if (row == NULL)
        return false;
    struct texts found = db_texts(job->mem, row, 0, 0);
    const char **kept = mem_array(run, const char *, found.n + 1);
    for (size_t i = 0; i < found.n; i++)
        kept[i] = mem_strdup(run, found.at[i]);
    run->zones = (struct texts){ kept, found.n };
    run->begun = true;
    return true;
}

static int64_t
step(struct job *job, bool dry_run, const char *digest)
{
    struct digest_run *run = job->with;
    const int64_t most = 1000; /* so that a step is short */

    if (!run->begun && !begin(job, run, digest))
        return -1;
    if (run->zones.n == 0)
        return 0;
    const struct db_result *row =
        query(job, step_sql,
              ARGS(ARG(digest), ARG(run->zones), ARG(run->last), ARG(most),
                   ARG(dry_run)));
    if (row == NULL)
        return -1;
    job->more = db_integer(row, 0, 0) == most;
    if (job->more)
        run->last = db_uuid(row, 0, 2);
    return db_integer(row, 0, 1);
}

int64_t
digest_daily(struct job *job, bool dry_run)
{
    return step(job, dry_run, "daily");
}

int64_t
digest_weekly(struct job *job, bool dry_run)
{
    return step(job, dry_run, "weekly");
}

/* ---- The mail ------------------------------------------------------------ */

/* clang-format off */
static const char content_sql[] = SQL(
    SELECT digest_content($1, $2)
);
static const char named_sql[] = SQL(
    UPDATE mail_digests SET message_id = (SELECT message_id FROM mail_sent
        WHERE job_id = $2)
    WHERE user_id = $1 AND digest = $3 AND message_id IS NULL
        AND created_at > clock_now() - interval '2 days'
);
/* clang-format on */

/*
 * Looked up when the mail leaves: what was read, deleted or hidden meanwhile
 * is not in it.
 */
static const char *
fill(struct job *job, const struct recipient *to, const char *digest,
     struct template_pair *ret_pair)
{
    const char *why = NULL, *text;
    size_t n;
    const struct db_result *row =
        job_query(job, content_sql, ARGS(ARG(to->id), ARG(digest)), &why);

    if (row == NULL)
        return why;
    job->done = db_null(row, 0, 0);
    if (job->done)
        return NULL;
    text = db_text(row, 0, 0, &n);
    ret_pair->name = "digest";
    if (!template_json_parse(job->mem, text, n, &ret_pair->value))
        return "its content is no JSON";
    (void)job_query(job, named_sql,
                    ARGS(ARG(to->id), ARG(job->id), ARG(digest)), &why);
    return why;
}

static const char *
fill_daily(struct job *job, const struct recipient *to,
           struct template_pair pairs[MAIL_PAIRS])
{
    return fill(job, to, "daily", &pairs[0]);
}

static const char *
fill_weekly(struct job *job, const struct recipient *to,
            struct template_pair pairs[MAIL_PAIRS])
{
    return fill(job, to, "weekly", &pairs[0]);
}

/* ---- Tables -------------------------------------------------------------- */

const struct mail_kind mail_digest_kinds[] = {
    {
        .name = "daily-digest",
        .category = "daily_digest",
        .about = "What happened since yesterday.",
        .preview = "Your day in a minute.",
        .what = "all that is new, every morning",
        .tracked = true,
        .fill = fill_daily,
    },
    {
        .name = "weekly-digest",
        .category = "weekly_digest",
        .about = "What happened within a week.",
        .preview = "The best of your week.",
        .what = "the best of the week",
        .tracked = true,
        .fill = fill_weekly,
    },
    { 0 },
};
