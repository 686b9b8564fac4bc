/*
 * mail_own.c - one's own mails: whether they arrive, which were sent, which
 * were not, and why.
 */
#include "mailing/mailing_local.h"

/* ---- Whether they arrive ------------------------------------------------- */

static const struct member state_shape[] = {
    { .name = "email", .type = VALUE_TEXT },
    { .name = "suppressed",
      .type = VALUE_BOOLEAN,
      .about = "No mails are sent but those about the account's safety." },
    { .name = "reason",
      .type = VALUE_TEXT,
      .nullable = true,
      .about = "bounced: mails came back; not_permitted: staff stopped "
               "them, and only staff lets them go again." },
    { .name = "liftable",
      .type = VALUE_BOOLEAN,
      .about = "You can let mails come again yourself." },
    { .name = "bounceScore",
      .type = VALUE_REAL,
      .about = "From 4 on no mails are sent; forgotten after 30 days." },
    { .name = "lastBounce",
      .type = VALUE_TEXT,
      .nullable = true,
      .about = "What the mail server said." },
    { .name = "lastBounceAt", .type = VALUE_TIME, .nullable = true },
    { 0 },
};

static const char state_sql[] = SQL(
    SELECT u.email, mail_bounced(u.email) OR s.reason IS NOT NULL,
        CASE WHEN mail_bounced(u.email) THEN 'bounced'
            ELSE s.reason::text END,
        coalesce(s.reason <> 'not_permitted', mail_bounced(u.email)),
        coalesce((SELECT score FROM mail_scores c WHERE c.email = u.email
            AND c.updated_at > clock_now() - interval '30 days'), 0)::float8,
        b.diagnostic, b.created_at
    FROM users u
    LEFT JOIN mail_suppressions s ON s.email = u.email AND s.category = ''
        AND (s.until IS NULL OR s.until > clock_now())
    LEFT JOIN LATERAL (SELECT * FROM mail_bounces b WHERE b.email = u.email
        ORDER BY created_at DESC LIMIT 1) b ON TRUE
    WHERE u.id = $1 AND u.email_verified_at IS NOT NULL
);

/* Whoever registered with an address, and never proved it, learns nothing of
 * it, and changes nothing. */
static const struct problem unproven = {
    .status = 403,
    .code = "EMAIL_NOT_VERIFIED",
    .title = "Confirm your e-mail address first.",
};
static const struct refusal own_refusals[] = { { .problem = &unproven },
                                               { 0 } };

static const struct problem *
tell_state(struct request *r)
{
    const struct problem *none = answer_row(r, state_sql, ARGS(ARG(r->viewer)));

    return none == &problem_not_found ? &unproven : none;
}

/* ---- Lifting ------------------------------------------------------------- */

static const char lift_sql[] = SQL(
    SELECT mail_lift_own(email) FROM users
    WHERE id = $1 AND email_verified_at IS NOT NULL
);

static const struct problem *
lift(struct request *r)
{
    const struct problem *none = answer_done(r, lift_sql, ARGS(ARG(r->viewer)));

    return none == &problem_not_found ? &unproven : none;
}

/* ---- The list ------------------------------------------------------------ */

struct log {
    struct cursor cursor;
    int64_t limit;
};

const struct member mail_log_shape[] = {
    { .name = "id", .type = VALUE_UUID },
    { .name = "mail", .type = VALUE_TEXT, .about = "Which one: welcome." },
    { .name = "category", .type = VALUE_TEXT },
    { .name = "recipient", .type = VALUE_TEXT },
    { .name = "state",
      .type = VALUE_TEXT,
      .about = "sending, sent, maybe_sent, failed, or skipped." },
    { .name = "reason",
      .type = VALUE_TEXT,
      .nullable = true,
      .about = "Why it was skipped: seen_on_site, already_read, bounced ..." },
    { .name = "words", .type = VALUE_TEXT, .about = "The same for people." },
    { .name = "createdAt", .type = VALUE_TIME },
    { 0 },
};

const char mail_log_sql[] = SQL(
    SELECT id, template, category, recipient, state, reason, words,
        created_at, created_at AS cursor_key
    FROM mail_log_rows
    WHERE user_id = $1 AND (created_at, id) < ($2, $3)
    ORDER BY created_at DESC, id DESC LIMIT $4 + 1
);

static const struct problem *
list(struct request *r)
{
    const struct log *in = r->input;

    return answer_rows(r, in->limit, mail_log_sql,
                       ARGS(ARG(r->viewer), ARG_AS(VALUE_TIME, in->cursor.key),
                            ARG(in->cursor.id), ARG(in->limit)));
}

static const struct problem *
show(struct request *r)
{
    const struct log *in = r->input;
    const int64_t limit = 30;
    const struct problem *refused =
        answer_row_as(r, "mail", state_shape, state_sql, ARGS(ARG(r->viewer)));

    if (refused != NULL && refused != &problem_not_found)
        return refused;
    return answer_rows_as(r, "log", mail_log_shape, limit, mail_log_sql,
                          ARGS(ARG(r->viewer),
                               ARG_AS(VALUE_TIME, in->cursor.key),
                               ARG(in->cursor.id), ARG(limit)));
}

/* ---- Tables -------------------------------------------------------------- */

static const struct field log_fields[] = {
    FIELD(IN_QUERY, struct log, cursor,
          .about = "`nextCursor` of the page before."),
    FIELD(IN_QUERY, struct log, limit, .min = 1, .max = 100, .otherwise = 20,
          .about = "At most this many."),
    { 0 },
};

static const struct field page_fields[] = {
    FIELD(IN_QUERY, struct log, cursor, .about = "Goes on after a page."),
    { 0 },
};

const struct route mail_own_routes[] = {
    {
        .on = "GET /api/users/me/mail",
        .access = ALLOW_SIGNED_IN,
        .handle = tell_state,
        .about = "Tell whether mails reach you, and why not.",
        .refusals = own_refusals,
        .returns = state_shape,
        .sql = STATEMENTS(state_sql),
    },
    {
        .on = "DELETE /api/users/me/mail/suppression",
        .access = ALLOW_SIGNED_IN,
        .handle = lift,
        .about = "Let mails come again after they came back: the mailbox is "
                 "in order by now.",
        .refusals = own_refusals,
        .form = ANSWER_NOTHING,
        .success = 204,
        .sql = STATEMENTS(lift_sql),
    },
    {
        .on = "GET /api/users/me/mail/log",
        .access = ALLOW_SIGNED_IN,
        .handle = list,
        .about = "List the mails of the last 30 days that were sent to you, "
                 "and those that were not, with the reason.",
        .input = INPUT(struct log, log_fields),
        .returns = mail_log_shape,
        .form = ANSWER_LIST,
        .sql = STATEMENTS(mail_log_sql),
    },
    {
        .on = "GET /settings/email",
        .access = ALLOW_SIGNED_IN,
        .handle = show,
        .about = "The page of your mails: whether they arrive, which were "
                 "sent.",
        .input = INPUT(struct log, page_fields),
        .page = "mailing/own",
        .title = "Your mails",
        .sql = STATEMENTS(state_sql, mail_log_sql),
    },
    { 0 },
};
