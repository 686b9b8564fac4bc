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

int job_suite(void);

static void *mem;

static int
begin_suite(void)
{
    mem = mem_context(NULL, "job_test");
    return 0;
}

static int
end_suite(void)
{
    mem_free(mem);
    return 0;
}

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
    struct job_board *board = job_board_new(2);
    struct job_slot *mine = job_board_join(board, "me"), *slot;
    char name[JOB_WORKER_NAME];
    int64_t running = 0;

    CU_ASSERT_PTR_NOT_NULL(mine);
    CU_ASSERT_FALSE(job_board_dead(board, &slot, name, &running));
    child_dies(board, true);
    CU_ASSERT_FALSE(job_board_dead(board, &slot, name, &running));
    child_dies(board, false);
    CU_ASSERT_PTR_NULL(job_board_join(board, "third"));
    CU_ASSERT_TRUE_FATAL(job_board_dead(board, &slot, name, &running));
    CU_ASSERT_STRING_EQUAL(name, "child");
    CU_ASSERT_EQUAL(running, 42);
    CU_ASSERT_FALSE(job_board_dead(board, &slot, name, &running));
    job_slot_leave(slot);
    CU_ASSERT_PTR_NOT_NULL(job_board_join(board, "fourth"));
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

int
job_suite(void)
{
    CU_TestInfo tests[] = {
        { "handlers are found by name", test_registry },
        { "contradictions are refused", test_registry_faults },
        { "the board shows who died", test_board },
        { "one turn a second", test_turn },
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        { .pName = "job",
          .pInitFunc = begin_suite,
          .pCleanupFunc = end_suite,
          .pTests = tests },
        CU_SUITE_INFO_NULL,
    };

    return (int)CU_register_suites(suites);
}
