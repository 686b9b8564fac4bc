/*
 * db.h - PostgreSQL: statements, results, transactions.  The door to libpq.
 *
 * One connection a process, opened at first use and again when it is lost.
 * A statement is prepared on a connection when it first runs there, known by
 * the address of its text (so texts are constants); arguments and results
 * travel in binary.  In the slow log and the scoreboard the running text is
 * named.  Nothing here needs releasing: results live on the memory given.
 */
#ifndef CORE_DB_H
#define CORE_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/setting.h"
#include "core/problem.h"
#include "core/sql.h"
#include "pool/metrics.h"

struct db;

/* [database] */
extern const struct section db_section;
struct db_settings {
    const char *host; /* or the directory of the socket; NULL: libpq's */
    int64_t port;     /* 0: libpq's */
    const char *name; /* or a whole connection string, postgresql://... */
    const char *user, *password;
    const char *sslmode;                /* NULL: db_sslmode says */
    const char *sslrootcert;            /* NULL: libpq's */
    const char *owner, *owner_password; /* who migrates; sparklectl's */
    int64_t timeout; /* us that a statement is waited for at the most; more
                        than the role's statement_timeout */
};

/*
 * The sslmode of a connection, where the settings' own connection string has
 * none: the setting, or "verify-full", or "prefer" where every host of it is
 * this machine, from which nothing leaves in the clear.
 */
const char *db_sslmode(const struct db_settings *settings);

/* What went wrong with a statement; all zero where nothing did. */
struct db_error {
    bool failed;
    bool lost; /* no connection: nothing is known of the effect */
    char sqlstate[6];
    const char *constraint; /* on the statement's memory; NULL if none */
    const char *message;
};

/* Rows of a statement, decoded on demand. */
struct db_result;

/* w may be NULL (tools): its slot is told what SQL runs. */
struct db *db_new(const void *mem, const struct db_settings *settings,
                  struct worker *w);

/*
 * Runs one statement.  The result (never NULL where ret_error->failed is not
 * set) lives on mem.  Takes at most statement_timeout.  Outside of a
 * transaction it is run again, up to 3 times, on 40001 and 40P01.
 *
 * Column types other than those of sql.h, real, smallint, int, varchar, name,
 * json, enums and citext are refused (XX000, naming the column): cast them.
 * An array of an enum looks like an enum and is a BUG when it is read.
 */
struct db_result *db_query(struct db *db, void *mem, const char *sql,
                           const struct sql_arg *args,
                           struct db_error *ret_error);

/*
 * Several statements in one round trip (pipeline mode), each its own
 * transaction unless one is open: queue with db_send, take the results in the
 * same order with db_receive.
 */
void db_send(struct db *db, const char *sql, const struct sql_arg *args);
struct db_result *db_receive(struct db *db, void *mem,
                             struct db_error *ret_error);

size_t db_rows(const struct db_result *res);
size_t db_columns(const struct db_result *res);
int64_t db_affected(const struct db_result *res);
/* The column of that name, or -1. */
int db_column(const struct db_result *res, const char *name);
const char *db_column_name(const struct db_result *res, size_t column);
enum value_type db_column_type(const struct db_result *res, size_t column);

/*
 * Values by type; BUG where the column has another.  NULL reads as 0, false,
 * all zero or NULL.  Texts live with res.
 */
bool db_null(const struct db_result *res, size_t row, size_t column);
int64_t db_integer(const struct db_result *res, size_t row, size_t column);
double db_real(const struct db_result *res, size_t row, size_t column);
bool db_boolean(const struct db_result *res, size_t row, size_t column);
struct uuid db_uuid(const struct db_result *res, size_t row, size_t column);
struct instant db_time(const struct db_result *res, size_t row, size_t column);
struct bytes db_bytes(const struct db_result *res, size_t row, size_t column);
/* Text and JSON; *ret_len may be NULL. */
const char *db_text(const struct db_result *res, size_t row, size_t column,
                    size_t *ret_len);
struct texts db_texts(void *mem, const struct db_result *res, size_t row,
                      size_t column);

/*
 * What a failure is to the caller, where no refusal of the route names its
 * constraint: unavailable (no connection, no room), timeout, or internal.
 */
const struct problem *db_problem(const struct db_error *error);

/*
 * Runs body in a transaction.  It is rolled back where body returns a
 * problem, or a statement failed; run again up to 3 times, with a back-off and
 * a log line that says why, on 40001 and 40P01.  body gets the caller's `with`,
 * and must touch nothing but the database and what it can do twice.  Returns
 * body's problem; else db_problem of a failed statement, which ret_error tells
 * of; else NULL.
 */
const struct problem *
db_transact(struct db *db, void *mem,
            const struct problem *(*body)(struct db *db, void *mem, void *with),
            void *with, struct db_error *ret_error);

/* The same at a level.  In a transaction that is open this one must be of the
 * level, or a higher one: BUG. */
const struct problem *db_transact_at(
    struct db *db, void *mem, enum db_isolation level,
    const struct problem *(*body)(struct db *db, void *mem, void *with),
    void *with, struct db_error *ret_error);

/*
 * An open transaction around what a handler does (idempotency keys, jobs).
 * db_transact inside one joins it by a savepoint.  False: ret_error says why.
 */
bool db_begin(struct db *db, struct db_error *ret_error);
bool db_begin_at(struct db *db, enum db_isolation level,
                 struct db_error *ret_error);
bool db_commit(struct db *db, struct db_error *ret_error);
void db_rollback(struct db *db);
bool db_in_transaction(const struct db *db);
/* Whether all of a transaction that ended so would go well once more (40001 and
 * 40P01, up to 3 times), after failure number `try`, from 0: logs why, and
 * pauses. */
bool db_may_retry(const struct db_error *error, int try);
/* Whether a statement of the open transaction failed: no other one can run in
 * it, and a commit is a rollback. */
bool db_broken(const struct db *db);
/* Whether that would go well if all were rolled back and done once more (40001
 * and 40P01, up to 3 times), after failure number `try`, from 0; then pauses.
 */
bool db_worth_again(const struct db *db, int try);

/* SQL that is not a constant: migrations and demo data, for tools only. */
bool db_script(struct db *db, void *mem, const char *sql,
               struct db_error *ret_error);

/* How long answers take; to be registered by who gives db_new a worker. */
extern const struct metric db_metrics[];

/* What statements took since the last call, for the log line and metrics. */
struct db_spent {
    int64_t us, statements;
    int64_t errors; /* of them, but for what a constraint refused */
};
void db_spent(struct db *db, struct db_spent *ret);

/* True where a round trip works now, or a new connection can be made. */
bool db_ping(struct db *db);

#endif
