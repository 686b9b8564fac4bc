/*
 * worker_metrics.c - metrics from the worker's side: plain adds to cells that
 * nobody else writes; see metrics.h.
 */
#include "base/log.h"
#include "pool/worker_local.h"

/* The first cell of a series, and room for `cells` of them. */
static int64_t *
find_cells(struct worker *w, const struct metric *m, size_t series,
           size_t cells)
{
    const struct metric_table *t = w->metrics->tables;

    while (t != NULL && (m < t->rows || m >= t->rows + t->count))
        t = t->next;
    if (t == NULL)
        BUG("%s is in no registered table", m->name);
    size_t row = (size_t)(m - t->rows);
    if (series >= t->series[row])
        BUG("%s has no series %zu", m->name, series);
    return w->cells + t->first[row] + series * cells;
}

void
metric_add(struct worker *w, const struct metric *m, size_t series, uint64_t n)
{
    int64_t *cell = find_cells(w, m, series, 1);

    SHARED_WRITE(*cell, *cell + (int64_t)n);
}

void
metric_set(struct worker *w, const struct metric *m, size_t series,
           int64_t value)
{
    SHARED_WRITE(*find_cells(w, m, series, 1), value);
}

void
metric_observe(struct worker *w, const struct metric *m, size_t series,
               int64_t us)
{
    int64_t *cells = find_cells(w, m, series, METRIC_HISTOGRAM_CELLS);
    const int64_t *bounds = metric_bounds(m);
    int64_t *sum = cells + METRIC_BUCKETS + 1;
    size_t i = 0;

    while (i < METRIC_BUCKETS && us > bounds[i])
        i++;
    SHARED_WRITE(cells[i], cells[i] + 1);
    SHARED_WRITE(*sum, *sum + us);
}
