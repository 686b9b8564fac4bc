/* app.c - the settings that every program has; see app.h. */
#include "core/app.h"

static const struct setting site_settings[] = {
    SETTING(struct site_settings, url, TEXT,
            .otherwise = "https://localhost:8443", .meaning = MEANS_ORIGIN,
            .about = "Where the site is, without a slash at its end."),
    SETTING(struct site_settings, name, TEXT, .otherwise = "Sparkle Universe",
            .about = "What pages and mails call it."),
    SETTING(struct site_settings, mail_from, TEXT,
            .otherwise = "Sparkle Universe <noreply@localhost>",
            .meaning = MEANS_MAILBOX, .about = "The sender of mails."),
    SETTING(struct site_settings, mail_reply_to, TEXT, .meaning = MEANS_MAILBOX,
            .about = "Where answers to mails go, if not to the sender."),
    SETTING(struct site_settings, web, TEXT,
            .otherwise = SPARKLE_DATADIR "/web",
            .about = "The directory with pages/ and dist/."),
    SETTING(struct site_settings, emails, TEXT,
            .otherwise = SPARKLE_DATADIR "/emails",
            .about = "The directory with the templates of mails."),
    SETTING(struct site_settings, cors_origins, TEXT, .meaning = MEANS_ORIGINS,
            .about = "Origins whose scripts may read the API's answers, with "
                     "blanks between them; none if not set."),
    SETTING(struct site_settings, clock_file, TEXT,
            .about = "For tests: a file whose first 8 bytes move the clock."),
    SETTING(struct site_settings, production, BOOLEAN, .otherwise = "no",
            .about = "Refuse missing, short and sample secrets."),
    { 0 },
};

const struct section site_section = {
    .name = "site",
    .settings = site_settings,
    .size = sizeof(struct site_settings),
    .about = "What all programs know of the site.",
};

const struct site_settings *
app_site(const struct app *app)
{
    return SETTINGS_OF(app, &site_section, struct site_settings);
}
