/*
 * facts_local.h - what is known of a pool, as rows; between facts.c, which has
 * them, and facts_status.c, which prints them as text and JSON.
 */
#ifndef POOL_FACTS_LOCAL_H
#define POOL_FACTS_LOCAL_H

#include "pool/pool_local.h"

/* A pool, looked at once for an answer. */
struct view {
    const struct master *m;
    const struct pool *p;
    struct census census;
    int64_t requests, busy_us; /* of the living workers */
};

struct fact {
    const char *name; /* in text; with _ for blanks in JSON */
    const char *metric;
    enum metric_type type;
    const char *help;
    int64_t (*get)(const struct view *v);
    enum pool_count count; /* where get is NULL */
};

/* Ended by one without a name. */
extern const struct fact pool_facts[];

void fact_look(const struct master *m, const struct pool *p, struct view *ret);
int64_t fact_value(const struct fact *f, const struct view *v);

/* /status, in full with each worker; the HTTP status. */
int status_text(struct master *m, struct text *to, bool full);
int status_json(struct master *m, struct text *to, bool full);

#endif
