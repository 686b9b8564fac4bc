/*
 * metrics_print.c - metrics as Prometheus text (format 0.0.4), JSON and lines
 * for people, out of the same rows.  A series that is zero is left out.
 */
#include <string.h>

#include "base/escape.h"
#include "pool/metrics_local.h"

static const char *const type_names[] = { "counter", "gauge", "histogram" };

/* One series, with the sums of its cells. */
struct reading {
    const struct metrics *ms;
    const struct metric *metric;
    size_t series;
    int64_t cells[METRIC_HISTOGRAM_CELLS];
    int64_t count; /* a histogram's */
};

typedef void print_reading(struct text *to, const struct reading *r);

/* Reads a series; false where there is nothing to show. */
static bool
read_series(struct reading *r, size_t first)
{
    size_t n = r->metric->type == METRIC_HISTOGRAM ? METRIC_HISTOGRAM_CELLS : 1;
    bool any = false;

    r->count = 0;
    for (size_t i = 0; i < n; i++) {
        r->cells[i] = metrics_total(r->ms, first + r->series * n + i);
        any = any || r->cells[i] != 0;
        if (i <= METRIC_BUCKETS)
            r->count += r->cells[i];
    }
    return any;
}

static void
each_series(struct text *to, const struct metrics *ms,
            const struct metric_table *t, size_t row, print_reading *print)
{
    struct reading r = { .ms = ms, .metric = &t->rows[row] };

    for (; r.series < t->series[row]; r.series++)
        if (read_series(&r, t->first[row]))
            print(to, &r);
}

static void
add_seconds(struct text *to, int64_t us)
{
    text_addf(to, "%lld.%06lld", (long long)(us / 1000000),
              (long long)(us % 1000000));
}

/* ---- Prometheus --------------------------------------------------------- */

/* A label's value: backslash, quote and line feed are escaped. */
static void
add_value(struct text *to, const char *s)
{
    for (; *s != '\0'; s++) {
        if (*s == '\\' || *s == '"')
            text_addc(to, '\\');
        if (*s == '\n')
            text_adds(to, "\\n");
        else
            text_addc(to, *s);
    }
}

/* {a="x",b="y"}, with le where it is not NULL; nothing for no labels. */
static void
add_labels(struct text *to, const struct reading *r, const char *le)
{
    const struct metric *m = r->metric;
    char before = '{';

    for (size_t i = 0; i < METRIC_LABELS && m->labels[i].name != NULL; i++) {
        text_addf(to, "%c%s=\"", before, m->labels[i].name);
        add_value(to, metric_label_value(r->ms, m, i, r->series));
        text_addc(to, '"');
        before = ',';
    }
    if (le != NULL) {
        text_addf(to, "%cle=\"%s\"", before, le);
        before = ',';
    }
    if (before == ',')
        text_addc(to, '}');
}

static void
prometheus_histogram(struct text *to, const struct reading *r)
{
    const int64_t *bounds = metric_bounds(r->metric);
    int64_t below = 0;
    char le[32];

    for (size_t i = 0; i < METRIC_BUCKETS; i++) {
        below += r->cells[i];
        (void)snprintf(le, sizeof le, "%g", (double)bounds[i] / 1e6);
        text_addf(to, "%s_bucket", r->metric->name);
        add_labels(to, r, le);
        text_addf(to, " %lld\n", (long long)below);
    }
    text_addf(to, "%s_bucket", r->metric->name);
    add_labels(to, r, "+Inf");
    text_addf(to, " %lld\n%s_sum", (long long)r->count, r->metric->name);
    add_labels(to, r, NULL);
    text_addc(to, ' ');
    add_seconds(to, r->cells[METRIC_BUCKETS + 1]);
    text_addf(to, "\n%s_count", r->metric->name);
    add_labels(to, r, NULL);
    text_addf(to, " %lld\n", (long long)r->count);
}

static void
prometheus_series(struct text *to, const struct reading *r)
{
    if (r->metric->type == METRIC_HISTOGRAM) {
        prometheus_histogram(to, r);
        return;
    }
    text_adds(to, r->metric->name);
    add_labels(to, r, NULL);
    text_addf(to, " %lld\n", (long long)r->cells[0]);
}

void
metrics_print_prometheus(struct text *to, const struct metrics *ms)
{
    for (const struct metric_table *t = ms->tables; t != NULL; t = t->next)
        for (size_t i = 0; i < t->count; i++) {
            const struct metric *m = &t->rows[i];

            text_addf(to, "# HELP %s %s\n# TYPE %s %s\n", m->name, m->help,
                      m->name, type_names[m->type]);
            each_series(to, ms, t, i, prometheus_series);
        }
}

/* ---- JSON --------------------------------------------------------------- */

static void
add_string(struct text *to, const char *s)
{
    text_addc(to, '"');
    escape_json(to, s, strlen(s));
    text_addc(to, '"');
}

static void
json_series(struct text *to, const struct reading *r)
{
    const struct metric *m = r->metric;

    text_adds(to, "{\"name\":");
    add_string(to, m->name);
    text_addf(to, ",\"type\":\"%s\",\"labels\":{", type_names[m->type]);
    for (size_t i = 0; i < METRIC_LABELS && m->labels[i].name != NULL; i++) {
        if (i > 0)
            text_addc(to, ',');
        add_string(to, m->labels[i].name);
        text_addc(to, ':');
        add_string(to, metric_label_value(r->ms, m, i, r->series));
    }
    if (m->type == METRIC_HISTOGRAM) {
        text_addf(to, "},\"count\":%lld,\"sum\":", (long long)r->count);
        add_seconds(to, r->cells[METRIC_BUCKETS + 1]);
    } else
        text_addf(to, "},\"value\":%lld", (long long)r->cells[0]);
    text_adds(to, "},\n");
}

void
metrics_print_json(struct text *to, const struct metrics *ms)
{
    size_t start;

    text_adds(to, "[");
    start = to->len;
    for (const struct metric_table *t = ms->tables; t != NULL; t = t->next)
        for (size_t i = 0; i < t->count; i++)
            each_series(to, ms, t, i, json_series);
    if (to->len > start)
        to->len -= 2; /* the last comma */
    text_adds(to, "]\n");
}

/* ---- Lines for people --------------------------------------------------- */

static void
text_series(struct text *to, const struct reading *r)
{
    text_adds(to, r->metric->name);
    add_labels(to, r, NULL);
    if (r->metric->type != METRIC_HISTOGRAM)
        text_addf(to, " %lld\n", (long long)r->cells[0]);
    else
        text_addf(to, " %lld, mean %.3f ms\n", (long long)r->count,
                  (double)r->cells[METRIC_BUCKETS + 1] / 1e3 /
                      (double)(r->count > 0 ? r->count : 1));
}

void
metrics_print_text(struct text *to, const struct metrics *ms)
{
    for (const struct metric_table *t = ms->tables; t != NULL; t = t->next)
        for (size_t i = 0; i < t->count; i++)
            each_series(to, ms, t, i, text_series);
}
