/*
 * notification_preference.c - who wants to hear of what, by which channel,
 * and when not: the API of preferences, and their page.
 *
 * The matrix of types and channels is kept as what is off: a type that comes
 * later is on for everybody.
 */
#include "notification/notification_local.h"

#include <string.h>

#include "base/mem.h"
#include "core/app.h"
#include "push/push.h"
#include "sms/sms.h"

/* ---- The shapes ---------------------------------------------------------- */

/* notification_preference_rows in sql/notification.sql. */
static const struct member preference_shape[] = {
    { .name = "postLikes", .type = VALUE_BOOLEAN },
    { .name = "postComments", .type = VALUE_BOOLEAN },
    { .name = "newFollowers", .type = VALUE_BOOLEAN },
    { .name = "mentions", .type = VALUE_BOOLEAN },
    { .name = "directMessages", .type = VALUE_BOOLEAN },
    { .name = "groupInvites", .type = VALUE_BOOLEAN },
    { .name = "eventReminders", .type = VALUE_BOOLEAN },
    { .name = "emailEnabled", .type = VALUE_BOOLEAN },
    { .name = "pushEnabled", .type = VALUE_BOOLEAN },
    { .name = "smsEnabled", .type = VALUE_BOOLEAN },
    { .name = "inAppOff", .type = VALUE_TEXTS, .about = "Types, as below." },
    { .name = "emailOff", .type = VALUE_TEXTS },
    { .name = "pushOff", .type = VALUE_TEXTS },
    { .name = "emailFrequency", .type = VALUE_TEXT },
    { .name = "weeklyDigest",
      .type = VALUE_BOOLEAN,
      .about = "Off until you ask for it." },
    { .name = "quietFrom",
      .type = VALUE_TEXT,
      .nullable = true,
      .about = "22:00, in the time zone." },
    { .name = "quietUntil", .type = VALUE_TEXT, .nullable = true },
    { .name = "timeZone", .type = VALUE_TEXT },
    { 0 },
};

/* notification_matrix() in sql/notification.sql. */
static const struct member matrix_shape[] = {
    { .name = "type", .type = VALUE_TEXT },
    { .name = "section", .type = VALUE_TEXT },
    { .name = "label", .type = VALUE_TEXT },
    { .name = "gate",
      .type = VALUE_TEXT,
      .nullable = true,
      .about = "The preference that switches all of the section off." },
    { .name = "fixed",
      .type = VALUE_BOOLEAN,
      .about = "Always shown on the site." },
    { .name = "inApp", .type = VALUE_BOOLEAN },
    { .name = "email", .type = VALUE_BOOLEAN },
    { .name = "push", .type = VALUE_BOOLEAN },
    { .name = "first",
      .type = VALUE_BOOLEAN,
      .about = "The first of its section." },
    { .name = "gateOn", .type = VALUE_BOOLEAN },
    { 0 },
};

/* ---- Reading ------------------------------------------------------------- */

/* clang-format off */
#define PREFERENCES                                                            \
    SQL(SELECT p.post_likes, p.post_comments, p.new_followers, p.mentions,     \
            p.direct_messages, p.group_invites, p.event_reminders,             \
            p.email_enabled, p.push_enabled, p.sms_enabled, p.in_app_off,      \
            p.email_off, p.push_off, p.email_frequency, p.weekly_digest,       \
            p.quiet_from, p.quiet_until, p.time_zone)

static const char preferences_sql[] = PREFERENCES SQL(
    FROM notification_preference_rows p WHERE p.user_id = $1
);
static const char matrix_sql[] = SQL(
    SELECT m.type, m.section, m.label, m.gate, m.fixed, m.in_app, m.email,
        m.push, m.first, m.gate_on
    FROM notification_matrix($1) m LIMIT 101
);
/* clang-format on */

static const struct problem *
show_preferences(struct request *r)
{
    return answer_row(r, preferences_sql, ARGS(ARG(r->viewer)));
}

static const struct problem *
list_types(struct request *r)
{
    return answer_rows(r, 100, matrix_sql, ARGS(ARG(r->viewer)));
}

static const struct problem *
show_page(struct request *r)
{
    const struct problem *refused;

    page_text(r, "pushKey", push_public_key(r->mem, r->app));
    page_flag(r, "smsOffered", sms_offered(r->app));
    refused = answer_rows_as(r, "matrix", matrix_shape, 100, matrix_sql,
                             ARGS(ARG(r->viewer)));
    if (refused == NULL)
        refused = answer_row_as(r, "preferences", preference_shape,
                                preferences_sql, ARGS(ARG(r->viewer)));
    if (refused == NULL && sms_offered(r->app))
        refused = sms_phone_show(r);
    page_set(r, "noindex", "1");
    if (refused != NULL)
        return refused;
    const char *frequency = page_value(r, "preferences.emailFrequency");
    page_flag(r, mem_printf(r->mem, "often.%s", frequency), true);
    return NULL;
}

/* ---- Writing ------------------------------------------------------------- */

struct wishes {
    struct maybe_boolean post_likes, post_comments, new_followers, mentions,
        direct_messages, group_invites, event_reminders, email_enabled,
        push_enabled, sms_enabled, weekly_digest;
    struct texts in_app_off, email_off, push_off;
    const char *email_frequency, *quiet_from, *quiet_until, *time_zone;
};

static const struct problem quiet_half = {
    .status = 422,
    .code = "QUIET_HOURS_HALF",
    .title = "Quiet hours want both a beginning and an end.",
};
static const struct problem zone_unknown = {
    .status = 422,
    .code = "TIME_ZONE_UNKNOWN",
    .title = "This time zone is not known. Take a name such as Europe/Berlin.",
};

