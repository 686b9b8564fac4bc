/* input_value.c - one value of a request, checked and stored by its field. */
#include "core/input.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/mem.h"
#include "base/unicode.h"
#include "base/utf8.h"
#include "core/cursor.h"

enum { TEXT_MAX = 500, LIST_MAX = 100 };

/* ---- Texts --------------------------------------------------------------- */

static const char *
too_long(struct input *in, int64_t max)
{
    return mem_printf(in->mem, "must have at most %lld character%s",
                      (long long)max, max == 1 ? "" : "s");
}

static const char *
too_short(struct input *in, int64_t min)
{
    return mem_printf(in->mem, "must have at least %lld character%s",
                      (long long)min, min == 1 ? "" : "s");
}

static const char *
one_of(struct input *in, const char *const *choices)
{
    struct text t;

    text_init(&t, in->mem, 64);
    text_adds(&t, "must be one of");
    for (size_t i = 0; choices[i] != NULL; i++) {
        text_adds(&t, i == 0 ? " " : ", ");
        text_adds(&t, choices[i]);
    }
    return t.at;
}

static const char *
check_text(struct input *in, const struct field *f, const char *s, size_t n,
           int64_t min, int64_t max)
{
    if (!utf8_valid(s, n))
        return "must be UTF-8";
    if (!utf8_clean(s, n, f->lines))
        return f->lines ? "must not have control characters"
                        : "must not have control characters or line breaks";
    int64_t count = (int64_t)utf8_count(s, n);
    if (count > max)
        return too_long(in, max);
    if (count < min)
        return too_short(in, min);
    if (f->visible && n > 0 && !unicode_visible(s))
        return "must have something that can be seen";
    if (f->choices != NULL && text_index(f->choices, s) < 0)
        return one_of(in, f->choices);
    if (f->valid != NULL && !f->valid(s))
        return f->wanted;
    return NULL;
}

static const char *
read_text(struct input *in, const struct field *f, const char *s, size_t n,
          char *at)
{
    if (f->code) {
        if (!utf8_valid(s, n))
            return "must be UTF-8";
        if (utf8_count(s, n) > INPUT_CODE_TYPED)
            return too_long(in, INPUT_CODE_TYPED);
        s = input_code(in->mem, s, n, &n);
    }
    if (input_is_prose(f))
        s = input_prose(in, f, s, n, &n);
    const char *wrong =
        check_text(in, f, s, n, f->min, f->max == 0 ? TEXT_MAX : f->max);

    if (wrong == NULL)
        *(const char **)(void *)at = f->keep != NULL ? f->keep(in->mem, s) : s;
    return wrong;
}

/* ---- Numbers ------------------------------------------------------------- */

static const char *
out_of_bounds(struct input *in, const struct field *f)
{
    if (f->max == 0)
        return mem_printf(in->mem, "must be at least %lld", (long long)f->min);
    return mem_printf(in->mem, "must be from %lld to %lld", (long long)f->min,
                      (long long)f->max);
}

/* Bounds count where there are any: min 0 and max 0 are none. */
static bool
within(const struct field *f, double number)
{
    if (f->min == 0 && f->max == 0)
        return true;
    return number >= (double)f->min &&
           (f->max == 0 || number <= (double)f->max);
}

static const char *
check_integer(struct input *in, const struct field *f, const char *s,
              int64_t *ret)
{
    static const char wanted[] = "must be an integer";

    if (s[0] == '\0' || s[strspn(s, "-0123456789")] != '\0')
        return wanted;
    if (!text_to_int(s, ret)) {
        bool digits = strspn(s + (*s == '-'), "0123456789") > 18;
        return !digits       ? wanted
               : f->max != 0 ? out_of_bounds(in, f)
                             : "must be an integer of 64 bits";
    }
    bool low = (f->min != 0 || f->max != 0) && *ret < f->min;
    return low || (f->max != 0 && *ret > f->max) ? out_of_bounds(in, f) : NULL;
}

static const char *
read_integer(struct input *in, const struct field *f, const char *s, char *at)
{
    int64_t number = 0;
    const char *wrong = check_integer(in, f, s, &number);

    if (wrong != NULL)
        return wrong;
    if (f->type == VALUE_INTEGER)
        *(int64_t *)(void *)at = number;
    else
        *(struct maybe_integer *)(void *)at =
            (struct maybe_integer){ true, number };
    return NULL;
}

