/* metrics_test.c - metrics on a board in this process: sums, labels, print. */
#include <CUnit/CUnit.h>
#include <string.h>

#include "base/mem.h"
#include "pool/metrics_local.h"
#include "pool/worker_local.h"
#include "tests/unit/context.h"

int metrics_suite(void);

static const char *const routes[] = { "GET /", "POST \"x\"\\", NULL };
static const char *const classes[] = { "2xx", "4xx", "5xx", NULL };

enum { REQUESTS, RUNNING, SECONDS, FINE };
static const struct metric rows[] = {
    [REQUESTS] = { .name = "requests_total",
                   .type = METRIC_COUNTER,
                   .labels = { { "route", NULL }, { "class", classes } },
                   .help = "Requests." },
    [RUNNING] = { .name = "running",
                  .type = METRIC_GAUGE,
                  .help = "What runs." },
    [SECONDS] = { .name = "request_seconds",
                  .type = METRIC_HISTOGRAM,
                  .labels = { { "route", NULL } },
                  .help = "How long." },
    [FINE] = { .name = "answer_seconds",
               .type = METRIC_HISTOGRAM,
               .fine = true,
               .help = "How long, of what is quick." },
    { 0 },
};

static struct metrics *ms;
static struct board *board;
static struct worker workers[2];

static struct metrics *
registered(const char *const *route_values)
{
    struct metrics *made = metrics_new(mem);

    metrics_label(made, "route", route_values);
    metrics_table(made, rows);
    return made;
}

static void
set_up(void)
{
    context_set_up();
    ms = registered(routes);
    board = board_create(mem, 2, (uint32_t)ms->cells, ms->layout);
    metrics_attach(ms, board, NULL);
    for (size_t i = 0; i < 2; i++) {
        board->slots[i].pid = (int32_t)i + 1;
        workers[i] = (struct worker){
            .slot = &board->slots[i],
            .cells = board_cells(board, &board->slots[i]),
            .metrics = ms,
        };
    }
}

static void
tear_down(void)
{
    board_release(board);
    context_tear_down();
}

static void
test_sum_over_workers(void)
{
    metric_add(&workers[0], &rows[REQUESTS], 4, 2);
    metric_add(&workers[1], &rows[REQUESTS], 4, 3);
    metric_add(&workers[1], &rows[REQUESTS], 5, 1);
    CU_ASSERT_EQUAL(metric_sum(ms, &rows[REQUESTS], 4), 5);
    CU_ASSERT_EQUAL(metric_sum(ms, &rows[REQUESTS], 5), 1);
    CU_ASSERT_EQUAL(metric_sum(ms, &rows[REQUESTS], 0), 0);
}

/* Counters outlive a worker, gauges do not. */
static void
test_retire(void)
{
    metric_add(&workers[0], &rows[REQUESTS], 0, 7);
    metric_observe(&workers[0], &rows[SECONDS], 1, 1000);
    metric_set(&workers[0], &rows[RUNNING], 0, 1);
    metric_set(&workers[1], &rows[RUNNING], 0, 1);
    CU_ASSERT_EQUAL(metric_sum(ms, &rows[RUNNING], 0), 2);
    metrics_retire(ms, board, board, &board->slots[0]);
    board->slots[0].pid = 0;
    CU_ASSERT_EQUAL(metric_sum(ms, &rows[REQUESTS], 0), 7);
    CU_ASSERT_EQUAL(metric_sum(ms, &rows[SECONDS], 1), 1);
    CU_ASSERT_EQUAL(metric_sum(ms, &rows[RUNNING], 0), 1);
    board->slots[0].pid = 9; /* the next worker begins with nothing */
    CU_ASSERT_EQUAL(metric_sum(ms, &rows[REQUESTS], 0), 7);
}

/* A reload with the same metrics goes on; with others it begins anew. */
static void
test_inherit(void)
{
    static const char *const others[] = { "GET /", "GET /new", NULL };
    struct metrics *same = registered(routes), *other = registered(others);
    struct board *next =
        board_create(mem, 1, (uint32_t)same->cells, same->layout);

    metric_add(&workers[0], &rows[REQUESTS], 1, 4);
    metrics_retire(ms, board, board, &board->slots[0]);
    metric_add(&workers[1], &rows[REQUESTS], 1, 1);
    CU_ASSERT_EQUAL(same->layout, board->layout);
    CU_ASSERT_NOT_EQUAL(other->layout, board->layout);
    metrics_inherit(same, next, board);
    metrics_attach(same, next, board);
    CU_ASSERT_EQUAL(metric_sum(same, &rows[REQUESTS], 1), 5);
    metrics_retire(same, next, board, &board->slots[1]);
    board->slots[1].pid = 0;
    CU_ASSERT_EQUAL(metric_sum(same, &rows[REQUESTS], 1), 5);
    board_release(next);
}

static int64_t
bucket(struct text *printed, const char *le)
{
    char line[128];
    const char *at;

    (void)snprintf(line, sizeof line,
                   "request_seconds_bucket{route=\"GET /\",le=\"%s\"} ", le);
    at = strstr(printed->at, line);
    return at == NULL ? -1 : strtoll(at + strlen(line), NULL, 10);
}

