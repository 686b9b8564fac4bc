/*
 * privacy.c - privacy, put together; see privacy.h.
 */
#include "privacy/privacy.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/app.h"
#include "core/crypto.h"
#include "core/db.h"
#include "core/session.h"
#include "mailing/mailing.h"
#include "privacy/privacy_local.h"

static const struct setting rows[] = {
    SETTING(struct privacy_options, exports, TEXT,
            .otherwise = "/var/lib/sparkle-exports", .meaning = MEANS_PLACE,
            .about = "The directory of the zip files that people may fetch "
                     "for 7 days; nginx reads them (nginx/values, exports)."),
    { 0 },
};

const struct section privacy_section = {
    .name = "privacy",
    .settings = rows,
    .size = sizeof(struct privacy_options),
    .about = "Exports of what belongs to a user.",
};

/* ---- Files --------------------------------------------------------------- */

const char *
privacy_path(const struct app *app, void *mem, const char *name)
{
    return mem_printf(
        mem, "%s/%s",
        SETTINGS_OF(app, &privacy_section, struct privacy_options)->exports,
        name);
}

bool
privacy_unlink(const struct app *app, void *mem, const char *name)
{
    const char *path = privacy_path(app, mem, name);
    const char *part = mem_printf(mem, "%s.part", path);
    bool gone = (unlink(path) == 0 || errno == ENOENT) &&
                (unlink(part) == 0 || errno == ENOENT);

    if (!gone)
        log_warn("%s cannot be removed: %s", path, strerror(errno));
    return gone;
}

/* ---- Whether it is the owner --------------------------------------------- */

const struct problem privacy_wrong_password = {
    .status = 422,
    .code = "WRONG_PASSWORD",
    .title = "This is not your password.",
};

const char privacy_password_sql[] =
    SQL(
    SELECT password_hash FROM users WHERE id = $1
);

const struct problem *
privacy_confirm(struct request *r, const char *password)
{
    const struct auth_settings *auth =
        SETTINGS_OF(r->app, &auth_section, struct auth_settings);
    const struct db_result *user = NULL;
    const struct problem *refused;
    bool outdated;

    if (password == NULL || password[0] == '\0')
        return r->now.us - r->session->authenticated.us <= 10 * CLOCK_MINUTE
                   ? NULL
                   : &problem_reauthenticate;
    refused =
        answer_query(r, privacy_password_sql, ARGS(ARG(r->viewer)), &user);
    if (refused != NULL)
        return refused;
    if (!password_turn(auth))
        return &problem_unavailable;
    const char *phc = db_rows(user) == 0 || db_null(user, 0, 0)
                          ? NULL
                          : db_text(user, 0, 0, NULL);
    return password_verify(auth, phc, password, &outdated)
               ? NULL
               : &privacy_wrong_password;
}

/* ---- The part of the settings -------------------------------------------- */

static const struct member deletion_part[] = {
    { .name = "dueAt", .type = VALUE_TIME },
    { .name = "removeContent", .type = VALUE_BOOLEAN },
    { 0 },
};
static const struct member export_part[] = {
    { .name = "id", .type = VALUE_UUID },
    { .name = "ready", .type = VALUE_BOOLEAN },
    { .name = "working", .type = VALUE_BOOLEAN },
    { .name = "failed", .type = VALUE_BOOLEAN },
    { .name = "size", .type = VALUE_TEXT, .nullable = true },
    { .name = "createdAt", .type = VALUE_TIME },
    { .name = "expiresAt", .type = VALUE_TIME, .nullable = true },
    { .name = "url", .type = VALUE_TEXT, .nullable = true },
    { 0 },
};
static const struct member settings_part[] = {
    { .name = "deletion", .object = deletion_part, .nullable = true },
    { .name = "export", .object = export_part, .nullable = true },
    { .name = "mayExport", .type = VALUE_BOOLEAN },
    { 0 },
};

