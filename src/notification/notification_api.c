/*
 * notification_api.c - one's notifications: the list, the count, reading.
 *
 * Every statement asks for the viewer's own rows, so that another's
 * notification is not there (404).
 */
#include "notification/notification_local.h"

#include "account/account.h"
#include "core/db.h"

struct notice_list {
    bool unread_only;
    struct texts types;
    struct cursor cursor;
    int64_t limit;
};

struct notice {
    struct uuid notification, up_to;
};

/* notification_rows in sql/notification.sql. */
static const struct member notification_shape[] = {
    { .name = "id", .type = VALUE_UUID },
    { .name = "type", .type = VALUE_TEXT },
    { .name = "title", .type = VALUE_TEXT },
    { .name = "message", .type = VALUE_TEXT },
    { .name = "read", .type = VALUE_BOOLEAN },
    { .name = "priority", .type = VALUE_INTEGER, .about = "0 to 3." },
    { .name = "actor",
      .object = user_card,
      .nullable = true,
      .about = "null: the site tells." },
    { .name = "actors",
      .type = VALUE_INTEGER,
      .about = "How many did it; the latest is `actor`." },
    { .name = "others",
      .type = VALUE_INTEGER,
      .about = "How many besides `actor`." },
    { .name = "entityType", .type = VALUE_TEXT, .nullable = true },
    { .name = "entityId", .type = VALUE_UUID, .nullable = true },
    { .name = "actionUrl", .type = VALUE_TEXT, .nullable = true },
    { .name = "createdAt", .type = VALUE_TIME },
    { .name = "data",
      .type = VALUE_JSON,
      .about = "What the title was made of, and more, by type: an object." },
    { .name = "image", .type = VALUE_TEXT, .nullable = true },
    { 0 },
};

static const struct member count_shape[] = {
    { .name = "unread",
      .type = VALUE_INTEGER,
      .about = "At most 100, which is 100 or more: 99+." },
    { 0 },
};

/* ---- The list ----------------------------------------------------------- */

#define NOTIFICATION_SELECT                                                    \
    SQL(SELECT row.id, row.type, row.title, row.message, row.read,             \
        row.priority, row.actor_id, row.actor_username, row.actor_name,        \
        row.actor_image, row.actor_verified, row.actor_level,                  \
        row.actors, greatest(row.actors - 1, 0) AS others, row.entity_type,    \
        row.entity_id, row.action_url, row.created_at, row.data, row.image,    \
        row.created_at AS cursor_key                                           \
        FROM notification_rows row                                             \
        WHERE row.user_id = $1                                                 \
            AND (row.created_at, row.id) < ($2, $3))
#define PAGE SQL(ORDER BY row.created_at DESC, row.id DESC LIMIT $4 + 1)

static const char all_sql[] = NOTIFICATION_SELECT PAGE;
static const char unread_sql[] = NOTIFICATION_SELECT SQL(AND NOT row.read) PAGE;
static const char typed_sql[] = NOTIFICATION_SELECT SQL(
    AND ($5::boolean IS NOT TRUE OR NOT row.read)
    AND row.type = ANY ($6::text[]))
                                                             PAGE;

static const struct problem *
list_notifications(struct request *r)
{
    const struct notice_list *in = r->input;
    const char *sql = in->types.n > 0   ? typed_sql
                      : in->unread_only ? unread_sql
                                        : all_sql;
    enum value_type flag = in->types.n > 0 ? VALUE_BOOLEAN : VALUE_NONE;
    const struct sql_arg args[] = {
        ARG(r->viewer), ARG_AS(VALUE_TIME, in->cursor.key), ARG(in->cursor.id),
        ARG(in->limit), { flag, &in->unread_only },         ARG(in->types),
        { 0 },
    };

    return answer_rows(r, in->limit, sql, args);
}

static const struct field list_fields[] = {
    FIELD_AS(IN_QUERY, "unreadOnly", struct notice_list, unread_only,
             .about = "Only what was not read."),
    FIELD(IN_QUERY, struct notice_list, types, .max = 19, .item_max = 40,
          .choices = notification_types, .about = "Only of these types."),
    FIELD(IN_QUERY, struct notice_list, cursor,
          .about = "`nextCursor` of the page before."),
    FIELD(IN_QUERY, struct notice_list, limit, .min = 1, .max = 100,
          .otherwise = 20, .about = "At most this many."),
    { 0 },
};

