/*
 * db.c - statements: see db.h; the parts are listed in db_local.h.
 *
 * The hot path is one Bind, Describe, Execute and Sync of a prepared
 * statement, written by one send and answered to one recv.  The first time on
 * a connection the Parse goes with them, in libpq's pipeline mode.
 */
#include "core/db_local.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "pool/worker.h"

static const char *const sslmodes[] = {
    "disable", "allow", "prefer", "require", "verify-ca", "verify-full", NULL,
};

static const struct setting db_rows_of_settings[] = {
    SETTING(struct db_settings, host, TEXT,
            .about = "Host, or the directory of the server's socket."),
    SETTING(struct db_settings, port, INTEGER, .max = 65535, .otherwise = "0",
            .about = "Port; 0 means PostgreSQL's own."),
    SETTING(struct db_settings, name, TEXT, .otherwise = "sparkle",
            .about = "The database, or a whole connection string."),
    SETTING(struct db_settings, user, TEXT, .otherwise = "sparkle_app",
            .about = "The role: one that owns no tables."),
    SETTING(struct db_settings, password, SECRET,
            .about = "Not needed where the server trusts the socket's user."),
    SETTING(struct db_settings, owner, TEXT, .otherwise = "sparkle_owner",
            .about = "The role that owns the tables: migrations run as it."),
    SETTING(struct db_settings, owner_password, SECRET,
            .about = "Only sparklectl reads it."),
    SETTING(struct db_settings, sslmode, CHOICE, .choices = sslmodes,
            .about = "How much TLS a connection by TCP needs.  If not given: "
                     "verify-full, and prefer where the host is this machine "
                     "(a socket's directory, localhost, 127.0.0.0/8, ::1)."),
    SETTING(struct db_settings, sslrootcert, TEXT,
            .about = "Certificates of the authorities that vouch for the "
                     "server, for verify-ca and verify-full, such as "
                     "/etc/ssl/certs/ca-certificates.crt.  If not given, "
                     "libpq's own: ~/.postgresql/root.crt."),
    SETTING(struct db_settings, timeout, DURATION, .otherwise = "8s",
            .min = CLOCK_SECOND / 10,
            .about = "A server that is silent for so long is given up; more "
                     "than the role's statement_timeout."),
    { 0 },
};

const struct section db_section = {
    .name = "database",
    .settings = db_rows_of_settings,
    .size = sizeof(struct db_settings),
    .about = "PostgreSQL, which holds everything that lasts.",
};

static int
db_end(struct db *db)
{
    PQfinish(db->conn);
    return 0;
}

struct db *
db_new(const void *mem, const struct db_settings *settings, struct worker *w)
{
    struct db *db = mem_new(mem, struct db);

    db->settings = settings;
    db->worker = w;
    db->mem = db;
    db->scratch = mem_context(db, "db scratch");
    db->notes = mem_context(db, "db notes");
    db->application = w == NULL
                          ? "sparkle"
                          : mem_printf(db, "sparkle %s", worker_pool_name(w));
    /* libpq sends it at the start of a session; dates are to be UTC's. */
    if (setenv("PGTZ", "UTC", 1) != 0)
        die("out of memory");
    talloc_set_destructor(db, db_end);
    return db;
}

/* ---- One statement ------------------------------------------------------- */

static int64_t
deadline(const struct db *db)
{
    return clock_steady() + db->settings->timeout;
}

bool
db_take(struct db *db, bool queued, PGresult **ret_result)
{
    PGresult *kept = NULL, *next;
    int64_t until = deadline(db);

    while (db_wait(db, until)) {
        next = PQgetResult(db->conn);
        /* A Parse's end, or the statement's: their Sync will follow. */
        if (next == NULL && queued && PQstatus(db->conn) == CONNECTION_OK)
            continue;
        if (next == NULL || PQresultStatus(next) == PGRES_PIPELINE_SYNC) {
            PQclear(next);
            *ret_result = kept;
            return true;
        }
        if (kept != NULL && PQresultStatus(kept) == PGRES_FATAL_ERROR) {
            PQclear(next);
            continue;
        }
        PQclear(kept);
        kept = next;
    }
    PQclear(kept);
    return false;
}

