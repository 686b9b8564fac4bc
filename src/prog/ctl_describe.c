/*
 * ctl_describe.c - sparklectl describe: what the tables of the program say.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "core/access.h"
#include "core/batch.h"
#include "core/cache.h"
#include "core/db.h"
#include "core/mail.h"
#include "core/problem.h"
#include "prog/ctl.h"
#include "prog/metric_rows.h"

static const char *const access_names[] = {
    [ALLOW_NOBODY] = "nobody",         [ALLOW_ADMINS] = "admins",
    [ALLOW_MODERATORS] = "moderators", [ALLOW_MEMBERS] = "members",
    [ALLOW_SIGNED_IN] = "signed in",   [ALLOW_ANYONE] = "anyone",
};

/* Calls `each` with every route of every feature. */
static void
for_routes(void (*each)(const struct feature *f, const struct route *route))
{
    for (size_t i = 0; all_features[i] != NULL; i++) {
        const struct route *table;

        for (size_t k = 0; (table = feature_routes(all_features[i], k)) != NULL;
             k++)
            for (; table->on != NULL; table++)
                each(all_features[i], table);
    }
}

static void
print_route(const struct feature *f, const struct route *route)
{
    (void)printf("%-48s %-10s %-11s %s\n", route->on, f->name,
                 access_names[route->access], route->about);
}

static int
routes(struct ctl *c, int argc, char **argv)
{
    (void)c;
    (void)argv;
    if (argc > 0)
        return 2;
    for_routes(print_route);
    return 0;
}

static void
print_problem(const struct problem *p)
{
    (void)printf("%d  %-28s %s\n", p->status, p->code, p->title);
}

static void
print_refusals(const struct feature *f, const struct route *route)
{
    (void)f;
    for (const struct refusal *row = route->refusals;
         row != NULL && row->problem != NULL; row++)
        print_problem(row->problem);
}

static int
problems(struct ctl *c, int argc, char **argv)
{
    (void)c;
    (void)argv;
    if (argc > 0)
        return 2;
    for (size_t i = 0; core_problems[i] != NULL; i++)
        print_problem(core_problems[i]);
    for_routes(print_refusals);
    return 0;
}

static void
print_statements(const struct feature *f, const struct route *route)
{
    (void)f;
    for (size_t i = 0; route->sql != NULL && route->sql[i] != NULL; i++)
        (void)printf("%s\t%s\n", route->on, route->sql[i]);
}

static int
statements(struct ctl *c, int argc, char **argv)
{
    (void)c;
    (void)argv;
    if (argc > 0)
        return 2;
    for_routes(print_statements);
    return 0;
}

static int
jobs(struct ctl *c, int argc, char **argv)
{
    (void)c;
    (void)argv;
    if (argc > 0)
        return 2;
    for (size_t i = 0; all_features[i] != NULL; i++) {
        const struct feature *f = all_features[i];

        for (const struct listener *l = f->listeners;
             l != NULL && l->name != NULL; l++)
            (void)printf("%-20s %-32s %-13s %s\n", l->event, l->name, l->queue,
                         l->about);
        for (const struct job_kind *k = f->jobs; k != NULL && k->name != NULL;
             k++)
            (void)printf("%-20s %-32s %-13s %s\n", "-", k->name, k->queue,
                         k->about);
    }
    return 0;
}

/* A comment where the program may repair, and a line of cron.d. */
static void
print_cron(const struct batch *b)
{
    const char *repairs = batch_repair_words(b);

    if (repairs != NULL)
        (void)printf("# %s %s\n", b->name, repairs);
    (void)printf("%s sparkle sparkle-batch %s\n", b->when, b->name);
}

static int
batches(struct ctl *c, int argc, char **argv)
{
    bool cron = ctl_flag(&argc, argv, "cron");

    (void)c;
    if (argc > 0)
        return 2;
    for (size_t i = 0; all_features[i] != NULL; i++)
        for (const struct batch *b = all_features[i]->batches;
             b != NULL && b->name != NULL; b++)
            if (cron)
                print_cron(b);
            else
                (void)printf("%-24s %-14s %s\n", b->name, b->when, b->about);
    return 0;
}

