/*
 * mail_sign.c - what comes back from a mail, signed when it left: links to
 * unsubscribe, counted links, and the addresses that bounces go to.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/escape.h"
#include "base/mem.h"
#include "core/app.h"
#include "mailing/mailing.h"
#include "mailing/mailing_local.h"

/* Enough for what does no more than end some mails. */
#define SIGNATURE_BYTES 16
#define BOUNCE_BYTES 10

/* ---- Signatures ---------------------------------------------------------- */

static void
sign(const struct crypto_key *key, void *mem, const char *purpose,
     const char *what, uint8_t out[SHA256_SIZE])
{
    const char *text = mem_printf(mem, "mail:%s:%s", purpose, what);

    crypto_hmac(key->bytes, key->len, text, strlen(text), out);
}

static const char *
signature_by(const struct crypto_key *key, void *mem, const char *purpose,
             const char *what)
{
    uint8_t mac[SHA256_SIZE];

    sign(key, mem, purpose, what, mac);
    return base64url_encode(mem, mac, SIGNATURE_BYTES);
}

const char *
mailing_signature(const struct app *app, void *mem, const char *purpose,
                  const char *what)
{
    return signature_by(keyring_find(mailing_ring(mem, app), NULL), mem,
                        purpose, what);
}

bool
mailing_signed(const struct app *app, void *mem, const char *purpose,
               const char *what, const char *signature)
{
    const struct keyring *ring = mailing_ring(mem, app);

    for (size_t i = 0; i < ring->n && signature != NULL; i++)
        if (text_secret_same(signature_by(&ring->keys[i], mem, purpose, what),
                             signature))
            return true;
    return false;
}

/* ---- Unsubscribing ------------------------------------------------------- */

const char *
mailing_unsubscribe_url(const struct app *app, void *mem,
                        const struct uuid *user, const char *category)
{
    char id[UUID_TEXT];

    uuid_write(user, id);
    const char *what = mem_printf(mem, "%s.%s", id, category);
    return mem_printf(mem, "%s/unsubscribe?token=%s.%s", app_site(app)->url,
                      what, mailing_signature(app, mem, "unsubscribe", what));
}

/* ---- Bounces ------------------------------------------------------------- */

/* "+JOB-MAC@", in lower case, as some servers will have it anyway. */
static const char *
bounce_mark(const struct crypto_key *key, void *mem, int64_t job)
{
    const char *what = mem_printf(mem, "%lld", (long long)job);
    uint8_t mac[SHA256_SIZE];

    sign(key, mem, "bounce", what, mac);
    return mem_printf(mem, "+%s-%s@", what, hex_encode(mem, mac, BOUNCE_BYTES));
}

static bool
is_marked(const struct keyring *ring, void *mem, int64_t job, const char *at)
{
    for (size_t i = 0; i < ring->n; i++) {
        const char *mark = bounce_mark(&ring->keys[i], mem, job);

        if (text_secret_same(mem_strndup(mem, at, strlen(mark)), mark))
            return true;
    }
    return false;
}

const char *
mailing_envelope(const struct app *app, void *mem, int64_t job,
                 const char *otherwise)
{
    const char *to = mail_settings_of(app)->bounces;
    const char *at = to == NULL ? NULL : strchr(to, '@');

    if (at == NULL)
        return otherwise;
    return mem_printf(
        mem, "%.*s%s%s", (int)(at - to), to,
        bounce_mark(keyring_find(mailing_ring(mem, app), NULL), mem, job),
        at + 1);
}

/* A report names few addresses; more than so many "+DIGITS-" are somebody who
 * wants us to count HMACs. */
enum { MARKS_MOST = 100 };

int64_t
mailing_bounced_job(const struct app *app, void *mem, const char *text)
{
    const struct keyring *ring = mailing_ring(mem, app);
    int tried = 0;

    for (const char *plus = strchr(text, '+');
         plus != NULL && tried < MARKS_MOST; plus = strchr(plus + 1, '+')) {
        size_t digits = strspn(plus + 1, "0123456789");
        int64_t job;

        if (digits == 0 || digits > 18 || plus[1 + digits] != '-' ||
            !text_to_int(mem_strndup(mem, plus + 1, digits), &job))
            continue;
        tried++;
        if (is_marked(ring, mem, job, plus))
            return job;
    }
    return 0;
}

/* ---- Counting ------------------------------------------------------------ */

static const char *
tracked_url(const struct app *app, void *mem, int64_t job, const char *url)
{
    const char *what = mem_printf(mem, "%lld:%s", (long long)job, url);
    struct text t;

    text_init(&t, mem, 256);
    text_addf(&t, "%s/api/email/track/click?id=%lld&url=", app_site(app)->url,
              (long long)job);
    escape_url(&t, url, strlen(url));
    text_adds(&t, "&signature=");
    text_adds(&t, mailing_signature(app, mem, "click", what));
    return t.at;
}

/* The value of an attribute as it was before it was escaped. */
static const char *
unescaped(void *mem, const char *at, size_t n)
{
    static const struct {
        const char *reference;
        char is;
    } known[] = {
        { "&amp;", '&' },  { "&#38;", '&' }, { "&quot;", '"' },
        { "&#39;", '\'' }, { "&lt;", '<' },  { "&gt;", '>' },
    };
    struct text out;

    text_init(&out, mem, n + 1);
    for (size_t i = 0; i < n;) {
        size_t k = 0, len = 0;

        for (; at[i] == '&' && k < sizeof known / sizeof *known; k++) {
            len = strlen(known[k].reference);
            if (n - i >= len && memcmp(at + i, known[k].reference, len) == 0)
                break;
        }
        if (at[i] == '&' && k < sizeof known / sizeof *known) {
            text_addc(&out, known[k].is);
            i += len;
        } else {
            text_addc(&out, at[i++]);
        }
    }
    return out.at;
}

static void
add_link(struct text *out, const struct app *app, int64_t job, const char *at,
         size_t n)
{
    void *mem = (void *)(uintptr_t)out->mem;
    const char *url = unescaped(mem, at, n);
    const char *tracked;

    /* Who wants no more mails is not counted. */
    if (strstr(url, "/unsubscribe?") != NULL) {
        text_add(out, at, n);
        return;
    }
    tracked = tracked_url(app, mem, job, url);
    escape_html(out, tracked, strlen(tracked));
}

static void
add_picture(struct text *out, const struct app *app, int64_t job)
{
    void *mem = (void *)(uintptr_t)out->mem;
    const char *what = mem_printf(mem, "%lld", (long long)job);

    text_adds(out, "<img src=\"");
    text_addf(out, "%s/api/email/track/open?id=%s&amp;signature=%s",
              app_site(app)->url, what,
              mailing_signature(app, mem, "open", what));
    text_adds(out, "\" width=\"1\" height=\"1\" alt=\"\">\n");
}

const char *
mailing_track(const struct app *app, void *mem, int64_t job, const char *html)
{
    static const char href[] = "href=\"http";
    const char *end = strstr(html, "</body>");
    struct text *out = text_new(mem);

    for (const char *p; (p = strstr(html, href)) != NULL;) {
        p += 6;
        size_t n = strcspn(p, "\"");

        text_add(out, html, (size_t)(p - html));
        add_link(out, app, job, p, n);
        html = p + n;
    }
    if (end == NULL || end < html) {
        text_adds(out, html);
        return out->at;
    }
    text_add(out, html, (size_t)(end - html));
    add_picture(out, app, job);
    text_adds(out, end);
    return out->at;
}
