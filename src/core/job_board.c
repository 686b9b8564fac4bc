/*
 * job_board.c - what the workers of a master know of each other: who runs
 * what, how many act, when something was last done that one does for all.
 *
 * The board is shared memory.  Each worker writes its own slot; a slot whose
 * process is gone without having left is taken over by whoever finds it.
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/job_local.h"

struct job_slot {
    _Atomic pid_t pid; /* 0: free */
    _Atomic int64_t running;
    _Atomic bool acting;
    char name[JOB_WORKER_NAME];
};

struct job_board {
    _Atomic int64_t turn;     /* the second of clock_steady() last tended to */
    _Atomic int64_t count_at; /* clock_steady() when to count again */
    size_t workers, n;
    struct job_slot slots[];
};

struct job_board *
job_board_new(size_t workers)
{
    size_t n = 2 * workers + 1;
    size_t size =
        sizeof(struct job_board) + mem_size(sizeof(struct job_slot), n);
    struct job_board *board = mmap(NULL, size, PROT_READ | PROT_WRITE,
                                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (board == MAP_FAILED)
        die("shared memory for the workers: %s", strerror(errno));
    board->workers = workers;
    board->n = n;
    return board;
}

struct job_slot *
job_board_join(struct job_board *board, const char *name)
{
    for (size_t i = 0; i < board->n; i++) {
        struct job_slot *slot = &board->slots[i];
        pid_t free = 0;

        if (!atomic_compare_exchange_strong(&slot->pid, &free, getpid()))
            continue;
        (void)snprintf(slot->name, sizeof slot->name, "%s", name);
        slot->running = 0;
        slot->acting = false;
        return slot;
    }
    log_warn("no slot is free for this worker: its jobs wait for their lease "
             "to end should it die");
    return NULL;
}

void
job_slot_leave(struct job_slot *slot)
{
    if (slot == NULL)
        return;
    slot->name[0] = '\0';
    slot->running = 0;
    slot->acting = false;
    slot->pid = 0;
}

void
job_slot_running(struct job_slot *slot, int64_t job)
{
    if (slot != NULL)
        slot->running = job;
}

static size_t
count_acting(const struct job_board *board)
{
    size_t n = 0;

    for (size_t i = 0; i < board->n; i++)
        n += board->slots[i].pid != 0 && board->slots[i].acting;
    return n;
}

bool
job_slot_act(struct job_board *board, struct job_slot *slot)
{
    if (slot == NULL)
        return true;
    slot->acting = true;
    if (board->workers <= 1 || count_acting(board) < board->workers)
        return true;
    slot->acting = false;
    return false;
}

void
job_slot_acted(struct job_slot *slot)
{
    if (slot != NULL)
        slot->acting = false;
}

bool
job_board_turn(struct job_board *board)
{
    int64_t now = clock_steady() / CLOCK_SECOND, last = board->turn;

    return now != last &&
           atomic_compare_exchange_strong(&board->turn, &last, now);
}

#define COUNT_PAUSE (5 * CLOCK_SECOND)

bool
job_board_counts(struct job_board *board)
{
    int64_t now = clock_steady(), at = board->count_at;

    return now >= at && atomic_compare_exchange_strong(&board->count_at, &at,
                                                       now + 12 * COUNT_PAUSE);
}

void
job_board_counted(struct job_board *board, int64_t us)
{
    board->count_at =
        clock_steady() + (100 * us > COUNT_PAUSE ? 100 * us : COUNT_PAUSE);
}

/* Whether the process is no more; one that another user runs counts as is. */
static bool
gone(pid_t pid)
{
    return kill(pid, 0) < 0 && errno == ESRCH;
}

bool
job_board_dead(struct job_board *board, struct job_slot **ret_slot,
               char name[JOB_WORKER_NAME], int64_t *ret_running)
{
    for (size_t i = 0; i < board->n; i++) {
        struct job_slot *slot = &board->slots[i];
        pid_t pid = slot->pid;

        if (pid == 0 || pid == getpid() || !gone(pid) ||
            !atomic_compare_exchange_strong(&slot->pid, &pid, getpid()))
            continue;
        memcpy(name, slot->name, JOB_WORKER_NAME);
        *ret_running = slot->running;
        *ret_slot = slot;
        return true;
    }
    return false;
}
