/*
 * unicode.h - what people see of a text, by Unicode's properties.
 *
 * The properties and the grapheme clusters (UAX #29) are libunistring's; for
 * bytes and code points see utf8.h.  Texts are well-formed UTF-8.
 */
#ifndef BASE_UNICODE_H
#define BASE_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Whether a code point shows something by itself.  Not so: blanks, controls,
 * format characters, what is Default_Ignorable, marks that want a letter, and
 * the few that are drawn as nothing (U+2800, the blank of Braille).
 */
bool unicode_seen(uint32_t code);

/* Whether anything of a text is seen: the rule for titles, posts, comments. */
bool unicode_visible(const char *s);

/*
 * The text up to `most` code points, on mem.  What is longer is cut between
 * grapheme clusters, after a blank where one is among the last 40 code points,
 * and ends in an ellipsis, which counts.  A cluster that takes all the room is
 * cut within.
 */
char *unicode_cut(const void *mem, const char *s, size_t most);

#endif
