/*
 * mail_privacy.c - the mails of src/privacy: what they say, and the signed
 * link to an export.
 */
#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/mem.h"
#include "core/app.h"
#include "core/db.h"
#include "mailing/mailing.h"
#include "mailing/mailing_local.h"

/* ---- The link ------------------------------------------------------------ */

/* The signature of an export's link under a key: its id and its end. */
static const char *
sign(void *mem, const struct crypto_key *key, const struct uuid *export,
     struct instant until)
{
    uint8_t mac[SHA256_SIZE];
    char id[UUID_TEXT];

    uuid_write(export, id);
    const char *text =
        mem_printf(mem, "data-export:%s:%lld", id, (long long)until.us);
    crypto_hmac(key->bytes, key->len, text, strlen(text), mac);
    return mem_printf(mem, "%s.%s", key->id,
                      base64url_encode(mem, mac, sizeof mac));
}

static const struct keyring *
signing_ring(void *mem, const struct app *app)
{
    return keyring_of(
        mem, SETTINGS_OF(app, &auth_section, struct auth_settings)->signing_key,
        "signing_key");
}

const char *
mailing_export_url(const struct app *app, void *mem, const struct uuid *export,
                   struct instant until)
{
    const struct crypto_key *key = keyring_find(signing_ring(mem, app), NULL);
    char id[UUID_TEXT];

    uuid_write(export, id);
    return mem_printf(mem, "%s/api/data-exports/%s/file?token=%s",
                      app_site(app)->url, id, sign(mem, key, export, until));
}

bool
mailing_export_signed(const struct app *app, void *mem,
                      const struct uuid *export, struct instant until,
                      const char *token)
{
    const struct keyring *ring = signing_ring(mem, app);
    size_t n = strcspn(token, ".");
    const struct crypto_key *key =
        keyring_find(ring, mem_strndup(mem, token, n));

    return key != NULL &&
           text_secret_same(sign(mem, key, export, until), token);
}

/* ---- account-deletion ---------------------------------------------------- */

/* clang-format off */
static const char due_sql[] = SQL(
    SELECT due_at FROM deletion_requests
    WHERE user_id = $1 AND cancelled_at IS NULL AND started_at IS NULL
);
/* clang-format on */

static const char *
date(void *mem, struct instant time)
{
    struct text t;

    text_init(&t, mem, 32);
    clock_date(&t, time.us);
    return t.at;
}

/* Needless where it was cancelled before it left. */
const char *
mail_fill_account_deletion(struct job *job, const struct recipient *to,
                           struct template_pair pairs[MAIL_PAIRS])
{
    const char *why = NULL;
    const struct db_result *row =
        job_query(job, due_sql, ARGS(ARG(to->id)), &why);

    if (row == NULL)
        return why;
    if (db_rows(row) == 0) {
        job->done = true;
        return NULL;
    }
    mailing_pair(&pairs[0], "due", date(job->mem, db_time(row, 0, 0)));
    mailing_pair(
        &pairs[1], "link",
        mem_printf(job->mem, "%s/settings/account", app_site(job->app)->url));
    return NULL;
}

/* ---- data-export-ready --------------------------------------------------- */

static const char export_sql[] = SQL(
    SELECT id, expires_at FROM data_exports
    WHERE id = ($1->'data'->>'export')::uuid AND user_id = $2
        AND state = 'ready' AND expires_at > clock_now()
);

const char *
mail_fill_export_ready(struct job *job, const struct recipient *to,
                       struct template_pair pairs[MAIL_PAIRS])
{
    const char *why = NULL;
    const struct db_result *row =
        job_query(job, export_sql, ARGS(ARG(job->payload), ARG(to->id)), &why);

    if (row == NULL)
        return why;
    if (db_rows(row) == 0) {
        job->done = true;
        return NULL;
    }
    const struct uuid id = db_uuid(row, 0, 0);
    const struct instant until = db_time(row, 0, 1);
    mailing_pair(&pairs[0], "link",
                 mailing_export_url(job->app, job->mem, &id, until));
    mailing_pair(&pairs[1], "until", date(job->mem, until));
    return NULL;
}
