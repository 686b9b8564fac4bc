/*
 * sms_api.c - one's telephone number: named, verified by a code, forgotten.
 */
#include <string.h>

#include "base/clock.h"
#include "core/app.h"
#include "core/db.h"
#include "core/event.h"
#include "core/quota.h"
#include "sms/sms.h"
#include "sms/sms_local.h"

static const struct problem sms_off = {
    .status = 503,
    .code = "SMS_OFF",
    .title = "This site sends no SMS.",
};
static const struct problem no_phone = {
    .status = 422,
    .code = "NO_PHONE_NUMBER",
    .title = "Write the number with its country: +49 170 1234567.",
};
static const struct problem codes_used_up = {
    .status = 429,
    .code = "CODES_USED_UP",
    .title = "Five codes a day are the most. Try again tomorrow.",
};
static const struct problem wrong_code = {
    .status = 422,
    .code = "WRONG_CODE",
    .title = "This is not the code that we sent.",
};
static const struct problem code_gone = {
    .status = 422,
    .code = "CODE_GONE",
    .title = "This code counts no more. Ask for another one.",
};

static const struct refusal phone_refusals[] = {
    { .problem = &sms_off },
    { .problem = &no_phone, .field = "number" },
    { .problem = &codes_used_up, .constraint = "phones_codes_limit" },
    { 0 },
};
static const struct refusal code_refusals[] = {
    { .problem = &wrong_code, .field = "code" },
    { .problem = &code_gone },
    { 0 },
};

struct phone {
    const char *number, *code;
};

/* Digits, with what people put between them. */
static bool
number_valid(const char *s)
{
    return s[0] == '+' && s[strspn(s, "+0123456789 -()/.")] == '\0';
}

static bool
code_valid(const char *s)
{
    return strspn(s, "0123456789") == 6 && s[6] == '\0';
}

static const struct field phone_fields[] = {
    FIELD(IN_BODY, struct phone, number, .required = true, .secret = true,
          .min = 8, .max = 30, .valid = number_valid,
          .wanted = "must begin with + and the country",
          .pattern = "^\\+[-+0-9 ()/.]+$",
          .about = "International, +49 170 1234567."),
    { 0 },
};
static const struct field code_fields[] = {
    FIELD(IN_BODY, struct phone, code, .required = true, .secret = true,
          .code = true, .max = 6, .valid = code_valid,
          .wanted = "must be six digits",
          .pattern = "^[\\s-]*([0-9][\\s-]*){6}$", .about = "From the SMS."),
    { 0 },
};

static const struct member phone_shape[] = {
    { .name = "number",
      .type = VALUE_TEXT,
      .nullable = true,
      .about = "null: there is none." },
    { .name = "verified", .type = VALUE_BOOLEAN },
    { 0 },
};
static const struct member verified_shape[] = {
    { .name = "verified", .type = VALUE_BOOLEAN },
    { 0 },
};

/* clang-format off */
const char sms_phone_sql[] = SQL(
    SELECT number, verified_at IS NOT NULL FROM phones WHERE user_id = $1
);
static const char put_sql[] = SQL(SELECT phone_put($1, $2, $3, $4));
static const char drop_sql[] = SQL(DELETE FROM phones WHERE user_id = $1);
static const char verify_sql[] = SQL(SELECT phone_verify($1, $2));
/* clang-format on */

/* The caller's number: NULL where there is none, or none that opens. */
static const struct problem *
read_phone(struct request *r, const char **ret_number, bool *ret_verified)
{
    const struct db_result *row = NULL;
    const struct problem *failed =
        answer_query(r, sms_phone_sql, ARGS(ARG(r->viewer)), &row);

    *ret_number = NULL;
    *ret_verified = false;
    if (failed != NULL || db_rows(row) == 0)
        return failed;
    *ret_number = sms_open(r->mem, r->app, &r->viewer, db_bytes(row, 0, 0));
    *ret_verified = *ret_number != NULL && db_boolean(row, 0, 1);
    return NULL;
}

static const struct problem *
show_phone(struct request *r)
{
    const char *number;
    bool verified;
    const struct problem *failed = read_phone(r, &number, &verified);

    return failed != NULL ? failed
                          : answer_values(r, ARGS(ARG(number), ARG(verified)));
}

