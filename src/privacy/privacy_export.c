/*
 * privacy_export.c - asking for all of one's data, looking how far that is,
 * and fetching the file; privacy_export_job.c makes it.
 *
 * The link is signed and good until the export expires: whoever has it, from
 * the mail or from the settings, gets the file, which nginx sends.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "core/app.h"
#include "core/db.h"
#include "core/password_policy.h"
#include "mailing/mailing.h"
#include "privacy/privacy_local.h"

static const struct problem running = {
    .status = 409,
    .code = "EXPORT_RUNNING",
    .title = "An export is being made already.",
};
static const struct problem daily = {
    .status = 409,
    .code = "EXPORT_DAILY_LIMIT",
    .title = "There was an export within 24 hours. Ask again tomorrow.",
};
static const struct problem expired = {
    .status = 410,
    .code = "EXPORT_EXPIRED",
    .title = "This export is no longer offered. Ask for a new one in your "
             "settings.",
};

/* ---- What all of them answer --------------------------------------------- */

#define EXPORT_MEMBERS                                                         \
    { .name = "id", .type = VALUE_UUID },                                      \
        { .name = "state",                                                     \
          .type = VALUE_TEXT,                                                  \
          .about = "queued, running, ready, failed or expired." },             \
        { .name = "size",                                                      \
          .type = VALUE_INTEGER,                                               \
          .nullable = true,                                                    \
          .about = "Bytes." },                                                 \
        { .name = "createdAt", .type = VALUE_TIME },                           \
    {                                                                          \
        .name = "expiresAt", .type = VALUE_TIME, .nullable = true              \
    }

static const struct member export_shape[] = {
    EXPORT_MEMBERS,
    { 0 },
};
static const struct member one_shape[] = {
    EXPORT_MEMBERS,
    { .name = "url",
      .type = VALUE_TEXT,
      .nullable = true,
      .about = "Where the zip file is, until expiresAt. Whoever has this "
               "address can fetch it." },
    { 0 },
};

/* ---- POST ---------------------------------------------------------------- */

struct wish {
    const char *password;
};

static const struct field wish_fields[] = {
    FIELD(IN_BODY, struct wish, password, .max = PASSWORD_INPUT_MAX,
          .secret = true,
          .about = "Your password; not needed within 10 minutes of using it "
                   "or a second factor."),
    { 0 },
};

static const struct refusal ask_refusals[] = {
    { .problem = &privacy_wrong_password, .field = "password" },
    { .problem = &problem_reauthenticate },
    { .problem = &running, .constraint = "data_exports_one_at_a_time" },
    { .problem = &daily, .constraint = "data_exports_daily" },
    { 0 },
};

static const char ask_sql[] =
    SQL(
    SELECT e.id, e.state::text AS state, e.size, e.created_at, e.expires_at
    FROM export_ask($1, $2::text::inet, $3, $4) e
);

static const struct problem *
ask(struct request *r)
{
    const struct wish *in = r->input;
    const struct problem *refused = privacy_confirm(r, in->password);

    if (refused != NULL)
        return refused;
    refused = answer_row(
        r, ask_sql,
        ARGS(ARG(r->viewer), ARG(r->ip), ARG(r->user_agent), ARG(r->id)));
    event_wake(r);
    return refused;
}

/* ---- GET ----------------------------------------------------------------- */

static const char list_sql[] =
    SQL(
    SELECT id, state::text AS state, size, created_at, expires_at
    FROM data_exports WHERE user_id = $1
    ORDER BY created_at DESC LIMIT 100
);

static const struct problem *
list(struct request *r)
{
    return answer_rows(r, 100, list_sql, ARGS(ARG(r->viewer)));
}

struct choice {
    struct uuid export;
    const char *token;
};

static const struct field choice_fields[] = {
    FIELD(IN_PATH, struct choice, export, .about = "The export's id."),
    { 0 },
};

static const char one_sql[] =
    SQL(
    SELECT state::text, size, created_at, expires_at,
        state = 'ready' AND expires_at > clock_now()
    FROM data_exports WHERE id = $2 AND user_id = $1
);

