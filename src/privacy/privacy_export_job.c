/*
 * privacy_export_job.c - the job privacy.export: makes the zip of an export.
 *
 *   prepare  notes that it is being made, and under which name; it cannot be
 *            guessed, and another attempt takes another one
 *   act      writes the file: a JSON array for each place of privacy_places
 *            with a file, and index.json, which also says what is left out;
 *            what is sealed in the table is in the clear for its owner
 *   run      notes that it is ready, and has the mail sent; or that it failed
 *
 * Rows come through a cursor that outlives its transaction, a hundred at a
 * time, so memory stays flat however much somebody wrote.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/app.h"
#include "core/crypto.h"
#include "core/db.h"
#include "core/json_write.h"
#include "core/zip.h"
#include "privacy/privacy_local.h"

/* What the steps hand on. */
struct making {
    const char *name;   /* of the file */
    const char *before; /* of an attempt that was broken off, or NULL */
    int64_t size;
};

enum { MOST_TRIES = 3 };

/* ---- prepare ------------------------------------------------------------- */

static const char begin_sql[] = SQL(
    WITH old AS (
        SELECT e.id, e.path FROM data_exports e
        JOIN users u ON u.id = e.user_id AND u.status <> 'DELETED'
        WHERE e.id = ($1->>'export')::uuid AND e.user_id = $2
            AND e.state IN ('queued', 'running')
        FOR UPDATE OF e
    )
    UPDATE data_exports e SET state = 'running', path = $3, error = NULL
    FROM old WHERE e.id = old.id
    RETURNING old.path
);

static const char *
prepare(struct job *job)
{
    struct making *m = mem_new(job->mem, struct making);
    const char *why = NULL;

    job->with = m;
    m->name = mem_printf(job->mem, "%s.zip", crypto_token(job->mem, "", 32));
    const struct db_result *row = job_query(
        job, begin_sql,
        ARGS(ARG(job->payload), ARG(job->subject), ARG(m->name)), &why);
    if (row == NULL)
        return why;
    if (db_rows(row) == 0)
        job->done = true;
    else if (!db_null(row, 0, 0))
        m->before = db_text(row, 0, 0, NULL);
    return NULL;
}

/* ---- act ----------------------------------------------------------------- */

/* A file that is written, with what it takes. */
struct export
{
    struct job *job;
    struct zip *zip;
    const struct keyring *ring;
    struct text *index;
    struct json_writer json; /* into index */
    const char *sealed;      /* the place's sealed column, or NULL */
    void *mem;               /* freed every hundred rows */
    const char *why;         /* what stopped it */
};

static const char places_sql[] =
    SQL(
    SELECT n, tbl, coalesce(col, ''), file, why, sealed
    FROM privacy_places ORDER BY n
);
static const char open_sql[] =
    SQL(
    DECLARE privacy_rows CURSOR WITH HOLD FOR
    SELECT shown, sealed FROM privacy_rows($1, $2)
);
static const char fetch_sql[] = SQL(FETCH 100 FROM privacy_rows);
static const char close_sql[] = SQL(CLOSE privacy_rows);
/* What an attempt that was broken off left on this connection. */
static const char tidy_sql[] = SQL(CLOSE ALL);

static struct db_result *
query(struct export *x, const char *sql, const struct sql_arg *args)
{
    struct db_error error;
    struct db_result *res = db_query(x->job->db, x->mem, sql, args, &error);

    if (!error.failed)
        return res;
    x->why = mem_printf(x->job->mem, "%s (%s)", error.message, error.sqlstate);
    return NULL;
}

static bool
put(struct export *x, const char *bytes, size_t n)
{
    if (zip_write(x->zip, bytes, n))
        return true;
    x->why = zip_fault(x->zip);
    return false;
}

/* A row; the value that is sealed becomes its last member. */
static bool
put_row(struct export *x, const struct db_result *res, size_t i)
{
    const struct uuid *user = &x->job->subject;
    size_t len;
    const char *row = db_text(res, i, 0, &len);

    if (x->sealed == NULL)
        return put(x, row, len);
    const struct bytes plain =
        crypto_open(x->mem, x->ring, db_bytes(res, i, 1),
                    (struct bytes){ user->octet, sizeof user->octet }, NULL);
    struct text *end = text_new(x->mem);
    struct json_writer w = { .to = end, .comma = true };

    if (plain.at == NULL)
        json_put_null(&w, x->sealed);
    else
        json_put_text(&w, x->sealed, (const char *)plain.at);
    text_addc(end, '}');
    return put(x, row, len - 1) && put(x, end->at, end->len);
}

/* The rows that the cursor gives, as the items of an array; -1: x->why. */
static int64_t
put_rows(struct export *x)
{
    int64_t rows = 0;
    size_t n;

    do {
        mem_clear(x->mem);
        const struct db_result *res = query(x, fetch_sql, NO_ARGS);

        if (res == NULL)
            return -1;
        n = db_rows(res);
        for (size_t i = 0; i < n; i++, rows++)
            if (!put(x, rows == 0 ? "[\n" : ",\n", 2) || !put_row(x, res, i))
                return -1;
        if (!job_beat(x->job)) {
            x->why = "the lease is lost";
            return -1;
        }
    } while (n > 0);
    return put(x, rows == 0 ? "[]\n" : "\n]\n", 3) ? rows : -1;
}

static bool
put_place(struct export *x, int64_t place, const char *file)
{
    const char *name = mem_printf(x->job->mem, "data/%s.json", file);

    if (!zip_entry(x->zip, name, x->job->now.us)) {
        x->why = zip_fault(x->zip);
        return false;
    }
    if (query(x, open_sql, ARGS(ARG(place), ARG(x->job->subject))) == NULL)
        return false;
    int64_t rows = put_rows(x);
    if (rows < 0)
        return false;
    json_open_object(&x->json, NULL);
    json_put_text(&x->json, "file", name);
    json_put_number(&x->json, "rows", rows);
    json_close_object(&x->json);
    return query(x, close_sql, NO_ARGS) != NULL;
}

