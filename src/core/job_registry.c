/*
 * job_registry.c - all listeners and kinds of job, found by name.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/feature.h"
#include "core/job_local.h"

struct job_registry {
    struct job_handler *handlers; /* by name */
    size_t n;
    struct job_listeners listeners;
    const char **leased, **urgent, **queues; /* queues: all, then NULL */
    size_t n_leased, n_urgent, n_queues;
};

static int
by_name(const void *a, const void *b)
{
    const struct job_handler *x = a, *y = b;

    return strcmp(x->name, y->name);
}

static size_t
count(const struct feature *const *features, size_t *ret_listeners)
{
    size_t kinds = 0;

    *ret_listeners = 0;
    for (; *features != NULL; features++) {
        const struct listener *l = (*features)->listeners;
        const struct job_kind *k = (*features)->jobs;

        for (; l != NULL && l->name != NULL; l++)
            ++*ret_listeners;
        for (; k != NULL && k->name != NULL; k++)
            kinds++;
    }
    return kinds + *ret_listeners;
}

static bool
written(const struct feature *const *features, const char *event)
{
    for (; *features != NULL; features++)
        if ((*features)->events != NULL &&
            text_index((*features)->events, event) >= 0)
            return true;
    return false;
}

static bool
among(const char *const *queues, size_t n, const char *queue)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(queues[i], queue) == 0)
            return true;
    return false;
}

static void
add_queue(const char **queues, size_t *n, const char *queue)
{
    if (queue != NULL && !among(queues, *n, queue))
        queues[(*n)++] = queue;
}

static void
add_listener(struct job_registry *reg, const struct listener *l)
{
    struct job_listeners *all = &reg->listeners;

    reg->handlers[reg->n++] = (struct job_handler){ l->name, l, NULL };
    ((const char **)all->names.at)[all->names.n++] = l->name;
    ((const char **)all->events.at)[all->events.n++] = l->event;
    ((const char **)all->queues.at)[all->queues.n++] = l->queue;
    add_queue(reg->queues, &reg->n_queues, l->queue);
}

static void
add_kind(struct job_registry *reg, const struct job_kind *k)
{
    reg->handlers[reg->n++] = (struct job_handler){ k->name, NULL, k };
    add_queue(reg->urgent, &reg->n_urgent, k->urgent);
    add_queue(reg->queues, &reg->n_queues, k->queue);
    add_queue(reg->queues, &reg->n_queues, k->urgent);
    if (k->act == NULL)
        return;
    add_queue(reg->leased, &reg->n_leased, k->queue);
    add_queue(reg->leased, &reg->n_leased, k->urgent);
}

static void
add_feature(struct job_registry *reg, const struct feature *f)
{
    const struct listener *l = f->listeners;
    const struct job_kind *k = f->jobs;

    for (; l != NULL && l->name != NULL; l++)
        add_listener(reg, l);
    for (; k != NULL && k->name != NULL; k++)
        add_kind(reg, k);
}

static void
check(const struct job_registry *reg, const struct feature *const *features,
      struct text *faults)
{
    for (size_t i = 0; i < reg->n; i++) {
        const struct job_handler *h = &reg->handlers[i];
        const struct listener *l = h->listener;

        if (i > 0 && strcmp(h->name, h[-1].name) == 0)
            text_addf(faults, "job or listener %s: listed twice\n", h->name);
        if (h->kind != NULL && h->kind->run == NULL)
            text_addf(faults, "job %s: has no run\n", h->name);
        if (l == NULL)
            continue;
        if ((l->sql == NULL) == (l->run == NULL))
            text_addf(faults, "listener %s: wants one of sql and run\n",
                      h->name);
        if (!written(features, l->event))
            text_addf(faults, "listener %s: no feature writes the event %s\n",
                      h->name, l->event);
        if (job_registry_leased(reg, l->queue))
            text_addf(faults, "listener %s: jobs of the queue %s act outside\n",
                      h->name, l->queue);
    }
}

struct job_registry *
job_registry_new(const void *mem, const struct feature *const *features,
                 struct text *faults)
{
    struct job_registry *reg = mem_new(mem, struct job_registry);
    size_t listeners, n = count(features, &listeners), before = faults->len;

    reg->handlers = mem_array(reg, struct job_handler, n + 1);
    reg->leased = mem_array(reg, const char *, 2 * n + 1);
    reg->urgent = mem_array(reg, const char *, n + 1);
    reg->queues = mem_array(reg, const char *, 2 * n + 1);
    reg->listeners.names.at = mem_array(reg, const char *, listeners + 1);
    reg->listeners.events.at = mem_array(reg, const char *, listeners + 1);
    reg->listeners.queues.at = mem_array(reg, const char *, listeners + 1);
    for (size_t i = 0; features[i] != NULL; i++)
        add_feature(reg, features[i]);
    qsort(reg->handlers, reg->n, sizeof *reg->handlers, by_name);
    check(reg, features, faults);
    return faults->len == before ? reg : NULL;
}

const struct job_handler *
job_handler_named(const struct job_registry *reg, const char *name)
{
    const struct job_handler key = { .name = name };

    return bsearch(&key, reg->handlers, reg->n, sizeof key, by_name);
}

const char *const *
job_registry_queues(const struct job_registry *reg)
{
    return reg->queues;
}

const struct job_listeners *
job_registry_listeners(const struct job_registry *reg)
{
    return &reg->listeners;
}

bool
job_registry_leased(const struct job_registry *reg, const char *queue)
{
    return among(reg->leased, reg->n_leased, queue);
}

bool
job_registry_urgent(const struct job_registry *reg, const char *queue)
{
    return among(reg->urgent, reg->n_urgent, queue);
}
