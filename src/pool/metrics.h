/*
 * metrics.h - numbers about the running program, as rows.
 *
 * A metric is a row; tables of rows are registered in program.prepare, before
 * the first fork.  A worker adds to its own cells in shared memory without a
 * lock; the master sums the cells of all workers, dead ones included, when
 * somebody asks.  One table is printed as text, JSON and Prometheus (text
 * format 0.0.4).
 *
 * A label is a name and the list of its values.  Where the list is known only
 * at run time (routes), the row leaves `values` NULL and prepare calls
 * metrics_label with the name.  The series of a metric with labels a and b is
 * chosen by the index  ia * (number of values of b) + ib.
 */
#ifndef POOL_METRICS_H
#define POOL_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pool/worker.h"

enum metric_type {
    METRIC_COUNTER,   /* only grows; name it ..._total */
    METRIC_GAUGE,     /* is set; the sum over the live workers is shown */
    METRIC_HISTOGRAM, /* of durations; name it ..._seconds */
};

struct metric_label {
    const char *name;
    const char *const *values; /* ended by NULL; NULL: by metrics_label */
};

#define METRIC_LABELS 3
struct metric {
    const char *name; /* [a-z_][a-z0-9_]*, with the sparkle_ in front */
    enum metric_type type;
    struct metric_label labels[METRIC_LABELS]; /* unused ones are zero */
    const char *help;
    bool fine; /* a histogram's: its buckets begin at 50 us, not at 0.5 ms */
};

/* All registered metrics. */
struct metrics;

/* The values of the labels of this name. Kept, not copied. Before the tables
 * that use it. */
void metrics_label(struct metrics *ms, const char *name,
                   const char *const *values);

/* Adds a table, ended by a row without a name.  Kept, not copied. */
void metrics_table(struct metrics *ms, const struct metric *table);

/* From workers.  A metric of an unregistered table or an index without a
 * series is a BUG.  Values only appear in output once they are not zero. */
void metric_add(struct worker *w, const struct metric *m, size_t series,
                uint64_t n);
void metric_set(struct worker *w, const struct metric *m, size_t series,
                int64_t value);

/* A duration in microseconds. Buckets are 1, 2.5 and 5 times powers of ten,
 * from 0.5 ms to 30 s; fine ones from 0.05 ms to 5 s. */
void metric_observe(struct worker *w, const struct metric *m, size_t series,
                    int64_t us);

/* The sum over all workers so far (of a histogram: how many); for the master
 * and for tests.  No lock: the numbers may be a moment old. */
int64_t metric_sum(const struct metrics *ms, const struct metric *m,
                   size_t series);

/* The i-th of the metrics that every master has, of itself and of each pool,
 * for lists of what there is; false: there are no more. */
bool master_metric(size_t i, struct metric *ret);

#endif
