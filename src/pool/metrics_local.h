/* metrics_local.h - the registry of metrics, for the master; see metrics.h. */
#ifndef POOL_METRICS_LOCAL_H
#define POOL_METRICS_LOCAL_H

#include "base/text.h"
#include "pool/metrics.h"
#include "pool/scoreboard.h"

/* The values a label may have. */
struct label_values {
    const char *name;
    const char *const *values;
    struct label_values *next;
};

/* A registered table. */
struct metric_table {
    const struct metric *rows;
    size_t count;
    size_t *first;  /* the first cell of each row */
    size_t *series; /* how many each row has */
    struct metric_table *next;
};

struct metrics {
    void *mem;
    struct label_values *labels;
    struct metric_table *tables, **end;
    size_t cells;
    uint64_t layout; /* a hash of all names and labels, in order */
    struct board *board, *old;
};

/* Buckets of a histogram; its cells are these, one for "longer", the sum. */
#define METRIC_BUCKETS 15
#define METRIC_HISTOGRAM_CELLS (METRIC_BUCKETS + 2)

/* The upper bounds of a histogram's buckets, in microseconds. */
const int64_t *metric_bounds(const struct metric *m);

struct metrics *metrics_new(void *mem);

/* From where to sum: this generation's board, and older ones. */
void metrics_attach(struct metrics *ms, struct board *board, struct board *old);

/* Adds a dead worker's counters to `to`'s retired cells and clears them. */
void metrics_retire(const struct metrics *ms, struct board *to,
                    const struct board *from, const struct slot *s);

/* Takes over what an old board's dead workers left. */
void metrics_inherit(const struct metrics *ms, struct board *to,
                     struct board *from);

/* How many values the i-th label of m has, and one of them. */
size_t metric_label_count(const struct metrics *ms, const struct metric *m,
                          size_t i);
const char *metric_label_value(const struct metrics *ms, const struct metric *m,
                               size_t i, size_t series);

/* One cell over all boards. */
int64_t metrics_total(const struct metrics *ms, size_t cell);

void metrics_print_prometheus(struct text *to, const struct metrics *ms);
void metrics_print_json(struct text *to, const struct metrics *ms);
void metrics_print_text(struct text *to, const struct metrics *ms);

#endif