static const struct refusal wish_refusals[] = {
    { .problem = &quiet_half,
      .constraint = "notification_preferences_quiet_hours",
      .field = "quietFrom" },
    { .problem = &zone_unknown,
      .constraint = "users_time_zone_known",
      .field = "timeZone" },
    { 0 },
};

static const char *const frequencies[] = { "instant", "hourly", "daily",
                                           "weekly",  "never",  NULL };

/* "" or HH:MM. */
static bool
time_valid(const char *s)
{
    if (s[0] == '\0')
        return true;
    return strlen(s) == 5 && s[2] == ':' && s[0] >= '0' && s[0] <= '2' &&
           s[1] >= '0' && s[1] <= (s[0] == '2' ? '3' : '9') && s[3] >= '0' &&
           s[3] <= '5' && s[4] >= '0' && s[4] <= '9';
}
#define TIME_PATTERN "^(([01][0-9]|2[0-3]):[0-5][0-9])?$"
#define TIME_WANTED "must be a time such as 22:00, or empty"

#define SWITCH(public_name, member, words)                                     \
    FIELD_AS(IN_BODY, public_name, struct wishes, member, .about = (words))
#define OFF(public_name, member, words)                                        \
    FIELD_AS(IN_BODY, public_name, struct wishes, member, .max = 19,           \
             .item_max = 40, .choices = notification_types, .about = (words))

static const struct field wish_fields[] = {
    SWITCH("postLikes", post_likes, "Reactions, by any channel."),
    SWITCH("postComments", post_comments, "Comments and replies."),
    SWITCH("newFollowers", new_followers, "New followers."),
    SWITCH("mentions", mentions, "Mentions of your name."),
    SWITCH("directMessages", direct_messages, "Messages and trade requests."),
    SWITCH("groupInvites", group_invites, "Groups."),
    SWITCH("eventReminders", event_reminders, "Events, parties, premieres."),
    SWITCH("emailEnabled", email_enabled, "Any e-mail of notifications."),
    SWITCH("pushEnabled", push_enabled, "Any push message."),
    SWITCH("smsEnabled", sms_enabled,
           "SMS of what is urgent, to a number that was verified."),
    OFF("inAppOff", in_app_off, "Types not shown on the site."),
    OFF("emailOff", email_off, "Types not mailed."),
    OFF("pushOff", push_off, "Types not pushed."),
    FIELD_AS(IN_BODY, "emailFrequency", struct wishes, email_frequency,
             .choices = frequencies,
             .about = "Each by itself, or all together, or none."),
    SWITCH("weeklyDigest", weekly_digest,
           "The best of the week, by e-mail; off until you ask for it."),
    FIELD_AS(IN_BODY, "quietFrom", struct wishes, quiet_from, .max = 5,
             .valid = time_valid, .wanted = TIME_WANTED,
             .pattern = TIME_PATTERN,
             .about = "When quiet hours begin; empty: none."),
    FIELD_AS(IN_BODY, "quietUntil", struct wishes, quiet_until, .max = 5,
             .valid = time_valid, .wanted = TIME_WANTED,
             .pattern = TIME_PATTERN, .about = "When they end."),
    FIELD_AS(IN_BODY, "timeZone", struct wishes, time_zone, .min = 3, .max = 64,
             .raw = true,
             .about = "Europe/Berlin; for quiet hours and digests."),
    { 0 },
};

/* clang-format off */
static const char put_sql[] = PREFERENCES SQL(
    FROM notification_prefer($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,
        $13, $14, $15, $16, $17, $18, $19) p
);
/* clang-format on */

static const struct problem *
put_preferences(struct request *r)
{
    const struct wishes *w = r->input;

    return answer_row(
        r, put_sql,
        ARGS(ARG(r->viewer), ARG(w->post_likes), ARG(w->post_comments),
             ARG(w->new_followers), ARG(w->mentions), ARG(w->direct_messages),
             ARG(w->group_invites), ARG(w->event_reminders),
             ARG(w->email_enabled), ARG(w->push_enabled), ARG(w->sms_enabled),
             ARG(w->weekly_digest), ARG(w->in_app_off), ARG(w->email_off),
             ARG(w->push_off), ARG(w->email_frequency), ARG(w->quiet_from),
             ARG(w->quiet_until), ARG(w->time_zone)));
}

/* ---- The endpoints ------------------------------------------------------- */

const struct route notification_preference_routes[] = {
    {
        .on = "GET /api/notifications/types",
        .access = ALLOW_SIGNED_IN,
        .handle = list_types,
        .about = "List the types of notifications, and which channels you "
                 "want them by.",
        .returns = matrix_shape,
        .form = ANSWER_ARRAY,
        .sql = STATEMENTS(matrix_sql),
    },
    {
        .on = "GET /api/notifications/preferences",
        .access = ALLOW_SIGNED_IN,
        .handle = show_preferences,
        .about = "Read what you want to be told, how and when.",
        .returns = preference_shape,
        .sql = STATEMENTS(preferences_sql),
    },
    {
        .on = "PUT /api/notifications/preferences",
        .access = ALLOW_SIGNED_IN,
        .handle = put_preferences,
        .about = "Change what you want to be told; what is not given stays.",
        .input = INPUT(struct wishes, wish_fields),
        .refusals = wish_refusals,
        .returns = preference_shape,
        .sql = STATEMENTS(put_sql),
    },
    {
        .on = "GET /settings/notifications",
        .access = ALLOW_SIGNED_IN,
        .handle = show_page,
        .about = "What to be told of, by which channel, and when not.",
        .page = "notification/settings",
        .title = "Notification settings",
        .sql = STATEMENTS(matrix_sql, preferences_sql, sms_phone_sql),
    },
    { 0 },
};
