/*
 * mail_suppressed.c - addresses that get no mails but those about an account's
 * safety: by bounces, or because staff said so.  Staff list, add and remove
 * them; why is kept with the address, and in the audit log.
 */
#include "core/mail.h"
#include "mailing/mailing_local.h"

/* ---- The list ------------------------------------------------------------ */

struct suppressions {
    const char *email;
    struct cursor cursor;
    int64_t limit;
};

static const struct member suppressed_shape[] = {
    { .name = "id", .type = VALUE_UUID },
    { .name = "email", .type = VALUE_TEXT },
    { .name = "reason",
      .type = VALUE_TEXT,
      .about = "bounced, unsubscribed or not_permitted." },
    { .name = "words", .type = VALUE_TEXT, .about = "The same for people." },
    { .name = "category",
      .type = VALUE_TEXT,
      .about = "Of the mails that do not go there; empty: all." },
    { .name = "score", .type = VALUE_REAL, .about = "Of bounces." },
    { .name = "detail",
      .type = VALUE_TEXT,
      .nullable = true,
      .about = "What the mail server said, or staff." },
    { .name = "since", .type = VALUE_TIME },
    { .name = "until",
      .type = VALUE_TIME,
      .nullable = true,
      .about = "Null: until it is lifted." },
    { 0 },
};

/* U+10FFFF ends the range of what begins with the letters. */
static const char suppressed_sql[] = SQL_PLANNED SQL(
    SELECT id, email, reason, words, category, score, detail, since, until,
        since AS cursor_key
    FROM mail_suppressed_rows
    WHERE ($1::text IS NULL OR email COLLATE "C" >= lower($1)
            AND email COLLATE "C" < lower($1) || chr(1114111))
        AND (since, id) < ($2, $3)
    ORDER BY since DESC, id DESC LIMIT $4 + 1
);

static const struct problem *
list_suppressed(struct request *r)
{
    const struct suppressions *in = r->input;

    return answer_rows(r, in->limit, suppressed_sql,
                       ARGS(ARG(in->email), ARG_AS(VALUE_TIME, in->cursor.key),
                            ARG(in->cursor.id), ARG(in->limit)));
}

static const struct problem *
show_suppressed(struct request *r)
{
    const struct suppressions *in = r->input;
    const int64_t limit = 30;

    mailing_admin_page(r);
    page_text(r, "email", in->email != NULL ? in->email : "");
    return answer_rows_as(
        r, "suppressed", suppressed_shape, limit, suppressed_sql,
        ARGS(ARG(in->email), ARG_AS(VALUE_TIME, in->cursor.key),
             ARG(in->cursor.id), ARG(limit)));
}

#define BEGINNING                                                              \
    FIELD(IN_QUERY, struct suppressions, email, .max = 255,                    \
          .about = "Only addresses that begin like this.")

static const struct field suppressions_fields[] = {
    BEGINNING,
    FIELD(IN_QUERY, struct suppressions, cursor,
          .about = "`nextCursor` of the page before."),
    FIELD(IN_QUERY, struct suppressions, limit, .min = 1, .max = 100,
          .otherwise = 20, .about = "At most this many."),
    { 0 },
};

static const struct field show_fields[] = {
    BEGINNING,
    FIELD(IN_QUERY, struct suppressions, cursor,
          .about = "Goes on after a page."),
    { 0 },
};

/* ---- Adding and removing ------------------------------------------------- */

struct change {
    const char *email, *reason, *detail;
    struct maybe_integer days;
};

static const char *const staff_reasons[] = { "bounced", "unsubscribed",
                                             "not_permitted", NULL };

/* The address is not in the log of what staff did: whose it is, is. */
static const char suppress_sql[] = SQL(
    WITH made AS MATERIALIZED (SELECT mail_suppress($1,
        $6::text::mail_skip_reason, $7, $8::int) AS done)
    SELECT done FROM made CROSS JOIN LATERAL audit_write($2, 'mail.suppress',
        'user', (SELECT id FROM users WHERE email = lower($1)), NULL,
        jsonb_build_object('reason', $6::text, 'why', $7::text, 'days',
            $8::int), $3::text::inet, $4, $5, TRUE)
    WHERE done
);

