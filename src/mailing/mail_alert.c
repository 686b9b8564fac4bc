/*
 * mail_alert.c - what mails about a security alert say: the job has no more
 * than the alert's id, the rest is read when the mail is made.
 */
#include "base/mem.h"
#include "core/app.h"
#include "core/db.h"
#include "mailing/mailing_local.h"

/* clang-format off */
static const char alert_sql[] = SQL(
    SELECT title, description,
        to_char(created_at AT TIME ZONE 'UTC', 'DD Mon YYYY, HH24:MI "UTC"'),
        coalesce(ip, 'an unknown address'),
        coalesce(data->>'location', ''), coalesce(data->>'device', '')
    FROM alert_rows
    WHERE user_id = $1 AND id = ($2->'data'->>'alert')::uuid
);
/* clang-format on */

const char *
mail_fill_alert(struct job *job, const struct recipient *to,
                struct template_pair pairs[MAIL_PAIRS])
{
    static const char *const names[] = { "title", "description", "when",
                                         "ip",    "location",    "device" };
    const char *why = NULL;
    const struct db_result *row =
        job_query(job, alert_sql, ARGS(ARG(to->id), ARG(job->payload)), &why);

    if (row == NULL)
        return why;
    if (db_rows(row) == 0) {
        job->done = true;
        return NULL;
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        mailing_pair(&pairs[i], names[i], db_text(row, 0, i, NULL));
    mailing_pair(
        &pairs[6], "link",
        mem_printf(job->mem, "%s/settings/security", app_site(job->app)->url));
    return NULL;
}