const struct problem *
sms_phone_show(struct request *r)
{
    const char *number;
    bool verified;
    const struct problem *failed = read_phone(r, &number, &verified);

    return failed != NULL ? failed
                          : answer_values_as(r, "phone", phone_shape,
                                             ARGS(ARG(number), ARG(verified)));
}

/*
 * Five a day for a user, even one who deletes the row that counts them; and
 * for a number, whoever names it: it may be that of somebody else.
 */
static bool
may_ring(struct request *r, const char *number)
{
    static const struct quota_rule by_user = { .name = "sms_user",
                                               .limit = 5,
                                               .window = CLOCK_DAY },
                                   by_number = { .name = "sms_number",
                                                 .limit = 5,
                                                 .window = CLOCK_DAY };

    return quota_take_message(r, &by_user, &by_number, number);
}

/* A number that is verified already stays so. */
static const struct problem *
put_phone(struct request *r)
{
    const struct phone *in = r->input;
    const char *number = sms_number(r->mem, in->number), *before, *kid;
    const struct db_result *res = NULL;
    bool verified;

    if (!sms_offered(r->app))
        return &sms_off;
    if (number == NULL)
        return &no_phone;
    const struct problem *refused = read_phone(r, &before, &verified);
    verified = verified && strcmp(before, number) == 0;
    if (refused == NULL && !verified && !may_ring(r, number))
        refused = &codes_used_up;
    if (refused == NULL && !verified) {
        const struct bytes sealed =
            sms_seal(r->mem, r->app, &r->viewer, number, &kid);

        refused = answer_query(
            r, put_sql, ARGS(ARG(r->viewer), ARG(sealed), ARG(kid), ARG(r->id)),
            &res);
        event_wake(r);
    }
    return refused != NULL ? refused
                           : answer_values(r, ARGS(ARG(number), ARG(verified)));
}

static const struct problem *
drop_phone(struct request *r)
{
    return answer_done_anyway(r, drop_sql, ARGS(ARG(r->viewer)));
}

static const struct problem *
verify(struct request *r)
{
    const struct phone *in = r->input;
    const struct bytes hashes =
        sms_code_hashes(r->mem, r->app, &r->viewer, in->code);
    const bool verified = true;
    const struct db_result *row;
    const struct problem *failed =
        answer_query(r, verify_sql, ARGS(ARG(r->viewer), ARG(hashes)), &row);

    if (failed != NULL)
        return failed;
    const char *outcome = db_text(row, 0, 0, NULL);
    if (strcmp(outcome, "gone") == 0)
        return &code_gone;
    if (strcmp(outcome, "wrong") == 0)
        return &wrong_code;
    return answer_values(r, ARGS(ARG(verified)));
}

const struct route sms_routes[] = {
    {
        .on = "GET /api/users/me/phone",
        .access = ALLOW_SIGNED_IN,
        .handle = show_phone,
        .about = "Read the number that urgent notices go to.",
        .returns = phone_shape,
        .sql = STATEMENTS(sms_phone_sql),
    },
    {
        .on = "PUT /api/users/me/phone",
        .access = ALLOW_MEMBERS,
        .handle = put_phone,
        .about = "Name a telephone number; a code goes there.",
        .input = INPUT(struct phone, phone_fields),
        .refusals = phone_refusals,
        .returns = phone_shape,
        .sql = STATEMENTS(sms_phone_sql, put_sql),
    },
    {
        .on = "POST /api/users/me/phone/verify",
        .access = ALLOW_MEMBERS,
        .handle = verify,
        .about = "Verify the number by the code.",
        .input = INPUT(struct phone, code_fields),
        .refusals = code_refusals,
        .returns = verified_shape,
        .sql = STATEMENTS(verify_sql),
    },
    {
        .on = "DELETE /api/users/me/phone",
        .access = ALLOW_SIGNED_IN,
        .handle = drop_phone,
        .about = "Forget the number; again changes nothing.",
        .form = ANSWER_NOTHING,
        .success = 204,
        .sql = STATEMENTS(drop_sql),
    },
    { 0 },
};
