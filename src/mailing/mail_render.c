/*
 * mail_render.c - from a kind of mail and its data to the bytes that leave.
 *
 * Templates look for a name first in what the kind's fill made, then in the
 * recipient and the job's data, then in what every mail has: site, reason,
 * preview, action, unsubscribe.  The link is the notification's, else that of
 * the data, and leads nowhere but into the web.
 */
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/unicode.h"
#include "core/app.h"
#include "core/template_json.h"
#include "mailing/mailing.h"
#include "mailing/mailing_local.h"

enum { SITE, REASON, PREVIEW, ACTION, UNSUBSCRIBE, COMMON_PAIRS };

/* Code points of a subject and of a name that are written: more is no use to
 * anybody, and headers are to be short. */
#define SUBJECT_MOST 150
#define NAME_MOST 100

/* ---- Where it leads ------------------------------------------------------ */

static const char *
data_link(void *mem, const struct template_value *data)
{
    const struct template_name name = { "link", 4, template_hash("link", 4) };
    struct template_value found = { 0 };

    if (data->kind != TEMPLATE_OBJECT ||
        !data->source->member(data, &name, mem, &found) ||
        found.kind != TEMPLATE_TEXT)
        return NULL;
    return mem_strndup(mem, found.text, found.len);
}

static bool
leads_into_the_web(const char *url)
{
    return (text_starts(url, "https://") || text_starts(url, "http://")) &&
           strcspn(url, " \t\r\n\"'<>\\") == strlen(url);
}

/* Seen from outside; without a link that is one, to all notifications. */
static const char *
link_of(const struct mail_job *job, void *mem,
        const struct template_value *data)
{
    const char *site = app_site(job->app)->url, *url = job->to->path;

    if (url == NULL)
        url = data_link(mem, data);
    if (url != NULL && url[0] == '/')
        url = mem_printf(mem, "%s%s", site, url);
    return url != NULL && leads_into_the_web(url)
               ? url
               : mem_printf(mem, "%s/notifications", site);
}

/* ---- What every mail has ------------------------------------------------- */

static const char *
reason_of(const struct mail_kind *kind, void *mem)
{
    if (kind->reason != NULL)
        return kind->reason;
    return mem_printf(mem,
                      "You get this mail because your settings ask for mails "
                      "about %s.",
                      kind->what);
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
    mailing_pair(&pairs[REASON], "reason", reason_of(job->kind, mem));
    mailing_pair(&pairs[PREVIEW], "preview", job->kind->preview);
    mailing_pair(&pairs[ACTION], "action", job->kind->action);
    mailing_pair(&pairs[UNSUBSCRIBE], "unsubscribe", unsubscribe);
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
                                   mail_kind_category(job->kind));
}

static struct mail
head_of(const struct mail_job *job, void *mem, const char *unsubscribe)
{
    /* Mail clients ask such an address without telling: only by TLS. */
    bool https = unsubscribe != NULL && text_starts(unsubscribe, "https://");

    return (struct mail){
        .from_name = job->from_name,
        .from = job->from,
        .to_name = unicode_cut(mem, job->to->name, NAME_MOST),
        .to = job->to->email,
        .reply_to = app_site(job->app)->mail_reply_to,
        .message_id = job->message_id,
        .category = mail_kind_category(job->kind),
        .unsubscribe = https ? unsubscribe : NULL,
        .date = { clock_now() },
    };
}

const char *
mailing_render(void *mem, const struct mail_job *job, struct text *out,
               struct mail *ret_mail)
{
    struct template_pair site[3] = { 0 }, pairs[COMMON_PAIRS + 1] = { 0 };
    struct template_pair link[2] = { 0 };
    struct template_value data, of_mail, of_kind, of_link;
    const char *unsubscribe = unsubscribe_of(job, mem);
    struct mail mail = head_of(job, mem, unsubscribe);

    fill_common(job, mem, unsubscribe, site, pairs);
    template_object(&of_mail, &template_pairs, pairs);
    template_object(&of_kind, &template_pairs, job->own);
    if (!template_json_parse(mem, job->to->data, strlen(job->to->data), &data))
        return "its data are no JSON";
    mailing_pair(&link[0], "link", link_of(job, mem, &data));
    template_object(&of_link, &template_pairs, link);
    const struct template_scope outer = { &of_mail, NULL };
    const struct template_scope middle = { &data, &outer };
    const struct template_scope leading = { &of_link, &middle };
    const struct template_scope inner = { &of_kind, &leading };
    if (!mailer_render(job->app->mails, mem, job->kind->name, &inner, &mail))
        return "its templates are missing or do not end";
    if (mail.subject[0] == '\0')
        mail.subject = job->kind->preview;
    mail.subject = unicode_cut(mem, mail.subject, SUBJECT_MOST);
    if (job->kind->tracked && job->id != 0 && mail_settings_of(job->app)->track)
        mail.html = mailing_track(job->app, mem, job->id, mail.html);
    if (ret_mail != NULL)
        *ret_mail = mail;
    return mail_write(out, &mail) ? NULL : "its address is not valid";
}
