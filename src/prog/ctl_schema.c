/*
 * ctl_schema.c - sparklectl migrate: bring the database's schema up to date.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "core/db.h"
#include "core/schema.h"
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

/* Statements that lock a table that is there already, and how. */
static const struct {
    const char *begins;
    const char *lock;
} locks[] = {
    { "ALTER TABLE ", "ACCESS EXCLUSIVE: blocks reads and writes" },
    { "CREATE INDEX CONCURRENTLY ", "SHARE UPDATE EXCLUSIVE: blocks nobody" },
    { "CREATE INDEX ", "SHARE: blocks writes" },
    { "CREATE UNIQUE INDEX ", "SHARE: blocks writes" },
    { "DROP TABLE ", "ACCESS EXCLUSIVE: blocks reads and writes" },
    { "UPDATE ", "ROW EXCLUSIVE, and a lock on each row" },
    { "DELETE FROM ", "ROW EXCLUSIVE, and a lock on each row" },
};

static const char size_sql[] = SQL(
    SELECT coalesce(max(c.reltuples), -1)::bigint,
        pg_size_pretty(coalesce(max(pg_total_relation_size(c.oid)), 0))
    FROM pg_class c WHERE c.oid = to_regclass($1)
);

/* The table that a statement is about: the word after its beginning, or after
 * ON for an index. */
static const char *
table_of(void *mem, const char *line, const char *begins)
{
    const char *p = line + strlen(begins);

    if (strstr(begins, "INDEX") != NULL) {
        const char *on = strstr(p, " ON ");

        if (on == NULL)
            return "";
        p = on + 4;
    }
    if (strncmp(p, "ONLY ", 5) == 0)
        p += 5;
    return mem_strndup(mem, p, strcspn(p, " (;\n"));
}

static void
print_lock(struct ctl *c, struct db *db, const char *line, size_t i)
{
    struct db_error error;
    const char *table = table_of(c->mem, line, locks[i].begins);
    struct db_result *res =
        db_query(db, c->mem, size_sql, ARGS(ARG(table)), &error);

    if (error.failed || db_integer(res, 0, 0) < 0)
        return; /* made by these migrations themselves */
    (void)printf("    %s%s: %s; about %" PRId64 " rows, %s\n", locks[i].begins,
                 table, locks[i].lock, db_integer(res, 0, 0),
                 db_text(res, 0, 1, NULL));
}

static void
print_plan(struct ctl *c, struct db *db, const struct schema_step *step)
{
    (void)printf("%04" PRId64 "-%s%s\n", step->version, step->name,
                 step->outside ? " (outside a transaction)" : "");
    for (const char *line = step->sql; line != NULL;) {
        for (size_t i = 0; i < sizeof locks / sizeof *locks; i++)
            if (strncmp(line, locks[i].begins, strlen(locks[i].begins)) == 0) {
                print_lock(c, db, line, i);
                break;
            }
        line = strchr(line, '\n');
        if (line != NULL)
            line++;
    }
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
    },
    { 0 },
};
