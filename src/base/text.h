/*
 * text.h - a growing string of bytes, and small questions about strings.
 *
 * A text lives on a memory context and is freed with it.  `at` is always ended
 * by a NUL that `len` does not count, so it can be handed on as a C string.
 * Initialise with text_init, or text_new; nothing needs releasing.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
    char *at;
    size_t len, room; /* bytes used; bytes there, the NUL included */
    const void *mem;
};

void text_init(struct text *t, const void *mem, size_t room);
struct text *text_new(const void *mem);

/* Makes room for n more bytes and returns where they go; len is not moved. */
char *text_room(struct text *t, size_t n);

void text_add(struct text *t, const char *bytes, size_t n);
void text_adds(struct text *t, const char *s);
void text_addc(struct text *t, char c);
void text_addi(struct text *t, int64_t number);
void text_addf(struct text *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void text_clear(struct text *t);

/* A whole decimal number without blanks; false, and untouched, if it is not. */
bool text_to_int(const char *s, int64_t *ret_number);

bool text_starts(const char *s, const char *prefix);
bool text_same(const char *a, const char *b); /* NULL is the same as NULL */

/* The index of s in a list ended by NULL, or -1. */
int text_index(const char *const *list, const char *s);

/* A copy of s without white space at its ends. */
char *text_trim(const void *mem, const char *s);

/* A copy without the quotes, " or ', around the whole; as it is where one of
 * them stands within. */
char *text_unquoted(const void *mem, const char *s);

/* A copy of what somebody else said, as one line of clean UTF-8: line ends and
 * tabs become blanks, other control characters and malformed bytes U+FFFD. */
char *text_mended(const void *mem, const char *s);

/* How many letters are put in, left out or changed between two words
 * (Levenshtein); of words over 63 bytes, one more than that. */
unsigned int text_distance(const char *a, const char *b);

/* Equal in constant time, for secrets. Lengths are not secret. */
bool text_secret_same(const char *a, const char *b);

#endif
