/*
 * db_test.c - statements, values there and back, failures.  Needs
 * SPARKLE_TEST_PG, a connection string.
 */
#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "core/db_local.h"
#include "tests/unit/suites.h"
#include "tests/unit/things.h"

static int64_t
number(const char *sql)
{
    return db_integer(query(sql, NO_ARGS), 0, 0);
}

/* ---- How safe ------------------------------------------------------------ */

static void
other_hosts_are_verified(void)
{
    static const struct {
        const char *host, *name, *sslmode, *wanted;
    } cases[] = {
        { NULL, "sparkle", NULL, "prefer" },
        { "/run/postgresql", "sparkle", NULL, "prefer" },
        { "@sparkle", "sparkle", NULL, "prefer" },
        { "localhost", "sparkle", NULL, "prefer" },
        { "127.0.0.1", "sparkle", NULL, "prefer" },
        { "127.9.8.7", "sparkle", NULL, "prefer" },
        { "::1", "sparkle", NULL, "prefer" },
        { "localhost,/run/postgresql", "sparkle", NULL, "prefer" },
        { "db.example.org", "sparkle", NULL, "verify-full" },
        { "localhost.example.org", "sparkle", NULL, "verify-full" },
        { "10.0.0.5", "sparkle", NULL, "verify-full" },
        { "128.0.0.1", "sparkle", NULL, "verify-full" },
        { "127.0.0.1.example.org", "sparkle", NULL, "verify-full" },
        { "::2", "sparkle", NULL, "verify-full" },
        { "/run/postgresql,db.example.org", "sparkle", NULL, "verify-full" },
        { "db.example.org", "sparkle", "require", "require" },
        { "localhost", "sparkle", "verify-ca", "verify-ca" },
        /* The string's host wins over the setting, as in libpq. */
        { NULL, "postgresql://db.example.org/s", NULL, "verify-full" },
        { "/run/postgresql", "host=db.example.org dbname=s", NULL,
          "verify-full" },
        { "db.example.org", "postgresql://localhost/s", NULL, "prefer" },
        { NULL, "host=localhost hostaddr=10.0.0.5", NULL, "verify-full" },
        { NULL, "postgresql:///s?host=/run/postgresql", NULL, "prefer" },
        { NULL, "service=elsewhere", NULL, "verify-full" },
    };

    (void)unsetenv("PGHOST");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct db_settings s = { .host = cases[i].host,
                                       .name = cases[i].name,
                                       .sslmode = cases[i].sslmode };

        CU_ASSERT_STRING_EQUAL(db_sslmode(&s), cases[i].wanted);
    }
}

/* ---- Values -------------------------------------------------------------- */

static const char echo_sql[] =
    SQL(
    SELECT $1 + 0, $2, $3, $4, $5, $6, $7, $8, $9
);

static void
values_go_and_come(void)
{
    const char *const words[] = { "a", "", "\xc3\xa9,{\"}" };
    int64_t n = INT64_MIN;
    const char *text = "it's \xc3\xa9";
    bool yes = true;
    struct uuid id = uuid_new();
    struct instant now = { clock_now() };
    struct texts list = { words, 3 };
    struct bytes bytes = { (const uint8_t *)"a\0b", 3 };
    struct json_text json = { "{\"a\": [1, 2]}" };
    double real = -1.5e300;

    /* Twice: with the Parse, and without. */
    for (int i = 0; i < 2; i++) {
        struct db_result *r =
            query(echo_sql, ARGS(ARG(n), ARG(text), ARG(yes), ARG(id), ARG(now),
                                 ARG(list), ARG(bytes), ARG(json), ARG(real)));
        struct uuid back = db_uuid(r, 0, 3);
        struct texts list_back = db_texts(mem, r, 0, 5);
        size_t len;

        CU_ASSERT_EQUAL(db_rows(r), 1);
        CU_ASSERT_EQUAL(db_columns(r), 9);
        CU_ASSERT_EQUAL(db_integer(r, 0, 0), n);
        CU_ASSERT_STRING_EQUAL(db_text(r, 0, 1, &len), text);
        CU_ASSERT_EQUAL(len, strlen(text));
        CU_ASSERT_TRUE(db_boolean(r, 0, 2));
        CU_ASSERT_TRUE(uuid_same(&back, &id));
        CU_ASSERT_EQUAL(db_time(r, 0, 4).us, now.us);
        CU_ASSERT_EQUAL_FATAL(list_back.n, 3);
        CU_ASSERT_STRING_EQUAL(list_back.at[1], "");
        CU_ASSERT_STRING_EQUAL(list_back.at[2], words[2]);
        CU_ASSERT_EQUAL(db_bytes(r, 0, 6).len, 3);
        CU_ASSERT_EQUAL(memcmp(db_bytes(r, 0, 6).at, "a\0b", 3), 0);
        CU_ASSERT_STRING_EQUAL(db_text(r, 0, 7, &len), json.text);
        CU_ASSERT_EQUAL(len, strlen(json.text));
        CU_ASSERT_EQUAL(db_real(r, 0, 8), real);
    }
}