bool
db_send_one(struct db *db, const struct statement *s, const struct bound *b)
{
    if (s->planned)
        return PQsendQueryParams(db->conn, s->sql, b->n, b->types, b->values,
                                 b->lengths, db_binary, 1) != 0;
    return PQsendQueryPrepared(db->conn, s->name, b->n, b->values, b->lengths,
                               db_binary, 1) != 0;
}

struct db_result *
db_silent(struct db *db, void *mem, struct db_error *e)
{
    db_lost(db, mem,
            PQstatus(db->conn) == CONNECTION_OK ? "no answer in time"
                                                : PQerrorMessage(db->conn),
            e);
    return NULL;
}

bool
db_knows(const struct db *db, const struct statement *s)
{
    return s->planned || s->known == db->generation;
}

/* Once through: no retry. */
static struct db_result *
run(struct db *db, void *mem, struct statement *s, const struct sql_arg *args,
    struct db_error *e)
{
    struct bound b;
    PGresult *pg;

    *e = (struct db_error){ 0 };
    if (!db_ready(db, mem, e))
        return NULL;
    if (!db_knows(db, s)) {
        db_send(db, s->sql, args);
        return db_receive_first(db, mem, e);
    }
    db_bind(&b, mem, args);
    if (!db_send_one(db, s, &b) || !db_take(db, false, &pg) || pg == NULL)
        return db_silent(db, mem, e);
    db->used = clock_steady();
    return db_result_take(db, mem, pg, e);
}

static bool
again(struct db *db, struct statement *s, const struct db_error *e, int try)
{
    if (db_outdated(e)) {
        db_statement_forget(db, s);
        return !db->transaction && try == 0;
    }
    return !db->transaction && db_may_retry(e, try);
}

struct db_result *
db_query(struct db *db, void *mem, const char *sql, const struct sql_arg *args,
         struct db_error *ret_error)
{
    int64_t began = clock_steady();
    struct statement *s = db_statement(db, sql);
    struct db_result *res;
    int try = 0;

    if (db->queue_len > 0)
        BUG("a statement between db_send and db_receive: %.80s", sql);
    if (db->worker != NULL)
        worker_sql(db->worker, sql);
    do
        res = run(db, mem, s, args, ret_error);
    while (ret_error->failed && again(db, s, ret_error, try++));
    if (db->worker != NULL)
        worker_sql_end(db->worker);
    db_count(db, sql, began, ret_error);
    return res;
}

/* ---- Sundries ------------------------------------------------------------ */

const struct metric db_metrics[] = {
    { .name = "sparkle_postgresql_duration_seconds",
      .type = METRIC_HISTOGRAM,
      .fine = true,
      .help = "What a worker waited for the answer to a statement." },
    { 0 },
};

/* The text has no values in it: those are $1, $2. */
static void
log_statement(const char *sql, int64_t us, const struct db_error *e)
{
    char begin[241];

    if (!log_wants(LOG_DEBUG))
        return;
    (void)snprintf(begin, sizeof begin, "%s", sql);
    log_event(LOG_DEBUG, "statement", LOG_MILLIS("ms", us),
              LOG_TEXT("sql", begin),
              LOG_TEXT("state", e->failed ? e->sqlstate : "00000"));
}

void
db_count(struct db *db, const char *sql, int64_t began,
         const struct db_error *e)
{
    int64_t us = clock_steady() - began;

    if (e->failed)
        db_note(db, e);
    if (db->worker != NULL)
        metric_observe(db->worker, &db_metrics[0], 0, us);
    log_statement(sql, us, e);
    db->spent.us += us;
    db->spent.statements++;
    db->spent.errors += e->failed && e->constraint == NULL;
}

void
db_spent(struct db *db, struct db_spent *ret)
{
    *ret = db->spent;
    db->spent = (struct db_spent){ 0 };
}

bool
db_ping(struct db *db)
{
    static const char ping_sql[] = SQL(SELECT 1);
    void *mem = mem_context(db, "db ping");
    struct db_error e;
    bool works = db_query(db, mem, ping_sql, NO_ARGS, &e) != NULL;

    mem_free(mem);
    return works;
}
