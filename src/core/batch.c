/*
 * batch.c - see batch.h.
 */
#include "core/batch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/app.h"
#include "core/db.h"
#include "core/feature.h"

const struct batch *
batch_named(const struct feature *const *features, const char *name)
{
    for (; *features != NULL; features++) {
        const struct batch *b = (*features)->batches;

        for (; b != NULL && b->name != NULL; b++)
            if (strcmp(b->name, name) == 0)
                return b;
    }
    return NULL;
}

const char *
batch_repair_words(const struct batch *batch)
{
    static const char *const words[] = {
        [BATCH_REPAIRS_NOTHING] = NULL,
        [BATCH_REPAIRS_WHEN_TOLD] = "only reports; --repair by hand",
        [BATCH_REPAIRS_SCHEDULED] = "repairs what it finds, and reports it",
    };

    return words[batch->repairs];
}

/* ---- Locks --------------------------------------------------------------- */

/* A descriptor that holds the lock while it is open; -1 if another does. */
static int
lock_file(void *mem, const char *dir, const char *name)
{
    const char *path = mem_printf(mem, "%s/sparkle-batch-%s.lock", dir, name);
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640);

    if (fd < 0)
        die("%s: %s", path, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

/* clang-format off */
static const char lock_sql[] = SQL(
    SELECT pg_try_advisory_lock(hashtext('sparkle.batch'), hashtext($1))
);
/* clang-format on */

/* ---- The record ---------------------------------------------------------- */

static const char begin_sql[] = SQL(
    INSERT INTO batch_runs (name, dry_run, host, pid)
    VALUES ($1, $2, $3, $4::int) RETURNING id
);
/* clang-format off */
static const char end_sql[] = SQL(
    UPDATE batch_runs SET finished_at = clock_now(), exit_code = $2::int,
        items = $3, error = $4
    WHERE id = $1
);
/* clang-format on */

static struct uuid
begin_record(struct app *app, void *mem, const struct batch *batch,
             const struct batch_options *options)
{
    char host[64] = "";
    const char *name = host;
    const int64_t pid = getpid();
    struct db_error error;

    (void)gethostname(host, sizeof host - 1);
    const struct db_result *row = db_query(
        app->db, mem, begin_sql,
        ARGS(ARG(batch->name), ARG(options->dry_run), ARG(name), ARG(pid)),
        &error);
    if (error.failed)
        die("%s: %s", batch->name, error.message);
    return db_uuid(row, 0, 0);
}

static void
end_record(struct app *app, void *mem, struct uuid id, enum batch_exit code,
           int64_t done)
{
    const int64_t exit_code = code;
    const char *why = code == BATCH_DONE ? NULL : "see the log";
    struct db_error error;

    (void)db_query(app->db, mem, end_sql,
                   ARGS(ARG(id), ARG(exit_code), ARG(done), ARG(why)), &error);
    if (error.failed)
        log_warn("the end of the run is not written down: %s", error.message);
}

/* ---- Running ------------------------------------------------------------- */

static void
show_progress(const struct batch *batch, int64_t done, int64_t started)
{
    int64_t us = clock_steady() - started;

    (void)fprintf(stderr, "\r%s: %lld rows, %lld/s ", batch->name,
                  (long long)done,
                  (long long)(us > 0 ? done * CLOCK_SECOND / us : 0));
    (void)fflush(stderr);
}

/* Between chunks others get their turn at the disk and at the locks. */
static void
rest(void)
{
    const struct timespec pause = { .tv_nsec = 20000000 };

    (void)nanosleep(&pause, NULL);
}

static enum batch_exit
run_steps(struct app *app, const struct batch *batch,
          const struct batch_options *options, int64_t *ret_done)
{
    void *mem = mem_context(NULL, "batch");
    void *state = mem_zero(NULL, batch->state + 1);
    int64_t started = clock_steady(), n;
    bool more;

    do {
        struct job job = {
            .mem = mem,
            .app = app,
            .db = app->db,
            .kind = batch->name,
            .attempt = 1,
            .now = { clock_now() },
            .repair = options->repair,
            .with = state,
        };
        n = batch->step(&job, options->dry_run);
        *ret_done += n > 0 ? n : 0;
        mem_clear(mem);
        if (options->progress)
            show_progress(batch, *ret_done, started);
        more = n >= 0 && (job.more || (n >= BATCH_ROWS && !options->dry_run &&
                                       !batch->once));
        if (more && !options->dry_run)
            rest();
    } while (more);
    if (options->progress)
        (void)fputc('\n', stderr);
    mem_free(state);
    mem_free(mem);
    return n < 0 ? BATCH_FAILED : BATCH_DONE;
}

/*
 * A batch may take longer than a request, and waits for no lock for long.  In
 * a dry run the database itself sees to it that nothing is written.
 */
static const char session_sql[] = SQL(
    SELECT set_config('statement_timeout', '30min', false),
        set_config('lock_timeout', '5s', false),
        set_config('default_transaction_read_only', $1, false)
);

static void
begin_session(struct app *app, void *mem, bool dry_run)
{
    const char *read_only = dry_run ? "on" : "off";
    struct db_error error;

    (void)db_query(app->db, mem, session_sql, ARGS(ARG(read_only)), &error);
    if (error.failed)
        die("%s", error.message);
}

static const char writable_sql[] =
    SQL(SELECT set_config('default_transaction_read_only', 'off', false));

static void
end_session(struct app *app, void *mem)
{
    struct db_error ignored; /* a new connection can write */

    (void)db_query(app->db, mem, writable_sql, NO_ARGS, &ignored);
}

static enum batch_exit
run_locked(struct app *app, void *mem, const struct batch *batch,
           const struct batch_options *options)
{
    struct db_error error;
    int64_t started = clock_steady(), done = 0;
    const struct db_result *row =
        db_query(app->db, mem, lock_sql, ARGS(ARG(batch->name)), &error);

    if (error.failed)
        die("%s: %s", batch->name, error.message);
    if (!db_boolean(row, 0, 0))
        return BATCH_BUSY;
    struct uuid id = begin_record(app, mem, batch, options);
    begin_session(app, mem, options->dry_run);
    enum batch_exit code = run_steps(app, batch, options, &done);
    end_session(app, mem);
    end_record(app, mem, id, code, done);
    log_event(code == BATCH_DONE ? LOG_INFO : LOG_ERROR,
              options->dry_run ? "batch would do" : "batch done",
              LOG_TEXT("batch", batch->name), LOG_NUMBER("rows", done),
              LOG_NUMBER("ms", (clock_steady() - started) / 1000),
              LOG_NUMBER("exit", code));
    return code;
}

enum batch_exit
batch_run(struct app *app, const struct batch *batch,
          const struct batch_options *options)
{
    void *mem = mem_context(NULL, "batch run");
    int lock CLOSED_AT_END = lock_file(mem, options->lock_dir, batch->name);
    enum batch_exit code =
        lock < 0 ? BATCH_BUSY : run_locked(app, mem, batch, options);

    if (code == BATCH_BUSY)
        log_event(options->scheduled ? LOG_INFO : LOG_WARN,
                  "another run of it is going on",
                  LOG_TEXT("batch", batch->name));
    mem_free(mem);
    return code;
}

/* ---- Steps that are statements ------------------------------------------- */

static struct db_result *
query(struct job *job, const char *sql, const struct sql_arg *args)
{
    struct db_error error;
    struct db_result *res = db_query(job->db, job->mem, sql, args, &error);

    if (!error.failed)
        return res;
    log_error("%s: %s (%s)", job->kind, error.message, error.sqlstate);
    return NULL;
}

int64_t
batch_value(struct job *job, const char *sql, const struct sql_arg *args)
{
    const struct db_result *res = query(job, sql, args);

    return res == NULL ? -1 : db_integer(res, 0, 0);
}

int64_t
batch_delete(struct job *job, bool dry_run, const char *count_sql,
             const char *delete_sql)
{
    if (dry_run)
        return batch_value(job, count_sql, NO_ARGS);
    const struct db_result *res = query(job, delete_sql, NO_ARGS);
    return res == NULL ? -1 : db_affected(res);
}