static const struct problem *
suppress(struct request *r)
{
    const struct change *in = r->input;

    return answer_done_anyway(
        r, suppress_sql,
        ARGS(ARG(in->email), ARG(r->viewer), ARG(r->ip), ARG(r->user_agent),
             ARG(r->id), ARG(in->reason), ARG(in->detail), ARG(in->days)));
}

static const char lift_sql[] =
    SQL(
    WITH lifted AS MATERIALIZED (SELECT mail_lift(lower($1)) AS done)
    SELECT done FROM lifted CROSS JOIN LATERAL audit_write($2, 'mail.lift',
        'user', (SELECT id FROM users WHERE email = lower($1)), NULL,
        jsonb_build_object('lifted', done, 'why', $6::text), $3::text::inet,
        $4, $5, TRUE)
    WHERE done
);

static const struct problem *
lift(struct request *r)
{
    const struct change *in = r->input;

    return answer_done_anyway(r, lift_sql,
                              ARGS(ARG(in->email), ARG(r->viewer), ARG(r->ip),
                                   ARG(r->user_agent), ARG(r->id),
                                   ARG(in->detail)));
}

#define ADDRESS(words)                                                         \
    FIELD(IN_BODY, struct change, email, .required = true, .min = 3,           \
          .max = 255, .valid = mail_address_valid,                             \
          .wanted = "must be an e-mail address", .about = words)
#define WHY                                                                    \
    FIELD(IN_BODY, struct change, detail, .required = true, .min = 3,          \
          .max = 500, .visible = true, .about = "Why; kept in the audit log.")

static const struct field suppress_fields[] = {
    ADDRESS("The address that is to get no more mails."),
    FIELD(IN_BODY, struct change, reason, .required = true,
          .choices = staff_reasons,
          .about = "bounced: nobody reads it; unsubscribed: they want none; "
                   "not_permitted: we must not write there, and only staff "
                   "lifts it."),
    WHY,
    FIELD(IN_BODY, struct change, days, .min = 1, .max = 3650,
          .about = "For so long; until it is lifted if not given."),
    { 0 },
};

static const struct field lift_fields[] = {
    ADDRESS("The address that is to get mails again."),
    WHY,
    { 0 },
};

/* ---- The endpoints ------------------------------------------------------- */

const struct route mail_suppressed_routes[] = {
    {
        .on = "GET /api/admin/mail/suppressions",
        .access = ALLOW_ADMINS,
        .handle = list_suppressed,
        .about = "List the addresses that get no mails.",
        .input = INPUT(struct suppressions, suppressions_fields),
        .returns = suppressed_shape,
        .form = ANSWER_LIST,
        .sql = STATEMENTS(suppressed_sql),
    },
    {
        .on = "POST /api/admin/mail/suppressions",
        .access = ALLOW_ADMINS,
        .handle = suppress,
        .about = "Let an address get no more mails but those about its "
                 "account's safety.",
        .input = INPUT(struct change, suppress_fields),
        .form = ANSWER_NOTHING,
        .success = 204,
        .sql = STATEMENTS(suppress_sql),
    },
    {
        .on = "POST /api/admin/mail/lift",
        .access = ALLOW_ADMINS,
        .handle = lift,
        .about = "Let an address get mails again.",
        .input = INPUT(struct change, lift_fields),
        .form = ANSWER_NOTHING,
        .success = 204,
        .sql = STATEMENTS(lift_sql),
    },
    {
        .on = "GET /admin/mail/suppressions",
        .access = ALLOW_ADMINS,
        .handle = show_suppressed,
        .about = "The page of addresses that get no mails.",
        .input = INPUT(struct suppressions, show_fields),
        .page = "mailing/suppressed",
        .title = "Addresses without mails",
        .sql = STATEMENTS(suppressed_sql),
    },
    { 0 },
};
