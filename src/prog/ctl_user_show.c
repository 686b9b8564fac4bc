/*
 * ctl_user_show.c - sparklectl user list, show, sessions: looking.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "core/db.h"
#include "prog/ctl_user.h"

static int
failed(const struct db_error *error)
{
    return ctl_fail("%s", error->message);
}

/* A value as a word; NULL: a dash. */
static const char *
word(const struct db_result *res, size_t row, size_t column)
{
    const char *s =
        db_null(res, row, column) ? "" : db_text(res, row, column, NULL);

    return s[0] == '\0' ? "-" : s;
}

/* ---- user list ---------------------------------------------------------- */

static const char list_sql[] = SQL_PLANNED SQL(
    SELECT username, email, role, status,
        to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')
    FROM account_rows
    WHERE ($1::text IS NULL
            OR lower(username) COLLATE "C" >= lower($1)
                AND lower(username) COLLATE "C" < lower($1) || chr(1114111)
            OR email COLLATE "C" >= lower($1)
                AND email COLLATE "C" < lower($1) || chr(1114111))
        AND ($2::text IS NULL OR role = upper($2))
        AND ($3::text IS NULL OR status = upper($3))
    ORDER BY created_at DESC, id DESC LIMIT $4
);

int
user_list(struct ctl *c, int argc, char **argv)
{
    const char *role = ctl_option(&argc, argv, "role", NULL);
    const char *status = ctl_option(&argc, argv, "status", NULL);
    const char *most = ctl_option(&argc, argv, "limit", "50");
    const char *text = argc == 1 ? argv[0] : NULL;
    struct db_error error;
    int64_t limit;

    if (argc > 1)
        return 2;
    if (!text_to_int(most, &limit) || limit < 1)
        return ctl_fail("--limit takes a number from 1 on");
    const struct db_result *res =
        db_query(c->app->db, c->mem, list_sql,
                 ARGS(ARG(text), ARG(role), ARG(status), ARG(limit)), &error);
    if (error.failed)
        return failed(&error);
    for (size_t i = 0; i < db_rows(res); i++)
        (void)printf("%-30s %-20s %-20s %s %s\n", word(res, i, 0),
                     word(res, i, 2), word(res, i, 3), word(res, i, 4),
                     word(res, i, 1));
    return 0;
}

/* ---- user show ---------------------------------------------------------- */

static const char show_sql[] = SQL(
    SELECT v.name, v.value
    FROM account_rows a
    JOIN users u ON u.id = a.id
    LEFT JOIN user_stats s ON s.user_id = a.id
    CROSS JOIN LATERAL (VALUES
        ('id', a.id::text), ('name', a.username), ('e-mail', a.email),
        ('confirmed', a.email_verified::text), ('role', a.role),
        ('status', a.status), ('until', a.suspended_until::text),
        ('reason', u.status_reason),
        ('joined', a.created_at::timestamptz(0)::text),
        ('last seen', a.last_seen_at::timestamptz(0)::text),
        ('provider', u.provider::text),
        ('two-factor', twofactor_on(a.id)::text),
        ('sessions', (SELECT count(*)::text FROM sessions o
            WHERE o.user_id = a.id AND o.ended_at IS NULL
                AND o.expires_at > clock_now())),
        ('level', u.level::text), ('posts', s.total_posts::text),
        ('comments', s.total_comments::text),
        ('followers', s.total_followers::text)
    ) v(name, value)
    WHERE a.id = $1 AND v.value <> ''
);
static const char done_sql[] = SQL(
    SELECT at, coalesce(actor_name, user_agent), action,
        CASE WHEN success THEN 'done' ELSE 'refused: ' || error END,
        coalesce(after::text, '')
    FROM audit_rows
    WHERE resource_type = 'user' AND resource_id = $1::uuid::text
    ORDER BY created_at DESC, id DESC LIMIT 20
);

int
user_show(struct ctl *c, int argc, char **argv)
{
    struct db_error error;
    struct uuid id;

    if (argc != 1)
        return 2;
    if (!user_find(c, argv[0], &id))
        return 1;
    const struct db_result *res =
        db_query(c->app->db, c->mem, show_sql, ARGS(ARG(id)), &error);
    if (error.failed)
        return failed(&error);
    for (size_t i = 0; i < db_rows(res); i++)
        (void)printf("%-12s %s\n", word(res, i, 0), word(res, i, 1));
    res = db_query(c->app->db, c->mem, done_sql, ARGS(ARG(id)), &error);
    if (error.failed)
        return failed(&error);
    for (size_t i = 0; i < db_rows(res); i++)
        (void)printf("%s%s  %s  %s  %s  %s\n", i == 0 ? "\n" : "",
                     word(res, i, 0), word(res, i, 1), word(res, i, 2),
                     word(res, i, 3), word(res, i, 4));
    return 0;
}

/* ---- user sessions ------------------------------------------------------ */

static const char sessions_sql[] = SQL(
    SELECT created_at::timestamptz(0)::text,
        last_seen_at::timestamptz(0)::text, host(ip),
        coalesce(device, user_agent)
    FROM sessions
    WHERE user_id = $1 AND ended_at IS NULL AND expires_at > clock_now()
    ORDER BY last_seen_at DESC
);

int
user_sessions(struct ctl *c, int argc, char **argv)
{
    struct db_error error;
    struct uuid id;

    if (argc != 1)
        return 2;
    if (!user_find(c, argv[0], &id))
        return 1;
    const struct db_result *res =
        db_query(c->app->db, c->mem, sessions_sql, ARGS(ARG(id)), &error);
    if (error.failed)
        return failed(&error);
    for (size_t i = 0; i < db_rows(res); i++)
        (void)printf("since %s  seen %s  %-16s %s\n", word(res, i, 0),
                     word(res, i, 1), word(res, i, 2), word(res, i, 3));
    return 0;
}
