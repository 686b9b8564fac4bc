/*
 * mail_kinds.c - every mail there is, as rows; see the bottom.
 */
#include <string.h>

#include "base/mem.h"
#include "core/app.h"
#include "core/db.h"
#include "mailing/mailing.h"
#include "mailing/mailing_local.h"

/* ---- verification -------------------------------------------------------- */

#define CODE_MINUTES 10

/* clang-format off */
static const char bury_sql[] = SQL(
    UPDATE email_verifications SET died_at = clock_now()
    WHERE user_id = $1 AND used_at IS NULL AND died_at IS NULL
);
/* clang-format on */
static const char verify_sql[] = SQL(
    INSERT INTO email_verifications (user_id, email, code_hash, link_hash,
        expires_at)
    VALUES ($1, $2, $3, $4, clock_now() + interval '1 minute' * $5::int)
);

static void
pair(struct template_pair *p, const char *name, const char *value)
{
    p->name = name;
    template_string(&p->value, value);
}

/* A new code kills the one before it. */
static const char *
fill_verification(struct job *job, const struct recipient *to,
                  struct template_pair pairs[MAIL_PAIRS])
{
    const char *code = crypto_code(job->mem), *why = NULL;
    const char *token = crypto_token(job->mem, "verify_", 32);
    uint8_t code_hash[SHA256_SIZE], link_hash[SHA256_SIZE];
    const struct bytes hashes[] = { { code_hash, sizeof code_hash },
                                    { link_hash, sizeof link_hash } };
    const int64_t minutes = CODE_MINUTES;

    if (to->verified) {
        job->done = true;
        return NULL;
    }
    mailing_code_hash(job->app, &to->id, code, code_hash);
    mailing_link_hash(token, link_hash);
    if (job_query(job, bury_sql, ARGS(ARG(to->id)), &why) == NULL ||
        job_query(job, verify_sql,
                  ARGS(ARG(to->id), ARG(to->email), ARG(hashes[0]),
                       ARG(hashes[1]), ARG(minutes)),
                  &why) == NULL)
        return why;
    pair(&pairs[0], "code", code);
    pair(&pairs[1], "link",
         mem_printf(job->mem, "%s/verify-email?token=%s",
                    app_site(job->app)->url, token));
    pair(&pairs[2], "minutes", mem_printf(job->mem, "%d", CODE_MINUTES));
    return NULL;
}

/* ---- The mails ----------------------------------------------------------- */

const struct mail_kind *
mail_kind_named(const char *name)
{
    for (const struct mail_kind *k = mail_kinds; k->name != NULL; k++)
        if (strcmp(k->name, name) == 0)
            return k;
    return NULL;
}

const struct mail_kind mail_kinds[] = {
    {
        .name = "verification",
        .category = "security",
        .about = "A code and a link to confirm an address.",
        .preview = "Your code of six digits.",
        .reason = "You get this mail because somebody registered with your "
                  "address.",
        .always = true,
        .fill = fill_verification,
    },
    {
        .name = "registered-again",
        .category = "security",
        .about = "Somebody registered with an address that has an account.",
        .preview = "Somebody registered with your address.",
        .reason = "You get this mail because somebody registered with your "
                  "address.",
        .always = true,
    },
    {
        .name = "welcome",
        .category = "onboarding",
        .about = "Welcome, once the address is confirmed.",
        .preview = "Four good first steps.",
        .reason = "You get this mail, once, because you have an account with "
                  "us.",
    },
    { 0 },
};
