/*
 * mail_preview.c - mails as they would look, for sparklectl and the admins'
 * pages: from the sample beside the templates, or from data that are given.
 */
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "core/app.h"
#include "core/template_json.h"
#include "mailing/mailing.h"
#include "mailing/mailing_local.h"

#define NAME "{{{user.name}}}"

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

/* The name of the data's user, or somebody's. */
static const char *
name_in(void *mem, const char *data)
{
    struct template_value of_data;
    struct text *name = text_new(mem);
    const struct template *t = template_parse(
        mem, TEMPLATE_PLAIN, "name", NAME, strlen(NAME), NULL, text_new(mem));

    if (!template_json_parse(mem, data, strlen(data), &of_data) ||
        !template_render(name, t, &of_data) || name->len == 0)
        return "Somebody";
    return name->at;
}

const char *
mailing_preview(const struct app *app, void *mem, const char *name,
                const char *data, struct mail *ret_mail,
                struct text *ret_message)
{
    static const struct template_pair nothing[1];
    const struct mail_kind *kind = mail_kind_named(name);

    if (kind == NULL)
        return "there is no such mail";
    if (data == NULL)
        data = mailer_sample(app->mails, mem, name);
    if (data == NULL)
        return "it has no sample: emails/NAME.json";
    if (!utf8_valid(data, strlen(data)))
        return "its data are not UTF-8";
    const struct recipient to = {
        .email = "somebody@example.org",
        .name = name_in(mem, data),
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
    if (ret_message == NULL)
        ret_message = text_new(mem);
    return mailing_render(mem, &job, ret_message, ret_mail);
}
