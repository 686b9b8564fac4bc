/*
 * sparkle-fcgi.c - the web program: a master and pools of workers that answer
 * requests from nginx.
 *
 * A worker waits with its stop signals blocked until the pool's socket is
 * readable, takes one connection where no other worker was faster, lets the
 * core answer it, and writes one line to the log.
 */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/access.h"
#include "core/app.h"
#include "core/cache.h"
#include "core/db.h"
#include "core/exchange.h"
#include "core/fcgi.h"
#include "core/openapi.h"
#include "core/page.h"
#include "core/schema.h"
#include "core/template.h"
#include "pool/master.h"
#include "prog/ctl.h"

/* ---- Metrics ------------------------------------------------------------- */

enum { REQUESTS, DURATIONS, DB_TIME, DB_STATEMENTS, CACHE_TIME };

static const char *const classes[] = {
    "1xx", "2xx", "3xx", "4xx", "5xx", NULL
};

static const struct metric request_metrics[] = {
    [REQUESTS] = { .name = "sparkle_requests_total",
                   .type = METRIC_COUNTER,
                   .labels = { { .name = "route" },
                               { .name = "status", .values = classes } },
                   .help = "Requests answered." },
    [DURATIONS] = { .name = "sparkle_request_duration_seconds",
                    .type = METRIC_HISTOGRAM,
                    .labels = { { .name = "route" } },
                    .help = "From the request's head to its answer." },
    [DB_TIME] = { .name = "sparkle_request_db_microseconds_total",
                  .type = METRIC_COUNTER,
                  .help = "Time that requests waited for PostgreSQL." },
    [DB_STATEMENTS] = { .name = "sparkle_request_statements_total",
                        .type = METRIC_COUNTER,
                        .help = "Statements that requests ran." },
    [CACHE_TIME] = { .name = "sparkle_request_redis_microseconds_total",
                     .type = METRIC_COUNTER,
                     .help = "Time that requests waited for Redis." },
    { 0 },
};

static void
count(struct worker *w, const struct app *app, const struct exchange *ex,
      const struct exchange_times *t)
{
    size_t route =
        ex->entry == NULL ? router_count(app->router) : ex->entry->index;
    size_t class = (size_t)(ex->status / 100 - 1);

    metric_add(w, &request_metrics[REQUESTS], route * 5 + class, 1);
    metric_observe(w, &request_metrics[DURATIONS], route, t->us);
    if (t->db_n > 0) {
        metric_add(w, &request_metrics[DB_TIME], 0, (uint64_t)t->db_us);
        metric_add(w, &request_metrics[DB_STATEMENTS], 0, (uint64_t)t->db_n);
    }
    if (t->cache_us > 0)
        metric_add(w, &request_metrics[CACHE_TIME], 0, (uint64_t)t->cache_us);
}

/* ---- A worker ------------------------------------------------------------ */

static void
serve_one(struct worker *w, const struct app *app, struct exchange *ex,
          struct fcgi *door, const struct incoming *in)
{
    struct exchange_times times;
    const char *answer;
    size_t n;

    worker_begin(w, in->request_id);
    exchange_begin(ex, in);
    worker_route(w, ex->entry == NULL ? "-" : ex->entry->row->on);
    const void *late =
        fcgi_timeout(door, exchange_wants_json(ex), in->request_id, &n);
    worker_on_terminate(w, fcgi_fd(door), late, n);
    exchange_run(ex);
    answer = exchange_answer(ex, &n);
    worker_answering(w);
    fcgi_answer(door, answer, n);
    exchange_spent(ex, &times);
    exchange_log(ex, &times);
    count(w, app, ex, &times);
    exchange_end(ex);
    worker_end(w);
}

static void
work(struct worker *w, void *context)
{
    void *mem = worker_mem(w);
    struct app app = *(const struct app *)context;
    struct incoming in;
    enum worker_next next;

    app.worker = w;
    app.db = db_new(mem, config_section(app.config, &db_section), w);
    app.cache = cache_new(mem, config_section(app.config, &cache_section));
    struct exchange *ex = exchange_new(mem, &app);
    struct fcgi *door = fcgi_new(mem, worker_listen_fd(w));
    worker_signals(w);
    while ((next = worker_wait(w, -1)) != WORKER_STOP)
        if (next == WORKER_READY && fcgi_accept(door, &in))
            serve_one(w, &app, ex, door, &in);
    mem_free(app.db); /* says good-bye to the server */
}

