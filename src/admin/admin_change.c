/*
 * admin_change.c - what staff do to an account: role, status, sessions, and
 * help for who is locked out.
 *
 * The functions of sql/admin.sql decide, act, and write the audit log, refused
 * attempts too; they return the code of a refusal, which is looked up in
 * `refusals`.  So all of it is open to moderators here: what is for
 * administrators only is refused there, and written down.
 */
#include <string.h>

#include "admin/admin_local.h"
#include "base/clock.h"
#include "core/audit.h"
#include "core/db.h"
#include "core/event.h"
#include "core/session.h"

static const struct problem own_account = {
    .status = 403,
    .code = "OWN_ACCOUNT",
    .title = "Nobody changes their own account here; ask another "
             "administrator.",
};
static const struct problem last_admin = {
    .status = 409,
    .code = "LAST_ADMIN",
    .title = "This is the last administrator; make another one first.",
};
static const struct problem invalid_transition = {
    .status = 409,
    .code = "INVALID_TRANSITION",
    .title = "The account's status cannot change that way; look again.",
};
static const struct problem account_deleted = {
    .status = 409,
    .code = "ACCOUNT_DELETED",
    .title = "This account is deleted.",
};
static const struct problem no_factor = {
    .status = 409,
    .code = "TWO_FACTOR_OFF",
    .title = "This account has no second factor.",
};

static const struct refusal refusals[] = {
    { .problem = &own_account },
    { .problem = &problem_higher_role },
    { .problem = &last_admin },
    { .problem = &invalid_transition },
    { .problem = &account_deleted },
    { .problem = &no_factor },
    { 0 },
};

static const struct problem *
refusal_named(const char *code)
{
    const struct problem *const core[] = { &problem_not_found,
                                           &problem_authorization };

    for (const struct refusal *row = refusals; row->problem != NULL; row++)
        if (strcmp(row->problem->code, code) == 0)
            return row->problem;
    for (size_t i = 0; i < sizeof core / sizeof *core; i++)
        if (strcmp(core[i]->code, code) == 0)
            return core[i];
    return &problem_internal;
}

/* ---- Input -------------------------------------------------------------- */

struct change {
    struct uuid user;
    const char *role, *status, *reason;
    struct instant until;
    struct maybe_integer days;
};

#define USER_FIELD                                                             \
    FIELD(IN_PATH, struct change, user, .about = "The user's id.")
#define REASON_FIELD                                                           \
    FIELD(IN_BODY, struct change, reason, .required = true, .min = 3,          \
          .max = 500, .visible = true, .about = "Why; kept in the audit log.")

/* ---- Role --------------------------------------------------------------- */

static const char role_sql[] = SQL(
    SELECT staff_set_role($1, $2, $3::text::user_role, $4, $5::text::inet, $6,
        $7)
);

static const struct problem *
set_role(struct request *r)
{
    const struct change *in = r->input;
    const char *ip = audit_address(r);
    const struct db_result *res = NULL;
    const struct problem *failed = answer_query(
        r, role_sql,
        ARGS(ARG(r->viewer), ARG(in->user), ARG(in->role), ARG(in->reason),
             ARG(ip), ARG(r->user_agent), ARG(r->id)),
        &res);

    if (failed != NULL)
        return failed;
    if (!db_null(res, 0, 0))
        return refusal_named(db_text(res, 0, 0, NULL));
    session_refresh_user(r, in->user);
    return NULL;
}

static const struct field role_fields[] = {
    USER_FIELD,
    FIELD(IN_BODY, struct change, role, .required = true,
          .choices = admin_roles, .about = "The new role."),
    REASON_FIELD,
    { 0 },
};

/* ---- Status and sessions ------------------------------------------------ */

/* Rows of (hash of an ended session or NULL, refusal or NULL). */
static const struct problem *
shut_out(struct request *r, const char *sql, const struct sql_arg *args)
{
    const struct db_result *res = NULL;
    const struct problem *failed = answer_query(r, sql, args, &res);

    if (failed != NULL)
        return failed;
    if (!db_null(res, 0, 1))
        return refusal_named(db_text(res, 0, 1, NULL));
    if (!db_null(res, 0, 0))
        session_forget(r, res);
    return NULL;
}

static const char status_sql[] =
    SQL(
    SELECT token_hash, refused FROM staff_shut_out($1, $2,
        $3::text::user_status, $4, $5, $6::text::inet, $7, $8)
);

/* The end of a suspension as it was asked for; zero: as is usual. */
static const struct problem *
read_until(struct request *r, const struct change *in, struct instant *ret)
{
    if (in->days.given && in->until.us != 0)
        return problem_field(r, "days", "goes without until");
    if (in->days.given)
        ret->us = r->now.us + in->days.value * CLOCK_DAY;
    else if (in->until.us != 0 && in->until.us <= r->now.us)
        return problem_field(r, "until", "must be in the future");
    else if (in->until.us > r->now.us + 366 * CLOCK_DAY)
        return problem_field(r, "until", "must be within a year; else ban");
    else
        *ret = in->until;
    return NULL;
}