static const struct problem *
show_notifications(struct request *r)
{
    const struct notice_list *in = r->input;
    const int64_t limit = 30;

    page_flag(r, "unreadOnly", in->unread_only);
    return answer_rows_as(r, "notifications", notification_shape, limit,
                          in->unread_only ? unread_sql : all_sql,
                          ARGS(ARG(r->viewer),
                               ARG_AS(VALUE_TIME, in->cursor.key),
                               ARG(in->cursor.id), ARG(limit)));
}

static const struct field page_fields[] = {
    FIELD_AS(IN_QUERY, "unread", struct notice_list, unread_only,
             .about = "Only what was not read."),
    FIELD(IN_QUERY, struct notice_list, cursor,
          .about = "Goes on after a page."),
    { 0 },
};

/* ---- Who it was ---------------------------------------------------------- */

struct crowd {
    struct uuid notification;
    struct cursor cursor;
    int64_t limit;
};

static const struct field crowd_fields[] = {
    FIELD(IN_PATH, struct crowd, notification,
          .about = "The notification's id."),
    FIELD(IN_QUERY, struct crowd, cursor,
          .about = "`nextCursor` of the page before."),
    FIELD(IN_QUERY, struct crowd, limit, .min = 1, .max = 100, .otherwise = 20,
          .about = "At most this many."),
    { 0 },
};

/* clang-format off */
static const char own_sql[] = SQL(
    SELECT id, title FROM notifications_shown WHERE id = $2 AND user_id = $1
);
static const char actors_sql[] = SQL(
    SELECT u.id, u.username, user_called(u.username), u.image, u.verified,
        u.level::bigint,
        a.created_at AS cursor_key
    FROM notifications_shown n
    JOIN notification_actors a ON a.notification_id = n.id
    JOIN users u ON u.id = a.actor_id AND user_shown(u.status)
    WHERE n.user_id = $1 AND n.id = $2 AND (a.created_at, u.id) < ($3, $4)
        AND u.id NOT IN (SELECT id FROM hidden_from($1) id)
    ORDER BY a.created_at DESC, u.id DESC LIMIT $5 + 1
);
/* clang-format on */

static const struct problem *
list_actors(struct request *r)
{
    const struct crowd *in = r->input;

    return answer_rows_of(r, in->limit, actors_sql,
                          ARGS(ARG(r->viewer), ARG(in->notification),
                               ARG_AS(VALUE_TIME, in->cursor.key),
                               ARG(in->cursor.id), ARG(in->limit)),
                          own_sql, ARGS(ARG(r->viewer), ARG(in->notification)));
}

static const struct member title_shape[] = {
    { .name = "id", .type = VALUE_UUID },
    { .name = "title", .type = VALUE_TEXT },
    { 0 },
};

static const struct problem *
show_actors(struct request *r)
{
    const struct crowd *in = r->input;
    const int64_t limit = 50;
    const struct problem *refused =
        answer_row_as(r, "notice", title_shape, own_sql,
                      ARGS(ARG(r->viewer), ARG(in->notification)));

    if (refused != NULL)
        return refused;
    return answer_rows_as(r, "actors", user_card, limit, actors_sql,
                          ARGS(ARG(r->viewer), ARG(in->notification),
                               ARG_AS(VALUE_TIME, in->cursor.key),
                               ARG(in->cursor.id), ARG(limit)));
}

static const struct field crowd_page_fields[] = {
    FIELD(IN_PATH, struct crowd, notification,
          .about = "The notification's id."),
    FIELD(IN_QUERY, struct crowd, cursor, .about = "Goes on after a page."),
    { 0 },
};

/* ---- The count, and reading --------------------------------------------- */

/* Counted by its index, which holds unread rows only, as far as anybody is
 * told: each row is looked at, since what it leads to may be gone. */
#define UNREAD                                                                 \
    SQL(FROM (SELECT FROM notifications_shown                                  \
        WHERE user_id = $1 AND NOT read LIMIT 100) n)
static const char count_sql[] = SQL(SELECT count(*)) " " UNREAD;

static const struct problem *
count_unread(struct request *r)
{
    return answer_row(r, count_sql, ARGS(ARG(r->viewer)));
}

/* The bell says no more than 99+. */
static const char bell_sql[] = SQL(SELECT count(*)::text) " " UNREAD;

void
notification_frame(struct request *r)
{
    const struct db_result *row;

    /* Without a number the page asks for it. */
    if (answer_query(r, bell_sql, ARGS(ARG(r->viewer)), &row) == NULL)
        page_text(r, "viewer.unread", db_text(row, 0, 0, NULL));
}

/* Reading again is no change, but is no error: the row is there. */
static const char read_sql[] =
    SQL(
    UPDATE notifications SET read = TRUE, read_at = coalesce(read_at, $3)
    WHERE id = $2 AND user_id = $1
);

