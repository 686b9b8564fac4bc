/*
 * alert.c - what one is told of one's account: security alerts, and the login
 * history.  They are written by sql/alert.sql and sql/login.sql.
 */
#include "core/app.h"
#include "core/db.h"
#include "session/session_local.h"

struct log_page {
    struct cursor cursor;
    int64_t limit;
};

static const struct field page_fields[] = {
    FIELD(IN_QUERY, struct log_page, cursor,
          .about = "`nextCursor` of the page before."),
    FIELD(IN_QUERY, struct log_page, limit, .min = 1, .max = 100,
          .otherwise = 20, .about = "At most this many."),
    { 0 },
};

/* ---- Alerts ------------------------------------------------------------- */

/* alert_rows in sql/alert.sql. */
static const struct member alert_shape[] = {
    { .name = "id", .type = VALUE_UUID },
    { .name = "type", .type = VALUE_TEXT, .about = "NEW_IP_LOGIN, say." },
    { .name = "severity",
      .type = VALUE_TEXT,
      .about = "low, medium, high or critical." },
    { .name = "title", .type = VALUE_TEXT },
    { .name = "description", .type = VALUE_TEXT },
    { .name = "ip", .type = VALUE_TEXT, .nullable = true },
    { .name = "createdAt", .type = VALUE_TIME },
    { .name = "acknowledgedAt", .type = VALUE_TIME, .nullable = true },
    { 0 },
};

/* clang-format off */
static const char alerts_sql[] = SQL(
    SELECT id, type, severity, title, description, ip, created_at,
        acknowledged_at, created_at AS cursor_key
    FROM alert_rows
    WHERE user_id = $1 AND (created_at, id) < ($2, $3)
    ORDER BY created_at DESC, id DESC LIMIT $4 + 1
);
static const char latest_sql[] = SQL(
    SELECT id, type, severity, title, description, ip, created_at,
        acknowledged_at
    FROM alert_rows WHERE user_id = $1
    ORDER BY created_at DESC, id DESC LIMIT 10
);
static const char acknowledge_sql[] = SQL(
    UPDATE security_alerts
    SET acknowledged_at = coalesce(acknowledged_at, clock_now())
    WHERE id = $2 AND user_id = $1
);
/* clang-format on */

static const struct problem *
list_alerts(struct request *r)
{
    const struct log_page *in = r->input;

    return answer_rows(r, in->limit, alerts_sql,
                       ARGS(ARG(r->viewer), ARG_AS(VALUE_TIME, in->cursor.key),
                            ARG(in->cursor.id), ARG(in->limit)));
}

const struct problem *
alerts_show(struct request *r)
{
    return answer_rows_as(r, "alerts", alert_shape, 10, latest_sql,
                          ARGS(ARG(r->viewer)));
}

struct choice {
    struct uuid alert;
};

static const struct field choice_fields[] = {
    FIELD(IN_PATH, struct choice, alert, .about = "The alert's id."),
    { 0 },
};

static const struct problem *
acknowledge(struct request *r)
{
    const struct choice *in = r->input;

    return answer_done(r, acknowledge_sql,
                       ARGS(ARG(r->viewer), ARG(in->alert)));
}

/* ---- The login history -------------------------------------------------- */

/* login_rows in sql/login.sql. */
static const struct member history_shape[] = {
    { .name = "id", .type = VALUE_UUID },
    { .name = "success", .type = VALUE_BOOLEAN },
    { .name = "outcome", .type = VALUE_TEXT, .about = "For people." },
    { .name = "reason",
      .type = VALUE_TEXT,
      .nullable = true,
      .about = "Why it failed: WRONG_PASSWORD, WRONG_CODE, CODE_WANTED, "
               "LOCKED, BANNED or SUSPENDED." },
    { .name = "device", .type = VALUE_TEXT, .nullable = true },
    { .name = "userAgent", .type = VALUE_TEXT, .nullable = true },
    { .name = "ip", .type = VALUE_TEXT, .nullable = true },
    { .name = "location", .type = VALUE_TEXT, .nullable = true },
    { .name = "network",
      .type = VALUE_TEXT,
      .nullable = true,
      .about = "vpn, proxy or hosting where the address is in a network that "
               "hides who is behind it." },
    { .name = "networkName",
      .type = VALUE_TEXT,
      .nullable = true,
      .about = "The same, for people." },
    { .name = "createdAt", .type = VALUE_TIME },
    { 0 },
};

/* clang-format off */
static const char history_sql[] = SQL(
    SELECT id, success, outcome, reason, device, user_agent, ip, location,
        network, network_name, created_at, created_at AS cursor_key
    FROM login_rows
    WHERE user_id = $1 AND (created_at, id) < ($2, $3)
    ORDER BY created_at DESC, id DESC LIMIT $4 + 1
);
/* clang-format on */

static const struct problem *
list_history(struct request *r)
{
    const struct log_page *in = r->input;

    return answer_rows(r, in->limit, history_sql,
                       ARGS(ARG(r->viewer), ARG_AS(VALUE_TIME, in->cursor.key),
                            ARG(in->cursor.id), ARG(in->limit)));
}

const struct problem *
history_show(struct request *r, const struct cursor *cursor)
{
    const int64_t limit = 20;

    return answer_rows_as(r, "history", history_shape, limit, history_sql,
                          ARGS(ARG(r->viewer), ARG_AS(VALUE_TIME, cursor->key),
                               ARG(cursor->id), ARG(limit)));
}

/* ---- The endpoints
 * ------------------------------------------------------------ */

const struct route session_alert_routes[] = {
    {
        .on = "GET /api/auth/alerts",
        .access = ALLOW_SIGNED_IN,
        .handle = list_alerts,
        .about = "List what you were told about your account's safety.",
        .input = INPUT(struct log_page, page_fields),
        .returns = alert_shape,
        .form = ANSWER_LIST,
        .sql = STATEMENTS(alerts_sql),
    },
    {
        .on = "POST /api/auth/alerts/{alert}/acknowledge",
        .access = ALLOW_SIGNED_IN,
        .handle = acknowledge,
        .about = "Say that you have seen an alert.",
        .input = INPUT(struct choice, choice_fields),
        .form = ANSWER_NOTHING,
        .success = 204,
        .sql = STATEMENTS(acknowledge_sql),
    },
    {
        .on = "GET /api/auth/login-history",
        .access = ALLOW_SIGNED_IN,
        .handle = list_history,
        .about = "List the logins to your account, and those that failed.",
        .input = INPUT(struct log_page, page_fields),
        .returns = history_shape,
        .form = ANSWER_LIST,
        .sql = STATEMENTS(history_sql),
    },
    { 0 },
};
