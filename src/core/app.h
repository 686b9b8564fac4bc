/*
 * app.h - the program's one context, made at start and handed on.
 */
#ifndef CORE_APP_H
#define CORE_APP_H

#include "base/setting.h"

struct cache;
struct config;
struct db;
struct feature;
struct fingerprint_key;
struct keyring;
struct mailer;
struct networks;
struct template_set;
struct template_value;
struct worker;

struct app {
    const struct feature *const *features; /* ended by NULL */
    const struct config *config;
    struct template_set *pages; /* NULL where the program shows none */
    struct mailer *mails;       /* core/mail.h; NULL where none are sent */
    struct db *db;
    struct cache *cache;
    struct worker *worker;       /* NULL in tools */
    const struct keyring *keys;  /* core/crypto.h */
    struct router *router;       /* core/route.h */
    struct quota_table *spare;   /* core/quota.c: limits while Redis is away */
    struct session_fence *fence; /* core/session.h; NULL in tools */
    const struct fingerprint_key *fingerprint_key; /* core/fingerprint.h */
    const struct networks *networks; /* core/networks.h; NULL: none flagged */
    const struct text *openapi;      /* core/openapi.h, printed at start */
    const struct template_value *assets; /* core/page.h; NULL: no pages */
};

/* [site]: url name ... ; every program's. */
struct site_settings {
    const char *url;  /* https://example.org, without a slash at its end */
    const char *name; /* "Sparkle Universe" */
    const char *mail_from, *mail_reply_to;
    const char *web; /* directory with pages/ and dist/ */
    const char *emails;
    const char *cors_origins; /* with blanks between them; NULL: none */
    const char *clock_file;   /* tests only */
    bool production;
};
extern const struct section site_section;
const struct site_settings *app_site(const struct app *app);

/* The settings struct of a feature's section. */
#define SETTINGS_OF(app, section, type)                                        \
    ((const type *)config_section((app)->config, (section)))

#endif
