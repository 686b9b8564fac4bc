/*
 * job_test.c - core/job_registry and core/job_board: what needs no database.
 * tests/jobs/ runs the whole engine.
 */
#include <CUnit/CUnit.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "core/feature.h"
#include "core/job_local.h"
#include "tests/unit/context.h"

int job_suite(void);

/* ---- The registry -------------------------------------------------------- */

static const char *
fine(struct job *job)
{
    (void)job;
    return NULL;
}

static const char *const events[] = { "made", "gone", NULL };

static const char *
faults_of(const struct listener *listeners, const struct job_kind *jobs)
{
    const struct feature feature = {
        .name = "test",
        .listeners = listeners,
        .jobs = jobs,
        .events = events,
    };
    const struct feature *const features[] = { &feature, NULL };
    struct text *faults = text_new(mem);
    const struct job_registry *reg = job_registry_new(mem, features, faults);

    CU_ASSERT_EQUAL(reg == NULL, faults->len > 0);
    return faults->at;
}

static void
test_registry(void)
{
    static const struct listener listeners[] = {
        { .name = "z", .event = "made", .queue = "event", .sql = "SELECT 1" },
        { .name = "a", .event = "gone", .queue = "event", .run = fine },
        { 0 },
    };
    static const struct job_kind kinds[] = {
        { .name = "mail",
          .queue = "email",
          .urgent = "fast",
          .run = fine,
          .act = fine },
        { .name = "count", .queue = "event", .run = fine },
        { 0 },
    };
    const struct feature feature = { .listeners = listeners,
                                     .jobs = kinds,
                                     .events = events };
    const struct feature *const features[] = { &feature, NULL };
    const struct job_registry *reg =
        job_registry_new(mem, features, text_new(mem));

    CU_ASSERT_PTR_NOT_NULL_FATAL(reg);
    CU_ASSERT_PTR_EQUAL(job_handler_named(reg, "z")->listener, &listeners[0]);
    CU_ASSERT_PTR_EQUAL(job_handler_named(reg, "count")->kind, &kinds[1]);
    CU_ASSERT_PTR_NULL(job_handler_named(reg, "nothing"));
    CU_ASSERT(job_registry_leased(reg, "email"));
    CU_ASSERT(job_registry_leased(reg, "fast"));
    CU_ASSERT_FALSE(job_registry_leased(reg, "event"));
    const struct job_listeners *l = job_registry_listeners(reg);
    CU_ASSERT_EQUAL(l->names.n, 2);
    CU_ASSERT_STRING_EQUAL(l->names.at[0], "z");
    CU_ASSERT_STRING_EQUAL(l->events.at[1], "gone");
}

static void
test_registry_faults(void)
{
    static const struct listener twice[] = {
        { .name = "a", .event = "made", .queue = "event", .run = fine },
        { .name = "a", .event = "gone", .queue = "event", .run = fine },
        { 0 },
    };
    static const struct listener neither[] = {
        { .name = "a", .event = "made", .queue = "event" },
        { 0 },
    };
    static const struct listener unheard[] = {
        { .name = "a", .event = "never", .queue = "event", .run = fine },
        { 0 },
    };
    static const struct listener mixed[] = {
        { .name = "a", .event = "made", .queue = "email", .run = fine },
        { 0 },
    };
    static const struct job_kind acting[] = {
        { .name = "mail", .queue = "email", .run = fine, .act = fine },
        { 0 },
    };

    CU_ASSERT_PTR_NOT_NULL(strstr(faults_of(twice, NULL), "listed twice"));
    CU_ASSERT_PTR_NOT_NULL(strstr(faults_of(neither, NULL), "sql and run"));
    CU_ASSERT_PTR_NOT_NULL(strstr(faults_of(unheard, NULL), "never"));
    CU_ASSERT_PTR_NOT_NULL(strstr(faults_of(mixed, acting), "act outside"));
    CU_ASSERT_STRING_EQUAL(faults_of(NULL, acting), "");
}

/* ---- The board ----------------------------------------------------------- */

/* A child that takes a slot and dies, in order or not. */
static void
child_dies(struct job_board *board, bool in_order)
{
    pid_t pid = fork();

    if (pid == 0) {
        struct job_slot *slot = job_board_join(board, "child");

        job_slot_running(slot, 42);
        if (in_order)
            job_slot_leave(slot);
        else
            (void)raise(SIGKILL);
        _exit(0);
    }
    (void)waitpid(pid, NULL, 0);
}

static void
test_board(void)
{
    struct job_board *board = job_board_new(1);
    struct job_slot *mine = job_board_join(board, "me"), *slot;
    char name[JOB_WORKER_NAME];
    int64_t running = 0;

    CU_ASSERT_PTR_NOT_NULL(mine);
    CU_ASSERT_FALSE(job_board_dead(board, &slot, name, &running));
    child_dies(board, true);
    CU_ASSERT_FALSE(job_board_dead(board, &slot, name, &running));
    CU_ASSERT_PTR_NOT_NULL(job_board_join(board, "second"));
    child_dies(board, false);
    CU_ASSERT_PTR_NULL(job_board_join(board, "fourth"));
    CU_ASSERT_TRUE_FATAL(job_board_dead(board, &slot, name, &running));
    CU_ASSERT_STRING_EQUAL(name, "child");
    CU_ASSERT_EQUAL(running, 42);
    CU_ASSERT_FALSE(job_board_dead(board, &slot, name, &running));
    job_slot_leave(slot);
    CU_ASSERT_PTR_NOT_NULL(job_board_join(board, "fifth"));
    job_slot_leave(NULL);
    job_slot_running(NULL, 1);
}

