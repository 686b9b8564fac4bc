/*
 * mail_preview.c - mails as they would look, for sparklectl and the admins'
 * pages: from the sample beside the templates, or from data that are given.
 */
#include <string.h>

#include "base/mem.h"
#include "core/app.h"
#include "mailing/mailing.h"
#include "mailing/mailing_local.h"

bool
mailing_list(size_t i, const char **ret_name, const char **ret_about)
{
    const struct mail_kind *kind = mail_kind_at(i);

    if (kind == NULL)
        return false;
    *ret_name = kind->name;
    *ret_about = kind->about;
    return true;
}

const char *
mailing_preview(const struct app *app, void *mem, const char *name,
                const char *data, struct mail *ret_mail)
{
    static const struct template_pair nothing[1];
    const struct mail_kind *kind = mail_kind_named(name);

    if (kind == NULL)
        return "there is no such mail";
    if (data == NULL)
        data = mailer_sample(app->mails, mem, name);
    if (data == NULL)
        return "it has no sample: emails/NAME.json";
    const struct recipient to = {
        .email = "somebody@example.org",
        .name = "Somebody",
        .username = "somebody",
        .data = data,
        .verified = true,
    };
    struct mail_job job = {
        .app = app,
        .kind = kind,
        .to = &to,
        .message_id = "<preview@example.org>",
        .own = nothing,
    };
    mailing_split(mem, app_site(app)->mail_from, &job.from_name, &job.from);
    return mailing_render(mem, &job, text_new(mem), ret_mail);
}
