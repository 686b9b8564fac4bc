/*
 * ctl_status.c - sparklectl status: what the running programs say of
 * themselves, what waits in the queues, how the batch programs fared.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "core/db.h"
#include "core/json_write.h"
#include "pool/pool.h"
#include "prog/ctl.h"
#include "prog/jobs_settings.h"

const char *
ctl_ask_master(void *mem, const char *socket_path, const char *what)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    int fd CLOSED_AT_END = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct text *answer = text_new(mem);
    const char *call = mem_printf(mem, "GET %s HTTP/1.0\r\n\r\n", what);
    ssize_t got;

    if (fd < 0 || socket_path == NULL ||
        strlen(socket_path) >= sizeof to.sun_path)
        return NULL;
    memcpy(to.sun_path, socket_path, strlen(socket_path) + 1);
    if (connect(fd, (const struct sockaddr *)&to, sizeof to) != 0 ||
        write(fd, call, strlen(call)) < 0)
        return NULL;
    while ((got = read(fd, text_room(answer, 4096), 4096)) > 0)
        answer->len += (size_t)got;
    answer->at[answer->len] = '\0';
    const char *body = strstr(answer->at, "\r\n\r\n");
    return body != NULL ? body + 4 : NULL;
}

static const char queues_sql[] = SQL(
    SELECT q.name, q.paused_at IS NOT NULL, coalesce(j.waiting, 0)::bigint,
        coalesce(j.running, 0)::bigint, coalesce(j.discarded, 0)::bigint
    FROM job_queues q LEFT JOIN (
        SELECT queue, count(*) FILTER (WHERE state IN ('available',
                'retryable')) AS waiting,
            count(*) FILTER (WHERE state = 'running') AS running,
            count(*) FILTER (WHERE state = 'discarded') AS discarded
        FROM jobs GROUP BY queue
    ) j ON j.queue = q.name
    ORDER BY q.name
);

static void
print_queues(const struct db_result *res)
{
    (void)printf("%-16s %9s %9s %9s\n", "queue", "waiting", "running",
                 "discarded");
    for (size_t i = 0; i < db_rows(res); i++)
        (void)printf("%-16s %9" PRId64 " %9" PRId64 " %9" PRId64 "%s\n",
                     db_text(res, i, 0, NULL), db_integer(res, i, 2),
                     db_integer(res, i, 3), db_integer(res, i, 4),
                     db_boolean(res, i, 1) ? "  paused" : "");
}

/* ---- Batch programs ------------------------------------------------------ */

static struct texts
batch_names(void *mem)
{
    const char **names = mem_array(mem, const char *, 1);
    size_t n = 0;

    for (size_t i = 0; all_features[i] != NULL; i++)
        for (const struct batch *b = all_features[i]->batches;
             b != NULL && b->name != NULL; b++) {
            names = mem_grow(mem, names, (n + 1) * sizeof *names);
            names[n++] = b->name;
        }
    return (struct texts){ names, n };
}

static const char batches_sql[] =
    SQL(
    SELECT name, to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
        took_ms, items, exit_code,
        to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
    FROM batch_last($1)
);

/* What became of a run: its exit code in words. */
static const char *
outcome(const struct db_result *res, size_t row)
{
    if (db_null(res, row, 1))
        return "never ran";
    if (db_null(res, row, 4))
        return "runs, or died";
    return db_integer(res, row, 4) == 0 ? "" : "FAILED: see its log";
}

static void
print_batches(const struct db_result *res)
{
    (void)printf("\n%-24s %-16s %9s %9s\n", "batch program", "last run (UTC)",
                 "ms", "rows");
    for (size_t i = 0; i < db_rows(res); i++) {
        const char *at = db_text(res, i, 1, NULL);

        (void)printf("%-24s %-16s %9" PRId64 " %9" PRId64 " %s\n",
                     db_text(res, i, 0, NULL), at != NULL ? at : "-",
                     db_integer(res, i, 2), db_integer(res, i, 3),
                     outcome(res, i));
    }
}