const char privacy_settings_sql[] = SQL(
    SELECT d.due_at, coalesce(d.remove_content, FALSE), e.id,
        coalesce(e.state = 'ready' AND e.expires_at > clock_now(), FALSE),
        coalesce(e.state IN ('queued', 'running'), FALSE),
        coalesce(e.state = 'failed', FALSE), pg_size_pretty(e.size),
        e.created_at, e.expires_at,
        coalesce(e.state = 'failed'
            OR e.created_at <= clock_now() - interval '1 day', TRUE)
    FROM (SELECT) one
    LEFT JOIN deletion_requests d ON d.user_id = $1
        AND d.cancelled_at IS NULL AND d.done_at IS NULL
    LEFT JOIN LATERAL (SELECT * FROM data_exports WHERE user_id = $1
        ORDER BY created_at DESC LIMIT 1) e ON TRUE
);

static struct instant
time_or_none(const struct db_result *res, size_t column)
{
    return db_null(res, 0, column) ? (struct instant){ 0 }
                                   : db_time(res, 0, column);
}

const struct problem *
privacy_settings(struct request *r)
{
    const struct db_result *row = NULL;
    const struct problem *refused =
        answer_query(r, privacy_settings_sql, ARGS(ARG(r->viewer)), &row);

    if (refused != NULL)
        return refused;
    const struct instant due = time_or_none(row, 0);
    const struct instant made = time_or_none(row, 7);
    const struct instant until = time_or_none(row, 8);
    const struct uuid id = db_uuid(row, 0, 2);
    const bool removes = db_boolean(row, 0, 1), ready = db_boolean(row, 0, 3),
               working = db_boolean(row, 0, 4), failed = db_boolean(row, 0, 5),
               may = db_boolean(row, 0, 9);
    const char *size = db_null(row, 0, 6) ? NULL : db_text(row, 0, 6, NULL);
    const char *url =
        ready ? mailing_export_url(r->app, r->mem, &id, until) : NULL;

    return answer_values_as(r, "privacy", settings_part,
                            ARGS(ARG(due), ARG(removes), ARG(id), ARG(ready),
                                 ARG(working), ARG(failed), ARG(size),
                                 ARG(made), ARG(until), ARG(url), ARG(may)));
}

/* ---- On every page ------------------------------------------------------- */

static const char due_sql[] =
    SQL(
    SELECT due_at FROM deletion_requests
    WHERE user_id = $1 AND cancelled_at IS NULL AND done_at IS NULL
);

/* The day for the template privacy/banner.  A page without it is no fault. */
static void
frame(struct request *r)
{
    struct db_error error;
    const struct db_result *due =
        db_query(r->app->db, r->mem, due_sql, ARGS(ARG(r->viewer)), &error);
    struct text day;

    if (error.failed || db_rows(due) == 0)
        return;
    text_init(&day, r->mem, 32);
    clock_date(&day, db_time(due, 0, 0).us);
    page_text(r, "deletionDate", day.at);
}

/* ---- The feature --------------------------------------------------------- */

static const struct batch batches[] = {
    {
        .name = "account-deletion",
        .when = "15 * * * *",
        .about = "Erase the accounts whose 14 days are over.",
        .step = privacy_erase_due,
    },
    {
        .name = "data-exports",
        .when = "45 * * * *",
        .about = "Remove exports whose 7 days are over, and what was broken "
                 "off.",
        .step = privacy_expire_exports,
    },
    { 0 },
};

static const char *const events[] = { "user.deleted", NULL };

const struct feature privacy_feature = {
    .name = "privacy",
    .about = "One's data: to take along, and to have erased.",
    .route_tables =
        (const struct route *const[]){ privacy_deletion_routes,
                                       privacy_export_routes, NULL },
    .jobs = privacy_jobs,
    .batches = batches,
    .settings = &privacy_section,
    .events = events,
    .frame = frame,
};