static const struct problem *
set_status(struct request *r)
{
    const struct change *in = r->input;
    const char *ip = audit_address(r);
    struct instant until = { 0 };
    const struct problem *wrong = read_until(r, in, &until);

    if (wrong != NULL)
        return wrong;
    /* There is no way back from this one. */
    if (strcmp(in->status, "DELETED") == 0 &&
        r->now.us - r->session->authenticated.us > 10 * CLOCK_MINUTE)
        return &problem_reauthenticate;
    const struct problem *refused = shut_out(
        r, status_sql,
        ARGS(ARG(r->viewer), ARG(in->user), ARG(in->status), ARG(in->reason),
             ARG(until), ARG(ip), ARG(r->user_agent), ARG(r->id)));
    /* Who waited for the mail may be here already. */
    if (refused == NULL && strcmp(in->status, "ACTIVE") == 0)
        session_refresh_user(r, in->user);
    return refused;
}

static const struct field status_fields[] = {
    USER_FIELD,
    FIELD(IN_BODY, struct change, status, .required = true,
          .choices = admin_statuses, .about = "The new status."),
    FIELD(IN_BODY, struct change, until,
          .about = "The end of a suspension; in 7 days if not given."),
    FIELD(IN_BODY, struct change, days, .min = 1, .max = 365,
          .about = "The same as a number of days from now."),
    REASON_FIELD,
    { 0 },
};

static const char sessions_sql[] =
    SQL(
    SELECT token_hash, refused FROM staff_end_sessions($1, $2, NULL,
        $3::text::inet, $4, $5)
);

static const struct problem *
end_sessions(struct request *r)
{
    const struct account_choice *in = r->input;
    const char *ip = audit_address(r);

    return shut_out(r, sessions_sql,
                    ARGS(ARG(r->viewer), ARG(in->user), ARG(ip),
                         ARG(r->user_agent), ARG(r->id)));
}

/* ---- Helping who is locked out ------------------------------------------ */

static const char reset_sql[] =
    SQL(
    SELECT staff_reset_password($1, $2, $3, $4::text::inet, $5, $6)
);
static const char factor_sql[] =
    SQL(
    SELECT staff_remove_2fa($1, $2, $3, $4::text::inet, $5, $6)
);

static const struct problem *
help(struct request *r, const char *sql)
{
    const struct change *in = r->input;
    const char *ip = audit_address(r);
    const struct db_result *res = NULL;
    const struct problem *failed =
        answer_query(r, sql,
                     ARGS(ARG(r->viewer), ARG(in->user), ARG(in->reason),
                          ARG(ip), ARG(r->user_agent), ARG(r->id)),
                     &res);

    if (failed == NULL && !db_null(res, 0, 0))
        return refusal_named(db_text(res, 0, 0, NULL));
    return failed;
}

static const struct problem *
reset_password(struct request *r)
{
    const struct problem *refused = help(r, reset_sql);

    if (refused == NULL)
        event_wake(r);
    return refused;
}

static const struct problem *
remove_factor(struct request *r)
{
    return help(r, factor_sql);
}

static const struct field help_fields[] = { USER_FIELD, REASON_FIELD, { 0 } };

/* ---- The endpoints ------------------------------------------------------ */

const struct route admin_change_routes[] = {
    {
        .on = "PUT /api/admin/users/{user}/role",
        .access = ALLOW_MODERATORS,
        .recent_auth = true,
        .handle = set_role,
        .about = "Give an account a role (administrators). It counts from its "
                 "next request on.",
        .input = INPUT(struct change, role_fields),
        .refusals = refusals,
        .form = ANSWER_NOTHING,
        .success = 204,
        .sql = STATEMENTS(role_sql),
    },
    {
        .on = "PUT /api/admin/users/{user}/status",
        .access = ALLOW_MODERATORS,
        .handle = set_status,
        .about = "Suspend, ban, reactivate or (administrators) delete an "
                 "account. Its sessions end at once.",
        .input = INPUT(struct change, status_fields),
        .refusals = refusals,
        .form = ANSWER_NOTHING,
        .success = 204,
        .sql = STATEMENTS(status_sql),
    },
    {
        .on = "DELETE /api/admin/users/{user}/sessions",
        .access = ALLOW_MODERATORS,
        .handle = end_sessions,
        .about = "Sign an account out everywhere.",
        .input = INPUT(struct account_choice, account_choice_fields),
        .refusals = refusals,
        .form = ANSWER_NOTHING,
        .success = 204,
        .sql = STATEMENTS(sessions_sql),
    },
    {
        .on = "POST /api/admin/users/{user}/password-reset",
        .access = ALLOW_MODERATORS,
        .handle = reset_password,
        .about = "Mail an account a link to a new password (administrators).",
        .input = INPUT(struct change, help_fields),
        .refusals = refusals,
        .form = ANSWER_NOTHING,
        .success = 204,
        .sql = STATEMENTS(reset_sql),
    },
    {
        .on = "POST /api/admin/users/{user}/remove-2fa",
        .access = ALLOW_MODERATORS,
        .recent_auth = true,
        .handle = remove_factor,
        .about = "Take the second factor off an account that lost it "
                 "(administrators).",
        .input = INPUT(struct change, help_fields),
        .refusals = refusals,
        .form = ANSWER_NOTHING,
        .success = 204,
        .sql = STATEMENTS(factor_sql),
    },
    { 0 },
};