/* ---- As one document ----------------------------------------------------- */

static void
put_program(struct ctl *c, struct json_writer *w, const struct section *section,
            const char *name)
{
    const struct master_settings *m = config_section(c->app->config, section);
    const char *said =
        ctl_ask_master(c->mem, m->status_socket, "/status?json&full");

    if (said == NULL)
        json_put_null(w, name);
    else
        json_put_document(w, name, said);
}

static void
put_queues(struct json_writer *w, const struct db_result *res)
{
    json_open_array(w, "queues");
    for (size_t i = 0; i < db_rows(res); i++) {
        json_open_object(w, NULL);
        json_put_text(w, "queue", db_text(res, i, 0, NULL));
        json_put_boolean(w, "paused", db_boolean(res, i, 1));
        json_put_number(w, "waiting", db_integer(res, i, 2));
        json_put_number(w, "running", db_integer(res, i, 3));
        json_put_number(w, "discarded", db_integer(res, i, 4));
        json_close_object(w);
    }
    json_close_array(w);
}

/* What is not known, since it never ran or runs, is null. */
static void
put_known(struct json_writer *w, const char *key, const struct db_result *res,
          size_t row, size_t column)
{
    if (db_null(res, row, column))
        json_put_null(w, key);
    else
        json_put_number(w, key, db_integer(res, row, column));
}

static void
put_batches(struct json_writer *w, const struct db_result *res)
{
    json_open_array(w, "batches");
    for (size_t i = 0; i < db_rows(res); i++) {
        json_open_object(w, NULL);
        json_put_text(w, "batch", db_text(res, i, 0, NULL));
        if (db_null(res, i, 5))
            json_put_null(w, "startedAt");
        else
            json_put_text(w, "startedAt", db_text(res, i, 5, NULL));
        put_known(w, "ms", res, i, 2);
        put_known(w, "rows", res, i, 3);
        put_known(w, "exitCode", res, i, 4);
        json_close_object(w);
    }
    json_close_array(w);
}

/* Members, not lines: {"sparkle-fcgi": {...}, "sparkle-jobs": {...},
 * "queues": [...], "batches": [...]}; a program that does not answer is null.
 */
static void
print_json(struct ctl *c, const struct db_result *queues,
           const struct db_result *batches)
{
    struct json_writer w = { .to = text_new(c->mem) };

    json_open_object(&w, NULL);
    put_program(c, &w, &master_section, "sparkle-fcgi");
    put_program(c, &w, &jobs_master_section, "sparkle-jobs");
    put_queues(&w, queues);
    put_batches(&w, batches);
    json_close_object(&w);
    (void)puts(w.to->at);
}

static void
print_lines(const char *said, const struct db_result *queues,
            const struct db_result *batches)
{
    (void)fputs(said != NULL ? said : "The master does not answer.\n", stdout);
    print_queues(queues);
    print_batches(batches);
}

static int
status(struct ctl *c, int argc, char **argv)
{
    const struct master_settings *m =
        config_section(c->app->config, &master_section);
    bool json = ctl_flag(&argc, argv, "json");
    const char *said = ctl_ask_master(c->mem, m->status_socket, "/status");
    const struct texts names = batch_names(c->mem);
    const struct db_result *queues, *batches;
    struct db_error error;

    if (argc > 0)
        return 2;
    queues = db_query(c->app->db, c->mem, queues_sql, NO_ARGS, &error);
    batches = error.failed ? NULL
                           : db_query(c->app->db, c->mem, batches_sql,
                                      ARGS(ARG(names)), &error);
    if (error.failed)
        return ctl_fail("the database: %s", error.message);
    if (json)
        print_json(c, queues, batches);
    else
        print_lines(said, queues, batches);
    return said == NULL;
}

const struct ctl_command ctl_status_commands[] = {
    {
        .name = "status",
        .usage = "[--json]",
        .about = "Print the pools' workers, the queues and the last runs of "
                 "the batch programs, with --json as one document; 1 where "
                 "the master does not answer.",
        .run = status,
    },
    { 0 },
};
