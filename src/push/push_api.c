/*
 * push_api.c - the JSON API of Web Push: our key, and one's browsers.
 */
#include "push/push_local.h"

#include <string.h>

#include "base/encode.h"
#include "base/mem.h"
#include "core/app.h"
#include "core/http.h"
#include "core/session.h"
#include "push/push.h"
#include "push/push_crypt.h"

static const struct problem push_off = {
    .status = 503,
    .code = "PUSH_OFF",
    .title = "This site sends no push messages.",
};
static const struct problem taken = {
    .status = 409,
    .code = "SUBSCRIPTION_TAKEN",
    .title = "This browser is subscribed with other keys. Subscribe it anew.",
};

static const struct refusal key_refusals[] = {
    { .problem = &push_off },
    { 0 },
};
static const struct refusal subscribe_refusals[] = {
    { .problem = &push_off },
    { .problem = &taken, .constraint = "push_subscriptions_taken" },
    { 0 },
};

/* ---- GET /api/push/key --------------------------------------------------- */

static const struct member key_shape[] = {
    { .name = "publicKey",
      .type = VALUE_TEXT,
      .about = "For applicationServerKey, in base64url." },
    { 0 },
};

static const struct problem *
show_key(struct request *r)
{
    const char *key = push_public_key(r->mem, r->app);

    return key == NULL ? &push_off : answer_values(r, ARGS(ARG(key)));
}

/* ---- Subscriptions ------------------------------------------------------- */

struct subscribing {
    const char *endpoint, *p256dh, *auth;
};

struct one {
    struct uuid subscription;
};

static const struct field subscribe_fields[] = {
    FIELD(IN_BODY, struct subscribing, endpoint, .required = true,
          .secret = true, .min = 10, .max = 2000, .pattern = "^https://",
          .about = "Where the browser's push service takes messages: https, at "
                   "a public address."),
    FIELD(IN_BODY, struct subscribing, p256dh, .required = true, .max = 100,
          .raw = true, .pattern = "^[A-Za-z0-9_-]+$",
          .about = "The browser's public key, in base64url."),
    FIELD(IN_BODY, struct subscribing, auth, .required = true, .secret = true,
          .max = 50, .pattern = "^[A-Za-z0-9_-]+$",
          .about = "Its secret, in base64url."),
    { 0 },
};
static const struct field one_fields[] = {
    FIELD(IN_PATH, struct one, subscription, .about = "The subscription's id."),
    { 0 },
};

static const struct member subscription_shape[] = {
    { .name = "id", .type = VALUE_UUID },
    { .name = "userAgent", .type = VALUE_TEXT, .nullable = true },
    { .name = "createdAt", .type = VALUE_TIME },
    { .name = "lastUsedAt", .type = VALUE_TIME, .nullable = true },
    { 0 },
};

/* clang-format off */
static const char list_sql[] = SQL(
    SELECT id, user_agent, created_at, last_used_at
    FROM push_subscriptions_live
    WHERE user_id = $1 ORDER BY id DESC LIMIT 101
);
static const char subscribe_sql[] = SQL(
    SELECT s.id, s.user_agent, s.created_at, s.last_used_at
    FROM push_subscribe($1, $2, $3, $4, $5, nullif($6, '')) s
);
static const char drop_sql[] = SQL(
    DELETE FROM push_subscriptions WHERE id = $2 AND user_id = $1
);
/* clang-format on */

static const struct problem *
list_subscriptions(struct request *r)
{
    return answer_rows(r, 100, list_sql, ARGS(ARG(r->viewer)));
}

static const struct problem *
subscribe(struct request *r)
{
    const struct subscribing *in = r->input;
    uint8_t point[PUSH_POINT], auth[PUSH_AUTH], key[PUSH_KEY];
    const struct bytes points = { point, sizeof point };
    const struct bytes auths = { auth, sizeof auth };
    const struct http_settings *http =
        SETTINGS_OF(r->app, &http_section, struct http_settings);
    const struct problem *wrong = NULL;

    if (!push_private_key(r->app, key))
        return &push_off;
    if (http->allow_private ? !text_starts(in->endpoint, "https://")
                            : !http_url_public(in->endpoint))
        wrong = problem_field(r, "endpoint",
                              "must be an https address of a push service");
    if (base64url_decode(in->p256dh, point, sizeof point) != PUSH_POINT ||
        !push_point_valid(point))
        wrong = problem_field(r, "p256dh", "must be a point of P-256");
    if (base64url_decode(in->auth, auth, sizeof auth) != PUSH_AUTH)
        wrong = problem_field(r, "auth", "must be 16 bytes in base64url");
    if (wrong != NULL)
        return wrong;
    return answer_row(r, subscribe_sql,
                      ARGS(ARG(r->viewer), ARG(r->session->id),
                           ARG(in->endpoint), ARG(points), ARG(auths),
                           ARG(r->user_agent)));
}

static const struct problem *
drop(struct request *r)
{
    const struct one *in = r->input;

    return answer_done(r, drop_sql,
                       ARGS(ARG(r->viewer), ARG(in->subscription)));
}

const struct route push_routes[] = {
    {
        .on = "GET /api/push/key",
        .access = ALLOW_SIGNED_IN,
        .handle = show_key,
        .about = "Read the key that a browser wants to subscribe with.",
        .refusals = key_refusals,
        .returns = key_shape,
    },
    {
        .on = "GET /api/push/subscriptions",
        .access = ALLOW_SIGNED_IN,
        .handle = list_subscriptions,
        .about = "List your browsers that get push messages.",
        .returns = subscription_shape,
        .form = ANSWER_ARRAY,
        .sql = STATEMENTS(list_sql),
    },
    {
        .on = "POST /api/push/subscriptions",
        .access = ALLOW_SIGNED_IN,
        .handle = subscribe,
        .about = "Have this browser told of what is new, until its session "
                 "ends; again changes nothing.",
        .input = INPUT(struct subscribing, subscribe_fields),
        .refusals = subscribe_refusals,
        .returns = subscription_shape,
        .success = 201,
        .sql = STATEMENTS(subscribe_sql),
    },
    {
        .on = "DELETE /api/push/subscriptions/{subscription}",
        .access = ALLOW_SIGNED_IN,
        .handle = drop,
        .about = "Tell a browser nothing more.",
        .input = INPUT(struct one, one_fields),
        .form = ANSWER_NOTHING,
        .success = 204,
        .sql = STATEMENTS(drop_sql),
    },
    { 0 },
};
