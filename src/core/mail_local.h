/* mail_local.h - the encodings of mails, between mail.c and mail_encode.c. */
#ifndef CORE_MAIL_LOCAL_H
#define CORE_MAIL_LOCAL_H

#include "base/text.h"

/*
 * A header's free text (RFC 2047): as it is, folded at blanks, where it is
 * plain ASCII; encoded words else.  Control characters become blanks.  Column:
 * how far the line is written already.
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

#endif
