/*
 * mailing.c - mails, put together: mail_kinds.c says which there are,
 * mail_job.c sends them.
 */
#include "mailing/mailing.h"

#include <string.h>

#include "base/mem.h"
#include "core/app.h"
#include "mailing/mailing_local.h"

static const struct keyring *
signing_ring(void *mem, const struct app *app)
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

    hash_code(keyring_find(signing_ring(mem, app), NULL), user, code, out);
    mem_free(mem);
}

struct bytes
mailing_code_hashes(void *mem, const struct app *app, const struct uuid *user,
                    const char *code)
{
    const struct keyring *ring = signing_ring(mem, app);
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
            .about = "How mails leave: file:DIRECTORY puts them into a "
                     "Maildir."),
    { 0 },
};

const struct section mail_section = {
    .name = "mail",
    .settings = rows,
    .size = sizeof(struct mail_settings),
    .about = "How mails leave.",
};

/* ---- Listeners ----------------------------------------------------------- */

static const char created_sql[] = SQL(
    SELECT job_put('mail.send', 'security_email',
        jsonb_build_object('mail', 'verification'), $1,
        p_unique_key => 'verification:' || $1)
    WHERE ($3->>'verify')::boolean
);

/* clang-format off */
static const char verified_sql[] = SQL(
    SELECT job_put('mail.send', 'email',
        jsonb_build_object('mail', 'welcome'), $1,
        p_unique_key => 'welcome:' || $1)
);
/* clang-format on */

static const char again_sql[] = SQL(
    SELECT job_put('mail.send', 'security_email',
        jsonb_build_object('mail', 'registered-again'), $1,
        p_unique_key => 'registered-again:' || $1)
);

static const struct listener listeners[] = {
    {
        .name = "mail-verification",
        .event = "user.created",
        .queue = "event",
        .about = "Mail a code to confirm the address.",
        .sql = created_sql,
    },
    {
        .name = "mail-registered-again",
        .event = "user.registered_again",
        .queue = "event",
        .about = "Tell the owner of an address that somebody used it.",
        .sql = again_sql,
    },
    {
        .name = "mail-welcome",
        .event = "user.verified",
        .queue = "event",
        .about = "Mail a welcome, once the address is confirmed.",
        .sql = verified_sql,
    },
    { 0 },
};

const struct feature mailing_feature = {
    .name = "mailing",
    .about = "Mails, and what became of them.",
    .listeners = listeners,
    .jobs = mail_jobs,
    .settings = &mail_section,
};
