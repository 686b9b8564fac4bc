/*
 * push.c - Web Push, put together: push_api.c takes and drops subscriptions,
 * push_job.c sends, push_crypt.c encrypts and signs.
 */
#include "push/push.h"

#include <string.h>

#include "base/encode.h"
#include "base/mem.h"
#include "core/app.h"
#include "push/push_crypt.h"
#include "push/push_local.h"

bool
push_wanted(const struct app *app)
{
    return SETTINGS_OF(app, &push_section, struct push_settings)->vapid_key !=
           NULL;
}

bool
push_private_key(const struct app *app, uint8_t out[PUSH_KEY])
{
    const char *hex =
        SETTINGS_OF(app, &push_section, struct push_settings)->vapid_key;
    uint8_t point[PUSH_POINT];

    return hex != NULL && strlen(hex) == 2 * PUSH_KEY &&
           hex_decode(hex, 2 * PUSH_KEY, out) && push_point_of(out, point);
}

const char *
push_public_key(const void *mem, const struct app *app)
{
    uint8_t key[PUSH_KEY], point[PUSH_POINT];

    if (!push_private_key(app, key) || !push_point_of(key, point))
        return NULL;
    explicit_bzero(key, sizeof key);
    return base64url_encode(mem, point, sizeof point);
}

static const struct setting rows[] = {
    SETTING(struct push_settings, vapid_key, SECRET,
            .about = "Our key for push services (VAPID, P-256): 64 hex digits, "
                     "32 random bytes.  A new one ends all subscriptions.  "
                     "Without it nothing is pushed."),
    SETTING(struct push_settings, contact, TEXT, .meaning = MEANS_CONTACT,
            .about = "Whom a push service may write to, mailto:ADDRESS or "
                     "https:URL; the site's address if not given."),
    { 0 },
};

const struct section push_section = {
    .name = "push",
    .settings = rows,
    .size = sizeof(struct push_settings),
    .about = "Web Push.",
};

const struct feature push_feature = {
    .name = "push",
    .about = "Web Push: notifications in browsers that show no page of ours.",
    .routes = push_routes,
    .jobs = push_jobs,
    .settings = &push_section,
};
