/*
 * schema_test.c - core/sql_script: where statements end; core/schema_lock:
 * what they lock.
 */
#include <CUnit/CUnit.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "core/schema_lock.h"
#include "core/sql_script.h"
#include "tests/unit/context.h"

int schema_suite(void);

/* Words joined by blanks, statements by bars. */
static const char *
read_all(const char *sql)
{
    struct text *t = text_new(mem);
    struct sql_statement s;

    while (sql_statement_next(mem, &sql, &s)) {
        if (t->len > 0)
            text_adds(t, " | ");
        for (size_t i = 0; i < s.n; i++) {
            if (i > 0)
                text_addc(t, ' ');
            text_adds(t, s.words[i]);
        }
    }
    return t->at;
}

static void
test_statements(void)
{
    static const struct {
        const char *sql, *words;
    } rows[] = {
        { "", "" },
        { " ;; -- nothing\n ; /* a; /* b; */ c; */ ", "" },
        { "a; b;c", "a | b | c" },
        { "ALTER TABLE t ADD x int; DROP TABLE u", /* on one line */
          "ALTER TABLE t ADD x int | DROP TABLE u" },
        { "DROP -- a comment; with a ' and a $$\nTABLE t", "DROP TABLE t" },
        { "a /* ; ' \" */ b", "a b" },
        { "a /* /* ; */ ; */ b; c", "a b | c" },
        { "SELECT 'a;''b;' ; c", "SELECT '' | c" },
        { "SELECT 'a\\'; c", "SELECT '' | c" },
        { "SELECT E'a\\';b' ; c", "SELECT '' | c" },
        { "SELECT e'\\\\'; c", "SELECT '' | c" },
        { "SELECT x'1f;', N';'; c", "SELECT '' , '' | c" },
        { "DROP TABLE \"a;\"\"b\" ; c", "DROP TABLE \"a;\"\"b\" | c" },
        { "DO $$ a; 'b $x$ $$; c", "DO '' | c" },
        { "DO $body$ a; $$ b; $bod$ $body$; c", "DO '' | c" },
        { "SELECT $1; SELECT a$b$; c", "SELECT $ 1 | SELECT a$b$ | c" },
        { "SELECT public . users.id, t.*", "SELECT public.users.id , t *" },
        { "SELECT \"A\".\"b\", 1.5, x. y", "SELECT \"A\".\"b\" , 1.5 , x.y" },
        { "CREATE RULE r AS ON UPDATE TO t DO (a; b); c",
          "CREATE RULE r AS ON UPDATE TO t DO ( a ; b ) | c" },
        { "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC "
          "SELECT CASE WHEN a THEN 1 END; SELECT 2; END; c",
          "CREATE OR REPLACE FUNCTION f ( ) RETURNS int BEGIN ATOMIC "
          "SELECT CASE WHEN a THEN 1 END ; SELECT 2 ; END | c" },
        { "BEGIN; a; END; c", "BEGIN | a | END | c" },
        { "SELECT 'open; b", "SELECT ''" }, /* PostgreSQL will say so */
        { "DO $x$ open; b", "DO ''" },
        { "a /* open; b", "a" },
        { "a ) ; b", "a ) | b" },
        { "SELECT 'ü;', ü.ö; c", "SELECT '' , ü.ö | c" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CU_ASSERT_STRING_EQUAL(read_all(rows[i].sql), rows[i].words);
}

/* "what object", joined by bars; an object that nobody knows is ?. */
static const char *
locks_of(const char *sql)
{
    struct text *t = text_new(mem);
    struct schema_locks locks = schema_locks(mem, sql);

    for (size_t i = 0; i < locks.n; i++)
        text_addf(t, "%s%s %s", i > 0 ? " | " : "", locks.at[i].what,
                  locks.at[i].object != NULL ? locks.at[i].object : "?");
    return t->at;
}

static void
test_locks(void)
{
    static const struct {
        const char *sql, *locks;
    } rows[] = {
        { "SELECT 1; GRANT SELECT ON users TO x; CREATE TABLE t (a int)", "" },
        { "create index on users (a)", "CREATE INDEX users" },
        { "CREATE INDEX IF NOT EXISTS i ON ONLY public.users USING gin (a)",
          "CREATE INDEX public.users" },
        { "CREATE UNIQUE INDEX CONCURRENTLY i\n  ON users (a)",
          "CREATE INDEX CONCURRENTLY users" },
        { "DROP INDEX IF EXISTS i, j", "DROP INDEX i | DROP INDEX j" },
        { "DROP INDEX CONCURRENTLY i", "DROP INDEX CONCURRENTLY i" },
        { "TRUNCATE users, ONLY posts *, x CASCADE",
          "TRUNCATE users | TRUNCATE posts | TRUNCATE x" },
        { "TRUNCATE TABLE users", "TRUNCATE users" },
        { "a; ALTER TABLE users ADD x int; DROP TABLE posts -- and\n, tags",
          "ALTER TABLE users | DROP TABLE posts | DROP TABLE tags" },
        { "ALTER TABLE IF EXISTS ONLY a.b VALIDATE CONSTRAINT c",
          "ALTER TABLE VALIDATE CONSTRAINT a.b" },
        { "INSERT INTO x VALUES ('DROP TABLE users; ')", "INSERT INTO x" },
        { "UPDATE users SET a = 'b'; UPDATE users SET c = 1", "UPDATE users" },
        { "WITH a AS (DELETE FROM posts RETURNING id), b AS (SELECT 1 FROM c "
          "FOR UPDATE) INSERT INTO d SELECT 1 ON CONFLICT DO UPDATE SET e = 1",
          "DELETE FROM posts | INSERT INTO d" },
        { "CREATE TABLE t (u uuid REFERENCES users, v int, FOREIGN KEY (v) "
          "REFERENCES public.posts (id))",
          "REFERENCES users | REFERENCES public.posts" },
        { "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES users NOT VALID",
          "ALTER TABLE t | REFERENCES users" },
        { "CREATE TABLE p PARTITION OF t FOR VALUES IN (1)",
          "CREATE TABLE PARTITION OF t" },
        { "CREATE TABLE p (a int) PARTITION BY RANGE (a)", "" },
        { "CREATE TRIGGER a AFTER UPDATE OF b ON t EXECUTE FUNCTION f()",
          "CREATE TRIGGER t" },
        { "CREATE OR REPLACE VIEW v AS SELECT 1", "CREATE VIEW v" },
        { "DROP SCHEMA s CASCADE; DO $$ BEGIN DROP TABLE users; END $$",
          "DROP SCHEMA ? | DO ?" },
        { "DROP FUNCTION f; DROP TYPE t CASCADE", "DROP CASCADE ?" },
        { "VACUUM (FULL, ANALYZE) users; CLUSTER posts; LOCK TABLE a, b IN "
          "SHARE MODE",
          "VACUUM FULL users | CLUSTER posts | LOCK TABLE a | "
          "LOCK TABLE b" },
        { "REINDEX (VERBOSE) DATABASE x; REINDEX TABLE t",
          "REINDEX ? | REINDEX t" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CU_ASSERT_STRING_EQUAL(locks_of(rows[i].sql), rows[i].locks);
}

static void
test_modes(void)
{
    struct schema_locks locks = schema_locks(
        mem, "DROP INDEX a; CREATE INDEX b ON c (d); INSERT INTO e VALUES (1)");

    CU_ASSERT_EQUAL_FATAL(locks.n, 3);
    CU_ASSERT_TRUE(text_starts(locks.at[0].lock, "ACCESS EXCLUSIVE:"));
    CU_ASSERT_TRUE(text_starts(locks.at[1].lock, "SHARE: blocks writes"));
    CU_ASSERT_TRUE(text_starts(locks.at[2].lock, "ROW EXCLUSIVE:"));
}

int
schema_suite(void)
{
    CU_TestInfo tests[] = {
        { "statements end where PostgreSQL ends them", test_statements },
        { "what a statement locks", test_locks },
        { "how it locks", test_modes },
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        { .pName = "schema",
          .pInitFunc = context_begin,
          .pCleanupFunc = context_end,
          .pTests = tests },
        CU_SUITE_INFO_NULL,
    };

    return (int)CU_register_suites(suites);
}
