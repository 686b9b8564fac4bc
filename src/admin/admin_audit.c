/*
 * admin_audit.c - the audit log with its filters, for the API and the page.
 *
 * Rows are written by audit_write() (sql/audit_log.sql).  Each filter has an
 * index of the partitions; without one the newest come by their time.
 * Moderators, who see what was done to an account, do not see from where.
 */
#include "admin/admin_local.h"
#include "base/mem.h"
#include "base/text.h"

static const struct member actor_shape[] = {
    { .name = "id", .type = VALUE_UUID },
    { .name = "username", .type = VALUE_TEXT, .nullable = true },
    { .name = "name",
      .type = VALUE_TEXT,
      .about = "The user name, or Deleted user." },
    { 0 },
};

/* audit_rows in sql/admin.sql. */
static const struct member audit_shape[] = {
    { .name = "id", .type = VALUE_UUID },
    { .name = "createdAt", .type = VALUE_TIME },
    { .name = "at", .type = VALUE_TEXT, .about = "The same for people, UTC." },
    { .name = "actor",
      .object = actor_shape,
      .nullable = true,
      .about = "null: sparklectl or a batch program, see userAgent." },
    { .name = "action", .type = VALUE_TEXT },
    { .name = "resource", .type = VALUE_TEXT, .nullable = true },
    { .name = "resourceId", .type = VALUE_TEXT, .nullable = true },
    { .name = "resourceName",
      .type = VALUE_TEXT,
      .nullable = true,
      .about = "The user name, or Deleted user, where it is a user." },
    { .name = "success", .type = VALUE_BOOLEAN },
    { .name = "error",
      .type = VALUE_TEXT,
      .nullable = true,
      .about = "The code of the refusal." },
    { .name = "before", .type = VALUE_JSON, .nullable = true },
    { .name = "after", .type = VALUE_JSON, .nullable = true },
    { .name = "ip", .type = VALUE_TEXT, .nullable = true },
    { .name = "userAgent", .type = VALUE_TEXT, .nullable = true },
    { .name = "requestId", .type = VALUE_TEXT, .nullable = true },
    { 0 },
};

/* $3 the actor's id or $4 its name, $5 action, $6 resource, $7 its id, $8
 * from, $9 success, $11 may see addresses. */
static const char audit_sql[] = SQL_PLANNED SQL(
    SELECT l.id, l.created_at, l.at, l.actor_user_id, l.actor_username,
        l.actor_name, l.action, l.resource_type, l.resource_id,
        l.resource_name, l.success, l.error, l.before, l.after,
        CASE WHEN $11 THEN l.ip END AS ip,
        l.user_agent, l.request_id,
        l.created_at AS cursor_key
    FROM (SELECT * FROM audit_rows l
        WHERE (l.created_at, l.id) < ($1, $2)
            AND ($3::uuid IS NULL OR l.actor_id = $3)
            AND ($4::text IS NULL OR l.actor_id = (SELECT id FROM users
                WHERE lower(username) = lower($4)))
            AND ($5::text IS NULL OR l.action = $5)
            AND ($6::text IS NULL OR l.resource_type = $6)
            AND ($7::text IS NULL OR l.resource_id = $7)
            AND ($8::timestamptz IS NULL OR l.created_at >= $8)
            AND ($9::boolean IS NULL OR l.success = $9)
        ORDER BY l.created_at DESC, l.id DESC LIMIT 101) l
    ORDER BY l.created_at DESC, l.id DESC LIMIT $10 + 1
);

static const char *
given(const char *word)
{
    return word == NULL || word[0] == '\0' ? NULL : word;
}

const struct problem *
audit_list_answer(struct request *r, const char *as,
                  const struct audit_list *in)
{
    const char *name = given(in->actor), *action = given(in->action);
    const char *resource = given(in->resource), *id = given(in->resource_id);
    const struct cursor begin = admin_begin(in->cursor, in->to);
    const bool all = admin_sees_all(r);
    struct uuid actor = { 0 };

    if (name != NULL && uuid_read(name, &actor))
        name = NULL;
    const struct sql_arg *args =
        ARGS(ARG_AS(VALUE_TIME, begin.key), ARG(begin.id), ARG(actor),
             ARG(name), ARG(action), ARG(resource), ARG(id), ARG(in->from),
             ARG(in->success), ARG(in->limit), ARG(all));
    if (as == NULL)
        return answer_rows(r, in->limit, audit_sql, args);
    return answer_rows_as(r, as, audit_shape, in->limit, audit_sql, args);
}

static const struct problem *
list_audit(struct request *r)
{
    return audit_list_answer(r, NULL, r->input);
}

static const struct field list_fields[] = {
    FIELD(IN_QUERY, struct audit_list, actor, .max = 36,
          .about = "Only by this user: a name or an id."),
    FIELD(IN_QUERY, struct audit_list, action, .max = 100,
          .about = "Only this action: user.role, say."),
    FIELD(IN_QUERY, struct audit_list, resource, .max = 100,
          .about = "Only about this kind of thing: user, say."),
    FIELD_AS(IN_QUERY, "resourceId", struct audit_list, resource_id, .max = 100,
             .about = "Only about the thing with this id."),
    FIELD(IN_QUERY, struct audit_list, from, .about = "Only then or later."),
    FIELD(IN_QUERY, struct audit_list, to, .about = "Only before."),
    FIELD(IN_QUERY, struct audit_list, success,
          .about = "true: what was done; false: what was refused."),
    FIELD(IN_QUERY, struct audit_list, cursor,
          .about = "`nextCursor` of the page before."),
    FIELD(IN_QUERY, struct audit_list, limit, .min = 1, .max = 100,
          .otherwise = 20, .about = "At most this many."),
    { 0 },
};

const struct route admin_audit_routes[] = {
    {
        .on = "GET /api/admin/audit",
        .access = ALLOW_ADMINS,
        .handle = list_audit,
        .about = "Read the audit log, the newest first.",
        .input = INPUT(struct audit_list, list_fields),
        .returns = audit_shape,
        .form = ANSWER_LIST,
        .sql = STATEMENTS(audit_sql),
    },
    { 0 },
};