static void
print_metrics(const struct metric *m)
{
    static const char *const types[] = {
        [METRIC_COUNTER] = "counter",
        [METRIC_GAUGE] = "gauge",
        [METRIC_HISTOGRAM] = "histogram",
    };

    for (; m->name != NULL; m++) {
        char labels[80] = "";

        for (size_t i = 0; i < METRIC_LABELS && m->labels[i].name != NULL; i++)
            (void)snprintf(labels + strlen(labels),
                           sizeof labels - strlen(labels), "%s%s",
                           i > 0 ? "," : "", m->labels[i].name);
        (void)printf("%-42s %-9s %-13s %s\n", m->name, types[m->type], labels,
                     m->help);
    }
}

static int
metrics(struct ctl *c, int argc, char **argv)
{
    struct metric of_master[2] = { { 0 } };

    (void)c;
    (void)argv;
    if (argc > 0)
        return 2;
    print_metrics(request_metrics);
    print_metrics(db_metrics);
    print_metrics(cache_metrics);
    print_metrics(quota_metrics);
    print_metrics(access_metrics);
    print_metrics(job_metrics);
    print_metrics(mail_metrics);
    for (size_t i = 0; master_metric(i, of_master); i++)
        print_metrics(of_master);
    return 0;
}

/* ---- Settings ----------------------------------------------------------- */

static void
print_settings(const struct section *s)
{
    (void)printf("[%s%s]  %s\n", s->name, s->named ? " NAME" : "", s->about);
    for (const struct setting *row = s->settings; row->key != NULL; row++)
        (void)printf("  %-28s %-16s %s\n", row->key,
                     row->otherwise != NULL ? row->otherwise : "-", row->about);
}

/* An mdoc list, for sparkle.conf(5). */
static void
print_settings_man(const struct section *s)
{
    (void)printf(".Ss %s%s\n%s\n.Bl -tag -width Ds\n", s->name,
                 s->named ? " NAME" : "", s->about);
    for (const struct setting *row = s->settings; row->key != NULL; row++) {
        (void)printf(".It Ic %s\n%s\n", row->key, row->about);
        if (row->otherwise != NULL && row->otherwise[0] != '\0')
            (void)printf("The default is\n.Ql %s .\n", row->otherwise);
    }
    (void)puts(".El");
}

static int
settings(struct ctl *c, int argc, char **argv)
{
    bool man = ctl_flag(&argc, argv, "man");

    (void)c;
    if (argc > 0)
        return 2;
    for (const struct section *const *s = all_sections(); *s != NULL; s++)
        (man ? print_settings_man : print_settings)(*s);
    return 0;
}

const struct ctl_command ctl_describe_commands[] = {
    {
        .name = "describe routes",
        .about = "List every endpoint and page: who may, what for.",
        .run = routes,
        .no_config = true,
    },
    {
        .name = "describe settings",
        .usage = "[--man]",
        .about = "List every setting with its default.",
        .run = settings,
        .no_config = true,
    },
    {
        .name = "describe metrics",
        .about = "List every metric of /metrics: type, labels, meaning.",
        .run = metrics,
        .no_config = true,
    },
    {
        .name = "describe problems",
        .about = "List every error that a call may answer with.",
        .run = problems,
        .no_config = true,
    },
    {
        .name = "describe jobs",
        .about = "List events, their listeners and the kinds of jobs.",
        .run = jobs,
        .no_config = true,
    },
    {
        .name = "describe batches",
        .usage = "[--cron]",
        .about = "List the batch programs; --cron as lines of cron.d.",
        .run = batches,
        .no_config = true,
    },
    {
        .name = "describe statements",
        .about = "List the SQL of every endpoint, for EXPLAIN.",
        .run = statements,
        .no_config = true,
    },
    { 0 },
};
