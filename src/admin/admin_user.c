/*
 * admin_user.c - accounts as staff see them: the list with its filters, and
 * one account with what happened to it.
 *
 * Moderators see no addresses, neither e-mail nor IP, and cannot search by
 * them; nor sign-ins and alerts of whom they do not outrank.  Lists go by
 * created_at with an index for each filter; a search is two ranges, of names
 * and of addresses that begin with the words.
 */
#include <string.h>

#include "admin/admin_local.h"
#include "core/session.h"

const char *const admin_roles[] = { "USER",      "CREATOR", "VERIFIED_CREATOR",
                                    "MODERATOR", "ADMIN",   NULL };
const char *const admin_statuses[] = {
    "PENDING_VERIFICATION", "ACTIVE", "SUSPENDED", "BANNED", "DELETED", NULL,
};

bool
admin_sees_all(const struct request *r)
{
    return r->session->role >= ROLE_ADMIN;
}

struct cursor
admin_begin(struct cursor cursor, struct instant to)
{
    if (to.us == 0 || cursor.key <= to.us)
        return cursor;
    return (struct cursor){ .key = to.us, .id.octet[15] = 1 };
}

/* ---- The list ----------------------------------------------------------- */

/* account_rows in sql/admin.sql. */
#define ACCOUNT_MEMBERS                                                        \
    { .name = "id", .type = VALUE_UUID },                                      \
        { .name = "username", .type = VALUE_TEXT },                            \
        { .name = "email",                                                     \
          .type = VALUE_TEXT,                                                  \
          .nullable = true,                                                    \
          .about = "For administrators; null for moderators." },               \
        { .name = "image", .type = VALUE_TEXT, .nullable = true },             \
        { .name = "role", .type = VALUE_TEXT },                                \
        { .name = "status", .type = VALUE_TEXT },                              \
        { .name = "suspendedUntil", .type = VALUE_TIME, .nullable = true },    \
        { .name = "verified",                                                  \
          .type = VALUE_BOOLEAN,                                               \
          .about = "The mark beside the name." },                              \
        { .name = "emailVerified", .type = VALUE_BOOLEAN },                    \
        { .name = "createdAt", .type = VALUE_TIME },                           \
    {                                                                          \
        .name = "lastSeenAt", .type = VALUE_TIME, .nullable = true             \
    }

static const struct member account_shape[] = { ACCOUNT_MEMBERS, { 0 } };

/* clang-format off */
/* $1: may see addresses. */
#define ACCOUNT_COLUMNS SQL(                                                   \
    a.id, a.username, CASE WHEN $1 THEN a.email END AS email, a.image,         \
    a.role, a.status, a.suspended_until, a.verified, a.email_verified,         \
    a.created_at, a.last_seen_at)
#define ACCOUNT_FILTER SQL(                                                    \
    WHERE (a.created_at, a.id) < ($2, $3)                                      \
        AND ($4::text IS NULL OR a.role_enum = $4::text::user_role)            \
        AND ($5::text IS NULL OR (a.status_enum = $5::text::user_status        \
            AND a.status = $5))                                                \
        AND ($6::timestamptz IS NULL OR a.created_at >= $6))
#define ACCOUNT_PAGE SQL(                                                      \
    ORDER BY a.created_at DESC, a.id DESC LIMIT 101)
/* `more` says again what the filter implies, for the partial indexes. */
#define ACCOUNT_LIST(more)                                                     \
    SQL_PLANNED "SELECT " ACCOUNT_COLUMNS ", a.created_at AS cursor_key "      \
    "FROM (SELECT a.* FROM account_rows a " ACCOUNT_FILTER more ACCOUNT_PAGE   \
    ") a ORDER BY a.created_at DESC, a.id DESC LIMIT $7 + 1"
#define STAFF SQL(AND a.role_enum <> 'USER')
#define TROUBLED SQL(AND a.status_enum <> 'ACTIVE')

static const char list_sql[] = ACCOUNT_LIST("");
static const char of_role_sql[] = ACCOUNT_LIST(STAFF);
static const char of_status_sql[] = ACCOUNT_LIST(TROUBLED);

