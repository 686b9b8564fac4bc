/*
 * push_job.c - the job push.send: one notification to one browser.
 *
 *   prepare  reads what to say, unless it was read meanwhile
 *   act      encrypts, signs and posts
 *   run      notes what the push service said: see `outcomes`
 *
 * A service that wants us to wait says for how long; so instead of failing
 * the job puts another for then (sql/push.sql).  Sent twice after a crash, a
 * message takes the place of itself: its tag and topic are the notification's
 * id.
 */
#include "push/push_local.h"

#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/unicode.h"
#include "core/app.h"
#include "core/db.h"
#include "core/http.h"
#include "core/json_write.h"
#include "push/push.h"
#include "push/push_crypt.h"

/* How long a service keeps what it cannot deliver, and a token is good. */
#define KEPT "86400"
#define TOKEN_SECONDS (12 * 3600)

struct sending {
    const char *endpoint, *body, *urgency, *topic;
    const uint8_t *point, *auth;
    const struct outcome *outcome;
    int64_t wait; /* seconds, as the service said; 0: nothing */
};

/* ---- What the service said ----------------------------------------------- */

/* clang-format off */

/* $1 the job's payload, $2 seconds to wait. */
static const char sent_sql[] = SQL(
    UPDATE push_subscriptions SET last_used_at = clock_now(), failures = 0
    WHERE id = ($1->>'subscription')::uuid AND $2 IS NOT NULL
);
static const char gone_sql[] = SQL(
    DELETE FROM push_subscriptions
    WHERE id = ($1->>'subscription')::uuid AND $2 IS NOT NULL
);

static const char later_sql[] = SQL(SELECT push_later($1, $2));
static const char refused_sql[] = SQL(
    SELECT push_failed(($1->>'subscription')::uuid) WHERE $2 IS NOT NULL
);
/* clang-format on */

static const struct outcome {
    int from, to; /* statuses */
    const char *sql;
    const char *warning; /* of what the operator should know; or NULL */
} outcomes[] = {
    { 200, 299, sent_sql, NULL },
    { 404, 404, gone_sql, NULL },
    { 410, 410, gone_sql, NULL },
    { 429, 429, later_sql, NULL },
    { 500, 599, later_sql, NULL },
    { 0, 0, later_sql, "a push service did not answer" },
    { 100, 499, refused_sql, "a push service refused a message" },
    { 0, 999, refused_sql, "a push service gave an odd answer" },
};

static const struct outcome *
outcome_of(int status)
{
    const struct outcome *o = outcomes;

    while (status < o->from || status > o->to)
        o++;
    return o;
}

/* ---- The message ----------------------------------------------------------
 */

/* clang-format off */
static const char message_sql[] = SQL(
    SELECT m.endpoint, m.p256dh, m.auth, m.title, m.message, m.url, m.tag,
        m.unread, m.urgency
    FROM push_message(($1->>'subscription')::uuid,
        ($1->>'notification')::uuid) m
);
/* clang-format on */

/* A service takes 4096 bytes, and lock screens show less than this. */
enum { TITLE = 150, MESSAGE = 250 }; /* code points, of 6 bytes at most */

/* What the page's worker reads, from columns 3 to 7. */
static const char *
body_of(void *mem, const struct db_result *row)
{
    struct json_writer w = { .to = text_new(mem) };
    const struct uuid tag = db_uuid(row, 0, 6);
    char id[UUID_TEXT];

    uuid_write(&tag, id);
    json_open_object(&w, NULL);
    json_put_text(&w, "title",
                  unicode_cut(mem, db_text(row, 0, 3, NULL), TITLE));
    json_put_text(&w, "body",
                  unicode_cut(mem, db_text(row, 0, 4, NULL), MESSAGE));
    json_put_text(&w, "url", db_text(row, 0, 5, NULL));
    json_put_text(&w, "tag", id);
    json_put_number(&w, "unread", db_integer(row, 0, 7));
    json_close_object(&w);
    return w.to->at;
}

/* The notification's id without hyphens: topics are short (RFC 8030, 5.4). */
static const char *
topic_of(void *mem, const struct uuid *id)
{
    return hex_encode(mem, id->octet, sizeof id->octet);
}

