/*
 * encode.h - bytes as text: hexadecimal and base64 (RFC 4648).
 */
#ifndef BASE_ENCODE_H
#define BASE_ENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lower-case hex digits of n bytes, as a string on mem. */
char *hex_encode(const void *mem, const uint8_t *bytes, size_t n);

/* n hex digits into n / 2 bytes; false, and `out` undefined, if they are
 * not. */
bool hex_decode(const char *digits, size_t n, uint8_t *out);

/* Base64url without padding (section 5), as a string on mem. */
char *base64url_encode(const void *mem, const uint8_t *bytes, size_t n);

/* Base64 with padding (section 4), as a string on mem. */
char *base64_encode(const void *mem, const uint8_t *bytes, size_t n);

/*
 * Undoes base64url_encode: at most `room` bytes into out.  Returns how many,
 * or -1 for a foreign character, an impossible length, bits that should be
 * zero (so that a value has one form only) or more than room.
 */
long base64url_decode(const char *s, uint8_t *out, size_t room);

/* The same in the alphabet of base64_encode, and without padding, as in PHC
 * strings. */
long base64_decode(const char *s, uint8_t *out, size_t room);

#endif
