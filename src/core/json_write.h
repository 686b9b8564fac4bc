/*
 * json_write.h - writing JSON documents that are not rows: commas and quotes
 * are kept here, so that what calls it reads like the document.
 *
 * Answers to requests do not come this way: see shape_json.c.
 */
#ifndef CORE_JSON_WRITE_H
#define CORE_JSON_WRITE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

struct json_writer {
    struct text *to;
    bool comma; /* before what comes next */
};

/* key NULL: an item of an array, or the document itself. */
void json_open_object(struct json_writer *w, const char *key);
void json_open_array(struct json_writer *w, const char *key);
void json_close_object(struct json_writer *w);
void json_close_array(struct json_writer *w);
void json_put_text(struct json_writer *w, const char *key, const char *s);
void json_put_number(struct json_writer *w, const char *key, int64_t number);
void json_put_boolean(struct json_writer *w, const char *key, bool is);
/* What is JSON already, and valid. */
void json_put_document(struct json_writer *w, const char *key,
                       const char *json);
void json_put_null(struct json_writer *w, const char *key);

#endif
