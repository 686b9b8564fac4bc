/*
 * json.h - reading JSON (RFC 8259) as it stands, without making a tree.
 *
 * The reader walks over a text that it may change: strings are decoded where
 * they stand and ended by a NUL.  Trees of a library would cost an allocation
 * a value and hide duplicate names; and what a request may contain is known
 * from its row, so each value goes straight to where it belongs.
 *
 * It is strict: nothing after the value, no comments, no trailing commas, no
 * NaN; nesting to JSON_DEPTH.  A first fault stops it: every later call
 * returns false or JSON_BAD.
 */
#ifndef CORE_JSON_H
#define CORE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_DEPTH 32

struct json_reader {
    char *at, *end;
    int depth;
    bool fresh;        /* just after a { or [ */
    const char *fault; /* what is wrong, as a literal; NULL: nothing */
};

/* text[n] must be a NUL. */
void json_open(struct json_reader *r, char *text, size_t n);

enum json_kind {
    JSON_BAD,
    JSON_OBJECT,
    JSON_ARRAY,
    JSON_STRING,
    JSON_NUMBER,
    JSON_BOOLEAN,
    JSON_NULL,
};

/* What comes next, by its first character; nothing is consumed. */
enum json_kind json_peek(struct json_reader *r);

/*
 * while (json_member(r, &name, &len)) ... read or skip one value ...
 * after json_enter.  A name or string can hold a NUL, so mind the length; a
 * lone surrogate becomes bytes that are no UTF-8.
 */
bool json_enter(struct json_reader *r); /* an object or array */
bool json_member(struct json_reader *r, char **ret_name, size_t *ret_len);
bool json_item(struct json_reader *r);

bool json_string(struct json_reader *r, char **ret, size_t *ret_len);
/* The characters of a number: ended by whatever follows it. */
bool json_number(struct json_reader *r, const char **ret, size_t *ret_len);
bool json_boolean(struct json_reader *r, bool *ret);

/* Passes any value, checking it; its text stays as it was. */
bool json_skip(struct json_reader *r);

/* True where the text is at its end and was right. */
bool json_close(struct json_reader *r);

#endif
