/*
 * input.h - what a request carries, read into the struct that its row names.
 *
 * Query, path and body are text of strangers.  Each value is checked by its
 * field; whatever is wrong is collected and reported together, under the
 * field's public name.  Only when no fault was found has the handler a struct
 * to read, and then every member is valid.
 */
#ifndef CORE_INPUT_H
#define CORE_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/route.h"

#define INPUT_BODY_MAX (1024 * 1024)    /* bytes of a JSON body */
#define INPUT_CODE_TYPED 100            /* characters of a code, with blanks */
#define INPUT_DROPPED "CONTROL_DROPPED" /* the code of a note */
#define INPUT_FAULTS 64                 /* more are not reported */

struct fault {
    const char *field, *message;
    struct fault *next;
};

struct faults {
    void *mem;
    struct fault *first, *last;
    size_t n;
};

/* Adds a fault; of several faults of one field the first is kept.  The name
 * is copied, and cut where a stranger made it up. */
void fault_add(struct faults *to, const char *field, const char *message);

struct input {
    const struct route_entry *entry;
    struct faults *faults;
    struct faults *notes; /* what was changed, by field; NULL: nobody asks */
    void *mem;
    char *into;    /* the row's input struct */
    uint64_t seen; /* a bit a field that was given */
    bool unread;   /* the body is no JSON: what it would have had is unknown */
};

/* Makes the struct, with what fields are `otherwise`. */
void input_begin(struct input *in, const struct route_entry *entry, void *mem,
                 struct faults *faults);

/* The values of the path's names, in their order. */
void input_path(struct input *in, const struct segment *values);

/*
 * A query (RFC 3986, 3.4) in the form encoding.  Names that no field has are
 * faults, except for pages, to which strangers link with names of their own.
 */
void input_query(struct input *in, const char *query);

/* A body of JSON, an object; it is changed in its place.  text[n] is NUL. */
void input_json(struct input *in, char *text, size_t n);

/* A body in the form encoding, for rows without CSRF token (RFC 8058). */
void input_form(struct input *in, const char *form, size_t n);

/* Asks for what is required; true where no fault was found. */
bool input_finish(struct input *in);

/* ---- Between the files --------------------------------------------------- */

/* The field of that name and place, unless it was given already (a fault) or
 * is unknown (a fault where `strict`); marks it as given. */
const struct field *input_take(struct input *in, enum field_place place,
                               const char *name, size_t len, bool strict);

/* Reads text into the field's member.  NULL, or what is wrong. */
const char *input_value(struct input *in, const struct field *f, const char *s,
                        size_t n);

/* The same for an item of a list, which is stored by the caller. */
const char *input_item(struct input *in, const struct field *f, const char *s,
                       size_t n);

/* A code (a field's `code`) as it was typed, well-formed: without the blanks
 * and dashes around and between its signs, full-width forms as ASCII.  On mem,
 * ended by NUL. */
const char *input_code(void *mem, const char *s, size_t n, size_t *ret_n);

/* Whether a field is a text that others read and people paste: of a body,
 * visible, with lines, or said to be so; never a secret or a code. */
bool input_is_prose(const struct field *f);

/* Such a text without control characters, on mem, ended by NUL; what was
 * dropped is noted.  A text with NUL or malformed UTF-8 comes back as it is. */
const char *input_prose(struct input *in, const struct field *f, const char *s,
                        size_t n, size_t *ret_n);

/* Stores a list of n texts; NULL, or what is wrong. */
const char *input_list(struct input *in, const struct field *f,
                       const char **items, size_t n);

#endif
