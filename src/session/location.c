/* location.c - the section [login], and where an address is. */
#include "core/app.h"
#include "core/geo.h"
#include "session/session_local.h"

static const struct setting rows[] = {
    SETTING(struct login_settings, geoip_file, TEXT, .meaning = MEANS_FILE,
            .about = "A GeoLite2-City.mmdb, for the places in the login "
                     "history; without it they stay empty."),
    { 0 },
};

const struct section login_section = {
    .name = "login",
    .settings = rows,
    .size = sizeof(struct login_settings),
    .about = "Signing in.",
};

const char *
location_of(struct request *r, const char *ip)
{
    const char *file =
        SETTINGS_OF(r->app, &login_section, struct login_settings)->geoip_file;

    return geo_place(r->mem, file, ip);
}
