/* template_value.c - the values that sources hand to templates. */
#include "core/template.h"

#include <string.h>

uint32_t
template_hash(const char *name, size_t len)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)name[i]) * 16777619u;
    return hash;
}

bool
template_named(const struct template_name *name, const char *is, uint32_t hash)
{
    return name->hash == hash && strcmp(name->at, is) == 0;
}

void
template_text(struct template_value *ret, const char *s, size_t len)
{
    ret->kind = TEMPLATE_TEXT;
    ret->text = s;
    ret->len = len;
}

void
template_string(struct template_value *ret, const char *s)
{
    if (s == NULL)
        ret->kind = TEMPLATE_NOTHING;
    else
        template_text(ret, s, strlen(s));
}

void
template_boolean(struct template_value *ret, bool is)
{
    template_string(ret, is ? "true" : "false");
    ret->kind = is ? TEMPLATE_TEXT : TEMPLATE_FALSE;
}

void
template_number(struct template_value *ret, int64_t number)
{
    char *end = ret->small + sizeof ret->small, *p = end;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

    do {
        *--p = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (number < 0)
        *--p = '-';
    template_text(ret, p, (size_t)(end - p));
    ret->kind = number == 0 ? TEMPLATE_FALSE : TEMPLATE_TEXT;
}

void
template_object(struct template_value *ret,
                const struct template_source *source, const void *at)
{
    ret->kind = TEMPLATE_OBJECT;
    ret->source = source;
    ret->at = at;
}

void
template_list(struct template_value *ret, const struct template_source *source,
              const void *at)
{
    template_object(ret, source, at);
    ret->kind = TEMPLATE_LIST;
}

static bool
pairs_member(const struct template_value *object,
             const struct template_name *name, const void *mem,
             struct template_value *ret)
{
    const struct template_pair *pair = object->at;

    (void)mem;
    while (pair->name != NULL && strcmp(pair->name, name->at) != 0)
        pair++;
    if (pair->name == NULL)
        return false;
    *ret = pair->value;
    return true;
}

const struct template_source template_pairs = {
    .member = pairs_member,
};
