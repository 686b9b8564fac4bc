/*
 * batch_make.c - see batch.h: what only C can make of a row (excerpts, search
 * vectors) is made later of rows that SQL alone wrote.
 */
#include "core/batch.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/uuid.h"
#include "core/db.h"

/* Some of the rows that wait. */
struct making {
    const struct batch_making *kind;
    size_t n;
    const char *ids[BATCH_MADE];
    const char *made[BATCH_TEXTS][BATCH_MADE];
};

static void
make_row(void *mem, struct making *x, const struct db_result *res, size_t row)
{
    const struct uuid id = db_uuid(res, row, 0);
    char *name = mem_alloc(mem, UUID_TEXT);
    const char *made[BATCH_TEXTS] = { NULL };

    uuid_write(&id, name);
    x->ids[row] = name;
    x->kind->make(mem, res, row, made);
    for (int i = 0; i < x->kind->texts; i++)
        x->made[i][row] = made[i];
}

static const struct problem *
make_rows(struct db *db, void *mem, void *with)
{
    struct making *x = with;
    const int64_t most = x->kind->rows;
    struct db_error error;
    const struct db_result *res =
        db_query(db, mem, x->kind->read_sql, ARGS(ARG(most)), &error);

    x->n = error.failed ? 0 : db_rows(res);
    if (x->n == 0)
        return NULL;
    for (size_t i = 0; i < x->n; i++)
        make_row(mem, x, res, i);
    struct texts columns[1 + BATCH_TEXTS] = { { x->ids, x->n } };
    struct sql_arg args[2 + BATCH_TEXTS] = { ARG(columns[0]) };
    for (int i = 0; i < x->kind->texts; i++) {
        columns[1 + i] = (struct texts){ x->made[i], x->n };
        args[1 + i] = (struct sql_arg)ARG(columns[1 + i]);
    }
    (void)db_query(db, mem, x->kind->write_sql, args, &error);
    return NULL;
}

int64_t
batch_make_some(struct db *db, void *mem, const struct batch_making *m)
{
    struct making x = { .kind = m };
    struct db_error error;

    if (db_transact(db, mem, make_rows, &x, &error) == NULL)
        return (int64_t)x.n;
    log_error("%s: %s", m->name, error.message);
    return -1;
}

int64_t
batch_make(struct job *job, bool dry_run, const struct batch_making *m)
{
    if (dry_run)
        return batch_value(job, m->count_sql, NO_ARGS);
    int64_t n = batch_make_some(job->db, job->mem, m);

    job->more = n == m->rows;
    return n;
}
