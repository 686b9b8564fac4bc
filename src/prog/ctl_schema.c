/*
 * ctl_schema.c - sparklectl migrate: bring the database's schema up to date.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/mem.h"
#include "core/db.h"
#include "core/schema.h"
#include "core/schema_lock.h"
#include "prog/ctl.h"

static void
print_done(const struct schema_step *step, int64_t us)
{
    if (step->version == 0)
        (void)printf("views, functions and grants: %" PRId64 " ms\n",
                     us / 1000);
    else
        (void)printf("%04" PRId64 "-%s: %" PRId64 " ms\n", step->version,
                     step->name, us / 1000);
}

/* ---- --plan ------------------------------------------------------------- */

/*
 * The table of a name, or of an index's name, with its partitions; no row where
 * there is none yet.  A table that was not analysed since it was made or
 * restored has -1 rows.
 */
static const char size_sql[] = SQL(
    WITH it AS (
        SELECT coalesce(i.indrelid, c.oid) AS oid, i.indrelid IS NOT NULL AS of
        FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid
        WHERE c.oid = to_regclass($1)
    ), part AS (
        SELECT p.relid AS oid FROM it, pg_partition_tree(it.oid) p
        UNION SELECT oid FROM it
    )
    SELECT CASE WHEN it.of THEN it.oid::regclass::text END,
        coalesce(CASE WHEN min(c.reltuples) FILTER (WHERE c.relkind <> 'p') < 0
            THEN -1 ELSE sum(c.reltuples) FILTER (WHERE c.relkind <> 'p') END,
            0)::bigint,
        pg_size_pretty(sum(pg_total_relation_size(c.oid))),
        bool_or(c.relkind = 'v')
    FROM it, part JOIN pg_class c ON c.oid = part.oid GROUP BY it.oid, it.of
);

static void
print_size(const struct db_result *res)
{
    int64_t rows = db_integer(res, 0, 1);

    if (db_boolean(res, 0, 3))
        (void)puts(" (a view)");
    else if (rows < 0)
        (void)printf("; rows unknown until it is analysed, %s\n",
                     db_text(res, 0, 2, NULL));
    else
        (void)printf("; about %" PRId64 " rows, %s\n", rows,
                     db_text(res, 0, 2, NULL));
}

static void
print_lock(struct ctl *c, struct db *db, const struct schema_lock *lock)
{
    struct db_error error;
    struct db_result *res;

    if (lock->object == NULL) {
        (void)printf("    %s: %s\n", lock->what, lock->lock);
        return;
    }
    res = db_query(db, c->mem, size_sql, ARGS(ARG(lock->object)), &error);
    if (!error.failed && db_rows(res) == 0)
        return; /* made by these migrations themselves */
    (void)printf("    %s %s", lock->what, lock->object);
    if (!error.failed && !db_null(res, 0, 0))
        (void)printf(" of %s", db_text(res, 0, 0, NULL));
    (void)printf(": %s", lock->lock);
    if (error.failed)
        (void)printf("; its size: %s\n", error.message);
    else
        print_size(res);
}

static void
print_plan(struct ctl *c, struct db *db, const struct schema_step *step)
{
    struct schema_locks locks = schema_locks(c->mem, step->sql);

    (void)printf("%04" PRId64 "-%s%s\n", step->version, step->name,
                 step->outside ? " (outside a transaction)" : "");
    for (size_t i = 0; i < locks.n; i++)
        print_lock(c, db, &locks.at[i]);
}

/* ---- migrate ------------------------------------------------------------ */

static int
migrate(struct ctl *c, int argc, char **argv)
{
    struct schema s;
    struct text *faults = text_new(c->mem);
    struct db *db = ctl_owner_db(c);
    bool plan = ctl_flag(&argc, argv, "plan");

    if (argc > 0)
        return ctl_fail("migrate takes no %s", argv[0]);
    if (!schema_read(c->mem, c->sql, db, &s, faults))
        return ctl_fail("%s", faults->at);
    if (schema_pending(&s) == 0) {
        (void)puts("The schema is up to date.");
        return 0;
    }
    if (plan) {
        for (size_t i = 0; i < s.n; i++)
            if (!s.steps[i].applied)
                print_plan(c, db, &s.steps[i]);
        return 0;
    }
    if (!schema_apply(c->mem, &s, db, print_done, faults))
        return ctl_fail("%s", faults->at);
    return 0;
}

const struct ctl_command ctl_schema_commands[] = {
    {
        .name = "migrate",
        .usage = "[--plan]",
        .about = "Bring the schema up to date; --plan tells what would be "
                 "done, with the locks and the sizes of their tables.",
        .run = migrate,
        .as_root = true,
    },
    { 0 },
};
