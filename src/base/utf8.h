/*
 * utf8.h - UTF-8 as Unicode 15 (section 3.9) and RFC 3629 define it.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Well-formed: no surrogates, no overlong forms, nothing above U+10FFFF. */
bool utf8_valid(const char *s, size_t n);

/*
 * Well-formed, and without NUL or control characters (C0, DEL, C1) other than
 * tab, line feed and carriage return where `lines` says that they may be.
 */
bool utf8_clean(const char *s, size_t n, bool lines);

/* Code points of a well-formed string. */
size_t utf8_count(const char *s, size_t n);

/*
 * Decodes the first code point of a string that is not empty and moves *s
 * past it; U+FFFD, one byte on, where the bytes are malformed.
 */
uint32_t utf8_next(const char **s, const char *end);

/* Encodes a code point in 1 to 4 bytes, and returns how many. */
size_t utf8_put(char out[4], uint32_t code_point);

/* The bytes that the first `most` code points of s take. */
size_t utf8_prefix(const char *s, size_t n, size_t most);

#endif
