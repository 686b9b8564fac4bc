/*
 * privacy_deletion.c - asking that one's account be deleted, and cancelling.
 *
 * For 14 days nothing happens, and the account works as before, with a note
 * on each page; then the batch program account-deletion erases it
 * (privacy_erase.c).
 */
#include "core/app.h"
#include "core/db.h"
#include "core/password_policy.h"
#include "core/session.h"
#include "privacy/privacy_local.h"

struct wish {
    const char *password, *reason;
    bool remove_content;
};

static const struct problem pending = {
    .status = 409,
    .code = "DELETION_PENDING",
    .title = "This account is going to be deleted already.",
};
static const struct problem last_admin = {
    .status = 409,
    .code = "LAST_ADMINISTRATOR",
    .title = "You are the only administrator. Make somebody else one first.",
};
static const struct problem none = {
    .status = 404,
    .code = "NO_DELETION",
    .title = "This account is not going to be deleted.",
};
static const struct problem begun = {
    .status = 409,
    .code = "DELETION_BEGUN",
    .title = "It is too late: the 14 days are over.",
};

static const struct refusal ask_refusals[] = {
    { .problem = &privacy_wrong_password, .field = "password" },
    { .problem = &problem_reauthenticate },
    { .problem = &pending, .constraint = "deletion_requests_one_live" },
    { .problem = &last_admin, .constraint = "deletion_requests_last_admin" },
    { 0 },
};
static const struct refusal cancel_refusals[] = {
    { .problem = &none, .constraint = "deletion_requests_live" },
    { .problem = &begun, .constraint = "deletion_requests_begun" },
    { 0 },
};

static const struct field wish_fields[] = {
    FIELD(IN_BODY, struct wish, password, .max = PASSWORD_INPUT_MAX,
          .secret = true,
          .about = "Your password; not needed within 10 minutes of using it "
                   "or a second factor."),
    FIELD_AS(IN_BODY, "removeContent", struct wish, remove_content,
             .about = "Remove your posts, comments and reactions, too; else "
                      "posts and comments stay under \"Deleted User\"."),
    FIELD(IN_BODY, struct wish, reason, .max = 1000, .lines = true,
          .visible = true, .about = "Why you go, if you want to say."),
    { 0 },
};

static const struct member deletion_shape[] = {
    { .name = "pending",
      .type = VALUE_BOOLEAN,
      .about = "The account is going to be deleted." },
    { .name = "requestedAt", .type = VALUE_TIME, .nullable = true },
    { .name = "dueAt",
      .type = VALUE_TIME,
      .nullable = true,
      .about = "Until then it can be cancelled." },
    { .name = "removeContent", .type = VALUE_BOOLEAN },
    { 0 },
};

/* ---- GET ----------------------------------------------------------------- */

static const char state_sql[] =
    SQL(
    SELECT d.id IS NOT NULL AS pending, d.created_at, d.due_at,
        coalesce(d.remove_content, FALSE) AS remove_content
    FROM (SELECT) one
    LEFT JOIN deletion_requests d ON d.user_id = $1
        AND d.cancelled_at IS NULL AND d.done_at IS NULL
);

static const struct problem *
show(struct request *r)
{
    return answer_row(r, state_sql, ARGS(ARG(r->viewer)));
}

/* ---- POST ---------------------------------------------------------------- */

static const char ask_sql[] = SQL(
    SELECT TRUE AS pending, d.created_at, d.due_at, d.remove_content
    FROM deletion_ask($1, $2, $3, $4::text::inet, $5, $6) d
);

static const struct problem *
ask(struct request *r)
{
    const struct wish *in = r->input;
    const struct problem *refused = privacy_confirm(r, in->password);

    if (refused != NULL)
        return refused;
    refused = answer_row(r, ask_sql,
                         ARGS(ARG(r->viewer), ARG(in->remove_content),
                              ARG(in->reason), ARG(r->ip), ARG(r->user_agent),
                              ARG(r->id)));
    if (refused != NULL)
        return refused;
    session_refresh_user(r, r->viewer);
    event_wake(r);
    return NULL;
}

/* ---- DELETE -------------------------------------------------------------- */

static const char cancel_sql[] =
    SQL(
    SELECT deletion_cancel($1, $2::text::inet, $3, $4)::text
);

static const struct problem *
cancel(struct request *r)
{
    const struct problem *refused = answer_done(
        r, cancel_sql,
        ARGS(ARG(r->viewer), ARG(r->ip), ARG(r->user_agent), ARG(r->id)));

    if (refused != NULL)
        return refused;
    session_refresh_user(r, r->viewer);
    return NULL;
}

/* ---- The endpoints ------------------------------------------------------- */

const struct route privacy_deletion_routes[] = {
    {
        .on = "GET /api/users/me/deletion",
        .access = ALLOW_SIGNED_IN,
        .handle = show,
        .about = "Ask whether your account is going to be deleted.",
        .returns = deletion_shape,
        .sql = STATEMENTS(state_sql),
    },
    {
        .on = "POST /api/users/me/deletion",
        .access = ALLOW_SIGNED_IN,
        .quota = QUOTA_AUTH,
        .handle = ask,
        .about = "Ask that your account be deleted, in 14 days.",
        .input = INPUT(struct wish, wish_fields),
        .refusals = ask_refusals,
        .returns = deletion_shape,
        .success = 201,
        .sql = STATEMENTS(privacy_password_sql, ask_sql),
    },
    {
        .on = "DELETE /api/users/me/deletion",
        .access = ALLOW_SIGNED_IN,
        .handle = cancel,
        .about = "Keep your account after all.",
        .refusals = cancel_refusals,
        .form = ANSWER_NOTHING,
        .success = 204,
        .sql = STATEMENTS(cancel_sql),
    },
    { 0 },
};
