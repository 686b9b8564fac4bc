/*
 * sms_job.c - the jobs sms.send and sms.code: one message to the gateway.
 *
 * Codes are made here, as the message is, so that no job holds one.  A worker
 * that dies after the gateway took a message has it sent again.
 */
#include <string.h>

#include "base/escape.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/unicode.h"
#include "core/app.h"
#include "core/db.h"
#include "core/http.h"
#include "core/template.h"
#include "sms/sms.h"
#include "sms/sms_local.h"

#define CODE_MINUTES 10
#define TITLE 200 /* characters: two or three messages of a network */

/* Somebody waits for a code, so it need not wait for those whom push services
 * hold up.  One at a time: a gateway that never answers holds one worker. */
#define CODE_QUEUE "sms"

struct message {
    const char *to, *text;
};

/* ---- What ---------------------------------------------------------------- */

/* Read meanwhile or gone, or no number any more: no row. */
/* clang-format off */
static const char notice_sql[] = SQL(
    SELECT p.number, p.user_id, n.title, n.action_url
    FROM notifications n
    JOIN phones p ON p.user_id = n.user_id AND p.verified_at IS NOT NULL
    WHERE n.id = ($1->>'notification')::uuid AND NOT n.read
        AND n.expires_at > clock_now() AND notification_gone(n) IS NULL
);

/* A new code kills the one before it. */
static const char code_sql[] = SQL(
    UPDATE phones SET code_hash = $2, tries = 0,
        code_expires_at = clock_now() + interval '1 minute' * $3
    WHERE user_id = $1 AND verified_at IS NULL
    RETURNING number, user_id
);
/* clang-format on */

/* The number of the row's first two columns. */
static const char *
read_number(struct job *job, const struct db_result *row, const char **ret)
{
    const struct uuid user = db_uuid(row, 0, 1);

    *ret = sms_open(job->mem, job->app, &user, db_bytes(row, 0, 0));
    job->hopeless = *ret == NULL;
    return *ret == NULL ? "the number cannot be opened" : NULL;
}

/* Done without a word where there is nobody to send to, or no way. */
static const struct db_result *
ask(struct job *job, const char *sql, const struct sql_arg *args,
    const char **ret_why)
{
    const struct db_result *row;

    job->done = !sms_offered(job->app);
    if (job->done)
        return NULL;
    row = job_query(job, sql, args, ret_why);
    job->done = row != NULL && db_rows(row) == 0;
    return job->done ? NULL : row;
}

static const char *
prepare_notice(struct job *job)
{
    const struct site_settings *site = app_site(job->app);
    struct message *m = mem_new(job->mem, struct message);
    const char *why = NULL;
    const struct db_result *row =
        ask(job, notice_sql, ARGS(ARG(job->payload)), &why);

    if (row == NULL)
        return why;
    const char *url = db_null(row, 0, 3) ? NULL : db_text(row, 0, 3, NULL);
    job->with = m;
    m->text = mem_printf(job->mem, "%s: %s %s%s", site->name,
                         unicode_cut(job->mem, db_text(row, 0, 2, NULL), TITLE),
                         url != NULL && url[0] == '/' ? site->url : "",
                         url == NULL ? "" : url);
    return read_number(job, row, &m->to);
}

static const char *
prepare_code(struct job *job)
{
    struct message *m = mem_new(job->mem, struct message);
    const char *why = NULL, *code = crypto_code(job->mem);
    const struct bytes hashes =
        sms_code_hashes(job->mem, job->app, &job->subject, code);
    const struct bytes newest = { hashes.at, SHA256_SIZE };
    const int64_t minutes = CODE_MINUTES;
    const struct db_result *row =
        ask(job, code_sql, ARGS(ARG(job->subject), ARG(newest), ARG(minutes)),
            &why);

    if (row == NULL)
        return why;
    job->with = m;
    m->text = mem_printf(job->mem, "%s is your code for %s, for %d minutes.",
                         code, app_site(job->app)->name, CODE_MINUTES);
    return read_number(job, row, &m->to);
}

/* ---- Sending ------------------------------------------------------------- */

static void
pair(struct template_pair *p, const char *name, void *mem, const char *value)
{
    struct text t;

    text_init(&t, mem, 128);
    escape_json(&t, value, strlen(value));
    p->name = name;
    template_text(&p->value, t.at, t.len);
}

/* The body by its template; NULL where that is none. */
static struct text *
body_of(void *mem, const struct sms_settings *s, const struct message *m)
{
    struct text *out = text_new(mem);
    struct template_pair pairs[3] = { 0 };
    struct template_value root = { 0 };
    const struct template *t =
        template_parse(mem, TEMPLATE_PLAIN, "sms", s->body, strlen(s->body),
                       NULL, text_new(mem));

    pair(&pairs[0], "to", mem, m->to);
    pair(&pairs[1], "text", mem, m->text);
    template_object(&root, &template_pairs, pairs);
    return t != NULL && template_render(out, t, &root) ? out : NULL;
}

static const char *
act(struct job *job)
{
    const struct message *m = job->with;
    const struct sms_settings *s =
        SETTINGS_OF(job->app, &sms_section, struct sms_settings);
    const struct text *body = body_of(job->mem, s, m);
    const char *const headers[] = {
        mem_printf(job->mem, "Content-Type: %s", s->content_type),
        /* Of a file it may have the quotes of the sample. */
        s->header == NULL ? NULL : text_unquoted(job->mem, s->header),
        NULL,
    };
    struct http_call call = {
        .method = s->method,
        .url = s->url,
        .headers = headers,
        .trusted = true,
    };
    struct http_answer answer;

    job->hopeless = body == NULL;
    if (body == NULL)
        return "[sms] body is no template";
    call.body = body->at;
    call.len = body->len;
    http_call(job->mem,
              SETTINGS_OF(job->app, &http_section, struct http_settings), &call,
              &answer);
    if (answer.status >= 200 && answer.status < 300)
        return NULL;
    job->hopeless =
        answer.status >= 400 && answer.status < 500 && answer.status != 429;
    return mem_printf(job->mem, "the gateway: %d %s", answer.status,
                      answer.fault == NULL ? "" : answer.fault);
}

static const char *
note(struct job *job)
{
    (void)job;
    return NULL;
}

const struct job_kind sms_jobs[] = {
    {
        .name = "sms.send",
        .queue = "push",
        .about = "Send an urgent notification by SMS: {notification}.",
        .max_attempts = 5,
        .prepare = prepare_notice,
        .act = act,
        .run = note,
    },
    {
        .name = "sms.code",
        .queue = CODE_QUEUE,
        .urgent = CODE_QUEUE,
        .about = "Send a code to verify a telephone number.",
        .prepare = prepare_code,
        .act = act,
        .run = note,
    },
    { 0 },
};
