/*
 * account_verify.c - verifying an address: by the mail's code or its link.
 *
 * A wrong code uses up a try, so the statement reports what became of it
 * instead of failing; five wrong ones kill the code.
 */
#include <string.h>

#include "account/account_local.h"
#include "base/clock.h"
#include "core/app.h"
#include "core/crypto.h"
#include "core/db.h"
#include "core/lockout.h"
#include "core/quota.h"
#include "core/session.h"
#include "mailing/mailing.h"

struct proof {
    const char *code, *token;
};

static const struct problem wrong_code = {
    .status = 422,
    .code = "WRONG_CODE",
    .title = "This is not the code of the mail. After five wrong ones a new "
             "one is needed.",
};
static const struct problem code_gone = {
    .status = 410,
    .code = "CODE_GONE",
    .title = "This code or link is used, too old or dead. Ask for a new one.",
};
static const struct problem no_resend = {
    .status = 429,
    .code = "TOO_MANY_MAILS",
    .title = "Three mails an hour are the most; or there is nothing to verify.",
    .retry_after = 1200,
};

static const struct refusal proof_refusals[] = {
    { .problem = &wrong_code },
    { .problem = &code_gone },
    { 0 },
};
static const struct refusal resend_refusals[] = {
    { .problem = &no_resend },
    { 0 },
};

static bool
code_valid(const char *s)
{
    return strspn(s, "0123456789") == 6 && s[6] == '\0';
}

static const struct field proof_fields[] = {
    FIELD(IN_BODY, struct proof, code, .max = 6, .code = true, .secret = true,
          .valid = code_valid, .wanted = "must be six digits",
          .pattern = "^[\\s-]*([0-9][\\s-]*){6}$",
          .about = "From the mail; wants a session."),
    FIELD(IN_BODY, struct proof, token, .min = 1, .max = 100, .secret = true,
          .about = "From the mail's link."),
    { 0 },
};

static const struct member verified_shape[] = {
    { .name = "verified", .type = VALUE_BOOLEAN },
    { 0 },
};

static const char verify_sql[] =
    SQL(
    SELECT outcome, user_id FROM verify_email($1, $2, $3, $4)
);

static const struct problem *
prove(struct request *r, const struct bytes *code, const struct bytes *link)
{
    const bool verified = true;
    struct db_error error;
    struct db_result *res = db_query(
        r->app->db, r->mem, verify_sql,
        ARGS(ARG(r->viewer), ARG(*code), ARG(*link), ARG(r->id)), &error);

    if (error.failed)
        return db_problem(&error);
    const char *outcome = db_text(res, 0, 0, NULL);
    if (strcmp(outcome, "gone") == 0)
        return &code_gone;
    if (strcmp(outcome, "wrong") == 0) {
        (void)problem_field(r, "code", wrong_code.title);
        return &wrong_code;
    }
    session_refresh_user(r, db_uuid(res, 0, 1));
    lockout_proved(r, db_uuid(res, 0, 1));
    event_wake(r);
    return answer_values(r, ARGS(ARG(verified)));
}

static const struct problem *
verify(struct request *r)
{
    const struct proof *in = r->input;
    uint8_t hash[SHA256_SIZE];
    const struct bytes given = { hash, sizeof hash }, none = { NULL, 0 };

    if (in->token != NULL) {
        mailing_link_hash(in->token, hash);
        return prove(r, &none, &given);
    }
    if (in->code == NULL)
        return problem_field(r, "code", "is required, or a token");
    if (r->session == NULL)
        return &problem_authentication;
    const struct bytes codes =
        mailing_code_hashes(r->mem, r->app, &r->viewer, in->code);
    return prove(r, &codes, &none);
}

static const char resend_sql[] = SQL(SELECT resend_verification($1));

/* Counted here and not by the mails, which are made later than the next call
 * may come. */
static const struct problem *
resend(struct request *r)
{
    static const struct quota_rule rule = { .name = "verification",
                                            .limit = 3,
                                            .window = CLOCK_HOUR };
    char user[UUID_TEXT];
    struct quota_state state;
    struct db_error error;

    uuid_write(&r->viewer, user);
    if (!quota_take_rule(r, &rule, user, &state))
        return &no_resend;
    struct db_result *res =
        db_query(r->app->db, r->mem, resend_sql, ARGS(ARG(r->viewer)), &error);

    if (error.failed)
        return db_problem(&error);
    event_wake(r);
    return db_boolean(res, 0, 0) ? NULL : &no_resend;
}

const struct route account_verify_routes[] = {
    {
        .on = "POST /api/auth/verify-email",
        .access = ALLOW_ANYONE,
        .handle = verify,
        .about = "Verify your address by the mail's code, or its link; the "
                 "link says so again when it is opened twice.",
        .input = INPUT(struct proof, proof_fields),
        .refusals = proof_refusals,
        .returns = verified_shape,
        .sql = STATEMENTS(verify_sql, LOCKOUT_PROVED_SQL),
    },
    {
        .on = "POST /api/auth/resend-verification",
        .access = ALLOW_SIGNED_IN,
        .handle = resend,
        .about = "Ask for another verification mail, three an hour.",
        .refusals = resend_refusals,
        .form = ANSWER_NOTHING,
        .success = 202,
        .sql = STATEMENTS(resend_sql),
    },
    { 0 },
};