static void
test_turn(void)
{
    struct job_board *board = job_board_new(1);
    int turns = 0;

    for (int i = 0; i < 1000; i++)
        turns += job_board_turn(board);
    CU_ASSERT(turns == 1 || turns == 2);
}

static void
test_last_one_free(void)
{
    struct job_board *board = job_board_new(2), *alone = job_board_new(1);
    struct job_slot *a = job_board_join(board, "a");
    struct job_slot *b = job_board_join(board, "b");

    CU_ASSERT(job_slot_act(board, a));
    CU_ASSERT_FALSE(job_slot_act(board, b));
    job_slot_acted(a);
    CU_ASSERT(job_slot_act(board, b));
    job_slot_leave(b);
    CU_ASSERT(job_slot_act(board, a));
    CU_ASSERT(job_slot_act(alone, job_board_join(alone, "only")));
    CU_ASSERT(job_slot_act(board, NULL));
}

static void
test_counts(void)
{
    struct job_board *board = job_board_new(1);

    CU_ASSERT(job_board_counts(board));
    CU_ASSERT_FALSE(job_board_counts(board));
    job_board_counted(board, 1);
    CU_ASSERT_FALSE(job_board_counts(board));
}

/* ---- By hand ------------------------------------------------------------- */

static const char *const colours[] = { "red", "blue", NULL };
static const struct payload_member members[] = {
    { .name = "name", .type = VALUE_TEXT, .required = true, .max = 5 },
    { .name = "colour", .type = VALUE_TEXT, .choices = colours },
    { .name = "n", .type = VALUE_INTEGER, .min = 1, .max = 9 },
    { .name = "who", .type = VALUE_UUID },
    { .name = "data", .type = VALUE_JSON },
    { .name = "now", .type = VALUE_BOOLEAN },
    { 0 },
};
static const struct job_kind by_hand = {
    .name = "k", .queue = "event", .payload = members, .run = fine
};

static void
test_payload(void)
{
    static const char *const good[] = {
        "{\"name\":\"ann\"}",
        "{\"name\":\"ann\",\"n\":9,\"now\":true,\"data\":{\"a\":[1]},"
        "\"colour\":\"red\",\"who\":"
        "\"01234567-89ab-7def-8123-456789abcdef\"}",
        NULL,
    };
    static const char *const bad[] = {
        NULL,
        "[]",
        "{}",
        "{\"name\":\"longer\"}",
        "{\"name\":7}",
        "{\"name\":\"a\",\"n\":10}",
        "{\"name\":\"a\",\"n\":0}",
        "{\"name\":\"a\",\"n\":1.5}",
        "{\"name\":\"a\",\"n\":\"1\"}",
        "{\"name\":\"a\",\"colour\":\"green\"}",
        "{\"name\":\"a\",\"who\":\"me\"}",
        "{\"name\":\"a\",\"data\":[]}",
        "{\"name\":\"a\",\"now\":1}",
        "{\"name\":\"a\",\"constructor\":1}",
        "{\"name\":\"a\"} x",
    };

    for (size_t i = 0; good[i] != NULL; i++)
        CU_ASSERT_PTR_NULL(job_payload_fault(mem, &by_hand, good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CU_ASSERT_PTR_NOT_NULL(job_payload_fault(mem, &by_hand, bad[i]));
}

static void
test_hand_queue(void)
{
    static const struct job_kind kinds[] = {
        { .name = "mail",
          .queue = "email",
          .urgent = "fast",
          .run = fine,
          .act = fine },
        { .name = "count", .queue = "event", .run = fine },
        { 0 },
    };
    const struct feature feature = { .jobs = kinds };
    const struct feature *const all[] = { &feature, NULL };

    CU_ASSERT_PTR_EQUAL(job_kind_named(all, "count"), &kinds[1]);
    CU_ASSERT_PTR_NULL(job_kind_named(all, "__proto__"));
    CU_ASSERT_PTR_NULL(job_queue_fault(all, &kinds[0], "fast"));
    CU_ASSERT_PTR_NOT_NULL(job_queue_fault(all, &kinds[0], "event"));
    CU_ASSERT_PTR_NULL(job_queue_fault(all, &kinds[1], "analytics"));
    CU_ASSERT_PTR_NOT_NULL(job_queue_fault(all, &kinds[1], "email"));
}

int
job_suite(void)
{
    CU_TestInfo tests[] = {
        { "handlers are found by name", test_registry },
        { "contradictions are refused", test_registry_faults },
        { "the board shows who died", test_board },
        { "one turn a second", test_turn },
        { "the last worker that is free does not act", test_last_one_free },
        { "one counts for all", test_counts },
        { "payloads are checked by their rows", test_payload },
        { "a kind goes where it belongs", test_hand_queue },
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        { .pName = "job",
          .pInitFunc = context_begin,
          .pCleanupFunc = context_end,
          .pTests = tests },
        CU_SUITE_INFO_NULL,
    };

    return (int)CU_register_suites(suites);
}
