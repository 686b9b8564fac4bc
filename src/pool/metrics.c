/*
 * metrics.c - registering metrics, and the sums of their cells; what workers
 * call is in worker_metrics.c, the output in metrics_print.c.
 */
#include "pool/metrics.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "pool/metrics_local.h"

const int64_t *
metric_bounds(const struct metric *m)
{
    static const int64_t bounds[2][METRIC_BUCKETS] = {
        { 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000,
          1000000, 2500000, 5000000, 10000000, 30000000 },
        { 50, 100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000,
          250000, 500000, 1000000, 5000000 },
    };

    return bounds[m->fine];
}

struct metrics *
metrics_new(void *mem)
{
    struct metrics *ms = mem_new(mem, struct metrics);

    ms->mem = ms;
    ms->end = &ms->tables;
    ms->layout = UINT64_C(0xcbf29ce484222325); /* FNV-1a's start */
    return ms;
}

/* ---- Registration ------------------------------------------------------- */

static void
hash_text(struct metrics *ms, const char *s)
{
    do {
        ms->layout ^= (unsigned char)*s;
        ms->layout *= UINT64_C(0x100000001b3);
    } while (*s++ != '\0');
}

void
metrics_label(struct metrics *ms, const char *name, const char *const *values)
{
    struct label_values *l = mem_new(ms->mem, struct label_values);

    *l = (struct label_values){ name, values, ms->labels };
    ms->labels = l;
}

static const char *const *
values_of(const struct metrics *ms, const struct metric_label *label)
{
    if (label->values != NULL)
        return label->values;
    for (const struct label_values *l = ms->labels; l != NULL; l = l->next)
        if (strcmp(l->name, label->name) == 0)
            return l->values;
    BUG("no values for the label %s: call metrics_label first", label->name);
}

size_t
metric_label_count(const struct metrics *ms, const struct metric *m, size_t i)
{
    const char *const *values = values_of(ms, &m->labels[i]);
    size_t n = 0;

    while (values[n] != NULL)
        n++;
    return n;
}

const char *
metric_label_value(const struct metrics *ms, const struct metric *m, size_t i,
                   size_t series)
{
    for (size_t later = METRIC_LABELS - 1; later > i; later--)
        if (m->labels[later].name != NULL)
            series /= metric_label_count(ms, m, later);
    return values_of(ms, &m->labels[i])[series % metric_label_count(ms, m, i)];
}

static size_t
count_series(struct metrics *ms, const struct metric *m)
{
    size_t series = 1;

    for (size_t i = 0; i < METRIC_LABELS && m->labels[i].name != NULL; i++) {
        const char *const *values = values_of(ms, &m->labels[i]);

        hash_text(ms, m->labels[i].name);
        for (; *values != NULL; values++)
            hash_text(ms, *values);
        series = mem_size(series, metric_label_count(ms, m, i));
    }
    return series;
}

static size_t
cells_each(const struct metric *m)
{
    return m->type == METRIC_HISTOGRAM ? METRIC_HISTOGRAM_CELLS : 1;
}

void
metrics_table(struct metrics *ms, const struct metric *table)
{
    struct metric_table *t = mem_new(ms->mem, struct metric_table);

    t->rows = table;
    while (table[t->count].name != NULL)
        t->count++;
    t->first = mem_array(ms->mem, size_t, t->count + 1);
    t->series = mem_array(ms->mem, size_t, t->count + 1);
    for (size_t i = 0; i < t->count; i++) {
        hash_text(ms, table[i].name);
        hash_text(ms, table[i].type != METRIC_HISTOGRAM ? "n"
                      : table[i].fine                   ? "f"
                                                        : "h");
        t->first[i] = ms->cells;
        t->series[i] = count_series(ms, &table[i]);
        ms->cells += mem_size(t->series[i], cells_each(&table[i]));
    }
    *ms->end = t;
    ms->end = &t->next;
}

/* ---- Sums --------------------------------------------------------------- */

void
metrics_attach(struct metrics *ms, struct board *board, struct board *old)
{
    ms->board = board;
    ms->old = old;
}

static int64_t
total_of_slots(const struct board *b, size_t cell)
{
    int64_t sum = 0;

    for (uint32_t i = 0; i < b->slot_count; i++)
        if (SHARED_READ(b->slots[i].pid) != 0)
            sum += SHARED_READ(b->cells[i * (size_t)b->cell_count + cell]);
    return sum;
}

int64_t
metrics_total(const struct metrics *ms, size_t cell)
{
    int64_t sum = ms->board->retired[cell] + total_of_slots(ms->board, cell);

    for (const struct board *b = ms->old; b != NULL; b = b->next)
        if (b->layout == ms->layout)
            sum += total_of_slots(b, cell);
    return sum;
}

/* A gauge goes with its worker; all else stays counted. */
static void
retire_row(const struct metric *m, size_t first, size_t cells, int64_t *to,
           int64_t *from)
{
    for (size_t i = first; i < first + cells; i++) {
        if (m->type != METRIC_GAUGE)
            to[i] += from[i];
        from[i] = 0;
    }
}

static void
retire_cells(const struct metrics *ms, int64_t *to, int64_t *from)
{
    for (const struct metric_table *t = ms->tables; t != NULL; t = t->next)
        for (size_t i = 0; i < t->count; i++)
            retire_row(&t->rows[i], t->first[i],
                       t->series[i] * cells_each(&t->rows[i]), to, from);
}

void
metrics_retire(const struct metrics *ms, struct board *to,
               const struct board *from, const struct slot *s)
{
    if (from->layout == ms->layout)
        retire_cells(ms, to->retired, board_cells(from, s));
}

void
metrics_inherit(const struct metrics *ms, struct board *to, struct board *from)
{
    if (from->layout == ms->layout)
        retire_cells(ms, to->retired, from->retired);
}

static int64_t
sum_cells(const struct metrics *ms, size_t from, size_t n)
{
    int64_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += metrics_total(ms, from + i);
    return sum;
}

int64_t
metric_sum(const struct metrics *ms, const struct metric *m, size_t series)
{
    for (const struct metric_table *t = ms->tables; t != NULL; t = t->next) {
        size_t row = (size_t)(m - t->rows);

        if (m < t->rows || row >= t->count)
            continue;
        if (series >= t->series[row])
            BUG("%s has no series %zu", m->name, series);
        return m->type == METRIC_HISTOGRAM
                   ? sum_cells(ms,
                               t->first[row] + series * METRIC_HISTOGRAM_CELLS,
                               METRIC_BUCKETS + 1)
                   : metrics_total(ms, t->first[row] + series);
    }
    BUG("%s is in no registered table", m->name);
}
