/*
 * mail.c - messages; see mail.h.  Bodies and encoded words are in
 * mail_encode.c.
 */
#include "core/mail.h"

#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/mem.h"
#include "base/random.h"
#include "core/mail_local.h"

/* ---- Addresses ----------------------------------------------------------- */

bool
mail_address_valid(const char *address)
{
    const char *at = strchr(address, '@');

    if (at == NULL || at == address || at[1] == '\0' ||
        strchr(at + 1, '@') != NULL || strlen(address) > 255)
        return false;
    for (const char *c = address; *c != '\0'; c++)
        if (*c <= ' ' || *c > '~' || strchr("<>()[]\\,;:\"", *c) != NULL)
            return false;
    return true;
}

const char *
mail_domain(const char *address)
{
    const char *at = strrchr(address, '@');

    return at == NULL ? "localhost" : at + 1;
}

/* "<left@right>" of the same characters as addresses. */
static bool
message_id_valid(const char *id)
{
    char inner[256];
    size_t n = strlen(id);

    if (n < 5 || n >= sizeof inner || id[0] != '<' || id[n - 1] != '>')
        return false;
    memcpy(inner, id + 1, n - 2);
    inner[n - 2] = '\0';
    return mail_address_valid(inner);
}

static bool
word_valid(const char *word)
{
    return word[0] != '\0' &&
           strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_-") ==
               strlen(word);
}

/* A URL that fits on a line and between angle brackets. */
static bool
url_valid(const char *url)
{
    size_t n = strlen(url);

    if (!text_starts(url, "https://") || n > 900)
        return false;
    for (size_t i = 0; i < n; i++)
        if (url[i] <= ' ' || url[i] > '~' || strchr("<>\"", url[i]) != NULL)
            return false;
    return true;
}

/* ---- Headers ------------------------------------------------------------- */

static void
add_plain_header(struct text *out, const char *name, const char *value)
{
    text_adds(out, name);
    text_adds(out, ": ");
    text_adds(out, value);
    text_adds(out, "\r\n");
}

/* To: "A name" <address>; the address on a line of its own if it is long. */
static void
add_address(struct text *out, const char *header, const char *name,
            const char *address)
{
    size_t start = out->len;

    text_adds(out, header);
    text_adds(out, ": ");
    if (name != NULL && name[0] != '\0') {
        mail_add_phrase(out, strlen(header) + 2, name);
        bool fits = out->len - start + strlen(address) < 74;
        text_adds(out, fits ? " " : "\r\n ");
        text_addf(out, "<%s>\r\n", address);
        return;
    }
    text_adds(out, address);
    text_adds(out, "\r\n");
}

static void
add_headers(struct text *out, const struct mail *m)
{
    add_address(out, "From", m->from_name, m->from);
    add_address(out, "To", m->to_name, m->to);
    if (m->reply_to != NULL)
        add_address(out, "Reply-To", NULL, m->reply_to);
    text_adds(out, "Subject: ");
    mail_add_unstructured(out, 9, m->subject);
    text_adds(out, "\r\nDate: ");
    clock_rfc5322(out, m->date.us);
    text_adds(out, "\r\n");
    add_plain_header(out, "Message-ID", m->message_id);
    add_plain_header(out, "Auto-Submitted", "auto-generated");
    add_plain_header(out, "X-Category", m->category);
    if (m->unsubscribe != NULL) {
        text_addf(out, "List-Unsubscribe:\r\n <%s>\r\n", m->unsubscribe);
        add_plain_header(out, "List-Unsubscribe-Post",
                         "List-Unsubscribe=One-Click");
    }
    add_plain_header(out, "MIME-Version", "1.0");
}

/* ---- Bodies -------------------------------------------------------------- */

static void
add_part(struct text *out, const char *type, const char *body)
{
    text_addf(out, "Content-Type: %s; charset=utf-8\r\n", type);
    add_plain_header(out, "Content-Transfer-Encoding", "quoted-printable");
    text_adds(out, "\r\n");
    mail_add_quoted(out, body);
}

static void
add_parts(struct text *out, const struct mail *m)
{
    uint8_t chance[12];
    char boundary[40];

    random_bytes(chance, sizeof chance);
    (void)snprintf(boundary, sizeof boundary, "=_%s",
                   hex_encode(out->mem, chance, sizeof chance));
    text_addf(out,
              "Content-Type: multipart/alternative;\r\n"
              " boundary=\"%s\"\r\n\r\n--%s\r\n",
              boundary, boundary);
    add_part(out, "text/plain", m->text);
    text_addf(out, "\r\n--%s\r\n", boundary);
    add_part(out, "text/html", m->html);
    text_addf(out, "\r\n--%s--\r\n", boundary);
}

bool
mail_write(struct text *out, const struct mail *m)
{
    if (!mail_address_valid(m->from) || !mail_address_valid(m->to) ||
        !message_id_valid(m->message_id) || !word_valid(m->category) ||
        (m->reply_to != NULL && !mail_address_valid(m->reply_to)) ||
        (m->unsubscribe != NULL && !url_valid(m->unsubscribe)))
        return false;
    add_headers(out, m);
    if (m->html != NULL)
        add_parts(out, m);
    else
        add_part(out, "text/plain", m->text);
    return true;
}

/* ---- Transports ---------------------------------------------------------- */

const struct mail_transport *
mail_transport_of(const char *url, const char **ret_rest)
{
    for (const struct mail_transport *t = mail_transports; t->scheme != NULL;
         t++) {
        size_t n = strlen(t->scheme);

        if (strncmp(url, t->scheme, n) != 0 || url[n] != ':')
            continue;
        *ret_rest = url + n + 1;
        return t;
    }
    return NULL;
}

const char *
mail_transport_fault(const char *url)
{
    const char *rest;
    const struct mail_transport *by = mail_transport_of(url, &rest);

    return by == NULL ? "is none of smtp://HOST, smtps://HOST, relay:HOST and "
                        "file:DIRECTORY"
                      : by->fault(rest);
}

struct mail_answer
mail_deliver(struct mailer *mailer, void *mem,
             const struct mail_provider *provider,
             const struct mail_letter *letter, const struct mail_pulse *pulse)
{
    const char *rest;
    const struct mail_transport *by = mail_transport_of(provider->url, &rest);

    if (by == NULL)
        return (struct mail_answer){
            .outcome = MAIL_LATER,
            .response = "the setting names no transport that there is",
        };
    return by->deliver(mailer, mem, provider, rest, letter, pulse);
}

const struct mail_transport mail_transports[] = {
    {
        .scheme = "file",
        .about = "file:DIRECTORY puts mails into a Maildir.",
        .deliver = maildir_deliver,
        .fault = maildir_fault,
    },
    {
        .scheme = "smtp",
        .about = "smtp://HOST[:PORT], with STARTTLS.",
        .deliver = smtp_deliver,
        .fault = smtp_fault,
    },
    {
        .scheme = "smtps",
        .about = "smtps://HOST[:PORT], with TLS from the start.",
        .deliver = smtp_deliver,
        .fault = smtp_fault,
    },
    {
        .scheme = "relay",
        .about = "relay:HOST[:PORT], the mail server of this machine.",
        .deliver = relay_deliver,
        .fault = relay_fault,
    },
    { 0 },
};
