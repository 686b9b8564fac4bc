/*
 * ctl_email.c - sparklectl email: which mails there are, how they look, and
 * whether they leave.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "core/mail.h"
#include "mailing/mailing.h"
#include "mailing/mailing_local.h"
#include "prog/ctl.h"

#define DATA_MOST (1024 * 1024)

/* Loads the templates; false, said, where one is wrong. */
static bool
load(struct ctl *c)
{
    struct text *faults = text_new(c->mem);

    c->app->mails = mailer_load(c->mem, app_site(c->app)->emails, faults);
    if (c->app->mails == NULL)
        (void)fputs(faults->at, stderr);
    return c->app->mails != NULL;
}

static int
list(struct ctl *c, int argc, char **argv)
{
    const char *name, *about;

    (void)c;
    (void)argv;
    for (size_t i = 0; argc == 0 && mailing_list(i, &name, &about); i++)
        (void)printf("%-22s %s\n", name, about);
    return argc == 0 ? 0 : 2;
}

static int
preview(struct ctl *c, int argc, char **argv)
{
    const char *file = ctl_option(&argc, argv, "data", NULL);
    bool html = ctl_flag(&argc, argv, "html");
    bool text = ctl_flag(&argc, argv, "text");
    bool raw = ctl_flag(&argc, argv, "raw");
    struct text *message = text_new(c->mem);
    const char *data = NULL;
    struct mail mail = { 0 };

    if (argc != 1 || html + text + raw > 1)
        return 2;
    if (!load(c))
        return 1;
    if (file != NULL) {
        data = file_read(c->mem, file, DATA_MOST, NULL);
        if (data == NULL)
            return ctl_fail("%s cannot be read", file);
    }
    const char *why =
        mailing_preview(c->app, c->mem, argv[0], data, &mail, message);
    if (why != NULL)
        return ctl_fail("%s: %s", argv[0], why);
    if (!html && !raw)
        (void)printf("Subject: %s\n\n", mail.subject);
    (void)fputs(raw ? message->at : html ? mail.html : mail.text, stdout);
    return 0;
}

/* ---- Trying a provider --------------------------------------------------- */

static int
report(const char *which, const struct mail_provider *provider,
       const struct mail_answer *a)
{
    static const char *const words[] = {
        [MAIL_SENT] = "taken",
        [MAIL_LATER] = "not taken now",
        [MAIL_REFUSED] = "refused",
        [MAIL_UNSURE] = "maybe taken",
    };

    (void)printf("%s (%s): %s: %s\n", which, provider->url, words[a->outcome],
                 a->response);
    return a->outcome == MAIL_SENT ? 0 : 1;
}

static int
try_provider(struct ctl *c, const char *which,
             const struct mail_provider *provider, const char *to)
{
    struct mail mail = {
        .to = to,
        .subject = "A test",
        .text = "If you read this, mails leave as they should.\n",
        .category = "test",
        .date = { clock_now() },
    };
    struct text *message = text_new(c->mem);

    mailing_split(c->mem, app_site(c->app)->mail_from, &mail.from_name,
                  &mail.from);
    mail.message_id =
        mem_printf(c->mem, "<test.%lld@%s>", (long long)clock_now(),
                   mail_domain(mail.from));
    if (!mail_write(message, &mail))
        return ctl_fail("%s is no address that a mail can go to", to);
    const struct mail_letter letter = { mail.from, to, message->at,
                                        message->len };
    const struct mail_answer a =
        mail_deliver(c->app->mails, c->mem, provider, &letter, NULL);
    return report(which, provider, &a);
}

/* A plain mail by each provider, past all queues and limits. */
static int
test(struct ctl *c, int argc, char **argv)
{
    const struct mail_settings *m = mail_settings_of(c->app);
    const struct mail_provider first = { m->transport, m->user, m->password,
                                         m->tls_ca, m->timeout };
    const struct mail_provider second = { m->backup, m->backup_user,
                                          m->backup_password, m->tls_ca,
                                          m->timeout };

    if (argc != 1)
        return 2;
    if (!load(c))
        return 1;
    int status = try_provider(c, "transport", &first, argv[0]);
    if (m->backup != NULL)
        status |= try_provider(c, "backup", &second, argv[0]);
    return status;
}

const struct ctl_command ctl_email_commands[] = {
    {
        .name = "email list",
        .about = "The mails that the site sends.",
        .run = list,
        .no_config = true,
    },
    {
        .name = "email preview",
        .usage = "NAME [--text | --html | --raw] [--data FILE]",
        .about = "Print a mail made of its sample, or of a file of JSON; raw: "
                 "as it leaves.",
        .run = preview,
    },
    {
        .name = "email test",
        .usage = "ADDRESS",
        .about = "Send a mail to somebody by each provider, and say what it "
                 "said.",
        .run = test,
    },
    { 0 },
};
