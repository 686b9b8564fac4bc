/*
 * db_queue.c - several statements in one round trip, and scripts.
 *
 * Each statement of the queue ends with its own Sync, so that one that fails
 * takes no other with it.
 */
#include "core/db_local.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "pool/worker.h"

static bool
send_queued(struct db *db, struct statement *s, const struct sql_arg *args)
{
    struct bound b;

    db_bind(&b, db->scratch, args);
    if (PQpipelineStatus(db->conn) == PQ_PIPELINE_OFF &&
        !PQenterPipelineMode(db->conn))
        return false;
    if (!db_knows(db, s) &&
        !PQsendPrepare(db->conn, s->name, s->sql, b.n, b.types))
        return false;
    return db_send_one(db, s, &b) && PQpipelineSync(db->conn) != 0;
}

void
db_send(struct db *db, const char *sql, const struct sql_arg *args)
{
    struct statement *s = db_statement(db, sql);
    struct db_error e = { 0 };
    struct queued *q;

    if (db->queue_len == DB_MOST_QUEUED)
        BUG("more than %d statements queued", DB_MOST_QUEUED);
    q = &db->queue[(db->queue_first + db->queue_len++) % DB_MOST_QUEUED];
    *q = (struct queued){ .sql = sql, .fresh = !db_knows(db, s) };
    /* A queue is for one connection: none is made in its middle, and db_ready
     * would make one where it finds that the server has gone. */
    if (db->queue_len > 1 ? !db->ready : !db_ready(db, db->scratch, &e))
        return;
    if (!send_queued(db, s, args)) {
        db_lost(db, db->scratch, PQerrorMessage(db->conn), &e);
        return;
    }
    q->generation = db->generation;
    if (!s->planned)
        s->known = db->generation;
}

/* The queue is empty: back to the plain way. */
static void
end_queue(struct db *db)
{
    mem_clear(db->scratch);
    if (db->ready && PQpipelineStatus(db->conn) != PQ_PIPELINE_OFF &&
        !PQexitPipelineMode(db->conn))
        BUG("the pipeline does not end: %s", PQerrorMessage(db->conn));
}

static struct db_result *
receive(struct db *db, void *mem, const struct queued *q, struct db_error *e)
{
    PGresult *pg;

    if (!db->ready || q->generation != db->generation) {
        db_fail(mem, e, "", "the database is away");
        e->lost = true;
        return NULL;
    }
    if (!db_take(db, true, &pg) || pg == NULL)
        return db_silent(db, mem, e);
    db->used = clock_steady();

    struct db_result *res = db_result_take(db, mem, pg, e);

    /* The Parse may be what failed; then the server does not know it. */
    if (e->failed && (q->fresh || db_outdated(e)))
        db_statement_forget(db, db_statement(db, q->sql));
    return res;
}

struct db_result *
db_receive_first(struct db *db, void *mem, struct db_error *e)
{
    if (db->queue_len == 0)
        BUG("nothing was sent to be received");

    const struct queued *q = &db->queue[db->queue_first];
    struct db_result *res;

    *e = (struct db_error){ 0 };
    res = receive(db, mem, q, e);
    db->queue_first = (db->queue_first + 1) % DB_MOST_QUEUED;
    if (--db->queue_len == 0)
        end_queue(db);
    return res;
}

struct db_result *
db_receive(struct db *db, void *mem, struct db_error *ret_error)
{
    int64_t began = clock_steady();
    const char *sql = db->queue[db->queue_first].sql;
    struct db_result *res;

    if (db->worker != NULL)
        worker_sql(db->worker, sql);
    res = db_receive_first(db, mem, ret_error);
    if (db->worker != NULL)
        worker_sql_end(db->worker);
    db_count(db, sql, began, ret_error);
    return res;
}

/* False: the connection is lost. */
static bool
script_results(struct db *db, void *mem, struct db_error *e)
{
    PGresult *next;

    while (db_wait(db, INT64_MAX)) {
        next = PQgetResult(db->conn);
        if (next == NULL)
            return true;
        if (e->failed)
            PQclear(next);
        else
            (void)db_result_take(db, mem, next, e);
        if (!db->ready)
            return true;
    }
    return false;
}

bool
db_script(struct db *db, void *mem, const char *sql, struct db_error *ret_error)
{
    *ret_error = (struct db_error){ 0 };
    if (db_ready(db, mem, ret_error) &&
        (!PQsendQuery(db->conn, sql) || !script_results(db, mem, ret_error)))
        (void)db_silent(db, mem, ret_error);
    if (ret_error->failed)
        db_note(db, ret_error);
    return !ret_error->failed;
}
