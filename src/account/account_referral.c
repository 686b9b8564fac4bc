/*
 * account_referral.c - inviting others: one's referral codes, each of which
 * brings one person and pays who gave it.
 *
 * referral_make() and referral_claim() in sql/referral.sql make codes and use
 * them up; registering with one is in account_api.c, what staff do with those
 * that look farmed in account_held.c.
 */
#include "account/account_local.h"
#include "base/mem.h"
#include "core/app.h"

static const struct problem too_many_open = {
    .status = 409,
    .code = "TOO_MANY_REFERRALS",
    .title = "Ten of your codes are unused. Give those away first.",
};
static const struct refusal making_refusals[] = {
    { .problem = &too_many_open, .constraint = "referrals_open_limit" },
    { 0 },
};

static const struct member referral_shape[] = {
    { .name = "id", .type = VALUE_UUID },
    { .name = "code", .type = VALUE_TEXT },
    { .name = "link",
      .type = VALUE_TEXT,
      .about = "Where somebody registers with it." },
    { .name = "status",
      .type = VALUE_TEXT,
      .about = "PENDING: unused; COMPLETED: somebody joined by it; HELD: the "
               "same, and staff look at it before it pays; CANCELLED: it does "
               "not." },
    { .name = "joined",
      .object = user_card,
      .nullable = true,
      .about = "Who joined by it." },
    { .name = "createdAt", .type = VALUE_TIME },
    { .name = "completedAt", .type = VALUE_TIME, .nullable = true },
    { .name = "heldAt",
      .type = VALUE_TIME,
      .nullable = true,
      .about = "Since when, while it is HELD." },
    { 0 },
};

/* ---- The list ------------------------------------------------------------ */

struct referral_page {
    struct cursor cursor;
    int64_t limit;
};

static const struct field page_fields[] = {
    FIELD(IN_QUERY, struct referral_page, cursor,
          .about = "`nextCursor` of the page before."),
    FIELD(IN_QUERY, struct referral_page, limit, .min = 1, .max = 100,
          .otherwise = 20, .about = "At most this many."),
    { 0 },
};

/* $2: the address of the page that registers, up to the code. */
#define REFERRAL_COLUMNS                                                       \
    SQL(f.id, f.code, $2 || f.code,                                            \
        CASE WHEN f.status = 'PENDING' AND f.held_for IS NOT NULL THEN 'HELD'  \
            ELSE f.status::text END,                                           \
        u.id, u.username, CASE WHEN coalesce(f.claimed_at, f.completed_at)     \
            IS NOT NULL THEN user_called(u.username) END, u.image,             \
        coalesce(u.verified, FALSE), u.level::bigint,                          \
        f.created_at, f.completed_at,                                          \
        CASE WHEN f.status = 'PENDING' AND f.held_for IS NOT NULL              \
            THEN f.claimed_at END)

/* clang-format off */
static const char list_sql[] = "SELECT " REFERRAL_COLUMNS SQL(
        , f.created_at AS cursor_key
    FROM referrals f
    LEFT JOIN users u ON u.id = f.referred_user_id AND user_shown(u.status)
    WHERE f.referrer_id = $1 AND (f.created_at, f.id) < ($3, $4)
    ORDER BY f.created_at DESC, f.id DESC LIMIT $5 + 1
);
/* What the page shows: codes to give away, and who came by the others. */
static const char latest_sql[] = "SELECT " REFERRAL_COLUMNS SQL(
    FROM referrals f
    LEFT JOIN users u ON u.id = f.referred_user_id AND user_shown(u.status)
    WHERE f.referrer_id = $1 AND f.status <> 'CANCELLED'
    ORDER BY f.status, f.created_at DESC, f.id DESC LIMIT 20
);
static const char make_sql[] = "SELECT " REFERRAL_COLUMNS SQL(
    FROM referral_make($1) f
    LEFT JOIN users u ON u.id = f.referred_user_id
);
/* clang-format on */

static const char *
link_before(const struct request *r)
{
    return mem_printf(r->mem, "%s/register?ref=", app_site(r->app)->url);
}

static const struct problem *
list_referrals(struct request *r)
{
    const struct referral_page *in = r->input;
    const char *before = link_before(r);

    return answer_rows(r, in->limit, list_sql,
                       ARGS(ARG(r->viewer), ARG(before),
                            ARG_AS(VALUE_TIME, in->cursor.key),
                            ARG(in->cursor.id), ARG(in->limit)));
}

const struct problem *
referrals_show(struct request *r)
{
    const char *before = link_before(r);

    return answer_rows_as(r, "referrals", referral_shape, 20, latest_sql,
                          ARGS(ARG(r->viewer), ARG(before)));
}

static const struct problem *
make_referral(struct request *r)
{
    const char *before = link_before(r);

    return answer_row(r, make_sql, ARGS(ARG(r->viewer), ARG(before)));
}

/* ---- The endpoints ------------------------------------------------------ */

const struct route account_referral_routes[] = {
    {
        .on = "GET /api/users/me/referrals",
        .access = ALLOW_SIGNED_IN,
        .handle = list_referrals,
        .about = "List your referral codes, the latest first.",
        .input = INPUT(struct referral_page, page_fields),
        .returns = referral_shape,
        .form = ANSWER_LIST,
        .sql = STATEMENTS(list_sql),
    },
    {
        .on = "POST /api/users/me/referrals",
        .access = ALLOW_MEMBERS,
        .handle = make_referral,
        .about = "Make a referral code: for one person to register with, and "
                 "500 points to you once that address is verified. Ten unused "
                 "ones are the most.",
        .refusals = making_refusals,
        .returns = referral_shape,
        .success = 201,
        .sql = STATEMENTS(make_sql),
    },
    { 0 },
};
