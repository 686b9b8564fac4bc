/*
 * db_transact.c - transactions: opened, joined by savepoints, run again.
 */
#include "core/db_local.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"

static const char *const begin_sql[] = {
    [DB_READ_COMMITTED] =
        SQL(BEGIN), [DB_REPEATABLE_READ] =
                        SQL(BEGIN ISOLATION LEVEL REPEATABLE READ),
                            [DB_SERIALIZABLE] =
                                SQL(BEGIN ISOLATION LEVEL SERIALIZABLE),
                            };
static const char commit_sql[] = SQL(COMMIT);
static const char rollback_sql[] = SQL(ROLLBACK);
/* Names nest: an inner savepoint hides the outer one of the same name. */
static const char savepoint_sql[] = SQL(SAVEPOINT inner_work);
static const char release_sql[] = SQL(RELEASE SAVEPOINT inner_work);
static const char rollback_to_sql[] = SQL(ROLLBACK TO SAVEPOINT inner_work);

typedef const struct problem *transact_body(struct db *db, void *mem,
                                            void *with);

/* Runs a statement of ours; the error's texts live as long as mem. */
static struct db_result *
command(struct db *db, void *mem, const char *sql, struct db_error *e)
{
    return db_query(db, mem, sql, NO_ARGS, e);
}

bool
db_in_transaction(const struct db *db)
{
    return db->transaction;
}

bool
db_broken(const struct db *db)
{
    return db->transaction && db->failure.failed;
}

bool
db_worth_again(const struct db *db, int try)
{
    return db_broken(db) && !db->failure.lost &&
           db_may_retry(&db->failure, try);
}

static bool
open_transaction(struct db *db, void *mem, enum db_isolation level,
                 struct db_error *e)
{
    if (db->transaction)
        BUG("a transaction in a transaction");
    if (command(db, mem, begin_sql[level], e) == NULL)
        return false;
    db->transaction = true;
    db->level = level;
    db->transaction_generation = db->generation;
    db->failure = (struct db_error){ 0 };
    mem_clear(db->notes);
    return true;
}

/* After a failure COMMIT would roll back, too, but call it a success. */
static bool
close_transaction(struct db *db, void *mem, struct db_error *e)
{
    if (!db->transaction)
        BUG("a commit without a transaction");
    if (db->failure.failed) {
        db_rollback(db);
        db_fail(mem, e, "25P02", "a statement of the transaction failed");
        return false;
    }
    bool done = command(db, mem, commit_sql, e) != NULL;

    db->transaction = false;
    return done;
}

bool
db_begin_at(struct db *db, enum db_isolation level, struct db_error *ret_error)
{
    mem_clear(db->scratch);
    return open_transaction(db, db->scratch, level, ret_error);
}

bool
db_begin(struct db *db, struct db_error *ret_error)
{
    return db_begin_at(db, DB_READ_COMMITTED, ret_error);
}

bool
db_commit(struct db *db, struct db_error *ret_error)
{
    return close_transaction(db, db->scratch, ret_error);
}

void
db_rollback(struct db *db)
{
    struct db_error e;

    if (!db->transaction)
        BUG("a rollback without a transaction");
    /* Where the connection went, the transaction went with it. */
    if (db->ready && db->transaction_generation == db->generation)
        (void)command(db, db->scratch, rollback_sql, &e);
    db->transaction = false;
}

/* ---- db_transact --------------------------------------------------------- */

/* One run of the body; the failure, if there was one, is in *e. */
static const struct problem *
run_alone(struct db *db, void *mem, enum db_isolation level,
          transact_body *body, void *with, struct db_error *e)
{
    if (!open_transaction(db, mem, level, e))
        return NULL;

    const struct problem *problem = body(db, mem, with);

    if (problem == NULL && !db->failure.failed) {
        (void)close_transaction(db, mem, e);
        return NULL;
    }
    *e = db->failure;
    db_rollback(db);
    return problem;
}

/* The same in a transaction that is open: its earlier work stays. */
static const struct problem *
run_inside(struct db *db, void *mem, transact_body *body, void *with,
           struct db_error *e)
{
    if (command(db, mem, savepoint_sql, e) == NULL)
        return NULL;

    const struct problem *problem = body(db, mem, with);
    struct db_error failure = db->failure, undo;

    if (problem == NULL && !failure.failed) {
        (void)command(db, mem, release_sql, e);
        return NULL;
    }
    *e = failure;
    if (command(db, mem, rollback_to_sql, &undo) != NULL &&
        command(db, mem, release_sql, &undo) != NULL)
        db->failure = (struct db_error){ 0 };
    return problem;
}

/* What failed on the way of a transaction that was open before may depend on
 * its snapshot and locks: only a deadlock is worth another try there. */
static bool
worth_retry(const struct db *db, const struct db_error *e, int try)
{
    if (!e->failed || e->lost)
        return false;
    if (db_outdated(e))
        return try == 0;
    if (db->transaction && strcmp(e->sqlstate, "40P01") != 0)
        return false;
    return db_may_retry(e, try);
}

/* The texts of a remembered failure go with the next transaction. */
static void
keep_texts(void *mem, struct db_error *e)
{
    if (e->message != NULL)
        e->message = mem_strdup(mem, e->message);
    if (e->constraint != NULL)
        e->constraint = mem_strdup(mem, e->constraint);
}

const struct problem *
db_transact_at(struct db *db, void *mem, enum db_isolation level,
               transact_body *body, void *with, struct db_error *ret_error)
{
    const struct problem *problem;
    int try = 0;

    if (db->transaction && db->level < level)
        BUG("a transaction of level %d in one of level %d", level, db->level);

    if (db->transaction && db->failure.failed) {
        db_fail(mem, ret_error, "25P02", "an earlier statement failed");
        return &problem_internal;
    }
    do {
        *ret_error = (struct db_error){ 0 };
        problem = db->transaction
                      ? run_inside(db, mem, body, with, ret_error)
                      : run_alone(db, mem, level, body, with, ret_error);
    } while (worth_retry(db, ret_error, try++));
    keep_texts(mem, ret_error);
    return problem != NULL ? problem : db_problem(ret_error);
}

const struct problem *
db_transact(struct db *db, void *mem, transact_body *body, void *with,
            struct db_error *ret_error)
{
    return db_transact_at(db, mem, DB_READ_COMMITTED, body, with, ret_error);
}
