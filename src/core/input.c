/* input.c - the fields of a request as a whole; see input.h.  Single values
 * are input_value.c's, JSON is input_json.c's. */
#include "core/input.h"

#include <string.h>

#include "base/escape.h"
#include "base/mem.h"
#include "base/utf8.h"

/* ---- Faults -------------------------------------------------------------- */

/* A name that a stranger made up, as far as it can be shown. */
static const char *
shown(void *mem, const char *name)
{
    size_t len = strlen(name);

    if (!utf8_clean(name, len, false))
        return "?";
    return mem_strndup(mem, name, utf8_prefix(name, len, 64));
}

void
fault_add(struct faults *to, const char *field, const char *message)
{
    if (to->n >= INPUT_FAULTS)
        return;
    field = shown(to->mem, field);
    for (const struct fault *f = to->first; f != NULL; f = f->next)
        if (strcmp(f->field, field) == 0)
            return;
    struct fault *made = mem_new(to->mem, struct fault);
    *made = (struct fault){ field, message, NULL };
    if (to->last == NULL)
        to->first = made;
    else
        to->last->next = made;
    to->last = made;
    to->n++;
}

/* ---- The struct ---------------------------------------------------------- */

/* A cursor that was not given comes before all rows, whichever way they go. */
static void
set_cursor(struct cursor *c, bool ascending)
{
    *c = (struct cursor){ .key = ascending ? INT64_MIN : INT64_MAX };
    memset(c->id.octet, ascending ? 0 : 0xFF, sizeof c->id.octet);
    c->id.octet[15] |= 1; /* all zero would be null */
}

static void
set_otherwise(char *at, const struct field *f)
{
    if (f->type == VALUE_INTEGER)
        *(int64_t *)(void *)at = f->otherwise;
    else if (f->type == VALUE_CHOICE)
        *(unsigned int *)(void *)at = (unsigned int)f->otherwise;
    else if (f->type == VALUE_BOOLEAN)
        *(bool *)at = f->otherwise != 0;
    else if (f->type == VALUE_CURSOR)
        set_cursor((struct cursor *)(void *)at, f->otherwise < 0);
}

void
input_begin(struct input *in, const struct route_entry *entry, void *mem,
            struct faults *faults)
{
    size_t size = entry->row->input.size;

    *in = (struct input){ .entry = entry, .faults = faults, .mem = mem };
    if (size == 0)
        return;
    in->into = mem_zero(mem, size);
    for (size_t i = 0; i < entry->n_fields; i++) {
        const struct field *f = &entry->row->input.fields[i];

        set_otherwise(in->into + f->offset, f);
    }
}

const struct field *
input_take(struct input *in, enum field_place place, const char *name,
           size_t len, bool strict)
{
    const struct field *fields = in->entry->row->input.fields;

    for (size_t i = 0; i < in->entry->n_fields; i++) {
        const struct field *f = &fields[i];

        if (f->place != place || strlen(f->name) != len ||
            memcmp(f->name, name, len) != 0)
            continue;
        if (in->seen & UINT64_C(1) << i) {
            fault_add(in->faults, f->name, "is given twice");
            return NULL;
        }
        in->seen |= UINT64_C(1) << i;
        return f;
    }
    if (strict)
        fault_add(in->faults, mem_strndup(in->mem, name, len),
                  "is not a field of this request");
    return NULL;
}

static void
note(struct input *in, const struct field *f, const char *wrong)
{
    if (wrong != NULL)
        fault_add(in->faults, f->name, wrong);
}

void
input_path(struct input *in, const struct segment *values)
{
    const struct field *fields = in->entry->row->input.fields;

    for (size_t i = 0; i < in->entry->names; i++) {
        const struct field *f = in->entry->taker[i];
        const char *s = mem_strndup(in->mem, values[i].at, values[i].len);

        in->seen |= UINT64_C(1) << (f - fields);
        note(in, f, input_value(in, f, s, values[i].len));
    }
}

/* ---- The form encoding --------------------------------------------------- */

/* One name=value; both are decoded into memory of the request. */
static void
read_pair(struct input *in, enum field_place place, const char *s, size_t n,
          bool strict)
{
    const char *equals = memchr(s, '=', n);
    size_t name_len = equals == NULL ? n : (size_t)(equals - s);
    char *name = mem_alloc(in->mem, n + 2);
    char *value = name + name_len + 1;
    size_t rest = equals == NULL ? 0 : n - name_len - 1;

    long len = unescape_url(name, s, name_len, true);
    const struct field *f =
        len < 0 ? NULL : input_take(in, place, name, (size_t)len, strict);
    if (len < 0 && strict)
        fault_add(in->faults, "query", "has a % without two hex digits");
    if (f == NULL)
        return;
    len = unescape_url(value, equals == NULL ? "" : equals + 1, rest, true);
    if (len < 0)
        note(in, f, "has a % without two hex digits, or a NUL");
    else if (len > 0 || f->type == VALUE_TEXT)
        note(in, f, input_value(in, f, value, (size_t)len));
    else
        in->seen &= ~(UINT64_C(1) << (f - in->entry->row->input.fields));
}

static void
read_pairs(struct input *in, enum field_place place, const char *s, size_t n,
           bool strict)
{
    const char *end = s + n;

    while (s < end) {
        const char *and = memchr(s, '&', (size_t)(end - s));
        const char *stop = and == NULL ? end : and;

        if (stop > s)
            read_pair(in, place, s, (size_t)(stop - s), strict);
        s = stop + 1;
    }
}

void
input_query(struct input *in, const char *query)
{
    read_pairs(in, IN_QUERY, query, strlen(query),
               in->entry->row->page == NULL);
}

void
input_form(struct input *in, const char *form, size_t n)
{
    read_pairs(in, IN_BODY, form, n, true);
}

bool
input_finish(struct input *in)
{
    const struct field *fields = in->entry->row->input.fields;

    for (size_t i = 0; i < in->entry->n_fields; i++)
        if (fields[i].required && !(in->seen & UINT64_C(1) << i) &&
            !(in->unread && fields[i].place == IN_BODY))
            fault_add(in->faults, fields[i].name, "is required");
    return in->faults->n == 0;
}
