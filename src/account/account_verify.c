/*
 * account_verify.c - verifying an address, by the mail's code or its link: of a
 * registration, whose account is made then, or of an account that is there.
 *
 * A wrong code uses up a try, so the statement reports what became of it
 * instead of failing; five wrong ones kill the code.
 */
#include <ctype.h>
#include <string.h>

#include "account/account_local.h"
#include "base/clock.h"
#include "base/mem.h"
#include "core/app.h"
#include "core/crypto.h"
#include "core/db.h"
#include "core/lockout.h"
#include "core/quota.h"
#include "core/session.h"
#include "mailing/mailing.h"

struct proof {
    const char *code, *token, *username;
};

struct whom {
    const char *username;
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
          .about = "From the mail; wants a user name, or a session."),
    FIELD(IN_BODY, struct proof, token, .min = 1, .max = 100, .secret = true,
          .about = "From the mail's link."),
    FIELD(IN_BODY, struct proof, username, .max = 30,
          .valid = account_username_valid, .wanted = USERNAME_WANTED,
          .about = "Whose code it is, of a registration."),
    { 0 },
};
static const struct field whom_fields[] = {
    FIELD(IN_BODY, struct whom, username, .max = 30,
          .valid = account_username_valid, .wanted = USERNAME_WANTED,
          .about = "With which name you register; none where signed in."),
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

static const char confirm_sql[] =
    SQL(
    SELECT outcome, user_id FROM registration_confirm($1, $2, $3, $4)
);
static const char registration_sql[] =
    SQL(
    SELECT id FROM registrations
    WHERE lower(username) = lower($1) AND expires_at > $2
);

/* row: an outcome, and a user. */
static const struct problem *
answer_outcome(struct request *r, const struct db_result *row)
{
    const char *outcome = db_text(row, 0, 0, NULL);
    const bool verified = true;

    if (strcmp(outcome, "gone") == 0)
        return &code_gone;
    if (strcmp(outcome, "wrong") == 0) {
        (void)problem_field(r, "code", wrong_code.title);
        return &wrong_code;
    }
    /* A link that did its work proves nothing new. */
    if (strcmp(outcome, "again") != 0) {
        session_refresh_user(r, db_uuid(row, 0, 1));
        lockout_proved(r, db_uuid(row, 0, 1));
        event_wake(r);
    }
    return answer_values(r, ARGS(ARG(verified)));
}

/* The code of a registration. */
static const struct problem *
verify_newcomer(struct request *r, const struct proof *in)
{
    const struct db_result *row;
    const struct problem *refused = answer_query(
        r, registration_sql, ARGS(ARG(in->username), ARG(r->now)), &row);

    if (refused != NULL)
        return refused;
    if (db_rows(row) == 0)
        return &code_gone;
    const struct uuid id = db_uuid(row, 0, 0);
    const struct bytes none = { NULL, 0 };
    const struct bytes codes =
        mailing_code_hashes(r->mem, r->app, &id, in->code);
    refused = answer_query(
        r, confirm_sql, ARGS(ARG(id), ARG(codes), ARG(none), ARG(r->id)), &row);
    return refused != NULL ? refused : answer_outcome(r, row);
}

/* The code of an account that is there and not verified. */
static const struct problem *
verify_viewer(struct request *r, const struct proof *in)
{
    const struct bytes none = { NULL, 0 };
    const struct bytes codes =
        mailing_code_hashes(r->mem, r->app, &r->viewer, in->code);
    const struct db_result *row;
    const struct problem *refused = answer_query(
        r, verify_sql, ARGS(ARG(r->viewer), ARG(codes), ARG(none), ARG(r->id)),
        &row);

    return refused != NULL ? refused : answer_outcome(r, row);
}

/* A link is of either. */
static const struct problem *
verify_link(struct request *r, const char *token)
{
    const struct uuid nobody = { 0 };
    uint8_t hash[SHA256_SIZE];
    const struct bytes given = { hash, sizeof hash }, none = { NULL, 0 };
    const struct db_result *row;

    mailing_link_hash(token, hash);
    const struct problem *refused = answer_query(
        r, confirm_sql, ARGS(ARG(nobody), ARG(none), ARG(given), ARG(r->id)),
        &row);
    if (refused == NULL && strcmp(db_text(row, 0, 0, NULL), "gone") == 0)
        refused = answer_query(
            r, verify_sql, ARGS(ARG(nobody), ARG(none), ARG(given), ARG(r->id)),
            &row);
    return refused != NULL ? refused : answer_outcome(r, row);
}

static const struct problem *
verify(struct request *r)
{
    const struct proof *in = r->input;

    if (in->token != NULL)
        return verify_link(r, in->token);
    if (in->code == NULL)
        return problem_field(r, "code", "is required, or a token");
    if (in->username != NULL)
        return verify_newcomer(r, in);
    if (r->session == NULL)
        return problem_field(r, "username", "is required with a code");
    return verify_viewer(r, in);
}

static const char resend_sql[] = SQL(SELECT resend_verification($1));
static const char again_sql[] = SQL(SELECT registration_resend($1, $2) IS NULL);

/* Counted here and not by the mails, which are made later than the next call
 * may come.  For a name that nobody registers with the answer is the same. */
static const struct problem *
resend_newcomer(struct request *r, const struct quota_rule *rule,
                const char *name)
{
    const struct db_result *row;
    struct quota_state state;
    char *key = mem_printf(r->mem, "name:%s", name);

    for (char *at = key; *at != '\0'; at++)
        *at = (char)tolower((unsigned char)*at);
    if (!quota_take_rule(r, rule, key, &state))
        return &no_resend;
    /* Nobody is woken, as in register_user. */
    return answer_query(r, again_sql, ARGS(ARG(name), ARG(r->id)), &row);
}

static const struct problem *
resend(struct request *r)
{
    static const struct quota_rule rule = { .name = "verification",
                                            .limit = 3,
                                            .window = CLOCK_HOUR };
    const struct whom *in = r->input;
    const struct db_result *row;
    char user[UUID_TEXT];
    struct quota_state state;

    if (in->username != NULL)
        return resend_newcomer(r, &rule, in->username);
    if (r->session == NULL)
        return problem_field(r, "username", "is required");
    uuid_write(&r->viewer, user);
    if (!quota_take_rule(r, &rule, user, &state))
        return &no_resend;
    const struct problem *refused =
        answer_query(r, resend_sql, ARGS(ARG(r->viewer)), &row);
    if (refused != NULL)
        return refused;
    event_wake(r);
    return db_boolean(row, 0, 0) ? NULL : &no_resend;
}

const struct route account_verify_routes[] = {
    {
        .on = "POST /api/auth/verify-email",
        .access = ALLOW_ANYONE,
        .handle = verify,
        .about = "Verify your address by the mail's code, or its link; the "
                 "link says so again when it is opened twice. Of a "
                 "registration this makes the account; then log in.",
        .input = INPUT(struct proof, proof_fields),
        .refusals = proof_refusals,
        .returns = verified_shape,
        .sql = STATEMENTS(verify_sql, confirm_sql, registration_sql,
                          LOCKOUT_PROVED_SQL),
    },
    {
        .on = "POST /api/auth/resend-verification",
        .access = ALLOW_ANYONE,
        .handle = resend,
        .about = "Ask for another verification mail, three an hour. The "
                 "answer is the same for a name that nobody registers with.",
        .input = INPUT(struct whom, whom_fields),
        .refusals = resend_refusals,
        .form = ANSWER_NOTHING,
        .success = 202,
        .sql = STATEMENTS(resend_sql, again_sql),
    },
    { 0 },
};