static const struct problem *
show(struct request *r)
{
    const struct choice *in = r->input;
    const struct db_result *row = NULL;
    const struct problem *refused =
        answer_query(r, one_sql, ARGS(ARG(r->viewer), ARG(in->export)), &row);

    if (refused != NULL)
        return refused;
    if (db_rows(row) == 0)
        return &problem_not_found;
    const char *state = db_text(row, 0, 0, NULL), *url = NULL;
    const struct maybe_integer size = { !db_null(row, 0, 1),
                                        db_integer(row, 0, 1) };
    const struct instant made = db_time(row, 0, 2);
    const struct instant until = db_time(row, 0, 3);

    if (db_boolean(row, 0, 4))
        url = mailing_export_url(r->app, r->mem, &in->export, until);
    return answer_values(r, ARGS(ARG(in->export), ARG(state), ARG(size),
                                 ARG(made), ARG(until), ARG(url)));
}

/* ---- The file ------------------------------------------------------------ */

static const struct field file_fields[] = {
    FIELD(IN_PATH, struct choice, export, .about = "The export's id."),
    FIELD(IN_QUERY, struct choice, token, .required = true, .max = 200,
          .secret = true, .about = "From the link."),
    { 0 },
};

static const struct refusal file_refusals[] = {
    { .problem = &expired },
    { 0 },
};

static const char file_sql[] =
    SQL(
    SELECT path, expires_at, state = 'ready' AND expires_at > clock_now(),
        created_at
    FROM data_exports WHERE id = $1 AND expires_at IS NOT NULL
);

static const struct problem *
fetch(struct request *r)
{
    const struct choice *in = r->input;
    const struct db_result *row = NULL;
    const struct problem *refused =
        answer_query(r, file_sql, ARGS(ARG(in->export)), &row);
    struct text day;

    if (refused != NULL)
        return refused;
    if (db_rows(row) == 0 ||
        !mailing_export_signed(r->app, r->mem, &in->export, db_time(row, 0, 1),
                               in->token))
        return &problem_not_found;
    if (!db_boolean(row, 0, 2))
        return &expired;
    text_init(&day, r->mem, 32);
    clock_iso(&day, db_time(row, 0, 3).us);
    answer_header(r, "Cache-Control", "private, no-store");
    answer_header(r, "Content-Disposition",
                  mem_printf(r->mem,
                             "attachment; filename=\"export-%.10s.zip\"",
                             day.at));
    answer_header(
        r, "X-Accel-Redirect",
        mem_printf(r->mem, "/internal/exports/%s", db_text(row, 0, 0, NULL)));
    return answer_raw(r, "", 0);
}

/* ---- The endpoints ------------------------------------------------------- */

const struct route privacy_export_routes[] = {
    {
        .on = "POST /api/users/me/export",
        .access = ALLOW_SIGNED_IN,
        .quota = QUOTA_AUTH,
        .handle = ask,
        .about = "Ask for a zip file of all that belongs to you: one at a "
                 "time, one a day. A mail tells when it is ready.",
        .input = INPUT(struct wish, wish_fields),
        .refusals = ask_refusals,
        .returns = export_shape,
        .success = 202,
        .sql = STATEMENTS(privacy_password_sql, ask_sql),
    },
    {
        .on = "GET /api/users/me/export",
        .access = ALLOW_SIGNED_IN,
        .handle = list,
        .about = "List your exports, the latest first.",
        .returns = export_shape,
        .form = ANSWER_ARRAY,
        .sql = STATEMENTS(list_sql),
    },
    {
        .on = "GET /api/users/me/export/{export}",
        .access = ALLOW_SIGNED_IN,
        .handle = show,
        .about = "See how far an export is, and where its file is.",
        .input = INPUT(struct choice, choice_fields),
        .returns = one_shape,
        .sql = STATEMENTS(one_sql),
    },
    {
        .on = "GET /api/data-exports/{export}/file",
        .access = ALLOW_ANYONE,
        .no_session = true,
        .handle = fetch,
        .about = "Fetch an export by its signed link.",
        .input = INPUT(struct choice, file_fields),
        .refusals = file_refusals,
        .raw_type = "application/zip",
        .sql = STATEMENTS(file_sql),
    },
    { 0 },
};
