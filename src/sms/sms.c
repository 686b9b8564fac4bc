/*
 * sms.c - short messages, put together: sms_api.c knows the numbers,
 * sms_job.c calls the gateway.
 */
#include "sms/sms.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "core/app.h"
#include "sms/sms_local.h"

bool
sms_offered(const struct app *app)
{
    return SETTINGS_OF(app, &sms_section, struct sms_settings)->url != NULL;
}

/* ---- Numbers ------------------------------------------------------------- */

enum { FEWEST_DIGITS = 8, MOST_DIGITS = 15 };

char *
sms_number(void *mem, const char *typed)
{
    char *number = mem_alloc(mem, strlen(typed) + 1);
    size_t n = 0;

    for (; *typed != '\0'; typed++)
        if (*typed == '+' || (*typed >= '0' && *typed <= '9'))
            number[n++] = *typed;
    number[n] = '\0';
    if (n == 0 || number[0] != '+' || number[1] == '0')
        return NULL;
    size_t digits = strspn(number + 1, "0123456789");
    return digits == n - 1 && digits >= FEWEST_DIGITS && digits <= MOST_DIGITS
               ? number
               : NULL;
}

static const struct keyring *
encryption_ring(void *mem, const struct app *app)
{
    return keyring_of(
        mem,
        SETTINGS_OF(app, &auth_section, struct auth_settings)->encryption_key,
        "encryption_key");
}

struct bytes
sms_seal(void *mem, const struct app *app, const struct uuid *user,
         const char *number, const char **ret_kid)
{
    const struct keyring *ring = encryption_ring(mem, app);

    *ret_kid = ring->keys[0].id;
    return crypto_seal(
        mem, ring, (struct bytes){ (const uint8_t *)number, strlen(number) },
        (struct bytes){ user->octet, sizeof user->octet });
}

/* What was sealed for something else is no number. */
const char *
sms_open(void *mem, const struct app *app, const struct uuid *user,
         struct bytes sealed)
{
    struct bytes plain =
        crypto_open(mem, encryption_ring(mem, app), sealed,
                    (struct bytes){ user->octet, sizeof user->octet }, NULL);
    const char *number = (const char *)plain.at;
    char id[UUID_TEXT];

    if (plain.at != NULL && strlen(number) == plain.len &&
        sms_number(mem, number) != NULL)
        return number;
    uuid_write(user, id);
    log_event(LOG_ERROR,
              "a telephone number cannot be opened: is its key still in the "
              "ring?",
              LOG_TEXT("user", id));
    return NULL;
}

/* ---- Codes --------------------------------------------------------------- */

struct bytes
sms_code_hashes(void *mem, const struct app *app, const struct uuid *user,
                const char *code)
{
    const struct keyring *ring = keyring_of(
        mem, SETTINGS_OF(app, &auth_section, struct auth_settings)->signing_key,
        "signing_key");
    uint8_t *hashes = mem_alloc(mem, mem_size(ring->n, SHA256_SIZE));
    char id[UUID_TEXT];

    uuid_write(user, id);
    const char *text = mem_printf(mem, "sms:%s:%.12s", id, code);
    for (size_t i = 0; i < ring->n; i++)
        crypto_hmac(ring->keys[i].bytes, ring->keys[i].len, text, strlen(text),
                    hashes + i * SHA256_SIZE);
    return (struct bytes){ hashes, ring->n * SHA256_SIZE };
}

/* ---- Settings ------------------------------------------------------------ */

static const struct setting rows[] = {
    SETTING(struct sms_settings, url, TEXT, .meaning = MEANS_URL,
            .about = "Address of the SMS gateway; without it none are sent."),
    SETTING(struct sms_settings, method, TEXT, .otherwise = "POST",
            .about = "The method of the call."),
    SETTING(struct sms_settings, content_type, TEXT,
            .otherwise = "application/json",
            .about = "The media type of what is sent."),
    SETTING(struct sms_settings, body, TEXT,
            .otherwise = "{\"to\": \"{{to}}\", \"text\": \"{{text}}\"}",
            .about = "What is sent: {{to}} is the number, +491701234567, and "
                     "{{text}} the message, both as inside a JSON string."),
    SETTING(struct sms_settings, header, SECRET,
            .about = "A header that tells the gateway who we are: "
                     "\"Authorization: Bearer KEY\"."),
    { 0 },
};

const struct section sms_section = {
    .name = "sms",
    .settings = rows,
    .size = sizeof(struct sms_settings),
    .about = "Short messages, by an HTTP gateway.",
};

const struct feature sms_feature = {
    .name = "sms",
    .about = "Short messages of what is urgent.",
    .routes = sms_routes,
    .jobs = sms_jobs,
    .settings = &sms_section,
};