/* U+10FFFF ends the range of what begins with the words. */
static const char find_sql[] =
    SQL_PLANNED "WITH found AS MATERIALIZED ("
    SQL(SELECT u.id FROM users u
        WHERE lower(u.username) COLLATE "C" >= lower($8)
            AND lower(u.username) COLLATE "C" < lower($8) || chr(1114111)
        UNION
        SELECT u.id FROM users u
        WHERE $1 AND u.email COLLATE "C" >= lower($8)
            AND u.email COLLATE "C" < lower($8) || chr(1114111))
    ") SELECT " ACCOUNT_COLUMNS ", a.created_at AS cursor_key "
    "FROM (SELECT a.* FROM found JOIN account_rows a ON a.id = found.id "
    ACCOUNT_FILTER ACCOUNT_PAGE ") a "
    "ORDER BY a.created_at DESC, a.id DESC LIMIT $7 + 1";
/* clang-format on */

static const char *
given(const char *word)
{
    return word == NULL || word[0] == '\0' ? NULL : word;
}

const struct problem *
account_list_answer(struct request *r, const char *as,
                    const struct account_list *in)
{
    const bool all = admin_sees_all(r);
    const char *role = given(in->role), *status = given(in->status);
    const char *q = given(in->q);
    const struct cursor begin = admin_begin(in->cursor, in->to);
    const char *sql = list_sql;

    if (role != NULL && strcmp(role, "USER") != 0)
        sql = of_role_sql;
    else if (status != NULL && strcmp(status, "ACTIVE") != 0)
        sql = of_status_sql;
    if (q != NULL)
        sql = find_sql;
    const struct sql_arg args[] = {
        ARG(all),       ARG_AS(VALUE_TIME, begin.key),
        ARG(begin.id),  ARG(role),
        ARG(status),    ARG(in->from),
        ARG(in->limit), { q != NULL ? VALUE_TEXT : VALUE_NONE, &q },
        { 0 },
    };

    if (as == NULL)
        return answer_rows(r, in->limit, sql, args);
    return answer_rows_as(r, as, account_shape, in->limit, sql, args);
}

static const struct problem *
list_accounts(struct request *r)
{
    return account_list_answer(r, NULL, r->input);
}

static const struct field list_fields[] = {
    FIELD(IN_QUERY, struct account_list, q, .min = 1, .max = 255,
          .about = "What the user name begins with, or, for "
                   "administrators, the e-mail address."),
    FIELD(IN_QUERY, struct account_list, role, .choices = admin_roles,
          .about = "Only with this role."),
    FIELD(IN_QUERY, struct account_list, status, .choices = admin_statuses,
          .about = "Only with this status."),
    FIELD(IN_QUERY, struct account_list, from,
          .about = "Only accounts made then or later."),
    FIELD(IN_QUERY, struct account_list, to,
          .about = "Only accounts made before."),
    FIELD(IN_QUERY, struct account_list, cursor,
          .about = "`nextCursor` of the page before."),
    FIELD(IN_QUERY, struct account_list, limit, .min = 1, .max = 100,
          .otherwise = 20, .about = "At most this many."),
    { 0 },
};

/* ---- One account -------------------------------------------------------- */

static const struct member stats_shape[] = {
    { .name = "posts", .type = VALUE_INTEGER },
    { .name = "comments", .type = VALUE_INTEGER },
    { .name = "followers", .type = VALUE_INTEGER },
    { .name = "following", .type = VALUE_INTEGER },
    { .name = "likesReceived", .type = VALUE_INTEGER },
    { .name = "sparklePoints", .type = VALUE_INTEGER },
    { 0 },
};

static const struct member may_shape[] = {
    { .name = "changeRole", .type = VALUE_BOOLEAN },
    { .name = "suspend", .type = VALUE_BOOLEAN },
    { .name = "ban", .type = VALUE_BOOLEAN },
    { .name = "activate", .type = VALUE_BOOLEAN },
    { .name = "endSessions", .type = VALUE_BOOLEAN },
    { .name = "helpSignIn", .type = VALUE_BOOLEAN },
    { .name = "remove", .type = VALUE_BOOLEAN },
    { 0 },
};

