/*
 * job_by_hand.c - what people may put into queues: kinds that describe their
 * payload, where they belong.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "core/feature.h"
#include "core/job.h"
#include "core/json.h"

const struct job_kind *
job_kind_named(const struct feature *const *features, const char *name)
{
    for (; *features != NULL; features++) {
        const struct job_kind *k = (*features)->jobs;

        for (; k != NULL && k->name != NULL; k++)
            if (strcmp(k->name, name) == 0)
                return k;
    }
    return NULL;
}

/* ---- The queue ----------------------------------------------------------- */

static bool
is_of(const struct job_kind *k, const char *queue)
{
    return strcmp(k->queue, queue) == 0 || text_same(k->urgent, queue);
}

/* Whether jobs of this queue hold leases. */
static bool
queue_acts(const struct feature *const *features, const char *queue)
{
    for (; *features != NULL; features++) {
        const struct job_kind *k = (*features)->jobs;

        for (; k != NULL && k->name != NULL; k++)
            if (k->act != NULL && is_of(k, queue))
                return true;
    }
    return false;
}

const char *
job_queue_fault(const struct feature *const *features,
                const struct job_kind *kind, const char *queue)
{
    if (is_of(kind, queue))
        return NULL;
    if (kind->act != NULL)
        return "must be the queue of this kind of job";
    return queue_acts(features, queue)
               ? "must be a queue whose jobs touch nothing but the database"
               : NULL;
}

/* ---- The payload --------------------------------------------------------- */

/* How a member of a type stands in JSON. */
struct form {
    enum value_type type;
    enum json_kind kind;
    const char *wanted;
};
static const struct form forms[] = {
    { VALUE_TEXT, JSON_STRING, "a text" },
    { VALUE_UUID, JSON_STRING, "a UUID" },
    { VALUE_INTEGER, JSON_NUMBER, "a whole number" },
    { VALUE_BOOLEAN, JSON_BOOLEAN, "true or false" },
    { VALUE_JSON, JSON_OBJECT, "an object" },
    { 0 },
};

static const struct form *
form_of(const struct payload_member *m)
{
    const struct form *f = forms;

    while (f->type != m->type && f->type != VALUE_NONE)
        f++;
    return f;
}

static const char *
text_fault(void *mem, const struct payload_member *m, struct json_reader *r)
{
    struct uuid id;
    size_t len, most = m->max == 0 ? 500 : (size_t)m->max;
    char *s;

    if (!json_string(r, &s, &len))
        return NULL;
    if (strlen(s) != len || len > most)
        return mem_printf(mem, "%s: is longer than %zu bytes", m->name, most);
    if (m->type == VALUE_UUID && !uuid_read(s, &id))
        return mem_printf(mem, "%s: must be a UUID", m->name);
    if (m->choices != NULL && text_index(m->choices, s) < 0)
        return mem_printf(mem, "%s: '%.40s' is not possible", m->name, s);
    if (m->valid != NULL && !m->valid(s))
        return mem_printf(mem, "%s: %s", m->name, m->wanted);
    return NULL;
}

static const char *
number_fault(void *mem, const struct payload_member *m, struct json_reader *r)
{
    const char *at;
    size_t len;
    int64_t n;

    if (!json_number(r, &at, &len))
        return NULL;
    if (!text_to_int(mem_strndup(mem, at, len), &n))
        return mem_printf(mem, "%s: must be a whole number", m->name);
    if (n < m->min || (m->max != 0 && n > m->max))
        return mem_printf(mem, "%s: must be from %lld to %lld", m->name,
                          (long long)m->min, (long long)m->max);
    return NULL;
}

static const char *
value_fault(void *mem, const struct payload_member *m, struct json_reader *r)
{
    const struct form *form = form_of(m);

    if (json_peek(r) != form->kind) {
        (void)json_skip(r);
        return mem_printf(mem, "%s: must be %s", m->name, form->wanted);
    }
    if (form->kind == JSON_STRING)
        return text_fault(mem, m, r);
    if (form->kind == JSON_NUMBER)
        return number_fault(mem, m, r);
    (void)json_skip(r);
    return NULL;
}

static const struct payload_member *
member_named(const struct job_kind *kind, const char *name, size_t len)
{
    const struct payload_member *m = kind->payload;

    while (m->name != NULL &&
           (strlen(m->name) != len || memcmp(m->name, name, len) != 0))
        m++;
    return m;
}

/* What is wrong with the members of an object; *ret_seen has a bit for each
 * that is there. */
static const char *
members_fault(void *mem, const struct job_kind *kind, struct json_reader *r,
              uint64_t *ret_seen)
{
    const char *fault = NULL;
    char *name;
    size_t len;

    while (fault == NULL && json_member(r, &name, &len)) {
        const struct payload_member *m = member_named(kind, name, len);

        if (m->name == NULL)
            return mem_printf(mem, "%.40s: a %s has no such member", name,
                              kind->name);
        *ret_seen |= UINT64_C(1) << (m - kind->payload);
        fault = value_fault(mem, m, r);
    }
    return fault;
}

const char *
job_payload_fault(void *mem, const struct job_kind *kind, const char *payload)
{
    const char *json = payload == NULL ? "{}" : payload, *fault;
    size_t n = strlen(json);
    struct json_reader r;
    uint64_t seen = 0;

    json_open(&r, mem_strndup(mem, json, n), n);
    if (json_peek(&r) != JSON_OBJECT)
        return "must be an object";
    (void)json_enter(&r);
    fault = members_fault(mem, kind, &r, &seen);
    if (fault != NULL)
        return fault;
    if (!json_close(&r))
        return r.fault;
    for (const struct payload_member *m = kind->payload; m->name != NULL; m++)
        if (m->required && (seen >> (m - kind->payload) & 1) == 0)
            return mem_printf(mem, "%s: is missing", m->name);
    return NULL;
}