static const char *
read_real(struct input *in, const struct field *f, const char *s, char *at)
{
    char *end;
    double number = strtod(s, &end);

    if (s[strspn(s, "+-.0123456789eE")] != '\0' || end == s || *end != '\0' ||
        !isfinite(number))
        return "must be a number";
    if (!within(f, number))
        return out_of_bounds(in, f);
    *(double *)(void *)at = number;
    return NULL;
}

static const char *
read_boolean(const struct field *f, const char *s, char *at)
{
    bool is = strcmp(s, "true") == 0;

    if (!is && strcmp(s, "false") != 0)
        return "must be true or false";
    if (f->type == VALUE_BOOLEAN)
        *(bool *)at = is;
    else
        *(struct maybe_boolean *)(void *)at =
            (struct maybe_boolean){ true, is };
    return NULL;
}

/* ---- Others -------------------------------------------------------------- */

static const char *
read_choice(struct input *in, const struct field *f, const char *s, char *at)
{
    int i = text_index(f->choices, s);

    if (i < 0)
        return one_of(in, f->choices);
    *(unsigned int *)(void *)at = (unsigned int)i;
    return NULL;
}

static const char *
read_uuid(const char *s, char *at)
{
    struct uuid id;

    if (!uuid_read(s, &id) || uuid_none(&id))
        return "must be a UUID";
    memcpy(at, &id, sizeof id);
    return NULL;
}

static const char *
read_time(const char *s, char *at)
{
    struct instant t;

    if (!time_read(s, &t))
        return "must be a time such as 2026-11-21T04:56:09Z";
    memcpy(at, &t, sizeof t);
    return NULL;
}

static const char *
read_cursor(const char *s, char *at)
{
    struct cursor c;

    if (!cursor_read(s, &c))
        return "must be a nextCursor that an answer gave";
    memcpy(at, &c, sizeof c);
    return NULL;
}

static const char *
read_list(struct input *in, const struct field *f, const char *s)
{
    size_t most = 1, n = 0;

    for (const char *c = s; *c != '\0'; c++)
        most += *c == ',';
    const char **items = mem_array(in->mem, const char *, most);
    while (*s != '\0') {
        size_t len = strcspn(s, ",");
        const char *item = mem_strndup(in->mem, s, len);
        const char *wrong = input_item(in, f, item, len);

        if (wrong != NULL)
            return wrong;
        items[n++] = item;
        s += len + (s[len] == ',');
    }
    return input_list(in, f, items, n);
}

const char *
input_item(struct input *in, const struct field *f, const char *s, size_t n)
{
    return check_text(in, f, s, n, 1,
                      f->item_max == 0 ? TEXT_MAX : f->item_max);
}

const char *
input_list(struct input *in, const struct field *f, const char **items,
           size_t n)
{
    int64_t max = f->max == 0 ? LIST_MAX : f->max;

    if ((int64_t)n < f->min || (int64_t)n > max)
        return mem_printf(in->mem, "must have %lld to %lld items",
                          (long long)f->min, (long long)max);
    *(struct texts *)(void *)(in->into + f->offset) =
        (struct texts){ items, n };
    return NULL;
}

const char *
input_value(struct input *in, const struct field *f, const char *s, size_t n)
{
    char *at = in->into + f->offset;

    if (f->type != VALUE_TEXT && strlen(s) != n)
        return "must not have control characters";
    switch (f->type) {
    case VALUE_INTEGER:
    case VALUE_MAYBE_INTEGER:
        return read_integer(in, f, s, at);
    case VALUE_REAL:
        return read_real(in, f, s, at);
    case VALUE_BOOLEAN:
    case VALUE_MAYBE_BOOLEAN:
        return read_boolean(f, s, at);
    case VALUE_CHOICE:
        return read_choice(in, f, s, at);
    case VALUE_UUID:
        return read_uuid(s, at);
    case VALUE_TIME:
        return read_time(s, at);
    case VALUE_CURSOR:
        return read_cursor(s, at);
    case VALUE_TEXTS:
        return read_list(in, f, s);
    case VALUE_TEXT:
        return read_text(in, f, s, n, at);
    default:
        return "cannot be given here";
    }
}
