/*
 * totp.c - codes of an authenticator (RFC 6238); the door to liboath.
 */
#include <liboath/oath.h>
#include <string.h>

#include "base/clock.h"
#include "base/escape.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "core/crypto.h"
#include "twofactor/twofactor_local.h"

enum { STEP_SECONDS = 30, WINDOW = 1 };

char *
totp_base32(void *mem, const uint8_t secret[TOTP_SECRET])
{
    char *text = NULL;
    size_t n = 0;

    if (oath_base32_encode((const char *)secret, TOTP_SECRET, &text, &n) !=
        OATH_OK)
        die("liboath: no base32");
    char *copy = mem_strndup(mem, text, n);
    explicit_bzero(text, n);
    free(text);
    return copy;
}

/* The label has both names, as authenticators that know no issuer want it. */
char *
totp_url(void *mem, const char *issuer, const char *account,
         const uint8_t secret[TOTP_SECRET])
{
    struct text *url = text_new(mem);

    text_adds(url, "otpauth://totp/");
    escape_url(url, issuer, strlen(issuer));
    text_adds(url, ":");
    escape_url(url, account, strlen(account));
    text_addf(url, "?secret=%s&issuer=", totp_base32(mem, secret));
    escape_url(url, issuer, strlen(issuer));
    text_addf(url, "&algorithm=SHA1&digits=%d&period=%d", TOTP_DIGITS,
              STEP_SECONDS);
    return url->at;
}

int64_t
totp_step(const uint8_t secret[TOTP_SECRET], struct instant now, int64_t last,
          const char *code)
{
    int64_t step = (now.us + CLOCK_UNIX_OFFSET) / CLOCK_SECOND / STEP_SECONDS;
    int64_t found = -1;
    char right[TOTP_DIGITS + 1];

    for (int64_t s = step + WINDOW; s >= step - WINDOW; s--) {
        if (oath_totp_generate((const char *)secret, TOTP_SECRET,
                               (time_t)(s * STEP_SECONDS), STEP_SECONDS, 0,
                               TOTP_DIGITS, right) != OATH_OK)
            die("liboath: no code");
        if (crypto_same(right, code, TOTP_DIGITS) && s > last)
            found = s;
    }
    explicit_bzero(right, sizeof right);
    return found;
}
