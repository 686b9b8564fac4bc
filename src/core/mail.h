/*
 * mail.h - e-mail messages (RFC 5322, 2045-2047, 3834, 8058) and the ways they
 * leave.
 *
 * Nothing a value holds can become a header or a part: header values are made
 * one line and encoded, addresses are checked, bodies are quoted-printable,
 * and the boundary holds "=_", which quoted-printable text never does.
 */
#ifndef CORE_MAIL_H
#define CORE_MAIL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "core/sql.h"
#include "core/template.h"
#include "pool/metrics.h"

/* A message; all texts are UTF-8, NULL ones are left out where they may be. */
struct mail {
    const char *from_name, *from;
    const char *to_name, *to; /* the name may be NULL */
    const char *reply_to;     /* an address, or NULL */
    const char *subject;
    const char *text, *html; /* html may be NULL */
    const char *message_id;  /* "<...@...>"; printable ASCII */
    const char *category;    /* X-Category: a word */
    const char *unsubscribe; /* https URL of List-Unsubscribe, or NULL; with
                                it goes List-Unsubscribe-Post */
    struct instant date;
};

/*
 * Whether this can stand in an envelope and a header: at most 255 bytes of
 * printable ASCII, one @ between two parts, none of what has a meaning there.
 */
bool mail_address_valid(const char *address);

/*
 * Adds the message with CRLF line ends.  False, and nothing added, where an
 * address or the Message-ID is not valid.
 */
bool mail_write(struct text *out, const struct mail *mail);

/* What follows the @ of an address. */
const char *mail_domain(const char *address);

/* ---- Templates ----------------------------------------------------------- */

struct mail_lines;
struct app;

/*
 * emails/: NAME.subject and NAME.txt in plain text, NAME.html; the layouts
 * layout.txt and layout.html have {{{content}}}.  style/NAME.html are the
 * attributes of an element in one look: <p {{> style/text}}>.  NAME.json is
 * what previews and tests show a template with.
 */
struct mailer {
    struct template_set *subjects, *texts, *pages;
    const char *directory;
    struct mail_lines *lines; /* this process's connections: mail_smtp.c */
};

/* Loads them; NULL with faults, as templates_load does. */
struct mailer *mailer_load(const void *mem, const char *directory,
                           struct text *faults);

/*
 * Renders NAME on mem into mail's subject, text and html.  False where there
 * is no such template, or it does not end.
 */
bool mailer_render(const struct mailer *mailer, const void *mem,
                   const char *name, const struct template_scope *scope,
                   struct mail *mail);

/* The JSON of NAME.json on mem; NULL where there is none. */
const char *mailer_sample(const struct mailer *mailer, const void *mem,
                          const char *name);

/* ---- Transports ---------------------------------------------------------- */

enum mail_outcome {
    MAIL_SENT,
    MAIL_LATER,   /* not taken now (4xx, no connection): try again */
    MAIL_REFUSED, /* never will be (5xx): a bounce */
    MAIL_UNSURE,  /* it may have been taken: do not try again */
};

struct mail_answer {
    enum mail_outcome outcome;
    const char *response; /* the last line of the server, or the error */
    bool answered;        /* it is the server's word about this recipient */
};

/* The envelope, and the bytes that mail_write made. */
struct mail_letter {
    const char *from, *to;
    const char *bytes;
    size_t len;
};

/* Where mails are given to, and how. */
struct mail_provider {
    const char *url; /* file:DIRECTORY  smtps://HOST  smtp://HOST  relay:HOST */
    const char *user, *password; /* NULL: without AUTH */
    const char *ca_file;         /* of its certificate; NULL: the system's */
    int64_t timeout;             /* us for a whole delivery */
};

/* Called about once a second while a delivery lasts; false: give up. */
struct mail_pulse {
    bool (*beat)(void *with);
    void *with;
};

/*
 * A way to send; the scheme of the provider's URL chooses the row.
 *
 *   file:DIRECTORY       into a Maildir, which is made if need be
 *   smtp://HOST[:587]    STARTTLS required, certificate verified
 *   smtps://HOST[:465]   TLS from the start, certificate verified
 *   relay:HOST[:25]      the mail server of this machine, without TLS: HOST
 *                        is a loopback address
 */
struct mail_transport {
    const char *scheme;
    const char *about;
    struct mail_answer (*deliver)(struct mailer *mailer, void *mem,
                                  const struct mail_provider *provider,
                                  const char *rest,
                                  const struct mail_letter *letter,
                                  const struct mail_pulse *pulse);
    /* What is wrong with what follows the colon; NULL: nothing. */
    const char *(*fault)(const char *rest);
};
extern const struct mail_transport mail_transports[];

/* What is wrong with a URL before anything is sent; NULL: nothing. */
const char *mail_transport_fault(const char *url);

/* The row of a URL ("file:/var/mail"), *ret_rest what follows the colon. */
const struct mail_transport *mail_transport_of(const char *url,
                                               const char **ret_rest);

/* Delivers by the provider's transport; pulse may be NULL. */
struct mail_answer mail_deliver(struct mailer *mailer, void *mem,
                                const struct mail_provider *provider,
                                const struct mail_letter *letter,
                                const struct mail_pulse *pulse);

/* Counts what came of a delivery, where there is a worker to count in. */
void mail_count(const struct app *app, const struct mail_answer *answer);
extern const struct metric mail_metrics[];

#endif