static void
test_histogram(void)
{
    static const int64_t durations[] = { 0,     499,      500,     501,
                                         99999, 30000000, 30000001 };
    struct text *to = text_new(mem);

    for (size_t i = 0; i < sizeof durations / sizeof *durations; i++)
        metric_observe(&workers[i % 2], &rows[SECONDS], 0, durations[i]);
    metrics_print_prometheus(to, ms);
    CU_ASSERT_EQUAL(bucket(to, "0.0005"), 3);
    CU_ASSERT_EQUAL(bucket(to, "0.001"), 4);
    CU_ASSERT_EQUAL(bucket(to, "0.05"), 4);
    CU_ASSERT_EQUAL(bucket(to, "0.1"), 5);
    CU_ASSERT_EQUAL(bucket(to, "30"), 6);
    CU_ASSERT_EQUAL(bucket(to, "+Inf"), 7);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(to->at, "request_seconds_sum{route=\"GET /\"} 60.101500\n"
                       "request_seconds_count{route=\"GET /\"} 7\n"));
}

/* Those that begin at 50 us; bounds are shown whole and in order. */
static void
test_fine_histogram(void)
{
    static const int64_t durations[] = { 50, 51, 100, 2500, 5000001 };
    struct text *to = text_new(mem);

    for (size_t i = 0; i < sizeof durations / sizeof *durations; i++)
        metric_observe(&workers[0], &rows[FINE], 0, durations[i]);
    metrics_print_prometheus(to, ms);
    CU_ASSERT_PTR_NOT_NULL(strstr(to->at,
                                  "# TYPE answer_seconds histogram\n"
                                  "answer_seconds_bucket{le=\"5e-05\"} 1\n"
                                  "answer_seconds_bucket{le=\"0.0001\"} 3\n"
                                  "answer_seconds_bucket{le=\"0.00025\"} 3\n"
                                  "answer_seconds_bucket{le=\"0.0005\"} 3\n"
                                  "answer_seconds_bucket{le=\"0.001\"} 3\n"
                                  "answer_seconds_bucket{le=\"0.0025\"} 4\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(to->at,
                                  "answer_seconds_bucket{le=\"5\"} 4\n"
                                  "answer_seconds_bucket{le=\"+Inf\"} 5\n"
                                  "answer_seconds_sum 5.002702\n"
                                  "answer_seconds_count 5\n"));
}

static void
test_prometheus_escapes(void)
{
    struct text *to = text_new(mem);

    metric_add(&workers[0], &rows[REQUESTS], 3, 1);
    metrics_print_prometheus(to, ms);
    CU_ASSERT_PTR_NOT_NULL(strstr(to->at,
                                  "# HELP requests_total Requests.\n"
                                  "# TYPE requests_total counter\n"
                                  "requests_total{route=\"POST \\\"x\\\"\\\\\","
                                  "class=\"2xx\"} 1\n"));
    CU_ASSERT_PTR_NULL(strstr(to->at, "class=\"4xx\""));
}

static void
test_json_and_text(void)
{
    struct text *to = text_new(mem);

    metrics_print_json(to, ms);
    CU_ASSERT_STRING_EQUAL(to->at, "[]\n");
    metric_set(&workers[0], &rows[RUNNING], 0, -2);
    metric_observe(&workers[0], &rows[SECONDS], 0, 1500);
    text_clear(to);
    metrics_print_json(to, ms);
    CU_ASSERT_STRING_EQUAL(
        to->at,
        "[{\"name\":\"running\",\"type\":\"gauge\",\"labels\":{},\"value\":-2},"
        "\n{\"name\":\"request_seconds\",\"type\":\"histogram\",\"labels\":{"
        "\"route\":\"GET /\"},\"count\":1,\"sum\":0.001500}]\n");
    text_clear(to);
    metrics_print_text(to, ms);
    CU_ASSERT_STRING_EQUAL(
        to->at, "running -2\nrequest_seconds{route=\"GET /\"} 1, mean 1.500 "
                "ms\n");
}

static void
test_slot_texts_are_cut(void)
{
    char to[8];

    slot_text(to, sizeof to, "0123456789");
    CU_ASSERT_STRING_EQUAL(to, "0123456");
    slot_text(to, sizeof to, NULL);
    CU_ASSERT_STRING_EQUAL(to, "");
}

static const CU_TestInfo tests[] = {
    { "sum over workers", test_sum_over_workers },
    { "retire", test_retire },
    { "inherit", test_inherit },
    { "histogram", test_histogram },
    { "histogram of quick things", test_fine_histogram },
    { "Prometheus escapes", test_prometheus_escapes },
    { "JSON and text", test_json_and_text },
    { "texts are cut", test_slot_texts_are_cut },
    CU_TEST_INFO_NULL,
};

int
metrics_suite(void)
{
    CU_pSuite suite = CU_add_suite_with_setup_and_teardown(
        "metrics", NULL, NULL, set_up, tear_down);

    if (suite == NULL)
        return 1;
    for (const CU_TestInfo *t = tests; t->pName != NULL; t++)
        if (CU_add_test(suite, t->pName, t->pTestFunc) == NULL)
            return 1;
    return 0;
}
