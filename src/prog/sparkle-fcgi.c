/*
 * sparkle-fcgi.c - the web program: a master and pools of workers that answer
 * requests from nginx.
 *
 * A worker waits with its stop signals blocked until the pool's socket is
 * readable, takes one connection where no other worker was faster, lets the
 * core answer it, and writes one line to the log.
 */
#include <malloc.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/access.h"
#include "core/app.h"
#include "core/cache.h"
#include "core/crypto.h"
#include "core/db.h"
#include "core/exchange.h"
#include "core/fcgi.h"
#include "core/fingerprint.h"
#include "core/mail.h"
#include "core/networks.h"
#include "core/openapi.h"
#include "core/page.h"
#include "core/session.h"
#include "core/template.h"
#include "pool/master.h"
#include "prog/ctl.h"
#include "prog/database_check.h"
#include "prog/metric_rows.h"
#include "prog/settings_check.h"

/* ---- Metrics ------------------------------------------------------------- */

static void
count(struct worker *w, const struct app *app, const struct exchange *ex,
      const struct exchange_times *t)
{
    size_t route =
        ex->entry == NULL ? router_count(app->router) : ex->entry->index;
    size_t class = (size_t)(ex->status / 100 - 1);
    const struct {
        size_t metric;
        int64_t n;
    } spent[] = {
        { REQUEST_DB_TIME, t->db.us },
        { REQUEST_DB_STATEMENTS, t->db.statements },
        { REQUEST_DB_ERRORS, t->db.errors },
        { REQUEST_CACHE_TIME, t->cache.us },
        { REQUEST_CACHE_ERRORS, t->cache.errors },
    };

    metric_add(w, &request_metrics[REQUESTS_ANSWERED], route * 5 + class, 1);
    metric_observe(w, &request_metrics[REQUEST_DURATIONS], route, t->us);
    for (size_t i = 0; i < sizeof spent / sizeof *spent; i++)
        if (spent[i].n > 0)
            metric_add(w, &request_metrics[spent[i].metric], 0,
                       (uint64_t)spent[i].n);
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
    exchange_log_begin(ex);
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

/* What malloc keeps of a burst is given back by a worker that has rested for so
 * long; at once, each request would fault it in anew. */
#define REST_MS 1000

static void
rest(struct app *app)
{
    cache_flush(app->cache);
    (void)malloc_trim(0);
}

static void
work(struct worker *w, void *context)
{
    void *mem = worker_mem(w);
    struct app app = *(const struct app *)context;
    struct incoming in;
    enum worker_next next;
    bool rested = false;

    app.worker = w;
    app.db = db_new(mem, config_section(app.config, &db_section), w);
    app.cache = cache_new(mem, config_section(app.config, &cache_section));
    cache_observe(app.cache, w);
    struct exchange *ex = exchange_new(mem, &app);
    struct fcgi *door = fcgi_new(mem, worker_listen_fd(w));
    worker_signals(w);
    while ((next = worker_wait(w, rested ? -1 : REST_MS)) != WORKER_STOP) {
        rested = next == WORKER_TIMEOUT;
        if (rested)
            rest(&app);
        if (next == WORKER_READY && fcgi_accept(door, &in))
            serve_one(w, &app, ex, door, &in);
    }
    cache_flush(app.cache);
    mem_free(app.db); /* says good-bye to the server */
}

/* ---- Start --------------------------------------------------------------- */

static bool
load_pages(struct app *app, const void *mem, struct text *faults)
{
    const char *web = app_site(app)->web;

    app->pages = templates_load(mem, mem_printf(mem, "%s/pages", web), faults);
    if (app->pages == NULL)
        return false;
    router_check_pages(app->router, app->pages, faults);
    app->mails = mailer_load(mem, app_site(app)->emails, faults);
    if (app->mails == NULL)
        return false;
    return page_assets(mem, app, web, faults);
}

static bool
prepare(struct setup *s)
{
    struct app *app = mem_new(s->mem, struct app);
    struct text *document = text_new(s->mem);
    const struct auth_settings *auth = config_section(s->config, &auth_section);

    *app = (struct app){ .features = all_features, .config = s->config };
    if (app_site(app)->clock_file != NULL && !s->test_only)
        clock_shift_by(app_site(app)->clock_file);
    auth_check(auth, app_site(app)->production, s->faults);
    settings_look(app, s, false);
    app->networks = networks_load(
        s->mem, config_section(s->config, &networks_section), s->faults);
    app->router = router_new(s->mem, all_features, s->faults);
    if (app->router == NULL || !load_pages(app, s->mem, s->faults) ||
        !database_check(app, s->test_only, route_check_constraints,
                        s->faults) ||
        s->faults->len > 0)
        return false;
    openapi_print(document, app);
    app->openapi = document;
    metrics_label(s->metrics, "route", router_labels(app->router));
    metrics_table(s->metrics, request_metrics);
    metrics_table(s->metrics, db_metrics);
    metrics_table(s->metrics, cache_metrics);
    metrics_table(s->metrics, quota_metrics);
    metrics_table(s->metrics, access_metrics);
    app->fingerprint_key = fingerprint_key_new(s->mem, auth->signing_key);
    app->spare = quota_table_new();
    app->fence = session_fence_new();
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
        .sections = all_sections(),
        .config = SPARKLE_SYSCONFDIR "/sparkle.conf",
        .user = "sparkle",
        .prepare = prepare,
        .worker = work,
    };

    return master_run(&program, argc, argv);
}
