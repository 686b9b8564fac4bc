/*
 * account_held.c - referral codes whose newcomer looks like the referrer's own
 * work: held until staff release or refuse them (sql/referral.sql).
 */
#include "account/account_local.h"
#include "core/app.h"
#include "core/session.h"

static const struct problem not_held = {
    .status = 409,
    .code = "NOT_HELD",
    .title = "This code is not held: somebody has decided, or it never was.",
};
static const struct problem own_code = {
    .status = 403,
    .code = "OWN_REFERRAL",
    .title = "Another member of the staff has to decide this: it is yours.",
};
static const struct refusal deciding_refusals[] = {
    { .problem = &not_held, .constraint = "referrals_held" },
    { .problem = &own_code, .constraint = "referrals_own" },
    { 0 },
};

/* ---- The list ------------------------------------------------------------ */

static const struct member held_shape[] = {
    { .name = "id", .type = VALUE_UUID },
    { .name = "code", .type = VALUE_TEXT },
    { .name = "heldFor", .type = VALUE_TEXT, .about = "mailbox or network." },
    { .name = "words", .type = VALUE_TEXT, .about = "The same for people." },
    { .name = "referrer", .object = user_card, .about = "Whom it would pay." },
    { .name = "joined", .object = user_card, .about = "Who came by it." },
    { .name = "claimedAt", .type = VALUE_TIME },
    { 0 },
};

struct held_page {
    struct cursor cursor;
    int64_t limit;
};

static const struct field list_fields[] = {
    FIELD(IN_QUERY, struct held_page, cursor,
          .about = "`nextCursor` of the page before."),
    FIELD(IN_QUERY, struct held_page, limit, .min = 1, .max = 100,
          .otherwise = 20, .about = "At most this many."),
    { 0 },
};
static const struct field show_fields[] = {
    FIELD(IN_QUERY, struct held_page, cursor, .about = "Goes on after a page."),
    { 0 },
};

static const char held_sql[] = SQL(
    SELECT id, code, held_for, words, referrer_user_id, referrer,
        referrer_name, referrer_image, referrer_verified, referrer_level,
        joined_user_id, joined, joined_name, joined_image, joined_verified,
        joined_level, claimed_at, claimed_at AS cursor_key
    FROM referral_held_rows
    WHERE (claimed_at, id) < ($1, $2)
    ORDER BY claimed_at DESC, id DESC LIMIT $3 + 1
);

static const struct problem *
list_held(struct request *r)
{
    const struct held_page *in = r->input;

    return answer_rows(r, in->limit, held_sql,
                       ARGS(ARG_AS(VALUE_TIME, in->cursor.key),
                            ARG(in->cursor.id), ARG(in->limit)));
}

static const struct problem *
show_held(struct request *r)
{
    const struct held_page *in = r->input;
    const int64_t limit = 30;

    page_flag(r, "viewer.isAdmin", r->session->role >= ROLE_ADMIN);
    page_flag(r, "tab.referrals", true);
    page_flag(r, "page.noindex", true);
    return answer_rows_as(r, "held", held_shape, limit, held_sql,
                          ARGS(ARG_AS(VALUE_TIME, in->cursor.key),
                               ARG(in->cursor.id), ARG(limit)));
}

/* ---- Deciding ------------------------------------------------------------ */

struct decision {
    struct uuid referral;
    const char *reason;
};

static const struct field decision_fields[] = {
    FIELD(IN_PATH, struct decision, referral, .about = "The code's id."),
    FIELD(IN_BODY, struct decision, reason, .required = true, .min = 3,
          .max = 500, .visible = true, .about = "Why; kept in the audit log."),
    { 0 },
};

static const char decide_sql[] = SQL(
    SELECT referral_decide($1, $2, $3, $4, $5::text::inet, $6, $7) IS NULL
);

static const struct problem *
decide(struct request *r, bool pays)
{
    const struct decision *in = r->input;
    const struct problem *refused = answer_done(
        r, decide_sql,
        ARGS(ARG(in->referral), ARG(r->viewer), ARG(pays), ARG(in->reason),
             ARG(r->ip), ARG(r->user_agent), ARG(r->id)));

    if (refused == NULL)
        event_wake(r);
    return refused;
}

static const struct problem *
release(struct request *r)
{
    return decide(r, true);
}

static const struct problem *
refuse(struct request *r)
{
    return decide(r, false);
}

/* ---- The endpoints ------------------------------------------------------- */

const struct route account_held_routes[] = {
    {
        .on = "GET /api/admin/referrals",
        .access = ALLOW_MODERATORS,
        .handle = list_held,
        .about = "List referral codes that are held before they pay.",
        .input = INPUT(struct held_page, list_fields),
        .returns = held_shape,
        .form = ANSWER_LIST,
        .sql = STATEMENTS(held_sql),
    },
    {
        .on = "POST /api/admin/referrals/{referral}/release",
        .access = ALLOW_MODERATORS,
        .handle = release,
        .about = "Let a code that is held pay its 500 points.",
        .input = INPUT(struct decision, decision_fields),
        .refusals = deciding_refusals,
        .form = ANSWER_NOTHING,
        .success = 204,
        .sql = STATEMENTS(decide_sql),
    },
    {
        .on = "POST /api/admin/referrals/{referral}/refuse",
        .access = ALLOW_MODERATORS,
        .handle = refuse,
        .about = "Let a code that is held never pay.",
        .input = INPUT(struct decision, decision_fields),
        .refusals = deciding_refusals,
        .form = ANSWER_NOTHING,
        .success = 204,
        .sql = STATEMENTS(decide_sql),
    },
    {
        .on = "GET /admin/referrals",
        .access = ALLOW_MODERATORS,
        .handle = show_held,
        .about = "The page of referral codes that are held.",
        .input = INPUT(struct held_page, show_fields),
        .page = "account/held",
        .title = "Invitations held",
        .sql = STATEMENTS(held_sql),
    },
    { 0 },
};