/* The account, and what the page asks for by statements of its own. */
#define DETAIL_MEMBERS                                                         \
    ACCOUNT_MEMBERS, { .name = "level", .type = VALUE_INTEGER },               \
        { .name = "provider", .type = VALUE_TEXT },                            \
        { .name = "twoFactor", .type = VALUE_BOOLEAN },                        \
        { .name = "passwordChangedAt", .type = VALUE_TIME, .nullable = true }, \
        { .name = "statusReason", .type = VALUE_TEXT, .nullable = true },      \
        { .name = "statusChangedAt", .type = VALUE_TIME, .nullable = true },   \
        { .name = "statusChangedBy", .type = VALUE_TEXT, .nullable = true },   \
        { .name = "sessions",                                                  \
          .type = VALUE_INTEGER,                                               \
          .about = "How many are open." },                                     \
        { .name = "stats", .object = stats_shape },                            \
    {                                                                          \
        .name = "may", .object = may_shape, .about = "What you may do to it."  \
    }

static const struct member page_shape[] = { DETAIL_MEMBERS, { 0 } };
static const struct member detail_shape[] = {
    DETAIL_MEMBERS,
    { .name = "logins", .type = VALUE_JSON, .about = "The last ten tries." },
    { .name = "alerts", .type = VALUE_JSON, .about = "The last ten." },
    { .name = "actions",
      .type = VALUE_JSON,
      .about = "What was done to it: the last twenty." },
    { 0 },
};

/* clang-format off */
/* $2 the account, $3 the viewer, $4 the viewer's rank, $5 the time. */
#define DETAIL_COLUMNS SQL(                                                    \
    , u.level::bigint AS level, u.provider::text AS provider,                  \
    twofactor_on(u.id) AS two_factor, u.password_changed_at,                   \
    u.status_reason, u.status_changed_at,                                      \
    (SELECT user_called(CASE WHEN b.status <> 'DELETED' THEN b.username END)   \
        FROM users b WHERE b.id = u.status_changed_by)                         \
        AS status_changed_by,                                                  \
    (SELECT count(*) FROM sessions s WHERE s.user_id = u.id                    \
        AND s.ended_at IS NULL AND s.expires_at > $5) AS sessions,             \
    s.total_posts::bigint AS posts, s.total_comments::bigint AS comments,      \
    s.total_followers::bigint AS followers,                                    \
    s.total_following::bigint AS following, s.total_likes_received,            \
    b.sparkle_points,                                                          \
    $1 AND may.act AS may_role,                                                \
    may.act AND a.status = 'ACTIVE' AS may_suspend,                            \
    may.act AND a.status IN ('ACTIVE', 'SUSPENDED') AS may_ban,                \
    may.act AND a.status NOT IN ('ACTIVE', 'DELETED') AS may_activate,         \
    may.act AS may_end, $1 AND may.act AS may_help,                            \
    $1 AND may.act AS may_remove)
#define DETAIL_FROM SQL(                                                       \
    FROM account_rows a                                                        \
    JOIN users u ON u.id = a.id                                                \
    JOIN user_stats s ON s.user_id = a.id                                      \
    JOIN user_balances b ON b.user_id = a.id                                   \
    CROSS JOIN LATERAL (SELECT a.id <> $3 AND a.status <> 'DELETED'            \
        AND a.role <> 'SYSTEM' AND ($1 OR a.rank < $4) AS act,                 \
        $1 OR a.rank < $4 AS see) may                                          \
    WHERE a.id = $2)

static const char page_sql[] =
    "SELECT " ACCOUNT_COLUMNS DETAIL_COLUMNS DETAIL_FROM;
static const char show_sql[] =
    "SELECT " ACCOUNT_COLUMNS DETAIL_COLUMNS SQL(,
        (SELECT coalesce(jsonb_agg(jsonb_build_object('at', l.created_at,
            'success', l.success, 'reason', l.reason,
            'ip', CASE WHEN $1 THEN host(l.ip) END,
            'userAgent', l.user_agent, 'location', l.location)), '[]')
        FROM (SELECT * FROM login_history h
            WHERE h.user_id = a.id AND may.see
            ORDER BY h.created_at DESC, h.id DESC LIMIT 10) l) AS logins,
        (SELECT coalesce(jsonb_agg(jsonb_build_object('at', l.created_at,
            'type', l.type, 'severity', l.severity, 'title', l.title,
            'acknowledged', l.acknowledged_at IS NOT NULL)), '[]')
        FROM (SELECT * FROM security_alerts h
            WHERE h.user_id = a.id AND may.see
            ORDER BY h.created_at DESC, h.id DESC LIMIT 10) l) AS alerts,
        (SELECT coalesce(jsonb_agg(jsonb_build_object('at', l.created_at,
            'actor', l.actor_name, 'action', l.action,
            'before', l.before, 'after', l.after, 'success', l.success,
            'error', l.error)), '[]')
        FROM (SELECT * FROM audit_rows h WHERE h.resource_type = 'user'
                AND h.resource_id = $2::uuid::text
            ORDER BY h.created_at DESC, h.id DESC LIMIT 20) l) AS actions
    ) DETAIL_FROM;