static const struct problem *
read_one(struct request *r)
{
    const struct notice *in = r->input;

    return answer_done(
        r, read_sql, ARGS(ARG(r->viewer), ARG(in->notification), ARG(r->now)));
}

static const char read_all_sql[] =
    SQL(
    UPDATE notifications SET read = TRUE, read_at = $3
    WHERE user_id = $1 AND NOT read AND NOT hidden AND ($2::uuid IS NULL
        OR (created_at, id) <= (SELECT created_at, id FROM notifications
            WHERE id = $2 AND user_id = $1))
);

static const struct problem *
read_all(struct request *r)
{
    const struct notice *in = r->input;

    return answer_done_anyway(
        r, read_all_sql, ARGS(ARG(r->viewer), ARG(in->up_to), ARG(r->now)));
}

static const char delete_sql[] =
    SQL(
    DELETE FROM notifications WHERE id = $2 AND user_id = $1
);

static const struct problem *
delete_one(struct request *r)
{
    const struct notice *in = r->input;

    return answer_done(r, delete_sql,
                       ARGS(ARG(r->viewer), ARG(in->notification)));
}

static const struct field one_fields[] = {
    FIELD(IN_PATH, struct notice, notification,
          .about = "The notification's id."),
    { 0 },
};

static const struct field read_all_fields[] = {
    FIELD_AS(IN_BODY, "upTo", struct notice, up_to,
             .about = "The latest notification that was seen; all if not "
                      "given."),
    { 0 },
};

/* ---- The endpoints ------------------------------------------------------ */

const struct route notification_routes[] = {
    {
        .on = "GET /api/notifications",
        .access = ALLOW_SIGNED_IN,
        .handle = list_notifications,
        .about = "List your notifications, the newest first.",
        .input = INPUT(struct notice_list, list_fields),
        .returns = notification_shape,
        .form = ANSWER_LIST,
        .sql = STATEMENTS(all_sql, unread_sql, typed_sql),
    },
    {
        .on = "GET /api/notifications/unread-count",
        .access = ALLOW_SIGNED_IN,
        .handle = count_unread,
        .about = "Count what you have not read.",
        .returns = count_shape,
        .sql = STATEMENTS(count_sql),
    },
    {
        .on = "GET /api/notifications/{notification}/actors",
        .access = ALLOW_SIGNED_IN,
        .handle = list_actors,
        .about = "List who did what a notification tells of, the latest "
                 "first.",
        .input = INPUT(struct crowd, crowd_fields),
        .returns = user_card,
        .form = ANSWER_LIST,
        .sql = STATEMENTS(own_sql, actors_sql),
    },
    {
        .on = "PUT /api/notifications/{notification}/read",
        .access = ALLOW_SIGNED_IN,
        .handle = read_one,
        .about = "Mark a notification as read; again changes nothing.",
        .input = INPUT(struct notice, one_fields),
        .form = ANSWER_NOTHING,
        .success = 204,
        .sql = STATEMENTS(read_sql),
    },
    {
        .on = "PUT /api/notifications/read-all",
        .access = ALLOW_SIGNED_IN,
        .handle = read_all,
        .about = "Mark all notifications as read, or those up to one.",
        .input = INPUT(struct notice, read_all_fields),
        .form = ANSWER_NOTHING,
        .success = 204,
        .sql = STATEMENTS(read_all_sql),
    },
    {
        .on = "DELETE /api/notifications/{notification}",
        .access = ALLOW_SIGNED_IN,
        .handle = delete_one,
        .about = "Delete a notification.",
        .input = INPUT(struct notice, one_fields),
        .form = ANSWER_NOTHING,
        .success = 204,
        .sql = STATEMENTS(delete_sql),
    },
    {
        .on = "GET /notifications",
        .access = ALLOW_SIGNED_IN,
        .handle = show_notifications,
        .about = "The page of your notifications.",
        .input = INPUT(struct notice_list, page_fields),
        .page = "notification/list",
        .title = "Notifications",
        .sql = STATEMENTS(all_sql, unread_sql, bell_sql),
    },
    {
        .on = "GET /notifications/{notification}/actors",
        .access = ALLOW_SIGNED_IN,
        .handle = show_actors,
        .about = "The page of who did what a notification tells of.",
        .input = INPUT(struct crowd, crowd_page_fields),
        .page = "notification/actors",
        .title = "Who it was",
        .sql = STATEMENTS(own_sql, actors_sql),
    },
    { 0 },
};