static bool
put_places(struct export *x, const struct db_result *places)
{
    json_open_array(&x->json, "files");
    for (size_t i = 0; i < db_rows(places); i++) {
        if (db_null(places, i, 3))
            continue;
        x->sealed = db_null(places, i, 5) ? NULL : db_text(places, i, 5, NULL);
        if (!put_place(x, db_integer(places, i, 0),
                       db_text(places, i, 3, NULL)))
            return false;
    }
    json_close_array(&x->json);
    return true;
}

static void
tell_left_out(struct export *x, const struct db_result *places)
{
    json_open_array(&x->json, "leftOut");
    for (size_t i = 0; i < db_rows(places); i++) {
        if (!db_null(places, i, 3))
            continue;
        json_open_object(&x->json, NULL);
        json_put_text(&x->json, "table", db_text(places, i, 1, NULL));
        json_put_text(&x->json, "column", db_text(places, i, 2, NULL));
        json_put_text(&x->json, "why", db_text(places, i, 4, NULL));
        json_close_object(&x->json);
    }
    json_close_array(&x->json);
}

static void
open_index(struct export *x)
{
    struct text now;

    text_init(&now, x->job->mem, 32);
    clock_iso(&now, x->job->now.us);
    x->index = text_new(x->job->mem);
    x->json = (struct json_writer){ .to = x->index };
    json_open_object(&x->json, NULL);
    json_put_text(&x->json, "site", app_site(x->job->app)->name);
    json_put_text(&x->json, "address", app_site(x->job->app)->url);
    json_put_text(&x->json, "madeAt", now.at);
}

static bool
write_all(struct export *x)
{
    const struct db_result *places;
    const char *why = NULL;

    open_index(x);
    if (query(x, tidy_sql, NO_ARGS) == NULL)
        return false;
    places = job_query(x->job, places_sql, NO_ARGS, &why);
    if (places == NULL) {
        x->why = why;
        return false;
    }
    if (!put_places(x, places))
        return false;
    tell_left_out(x, places);
    json_close_object(&x->json);
    if (zip_entry(x->zip, "index.json", x->job->now.us) &&
        zip_write(x->zip, x->index->at, x->index->len))
        return true;
    x->why = zip_fault(x->zip);
    return false;
}

static const char *
act(struct job *job)
{
    const struct auth_settings *auth =
        SETTINGS_OF(job->app, &auth_section, struct auth_settings);
    struct making *m = job->with;
    const char *path = privacy_path(job->app, job->mem, m->name);
    struct export x = {
        .job = job,
        .ring = keyring_of(job->mem, auth->encryption_key, "encryption_key"),
        .mem = mem_context(job->mem, "rows"),
    };

    if (m->before != NULL)
        (void)privacy_unlink(job->app, job->mem, m->before);
    x.zip = zip_new(job->mem, path);
    if (x.zip == NULL)
        return mem_printf(job->mem, "%s: %s", path, strerror(errno));
    if (write_all(&x) && !zip_finish(x.zip, &m->size))
        x.why = zip_fault(x.zip);
    /* What the zip says of itself goes with it. */
    const char *why = x.why == NULL ? NULL : mem_strdup(job->mem, x.why);
    mem_free(x.zip);
    return why;
}

/* ---- run ----------------------------------------------------------------- */

static const char ready_sql[] = SQL(
    WITH made AS (
        UPDATE data_exports SET state = 'ready', size = $3,
            ready_at = clock_now(),
            expires_at = clock_now() + interval '7 days'
        WHERE path = $2 AND state = 'running'
            AND id = ($1->>'export')::uuid
        RETURNING id, user_id
    )
    SELECT job_put('mail.send', 'email', jsonb_build_object(
        'mail', 'data-export-ready',
        'data', jsonb_build_object('export', id)), user_id)
    FROM made
);
static const char mine_sql[] = SQL(
    SELECT id FROM data_exports
    WHERE path = $2 AND id = ($1->>'export')::uuid
);
static const char failed_sql[] = SQL(
    UPDATE data_exports SET path = NULL, error = left($3, 500),
        state = CASE WHEN $4 THEN 'failed' ELSE 'queued' END::export_state
    WHERE path = $2 AND state = 'running' AND id = ($1->>'export')::uuid
);

static const char *
note(struct job *job)
{
    const struct making *m = job->with;
    const bool last = job->hopeless || job->attempt >= MOST_TRIES;
    const char *why = NULL;
    const struct db_result *row;

    if (job->why != NULL) {
        (void)job_query(
            job, failed_sql,
            ARGS(ARG(job->payload), ARG(m->name), ARG(job->why), ARG(last)),
            &why);
        return why;
    }
    row = job_query(job, ready_sql,
                    ARGS(ARG(job->payload), ARG(m->name), ARG(m->size)), &why);
    if (row != NULL && db_rows(row) == 0)
        row = job_query(job, mine_sql, ARGS(ARG(job->payload), ARG(m->name)),
                        &why);
    /* The account was erased meanwhile; else this was noted before, by a
     * commit whose answer was lost. */
    if (row != NULL && db_rows(row) == 0)
        (void)privacy_unlink(job->app, job->mem, m->name);
    return why;
}

const struct job_kind privacy_jobs[] = {
    {
        .name = "privacy.export",
        .queue = "export",
        .about = "Make the zip of an export: {export}.",
        .max_attempts = MOST_TRIES,
        .prepare = prepare,
        .act = act,
        .run = note,
    },
    { 0 },
};
