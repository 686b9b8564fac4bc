/*
 * bidi.h - marks in texts that turn the direction of what follows them
 * (UAX #9): embeddings and overrides, U+202A to U+202E, and isolates, U+2066
 * to U+2069.  One that is left open writes the rest of a page's line
 * backwards, whoever wrote that rest.
 *
 * A person's text is closed where it is shown: in the template engine, the one
 * place that it passes, so that what is stored stays as it was written.  In
 * plain text (subjects, titles of pages), which has no <bdi>, it is isolated.
 * Texts are UTF-8; malformed bytes are none of these marks.
 */
#ifndef BASE_BIDI_H
#define BASE_BIDI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/* How long a mark is that s begins with: 3 bytes, or 0 where it is none. */
size_t bidi_mark(const char *s, size_t n);

/* Whether a text ends each mark that it begins, and no other. */
bool bidi_closed(const char *s, size_t n);

/* Adds a text with what is open closed at its end (at most 125 levels deep, as
 * in UAX #9; deeper ones are left out), and without what ends nothing. */
void bidi_close(struct text *to, const char *s, size_t n);

/*
 * Adds a text that stands in a sentence of ours: without its marks, and
 * between U+2068 and U+2069 (FSI, PDI) where it has a letter or number of a
 * script that runs from right to left.  Others need no isolating in sentences
 * that run from left to right, and some telephones show FSI as a box.
 */
void bidi_isolate(struct text *to, const char *s, size_t n);

/* Takes out of a text all marks but pairs of FSI and PDI, in its place;
 * returns its length then.  s[n] is NUL, and stays so. */
size_t bidi_tidy(char *s, size_t n);

#endif