/* ---- The steps ----------------------------------------------------------- */

static const char *
prepare(struct job *job)
{
    struct sending *s = mem_new(job->mem, struct sending);
    const char *why = NULL;
    const struct db_result *row =
        job_query(job, message_sql, ARGS(ARG(job->payload)), &why);

    job->done = row != NULL && db_rows(row) == 0;
    if (row == NULL || job->done)
        return why;
    const struct uuid tag = db_uuid(row, 0, 6);
    job->with = s;
    *s = (struct sending){
        .endpoint = db_text(row, 0, 0, NULL),
        .point = db_bytes(row, 0, 1).at,
        .auth = db_bytes(row, 0, 2).at,
        .body = body_of(job->mem, row),
        .urgency = db_text(row, 0, 8, NULL),
        .topic = topic_of(job->mem, &tag),
    };
    return NULL;
}

/* "Authorization: vapid t=TOKEN, k=KEY" (RFC 8292, 3); NULL: no key. */
static const char *
authorization(struct job *job, const char *endpoint)
{
    const char *contact =
        SETTINGS_OF(job->app, &push_section, struct push_settings)->contact;
    const char *origin = http_origin(job->mem, endpoint);
    int64_t expires =
        (clock_now() + CLOCK_UNIX_OFFSET) / CLOCK_SECOND + TOKEN_SECONDS;
    uint8_t key[PUSH_KEY];

    if (origin == NULL || !push_private_key(job->app, key))
        return NULL;
    const char *token =
        push_token(job->mem, key, origin, expires,
                   contact != NULL ? contact : app_site(job->app)->url);
    explicit_bzero(key, sizeof key);
    return mem_printf(job->mem, "Authorization: vapid t=%s, k=%s", token,
                      push_public_key(job->mem, job->app));
}

static void
post(struct job *job, struct sending *s, const char *authorized,
     struct bytes sealed)
{
    const char *const headers[] = {
        "Content-Type: application/octet-stream",
        "Content-Encoding: aes128gcm",
        "TTL: " KEPT,
        mem_printf(job->mem, "Urgency: %s", s->urgency),
        mem_printf(job->mem, "Topic: %s", s->topic),
        authorized,
        NULL,
    };
    const struct http_call call = {
        .method = "POST",
        .url = s->endpoint,
        .headers = headers,
        .body = sealed.at,
        .len = sealed.len,
    };
    struct http_answer answer;

    http_call(job->mem,
              SETTINGS_OF(job->app, &http_section, struct http_settings), &call,
              &answer);
    s->outcome = outcome_of(answer.status);
    s->wait = answer.retry_after;
    /* The address is a secret of the browser's: its origin says enough. */
    if (s->outcome->warning != NULL)
        log_event(LOG_WARN, s->outcome->warning,
                  LOG_TEXT("service", http_origin(job->mem, s->endpoint)),
                  LOG_NUMBER("status", answer.status),
                  LOG_TEXT("why", answer.fault));
}

static const char *
act(struct job *job)
{
    struct sending *s = job->with;
    const struct bytes plain = { (const uint8_t *)s->body, strlen(s->body) };
    const char *authorized = authorization(job, s->endpoint);
    struct bytes sealed = push_seal(job->mem, plain, s->point, s->auth);

    if (authorized == NULL || sealed.at == NULL) {
        job->hopeless = true;
        return authorized == NULL ? "there is no usable vapid_key in [push]"
                                  : "it could not be encrypted";
    }
    post(job, s, authorized, sealed);
    return NULL;
}

static const char *
note(struct job *job)
{
    const struct sending *s = job->with;
    const char *why = NULL;

    if (s->outcome != NULL)
        (void)job_query(job, s->outcome->sql,
                        ARGS(ARG(job->payload), ARG(s->wait)), &why);
    return why;
}

const struct job_kind push_jobs[] = {
    {
        .name = "push.send",
        .queue = "push",
        .about = "Tell a browser of a notification: {notification, "
                 "subscription}.",
        .prepare = prepare,
        .act = act,
        .run = note,
    },
    { 0 },
};
