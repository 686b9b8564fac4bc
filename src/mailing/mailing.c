/*
 * mailing.c - mails, put together: mail_kinds.c says which there are,
 * mail_job.c sends them.
 */
#include "mailing/mailing.h"

#include <string.h>

#include "base/mem.h"
#include "core/app.h"
#include "mailing/mailing_local.h"

const struct keyring *
mailing_ring(void *mem, const struct app *app)
{
    return keyring_of(
        mem, SETTINGS_OF(app, &auth_section, struct auth_settings)->signing_key,
        "signing_key");
}

static void
hash_code(const struct crypto_key *key, const struct uuid *user,
          const char *code, uint8_t out[SHA256_SIZE])
{
    char text[UUID_TEXT + 16];
    char id[UUID_TEXT];

    uuid_write(user, id);
    int n = snprintf(text, sizeof text, "%s:%.12s", id, code);
    crypto_hmac(key->bytes, key->len, text, (size_t)n, out);
}

void
mailing_code_hash(const struct app *app, const struct uuid *user,
                  const char *code, uint8_t out[SHA256_SIZE])
{
    void *mem = mem_context(NULL, "code");

    hash_code(keyring_find(mailing_ring(mem, app), NULL), user, code, out);
    mem_free(mem);
}

struct bytes
mailing_code_hashes(void *mem, const struct app *app, const struct uuid *user,
                    const char *code)
{
    const struct keyring *ring = mailing_ring(mem, app);
    uint8_t *hashes = mem_alloc(mem, mem_size(ring->n, SHA256_SIZE));

    for (size_t i = 0; i < ring->n; i++)
        hash_code(&ring->keys[i], user, code, hashes + i * SHA256_SIZE);
    return (struct bytes){ hashes, ring->n * SHA256_SIZE };
}

void
mailing_link_hash(const char *token, uint8_t out[SHA256_SIZE])
{
    crypto_sha256(token, strlen(token), out);
}

void
mailing_split(void *mem, const char *mailbox, const char **ret_name,
              const char **ret_address)
{
    const char *open = strrchr(mailbox, '<');
    const char *close = open == NULL ? NULL : strchr(open, '>');

    if (close == NULL) {
        *ret_name = "";
        *ret_address = text_trim(mem, mailbox);
        return;
    }
    *ret_name =
        text_trim(mem, mem_strndup(mem, mailbox, (size_t)(open - mailbox)));
    *ret_address =
        text_trim(mem, mem_strndup(mem, open + 1, (size_t)(close - open - 1)));
}

static const struct setting rows[] = {
    SETTING(struct mail_settings, transport, TEXT,
            .otherwise = "file:/var/lib/sparkle/mail",
            .meaning = MEANS_TRANSPORT,
            .about = "How mails leave: smtp://HOST[:PORT] with STARTTLS, "
                     "smtps://HOST[:PORT] with TLS from the start, "
                     "relay:127.0.0.1[:PORT] to this machine's mail server, "
                     "file:DIRECTORY into a Maildir."),
    SETTING(struct mail_settings, user, TEXT,
            .about = "Who signs in there; nobody if not given."),
    SETTING(struct mail_settings, password, SECRET, .about = "With what."),
    SETTING(struct mail_settings, backup, TEXT, .meaning = MEANS_TRANSPORT,
            .about = "A second transport, for what the first does not take."),
    SETTING(struct mail_settings, backup_user, TEXT,
            .about = "Who signs in there."),
    SETTING(struct mail_settings, backup_password, SECRET,
            .about = "With what."),
    SETTING(struct mail_settings, tls_ca, TEXT, .meaning = MEANS_FILE,
            .about = "A file of the authorities that vouch for the servers, "
                     "instead of the system's."),
    SETTING(struct mail_settings, timeout, DURATION, .otherwise = "60s",
            .min = 1000000,
            .about = "How long the delivery of one mail may take."),
    SETTING(struct mail_settings, hourly, INTEGER, .otherwise = "1000",
            .about = "Mails an hour, over all processes; beyond, they wait, "
                     "but for those about an account's safety.  0: no limit."),
    SETTING(struct mail_settings, hourly_each, INTEGER, .otherwise = "20",
            .about = "The same for one address."),
    SETTING(struct mail_settings, daily_each, INTEGER, .otherwise = "100",
            .about = "Mails a day to one address; more are left out."),
    SETTING(struct mail_settings, bounces, TEXT, .meaning = MEANS_MAILBOX,
            .about = "The envelope's sender, e.g. bounces@example.org: mails "
                     "come back to bounces+...@example.org, which must be "
                     "delivered into bounce_maildir.  As mail_from if not "
                     "given."),
    SETTING(struct mail_settings, bounce_maildir, TEXT, .meaning = MEANS_PLACE,
            .about = "The Maildir that mail-bounces reads."),
    SETTING(struct mail_settings, bounce_secret, SECRET,
            .about = "What a provider says to POST /api/email/bounce, as "
                     "\"Authorization: Bearer SECRET\"."),
    SETTING(struct mail_settings, track, BOOLEAN, .otherwise = "no",
            .about = "Count which digests are opened and clicked."),
    { 0 },
};

const struct section mail_section = {
    .name = "mail",
    .settings = rows,
    .size = sizeof(struct mail_settings),
    .about = "How mails leave.",
};

const struct mail_settings *
mail_settings_of(const struct app *app)
{
    return SETTINGS_OF(app, &mail_section, struct mail_settings);
}

/* ---- Kinds --------------------------------------------------------------- */

static const struct mail_kind *const kinds[] = {
    mail_kinds,
    mail_notice_kinds,
    mail_digest_kinds,
    NULL,
};

const struct mail_kind *
mail_kind_at(size_t i)
{
    for (size_t t = 0; kinds[t] != NULL; t++)
        for (const struct mail_kind *k = kinds[t]; k->name != NULL; k++)
            if (i-- == 0)
                return k;
    return NULL;
}

const struct mail_kind *
mail_kind_named(const char *name)
{
    const struct mail_kind *k;

    for (size_t i = 0; (k = mail_kind_at(i)) != NULL; i++)
        if (strcmp(k->name, name) == 0)
            return k;
    return NULL;
}

const char *
mail_kind_category(const struct mail_kind *kind)
{
    return kind->category != NULL ? kind->category : kind->type;
}

void
mailing_pair(struct template_pair *p, const char *name, const char *value)
{
    p->name = name;
    template_string(&p->value, value);
}

/* ---- Put together ------------------------------------------------------- */

static const struct batch batches[] = {
    {
        .name = "digest-daily",
        .when = "5 * * * *",
        .about = "Put the daily digest of those whose morning it is.",
        .step = digest_daily,
        .state = sizeof(struct digest_run),
    },
    {
        .name = "digest-weekly",
        .when = "10 * * * *",
        .about = "Put the weekly digest of those whose Monday morning it is.",
        .step = digest_weekly,
        .state = sizeof(struct digest_run),
    },
    {
        .name = "mail-bounces",
        .when = "*/5 * * * *",
        .about = "Read the mails that came back.",
        .step = bounces_read,
    },
    { 0 },
};

static const struct route *const route_tables[] = {
    mail_link_routes,
    mail_track_routes,
    mail_own_routes,
    mail_bounce_routes,
    mail_admin_routes,
    mail_suppressed_routes,
    NULL,
};

const struct feature mailing_feature = {
    .name = "mailing",
    .about = "Mails, and what became of them.",
    .route_tables = route_tables,
    .listeners = mail_newcomer_listeners,
    .jobs = mail_jobs,
    .batches = batches,
    .settings = &mail_section,
};
