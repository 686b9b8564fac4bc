/*
 * transact_test.c - several statements at once, transactions, and a server
 * that goes away.  Needs SPARKLE_TEST_PG, a connection string.
 */
#include <CUnit/CUnit.h>
#include <string.h>

#include "base/clock.h"
#include "tests/unit/suites.h"
#include "tests/unit/things.h"

static const char insert_sql[] = SQL(INSERT INTO things VALUES ($1, $2));
static const char count_sql[] = SQL(SELECT count(*) FROM things);
static const char delete_sql[] = SQL(DELETE FROM things);

/* ---- Several at once ----------------------------------------------------- */

static void
queued_statements_stand_alone(void)
{
    int64_t id = 1, n = 1, bad = 500;

    db_send(db, insert_sql, ARGS(ARG(id), ARG(n)));
    db_send(db, insert_sql, ARGS(ARG(id), ARG(bad)));
    db_send(db, count_sql, NO_ARGS);
    CU_ASSERT_PTR_NOT_NULL(db_receive(db, mem, &error));
    CU_ASSERT_PTR_NULL(db_receive(db, mem, &error));
    CU_ASSERT_STRING_EQUAL(error.sqlstate, "23514");
    struct db_result *r = db_receive(db, mem, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_EQUAL(db_integer(r, 0, 0), 1);
    (void)query(delete_sql, NO_ARGS);
}

static void
bad_sql_fails_alone(void)
{
    static const char bad_sql[] = SQL(SELECT nothing);

    for (int i = 0; i < 2; i++) {
        db_send(db, bad_sql, NO_ARGS);
        db_send(db, count_sql, NO_ARGS);
        CU_ASSERT_PTR_NULL(db_receive(db, mem, &error));
        CU_ASSERT_STRING_EQUAL(error.sqlstate, "42703");
        CU_ASSERT_PTR_NOT_NULL(db_receive(db, mem, &error));
    }
    CU_ASSERT_PTR_NULL(db_query(db, mem, bad_sql, NO_ARGS, &error));
    CU_ASSERT_TRUE(db_ping(db));
}

/* ---- Transactions -------------------------------------------------------- */

static const char next_sql[] = SQL(SELECT nextval('tries'));
static const char conflict_sql[] = SQL(
    SELECT CASE WHEN nextval('tries') < $1 THEN pg_temp.raise_state('40001') END
);
static const struct problem refused = { 409, "REFUSED", "No.", 0 };

struct work {
    int64_t id, n;
    const struct problem *says;
};

static const struct problem *
insert(struct db *to, void *on, void *with)
{
    struct work *w = with;
    struct db_error e;

    (void)db_query(to, on, insert_sql, ARGS(ARG(w->id), ARG(w->n)), &e);
    return w->says;
}

static void
transactions_commit_or_not(void)
{
    struct work fine = { 1, 1, NULL }, no = { 2, 1, &refused },
                bad = { 3, 500, NULL };

    CU_ASSERT_PTR_NULL(db_transact(db, mem, insert, &fine, &error));
    CU_ASSERT_FALSE(error.failed);
    CU_ASSERT_PTR_EQUAL(db_transact(db, mem, insert, &no, &error), &refused);
    CU_ASSERT_PTR_EQUAL(db_transact(db, mem, insert, &bad, &error),
                        &problem_internal);
    CU_ASSERT_STRING_EQUAL(error.constraint, "things_n_small");
    CU_ASSERT_FALSE(db_in_transaction(db));
    CU_ASSERT_EQUAL(db_integer(query(count_sql, NO_ARGS), 0, 0), 1);
    (void)query(delete_sql, NO_ARGS);
}

static void
inner_work_is_undone_alone(void)
{
    struct work fine = { 1, 1, NULL }, bad = { 2, 500, NULL };

    CU_ASSERT_TRUE(db_begin(db, &error));
    CU_ASSERT_PTR_NULL(db_transact(db, mem, insert, &fine, &error));
    CU_ASSERT_PTR_NOT_NULL(db_transact(db, mem, insert, &bad, &error));
    CU_ASSERT_TRUE(db_commit(db, &error));
    CU_ASSERT_EQUAL(db_integer(query(count_sql, NO_ARGS), 0, 0), 1);

    CU_ASSERT_TRUE(db_begin(db, &error));
    (void)query(delete_sql, NO_ARGS);
    db_rollback(db);
    CU_ASSERT_EQUAL(db_integer(query(count_sql, NO_ARGS), 0, 0), 1);
    (void)query(delete_sql, NO_ARGS);
}

static void
a_failure_is_not_committed(void)
{
    struct work bad = { 2, 500, NULL };

    CU_ASSERT_TRUE(db_begin(db, &error));
    (void)insert(db, mem, &bad);
    CU_ASSERT_FALSE(db_commit(db, &error));
    CU_ASSERT_TRUE(error.failed);
    CU_ASSERT_FALSE(db_in_transaction(db));
}

static const char skew_insert_sql[] = SQL(INSERT INTO skews VALUES ($1, $2));
static const char skew_count_sql[] = SQL(SELECT count(*) FROM skews);
static const char skew_delete_sql[] = SQL(DELETE FROM skews);

/* Write skew: each of two looks whether there are fewer than two, and adds
 * one.  The other one does so in the middle of the first try. */
struct skew {
    struct db *other;
    int64_t id;
    int tries;
    struct db_error error; /* of the other */
};

static const struct problem *
add_if_alone(struct db *to, void *on, void *with)
{
    struct skew *s = with;
    struct skew second = { .id = s->id + 1 };
    struct db_error e;
    const int64_t n = 1;
    const struct db_result *r = db_query(to, on, skew_count_sql, NO_ARGS, &e);

    if (r != NULL && db_integer(r, 0, 0) > 0)
        return &refused;
    if (s->other != NULL && s->tries++ == 0)
        (void)db_transact_at(s->other, on, DB_SERIALIZABLE, add_if_alone,
                             &second, &s->error);
    (void)db_query(to, on, skew_insert_sql, ARGS(ARG(s->id), ARG(n)), &e);
    return NULL;
}

static void
decisions_rest_on_what_was_read(void)
{
    struct skew s = { .other = db_new(mem, &settings, NULL), .id = 1 };

    /* Others must see it, so it is no temporary one. */
    CU_ASSERT_TRUE(db_script(
        db, mem, "CREATE TABLE skews (id bigint PRIMARY KEY, n bigint)",
        &error));
    CU_ASSERT_PTR_NULL(db_transact(db, mem, add_if_alone, &s, &error));
    CU_ASSERT_EQUAL(db_integer(query(skew_count_sql, NO_ARGS), 0, 0), 2);
    (void)query(skew_delete_sql, NO_ARGS);
    s.tries = 0;
    CU_ASSERT_PTR_EQUAL(
        db_transact_at(db, mem, DB_SERIALIZABLE, add_if_alone, &s, &error),
        &refused);
    CU_ASSERT_FALSE(s.error.failed);
    CU_ASSERT_EQUAL(s.tries, 1); /* the second run refused before that */
    CU_ASSERT_EQUAL(db_integer(query(skew_count_sql, NO_ARGS), 0, 0), 1);
    (void)query(skew_delete_sql, NO_ARGS);
    mem_free(s.other);
    CU_ASSERT_TRUE(db_script(db, mem, "DROP TABLE skews", &error));
}

static const struct problem *
conflict(struct db *to, void *on, void *with)
{
    struct db_error e;

    (void)db_query(to, on, conflict_sql, ARGS(ARG(*(int64_t *)with)), &e);
    return NULL;
}

static void
conflicts_are_tried_again(void)
{
    int64_t third, never = INT64_MAX, began;

    CU_ASSERT_TRUE(db_script(
        db, mem,
        "CREATE FUNCTION pg_temp.raise_state(s text) RETURNS text LANGUAGE"
        " plpgsql AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = s; END $$;"
        "SET search_path = pg_temp, public",
        &error));
    began = db_integer(query(next_sql, NO_ARGS), 0, 0);
    third = began + 3;
    CU_ASSERT_PTR_NULL(db_transact(db, mem, conflict, &third, &error));
    CU_ASSERT_EQUAL(db_integer(query(next_sql, NO_ARGS), 0, 0), began + 4);
    CU_ASSERT_PTR_EQUAL(db_transact(db, mem, conflict, &never, &error),
                        &problem_unavailable);
    CU_ASSERT_EQUAL(db_integer(query(next_sql, NO_ARGS), 0, 0), began + 9);

    /* A statement alone, too. */
    third = began + 12;
    CU_ASSERT_PTR_NOT_NULL(query(conflict_sql, ARGS(ARG(third))));
}

/* ---- The server goes ----------------------------------------------------- */

static const char pid_sql[] = SQL(SELECT pg_backend_pid());
static void
end_backend(struct db *of)
{
    struct db_result *r = db_query(of, mem, pid_sql, NO_ARGS, &error);
    static const char cast_sql[] =
        SQL(
        SELECT pg_terminate_backend(($1::bigint)::int, 60000)
    );
    int64_t pid = db_integer(r, 0, 0);

    CU_ASSERT_TRUE(db_boolean(query(cast_sql, ARGS(ARG(pid))), 0, 0));
}

static void
idle_loss_is_not_felt(void)
{
    struct db *own = db_new(mem, &settings, NULL);

    for (int i = 0; i < 3; i++) {
        end_backend(own);
        CU_ASSERT_PTR_NOT_NULL(db_query(own, mem, pid_sql, NO_ARGS, &error));
    }
    mem_free(own);
}

static void
lost_transactions_stay_lost(void)
{
    struct db *own = db_new(mem, &settings, NULL);

    CU_ASSERT_TRUE(db_begin(own, &error));
    end_backend(own);
    CU_ASSERT_PTR_NULL(db_query(own, mem, pid_sql, NO_ARGS, &error));
    CU_ASSERT_TRUE(error.lost);
    /* Not on a new connection either. */
    CU_ASSERT_PTR_NULL(db_query(own, mem, pid_sql, NO_ARGS, &error));
    CU_ASSERT_FALSE(db_commit(own, &error));
    CU_ASSERT_FALSE(db_in_transaction(own));
    CU_ASSERT_TRUE(db_ping(own));
    mem_free(own);
}

static void
a_queue_that_is_lost_says_so(void)
{
    static const char own_pid_sql[] =
        SQL(
        SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(5)
    );
    struct db *own = db_new(mem, &settings, NULL);

    db_send(own, own_pid_sql, NO_ARGS);
    db_send(own, pid_sql, NO_ARGS);
    CU_ASSERT_PTR_NULL(db_receive(own, mem, &error));
    CU_ASSERT_TRUE(error.lost);
    CU_ASSERT_PTR_NULL(db_receive(own, mem, &error));
    CU_ASSERT_TRUE(error.lost);
    CU_ASSERT_TRUE(db_ping(own));
    mem_free(own);
}

static void
an_outage_costs_little(void)
{
    struct db_settings nowhere = { .name = "host=/nonexistent dbname=x",
                                   .timeout = CLOCK_SECOND };
    struct db *own = db_new(mem, &nowhere, NULL);
    int64_t began = clock_steady();

    for (int i = 0; i < 100; i++) {
        CU_ASSERT_PTR_NULL(db_query(own, mem, pid_sql, NO_ARGS, &error));
        CU_ASSERT_TRUE(error.lost);
    }
    /* Not the time-out for each of them, which would be twice as long. */
    /* lint: nothing else tells waiting from not waiting */
    CU_ASSERT_TRUE(clock_steady() - began < 50 * nowhere.timeout);
    mem_free(own);
}

int
transact_suite(void)
{
    CU_TestInfo tests[] = {
        { "queued statements stand alone", queued_statements_stand_alone },
        { "bad SQL fails alone", bad_sql_fails_alone },
        { "transactions commit or not", transactions_commit_or_not },
        { "inner work is undone alone", inner_work_is_undone_alone },
        { "a failure is not committed", a_failure_is_not_committed },
        { "decisions rest on what was read", decisions_rest_on_what_was_read },
        { "conflicts are tried again", conflicts_are_tried_again },
        { "an idle loss is not felt", idle_loss_is_not_felt },
        { "lost transactions stay lost", lost_transactions_stay_lost },
        { "a lost queue says so", a_queue_that_is_lost_says_so },
        { "an outage costs little", an_outage_costs_little },
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        { .pName = "transact",
          .pInitFunc = begin,
          .pCleanupFunc = context_end,
          .pTests = tests },
        CU_SUITE_INFO_NULL,
    };

    if (getenv("SPARKLE_TEST_PG") == NULL) {
        (void)printf("transact: skipped, SPARKLE_TEST_PG is not set\n");
        return 0;
    }
    return (int)CU_register_suites(suites);
}
