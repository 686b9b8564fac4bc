/*
 * page_member.c - members by name, and values by type, as templates take them;
 * see page_local.h.
 */
#include "core/page_local.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

/* ---- Names --------------------------------------------------------------- */

bool
page_named(const struct template_name *name, const char *s, size_t len)
{
    return name->len == len && memcmp(name->at, s, len) == 0;
}

static const struct suffix {
    const char *at;
    size_t len;
    enum page_form form;
} suffixes[] = {
    { "@date", 5, PAGE_DATE },
    { "@one", 4, PAGE_ONE },
    { "@lang", 5, PAGE_LANG },
};

static const struct suffix *
suffix_of(const struct template_name *name)
{
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        const struct suffix *x = &suffixes[i];

        if (name->len > x->len &&
            memcmp(name->at + name->len - x->len, x->at, x->len) == 0)
            return x;
    }
    return NULL;
}

const struct shape_slot *
page_slot(const struct shape *s, const struct template_name *name,
          enum page_form *ret_form)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->slot[i].hash == name->hash && s->slot[i].len == name->len &&
            memcmp(s->slot[i].name, name->at, name->len) == 0)
            return &s->slot[i];
    const struct suffix *x = suffix_of(name);
    if (x == NULL)
        return NULL;
    *ret_form = x->form;
    for (size_t i = 0; i < s->n; i++)
        if (s->slot[i].len == name->len - x->len &&
            memcmp(s->slot[i].name, name->at, s->slot[i].len) == 0)
            return &s->slot[i];
    return NULL;
}

/* ---- Values by type ------------------------------------------------------ */

void
page_put_integer(struct template_value *ret, int64_t number,
                 enum page_form form)
{
    if (form == PAGE_ONE)
        template_boolean(ret, number == 1);
    else
        template_number(ret, number);
}

void
page_put_text(struct template_value *ret, const char *s, size_t len,
              enum page_form form)
{
    static const char unknown[] = "und"; /* BCP 47: not determined */
    bool none = form == PAGE_LANG && len == sizeof unknown - 1 &&
                memcmp(s, unknown, len) == 0;

    template_text(ret, s, none ? 0 : len);
}

void
page_put_uuid(struct template_value *ret, const void *mem, struct uuid id)
{
    char *out = mem_alloc(mem, UUID_TEXT);

    uuid_write(&id, out);
    template_text(ret, out, UUID_TEXT - 1);
}

void
page_put_time(struct template_value *ret, const void *mem, struct instant time,
              enum page_form form)
{
    struct text t;

    text_init(&t, mem, 32);
    if (form == PAGE_DATE)
        clock_date(&t, time.us);
    else
        clock_iso(&t, time.us);
    template_text(ret, t.at, t.len);
}

void
page_put_real(struct template_value *ret, double number)
{
    int n = snprintf(ret->small, sizeof ret->small, "%.10g", number);

    template_text(ret, ret->small, (size_t)n);
    if (number == 0)
        ret->kind = TEMPLATE_FALSE;
}

static size_t
texts_count(const struct template_value *list)
{
    return ((const struct texts *)list->at)->n;
}

static void
texts_item(const struct template_value *list, size_t i, const void *mem,
           struct template_value *ret)
{
    (void)mem;
    template_string(ret, ((const struct texts *)list->at)->at[i]);
}

static const struct template_source texts_source = {
    .count = texts_count,
    .item = texts_item,
};

void
page_put_texts(struct template_value *ret, const void *mem, struct texts texts)
{
    struct texts *kept = mem_new(mem, struct texts);

    *kept = texts;
    template_list(ret, &texts_source, kept);
}
