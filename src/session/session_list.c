/*
 * session_list.c - one's sessions: where one is signed in, and ending that.
 */
#include "core/app.h"
#include "core/db.h"
#include "core/session.h"
#include "session/session_local.h"

static const struct member session_shape[] = {
    { .name = "id", .type = VALUE_UUID },
    { .name = "device", .type = VALUE_TEXT, .nullable = true },
    { .name = "userAgent", .type = VALUE_TEXT, .nullable = true },
    { .name = "ip", .type = VALUE_TEXT, .nullable = true },
    { .name = "location", .type = VALUE_TEXT, .nullable = true },
    { .name = "createdAt", .type = VALUE_TIME },
    { .name = "lastSeenAt", .type = VALUE_TIME },
    { .name = "expiresAt", .type = VALUE_TIME },
    { .name = "current", .type = VALUE_BOOLEAN, .about = "The one that asks." },
    { 0 },
};

static const char list_sql[] =
    SQL(
    SELECT id, device, user_agent, host(ip), location, created_at,
        last_seen_at, expires_at, id = $2 AS current
    FROM sessions
    WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $3
    ORDER BY last_seen_at DESC
);

const struct problem *
sessions_show(struct request *r)
{
    const struct uuid current = r->session->id;

    return answer_rows_as(r, "sessions", session_shape, 100, list_sql,
                          ARGS(ARG(r->viewer), ARG(current), ARG(r->now)));
}

static const struct problem *
list_sessions(struct request *r)
{
    const struct uuid current = r->session->id;

    return answer_rows(r, 100, list_sql,
                       ARGS(ARG(r->viewer), ARG(current), ARG(r->now)));
}

/* Ended in PostgreSQL, which has the last word, and then out of Redis. */
static const struct problem *
end_sessions(struct request *r, const char *sql, const struct sql_arg *args,
             bool some)
{
    struct db_error error;
    struct db_result *ended = db_query(r->app->db, r->mem, sql, args, &error);

    if (error.failed)
        return db_problem(&error);
    if (some && db_rows(ended) == 0)
        return &problem_not_found;
    session_forget(r, ended);
    return NULL;
}

/* clang-format off */
static const char end_one_sql[] = SQL(
    SELECT token_hash FROM session_end($2, $1, 'ended_by_user')
);
static const char end_others_sql[] = SQL(
    SELECT token_hash FROM sessions_end($1, $2, 'ended_by_user')
);
/* clang-format on */

struct choice {
    struct uuid session;
};

static const struct problem *
end_one(struct request *r)
{
    const struct choice *in = r->input;

    return end_sessions(r, end_one_sql, ARGS(ARG(r->viewer), ARG(in->session)),
                        true);
}

static const struct problem *
end_others(struct request *r)
{
    const struct uuid current = r->session->id;

    return end_sessions(r, end_others_sql, ARGS(ARG(r->viewer), ARG(current)),
                        false);
}

static const struct field choice_fields[] = {
    FIELD(IN_PATH, struct choice, session, .about = "The session's id."),
    { 0 },
};

const struct route session_list_routes[] = {
    {
        .on = "GET /api/auth/sessions",
        .access = ALLOW_SIGNED_IN,
        .handle = list_sessions,
        .about = "List where you are signed in.",
        .returns = session_shape,
        .form = ANSWER_ARRAY,
        .sql = STATEMENTS(list_sql),
    },
    {
        .on = "DELETE /api/auth/sessions/{session}",
        .access = ALLOW_SIGNED_IN,
        .handle = end_one,
        .about = "End one of your sessions.",
        .input = INPUT(struct choice, choice_fields),
        .form = ANSWER_NOTHING,
        .success = 204,
        .sql = STATEMENTS(end_one_sql),
    },
    {
        .on = "DELETE /api/auth/sessions",
        .access = ALLOW_SIGNED_IN,
        .handle = end_others,
        .about = "End all of your sessions but this one.",
        .form = ANSWER_NOTHING,
        .success = 204,
        .sql = STATEMENTS(end_others_sql),
    },
    { 0 },
};
