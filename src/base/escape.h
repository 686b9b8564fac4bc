/*
 * escape.h - the one place where text is made safe for another language.
 */
#ifndef BASE_ESCAPE_H
#define BASE_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/*
 * The inside of a JSON string (RFC 8259), without the quotes.  Besides what
 * JSON asks for, < > & and U+2028/2029 are escaped, so that the text may also
 * stand in an HTML script element.  Malformed UTF-8 becomes U+FFFD.
 */
void escape_json(struct text *to, const char *s, size_t n);

/* Text or attribute value of HTML: & < > " ' become references. */
void escape_html(struct text *to, const char *s, size_t n);

/* A component of a URL: all but RFC 3986's unreserved characters as %XX. */
void escape_url(struct text *to, const char *s, size_t n);

/*
 * Undoes %XX (and + as a blank, where `form` says so) into `out`, which has
 * room for n + 1 bytes; returns the length.  -1 for a bad %XX or a NUL.
 */
long unescape_url(char *out, const char *s, size_t n, bool form);

#endif