/* ---- Start --------------------------------------------------------------- */

/*
 * Adds a line where the database is behind the files of sql/, which are beside
 * web/ in the source and where they are installed; no such files: no check.
 */
static void
check_schema(struct app *app, struct text *faults)
{
    void *mem = mem_context(NULL, "schema");
    const char *sql = mem_printf(mem, "%s/../sql", app_site(app)->web);
    struct schema schema;
    struct text *said = text_new(mem);

    if (access(sql, R_OK) == 0 &&
        schema_read(mem, sql, app->db, &schema, said) &&
        schema_pending(&schema) > 0)
        text_addf(faults,
                  "the database is behind this program by %zu migrations; "
                  "run: sparklectl migrate\n",
                  schema_pending(&schema));
    mem_free(mem);
}

/* What only the database can tell; written to fd, for the parent. */
static int
ask_database(struct app *app, int fd)
{
    struct text faults;

    text_init(&faults, NULL, 1024);
    app->db = db_new(NULL, config_section(app->config, &db_section), NULL);
    bool answered = db_ping(app->db);
    if (answered)
        check_schema(app, &faults);
    if (faults.len == 0)
        answered = route_check_constraints(app, &faults);
    ssize_t n = write(fd, faults.at, faults.len);
    return !answered ? 2 : faults.len > 0 && n > 0;
}

static void
read_all(int fd, struct text *to)
{
    char part[1024];
    ssize_t n;

    while ((n = read(fd, part, sizeof part)) > 0)
        text_add(to, part, (size_t)n);
}

/*
 * Asks in a child, since the master opens no connections.  A database that
 * does not answer is no fault of the configuration: the workers say 503 until
 * it is there.
 */
static bool
check_database(struct app *app, struct text *faults)
{
    struct text said;
    int ends[2], status = 0;

    text_init(&said, faults->mem, 256);
    if (pipe(ends) != 0)
        return true;
    pid_t child = fork();
    if (child == 0) {
        (void)close(ends[0]);
        _exit(ask_database(app, ends[1]));
    }
    (void)close(ends[1]);
    read_all(ends[0], &said);
    (void)close(ends[0]);
    if (child < 0 || waitpid(child, &status, 0) != child)
        return true;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 1) {
        text_add(faults, said.at, said.len);
        return false;
    }
    if (said.len > 0)
        log_warn("%.*s", (int)said.len - 1, said.at);
    return true;
}

static bool
load_pages(struct app *app, const void *mem, struct text *faults)
{
    const char *web = app_site(app)->web;

    app->pages = templates_load(mem, mem_printf(mem, "%s/pages", web), faults);
    if (app->pages == NULL)
        return false;
    router_check_pages(app->router, app->pages, faults);
    return page_assets(mem, app, web, faults);
}

static bool
prepare(struct setup *s)
{
    struct app *app = mem_new(s->mem, struct app);
    struct text *document = text_new(s->mem);

    *app = (struct app){ .features = all_features, .config = s->config };
    if (app_site(app)->clock_file != NULL && !s->test_only)
        clock_shift_by(app_site(app)->clock_file);
    app->router = router_new(s->mem, all_features, s->faults);
    if (app->router == NULL || !load_pages(app, s->mem, s->faults) ||
        !check_database(app, s->faults) || s->faults->len > 0)
        return false;
    openapi_print(document, app);
    app->openapi = document;
    metrics_label(s->metrics, "route", router_labels(app->router));
    metrics_table(s->metrics, request_metrics);
    metrics_table(s->metrics, quota_metrics);
    app->spare = quota_table_new();
    s->context = app;
    return true;
}

int
main(int argc, char **argv)
{
    const struct program program = {
        .name = "sparkle-fcgi",
        .version = PACKAGE_VERSION,
        .about = "Answers requests that nginx sends by FastCGI.",
        .sections = all_sections,
        .config = SPARKLE_SYSCONFDIR "/sparkle.conf",
        .prepare = prepare,
        .worker = work,
    };

    return master_run(&program, argc, argv);
}