/* clang-format on */

static const struct problem *
show_account(struct request *r)
{
    const struct account_choice *in = r->input;
    const bool all = admin_sees_all(r);
    const int64_t rank = r->session->role;

    return answer_row(
        r, show_sql,
        ARGS(ARG(all), ARG(in->user), ARG(r->viewer), ARG(rank), ARG(r->now)));
}

const struct field account_choice_fields[] = {
    FIELD(IN_PATH, struct account_choice, user, .about = "The user's id."),
    { 0 },
};

/* ---- For the page ------------------------------------------------------- */

static const struct member login_shape[] = {
    { .name = "at", .type = VALUE_TEXT },
    { .name = "success", .type = VALUE_BOOLEAN },
    { .name = "reason", .type = VALUE_TEXT, .nullable = true },
    { .name = "ip", .type = VALUE_TEXT, .nullable = true },
    { .name = "location", .type = VALUE_TEXT, .nullable = true },
    { .name = "userAgent", .type = VALUE_TEXT, .nullable = true },
    { 0 },
};

static const struct member alert_shape[] = {
    { .name = "at", .type = VALUE_TEXT },
    { .name = "type", .type = VALUE_TEXT },
    { .name = "severity", .type = VALUE_TEXT },
    { .name = "title", .type = VALUE_TEXT },
    { 0 },
};

static const char logins_sql[] = SQL(
    SELECT to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
        success, reason, CASE WHEN $1 THEN host(ip) END, location, user_agent
    FROM login_history WHERE user_id = $2
        AND ($1 OR (SELECT rank FROM account_rows WHERE id = $2) < $3)
    ORDER BY created_at DESC, id DESC LIMIT 10
);
static const char alerts_sql[] = SQL(
    SELECT to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), type,
        severity::text, title
    FROM security_alerts WHERE user_id = $2
        AND ($1 OR (SELECT rank FROM account_rows WHERE id = $2) < $3)
    ORDER BY created_at DESC, id DESC LIMIT 10
);

const struct problem *
account_as(struct request *r, struct uuid user)
{
    const bool all = admin_sees_all(r);
    const int64_t rank = r->session->role, most = 10;
    const struct problem *refused = answer_row_as(
        r, "account", page_shape, page_sql,
        ARGS(ARG(all), ARG(user), ARG(r->viewer), ARG(rank), ARG(r->now)));

    if (refused == NULL)
        refused = answer_rows_as(r, "logins", login_shape, most, logins_sql,
                                 ARGS(ARG(all), ARG(user), ARG(rank)));
    if (refused == NULL)
        refused = answer_rows_as(r, "alerts", alert_shape, most, alerts_sql,
                                 ARGS(ARG(all), ARG(user), ARG(rank)));
    return refused;
}

/* ---- The endpoints ------------------------------------------------------ */

const struct route admin_user_routes[] = {
    {
        .on = "GET /api/admin/users",
        .access = ALLOW_MODERATORS,
        .handle = list_accounts,
        .about = "Find accounts, the newest first.",
        .input = INPUT(struct account_list, list_fields),
        .returns = account_shape,
        .form = ANSWER_LIST,
        .sql = STATEMENTS(list_sql, of_role_sql, of_status_sql, find_sql),
    },
    {
        .on = "GET /api/admin/users/{user}",
        .access = ALLOW_MODERATORS,
        .handle = show_account,
        .about = "Read an account: its state, counters, last sign-ins and "
                 "alerts, and what was done to it.",
        .input = INPUT(struct account_choice, account_choice_fields),
        .returns = detail_shape,
        .sql = STATEMENTS(show_sql, page_sql, logins_sql, alerts_sql),
    },
    { 0 },
};