static void
nothing_is_null(void)
{
    const char *text = NULL;
    struct uuid id = { 0 };
    struct instant time = { 0 };
    struct texts list = { 0 }, empty = { (const char *const[]){ NULL }, 0 };
    struct maybe_integer maybe = { 0 };
    struct maybe_boolean perhaps = { 0 };
    struct bytes bytes = { 0 };
    struct json_text json = { 0 };
    static const char sql[] = SQL(
        SELECT $1::text, $2::uuid, $3::timestamptz, $4::text[], $5::bigint,
            $6::boolean, $7::bytea, $8::jsonb, $9::text[]
    );
    struct db_result *r =
        query(sql, ARGS(ARG(text), ARG(id), ARG(time), ARG(list), ARG(maybe),
                        ARG(perhaps), ARG(bytes), ARG(json), ARG(empty)));

    for (size_t i = 0; i < 8; i++)
        CU_ASSERT_TRUE(db_null(r, 0, i));
    CU_ASSERT_FALSE(db_null(r, 0, 8));
    CU_ASSERT_EQUAL(db_texts(mem, r, 0, 8).n, 0);
    CU_ASSERT_PTR_NULL(db_texts(mem, r, 0, 3).at);
    CU_ASSERT_PTR_NOT_NULL(db_texts(mem, r, 0, 8).at);
    CU_ASSERT_PTR_NULL(db_text(r, 0, 0, NULL));
    CU_ASSERT_EQUAL(db_integer(r, 0, 4), 0);
}

static void
widths_are_known(void)
{
    static const char sql[] = SQL(
        SELECT (-2)::int2, (-3)::int4, 4000000000::oid, 1.5::float4,
            'x'::varchar, 'y'::name, '[1]'::json, 'infinity'::timestamptz
    );
    struct db_result *r = query(sql, NO_ARGS);

    CU_ASSERT_EQUAL(db_integer(r, 0, 0), -2);
    CU_ASSERT_EQUAL(db_integer(r, 0, 1), -3);
    CU_ASSERT_EQUAL(db_integer(r, 0, 2), 4000000000);
    CU_ASSERT_EQUAL(db_real(r, 0, 3), 1.5);
    CU_ASSERT_STRING_EQUAL(db_text(r, 0, 4, NULL), "x");
    CU_ASSERT_STRING_EQUAL(db_text(r, 0, 5, NULL), "y");
    CU_ASSERT_STRING_EQUAL(db_text(r, 0, 6, NULL), "[1]");
    CU_ASSERT_EQUAL(db_time(r, 0, 7).us, INT64_MAX);
}

static void
odd_types_are_refused(void)
{
    static const char sql[] = SQL(SELECT 1.5::numeric AS price);

    CU_ASSERT_PTR_NULL(db_query(db, mem, sql, NO_ARGS, &error));
    CU_ASSERT_TRUE(error.failed);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "price"));
}

static void
columns_have_names(void)
{
    static const char sql[] = SQL(SELECT 1::bigint AS a, 'x' AS "B c");
    struct db_result *r = query(sql, NO_ARGS);

    CU_ASSERT_EQUAL(db_column(r, "B c"), 1);
    CU_ASSERT_EQUAL(db_column(r, "b"), -1);
    CU_ASSERT_STRING_EQUAL(db_column_name(r, 0), "a");
    CU_ASSERT_EQUAL(db_column_type(r, 1), VALUE_TEXT);
}

/* ---- Failures ------------------------------------------------------------ */

static const char insert_sql[] = SQL(INSERT INTO things VALUES ($1, $2));
static const char delete_sql[] = SQL(DELETE FROM things);

static void
constraints_are_named(void)
{
    int64_t id = 1, n = 100;

    CU_ASSERT_PTR_NULL(
        db_query(db, mem, insert_sql, ARGS(ARG(id), ARG(n)), &error));
    CU_ASSERT_STRING_EQUAL(error.sqlstate, "23514");
    CU_ASSERT_STRING_EQUAL(error.constraint, "things_n_small");
    CU_ASSERT_FALSE(error.lost);
    CU_ASSERT_PTR_EQUAL(db_problem(&error), &problem_internal);
    n = 5;
    CU_ASSERT_EQUAL(db_affected(query(insert_sql, ARGS(ARG(id), ARG(n)))), 1);
    CU_ASSERT_EQUAL(db_affected(query(delete_sql, NO_ARGS)), 1);
}

