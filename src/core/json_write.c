/* json_write.c - see json_write.h. */
#include "core/json_write.h"

#include <string.h>

#include "base/escape.h"

static void
quoted(struct text *to, const char *s)
{
    text_addc(to, '"');
    escape_json(to, s, strlen(s));
    text_addc(to, '"');
}

static struct text *
begin(struct json_writer *w, const char *key)
{
    if (w->comma)
        text_addc(w->to, ',');
    if (key != NULL) {
        quoted(w->to, key);
        text_addc(w->to, ':');
    }
    w->comma = true;
    return w->to;
}

void
json_open_object(struct json_writer *w, const char *key)
{
    text_addc(begin(w, key), '{');
    w->comma = false;
}

void
json_open_array(struct json_writer *w, const char *key)
{
    text_addc(begin(w, key), '[');
    w->comma = false;
}

void
json_close_object(struct json_writer *w)
{
    text_addc(w->to, '}');
    w->comma = true;
}

void
json_close_array(struct json_writer *w)
{
    text_addc(w->to, ']');
    w->comma = true;
}

void
json_put_text(struct json_writer *w, const char *key, const char *s)
{
    quoted(begin(w, key), s);
}

void
json_put_number(struct json_writer *w, const char *key, int64_t number)
{
    text_addi(begin(w, key), number);
}

void
json_put_boolean(struct json_writer *w, const char *key, bool is)
{
    text_adds(begin(w, key), is ? "true" : "false");
}

void
json_put_document(struct json_writer *w, const char *key, const char *json)
{
    text_adds(begin(w, key), json);
}

void
json_put_null(struct json_writer *w, const char *key)
{
    text_adds(begin(w, key), "null");
}
