/*
 * mail_render.c - from a kind of mail and its data to the bytes that leave.
 *
 * Templates look for a name first in what the kind's fill made, then in the
 * recipient and the job's data, then in what every mail has: site, reason,
 * preview, unsubscribe, link.
 */
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/app.h"
#include "core/template_json.h"
#include "mailing/mailing.h"
#include "mailing/mailing_local.h"

enum { SITE, REASON, PREVIEW, UNSUBSCRIBE, LINK, COMMON_PAIRS };

/* Where a notification leads, from outside. */
static const char *
link_of(void *mem, const struct site_settings *site, const char *path)
{
    if (path == NULL || path[0] != '/')
        return path;
    return mem_printf(mem, "%s%s", site->url, path);
}

static void
fill_common(const struct mail_job *job, void *mem, const char *unsubscribe,
            struct template_pair site[3],
            struct template_pair pairs[COMMON_PAIRS + 1])
{
    const struct site_settings *settings = app_site(job->app);

    mailing_pair(&site[0], "name", settings->name);
    mailing_pair(&site[1], "url", settings->url);
    pairs[SITE].name = "site";
    template_object(&pairs[SITE].value, &template_pairs, site);
    mailing_pair(&pairs[REASON], "reason", job->kind->reason);
    mailing_pair(&pairs[PREVIEW], "preview", job->kind->preview);
    mailing_pair(&pairs[UNSUBSCRIBE], "unsubscribe", unsubscribe);
    mailing_pair(&pairs[LINK], "link", link_of(mem, settings, job->to->path));
}

static const char *
category_of(const struct mail_job *job)
{
    if (job->to->category != NULL)
        return job->to->category;
    return job->kind->category != NULL ? job->kind->category : "notification";
}

static const char *
unsubscribe_of(const struct mail_job *job, void *mem)
{
    if (job->kind->always)
        return NULL;
    if (job->id == 0)
        return mem_printf(mem, "%s/unsubscribe?token=preview",
                          app_site(job->app)->url);
    return mailing_unsubscribe_url(job->app, mem, &job->to->id,
                                   category_of(job));
}

static struct mail
head_of(const struct mail_job *job, const char *unsubscribe)
{
    /* Mail clients ask such an address without telling: only by TLS. */
    bool https = unsubscribe != NULL && text_starts(unsubscribe, "https://");

    return (struct mail){
        .from_name = job->from_name,
        .from = job->from,
        .to_name = job->to->name,
        .to = job->to->email,
        .reply_to = app_site(job->app)->mail_reply_to,
        .message_id = job->message_id,
        .category = category_of(job),
        .unsubscribe = https ? unsubscribe : NULL,
        .date = { clock_now() },
    };
}

const char *
mailing_render(void *mem, const struct mail_job *job, struct text *out,
               struct mail *ret_mail)
{
    struct template_pair site[3] = { 0 }, pairs[COMMON_PAIRS + 1] = { 0 };
    struct template_value data, of_mail, of_kind;
    const char *unsubscribe = unsubscribe_of(job, mem);
    struct mail mail = head_of(job, unsubscribe);

    fill_common(job, mem, unsubscribe, site, pairs);
    template_object(&of_mail, &template_pairs, pairs);
    template_object(&of_kind, &template_pairs, job->own);
    if (!template_json_parse(mem, job->to->data, strlen(job->to->data), &data))
        return "its data are no JSON";
    const struct template_scope outer = { &of_mail, NULL };
    const struct template_scope middle = { &data, &outer };
    const struct template_scope inner = { &of_kind, &middle };
    if (!mailer_render(job->app->mails, mem, job->kind->name, &inner, &mail))
        return "its templates are missing or do not end";
    if (job->kind->tracked && job->id != 0 && mail_settings_of(job->app)->track)
        mail.html = mailing_track(job->app, mem, job->id, mail.html);
    if (ret_mail != NULL)
        *ret_mail = mail;
    return mail_write(out, &mail) ? NULL : "its address is not valid";
}