static void
planned_texts_run(void)
{
    static const char sql[] = SQL_PLANNED SQL(SELECT $1::bigint * 2);
    int64_t n = 21;

    for (int i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(db_integer(query(sql, ARGS(ARG(n))), 0, 0), 42);
    CU_ASSERT_EQUAL(number("SELECT count(*) FROM pg_prepared_statements"
                           " WHERE statement LIKE '%planned%' AND name <> ''"
                           " AND statement NOT LIKE '%count%'"),
                    0);
}

/* A migration changes what a statement returns: it is prepared anew. */
static void
changed_columns_are_followed(void)
{
    static const char sql[] = SQL(SELECT * FROM wider);
    struct db *own = db_new(mem, &settings, NULL);
    struct db_result *r;

    CU_ASSERT_TRUE(db_script(
        own, mem, "CREATE TEMP TABLE wider AS SELECT 1::bigint AS a", &error));
    r = db_query(own, mem, sql, NO_ARGS, &error);
    CU_ASSERT_EQUAL(db_columns(r), 1);
    CU_ASSERT_TRUE(
        db_script(own, mem, "ALTER TABLE wider ADD b bigint", &error));
    r = db_query(own, mem, sql, NO_ARGS, &error);
    CU_ASSERT_EQUAL_FATAL(db_columns(r), 2);
    CU_ASSERT_TRUE(db_script(own, mem, "DEALLOCATE ALL", &error));
    r = db_query(own, mem, sql, NO_ARGS, &error);
    CU_ASSERT_PTR_NOT_NULL(r);
    mem_free(own);
}

static void
silence_is_bounded(void)
{
    /* Who waits for it all the same gets an answer, and no loss. */
    static const char sql[] = SQL(SELECT pg_sleep(5));
    struct db *own = db_new(mem, &settings, NULL);

    settings.timeout = CLOCK_SECOND / 10;
    CU_ASSERT_PTR_NULL(db_query(own, mem, sql, NO_ARGS, &error));
    CU_ASSERT_TRUE(error.lost);
    CU_ASSERT_PTR_EQUAL(db_problem(&error), &problem_unavailable);
    settings.timeout = CLOCK_MINUTE;
    CU_ASSERT_TRUE(db_ping(own));
    mem_free(own);
}

/* A server that is killed says nothing more, in the middle of a statement. */
static void
hanging_up_is_a_loss(void)
{
    static const char sql[] = SQL(SELECT 1 FROM pg_sleep(5));
    struct db *own = db_new(mem, &settings, NULL);

    CU_ASSERT_TRUE(db_ping(own));
    pid_t child = fork();
    if (child == 0) {
        (void)usleep(100000);
        (void)shutdown(PQsocket(own->conn), SHUT_RDWR);
        _exit(0);
    }
    CU_ASSERT_PTR_NULL(db_query(own, mem, sql, NO_ARGS, &error));
    (void)waitpid(child, NULL, 0);
    CU_ASSERT_TRUE(error.lost);
    CU_ASSERT_PTR_EQUAL(db_problem(&error), &problem_unavailable);
    CU_ASSERT_TRUE(db_ping(own));
    mem_free(own);
}

int
db_suite(void)
{
    CU_TestInfo tests[] = {
        { "other hosts are verified", other_hosts_are_verified },
        { "values go and come", values_go_and_come },
        { "nothing is NULL", nothing_is_null },
        { "widths are known", widths_are_known },
        { "odd types are refused", odd_types_are_refused },
        { "columns have names", columns_have_names },
        { "constraints are named", constraints_are_named },
        { "planned texts run", planned_texts_run },
        { "changed columns are followed", changed_columns_are_followed },
        { "silence is bounded", silence_is_bounded },
        { "hanging up is a loss", hanging_up_is_a_loss },
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        { .pName = "db",
          .pInitFunc = begin,
          .pCleanupFunc = context_end,
          .pTests = tests },
        CU_SUITE_INFO_NULL,
    };

    if (getenv("SPARKLE_TEST_PG") == NULL) {
        (void)printf("db: skipped, SPARKLE_TEST_PG is not set\n");
        return 0;
    }
    return (int)CU_register_suites(suites);
}
