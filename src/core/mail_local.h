/* mail_local.h - encodings and transports, between the files of mails. */
#ifndef CORE_MAIL_LOCAL_H
#define CORE_MAIL_LOCAL_H

#include "base/text.h"
#include "core/mail.h"

/*
 * A header's free text (RFC 2047): as it is, folded at blanks, where it is
 * plain ASCII; encoded words else.  Control characters become blanks, and of
 * marks that turn the direction pairs of FSI and PDI are left (base/bidi.h).
 * Column: how far the line is written already.
 */
void mail_add_unstructured(struct text *out, size_t column, const char *s);

/* A display name: an atom, a quoted string or encoded words. */
void mail_add_phrase(struct text *out, size_t column, const char *s);

/*
 * A body in quoted-printable (RFC 2045, 6.7): lines of at most 76, ended by
 * CRLF whatever they ended with; blanks at their ends, a "." alone and a
 * "From " at their beginning are encoded.
 */
void mail_add_quoted(struct text *out, const char *body);

/* ---- Transports, see mail.h ---------------------------------------------- */

const char *maildir_fault(const char *rest);
const char *smtp_fault(const char *rest);
const char *relay_fault(const char *rest);

struct mail_answer maildir_deliver(struct mailer *mailer, void *mem,
                                   const struct mail_provider *provider,
                                   const char *directory,
                                   const struct mail_letter *letter,
                                   const struct mail_pulse *pulse);
struct mail_answer smtp_deliver(struct mailer *mailer, void *mem,
                                const struct mail_provider *provider,
                                const char *rest,
                                const struct mail_letter *letter,
                                const struct mail_pulse *pulse);
struct mail_answer relay_deliver(struct mailer *mailer, void *mem,
                                 const struct mail_provider *provider,
                                 const char *rest,
                                 const struct mail_letter *letter,
                                 const struct mail_pulse *pulse);

#endif
