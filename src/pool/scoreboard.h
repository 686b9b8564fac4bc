/*
 * scoreboard.h - what workers tell, in memory shared with the master.
 *
 * A generation of workers has one board: a slot for each worker that may live
 * at once, the cells of the metrics for each slot, and one set of cells for
 * the sums of workers that have gone.  A worker writes only its own slot and
 * cells; the master reads them without a lock, so a text may be torn, but it
 * always ends.  The board is a memfd, so that the next generation's master
 * (the same process after exec) can map it and go on watching the old workers.
 */
#ifndef POOL_SCOREBOARD_H
#define POOL_SCOREBOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum slot_state {
    SLOT_FREE,
    SLOT_STARTING, /* forked, and has not waited yet */
    SLOT_WAITING,
    SLOT_READING, /* was told to accept; no request begun */
    SLOT_BUSY,
};

#define SLOT_ID 64
#define SLOT_ROUTE 96
#define SLOT_SQL 224

/* Times are clock_steady(). A change here is a new BOARD_VERSION. */
struct slot {
    int32_t pid;
    uint32_t state;
    int64_t started;    /* when the worker was forked */
    int64_t since;      /* when the state began */
    uint64_t requests;  /* that have ended */
    uint64_t serial;    /* counts up whenever READING or BUSY begins */
    uint64_t terminate; /* by the master: the serial that has to end */
    int64_t busy_us;    /* all requests together */
    int64_t last_us;    /* the last request */
    int64_t sql_since;  /* 0: no statement runs */
    int64_t sql_us;     /* the last statement */
    uint32_t sql_count; /* of this request */
    uint32_t answering; /* something was sent already */
    char id[SLOT_ID], route[SLOT_ROUTE], sql[SLOT_SQL];
} __attribute__((aligned(64)));

/* A mapped board. */
struct board {
    int fd;
    size_t size;
    uint32_t slot_count;
    uint32_t cell_count; /* of one slot */
    uint64_t layout;     /* says what the cells mean; see metrics_layout */
    struct slot *slots;
    int64_t *retired; /* the cells of those who have gone */
    int64_t *cells;   /* slot_count times cell_count */
    struct board *next;
};

/* On mem; dies where there is no memory for it. */
struct board *board_create(void *mem, uint32_t slots, uint32_t cells,
                           uint64_t layout);

/* Maps another generation's board.  NULL where its version is not ours; fd is
 * taken over (kept or closed) in any case. */
struct board *board_adopt(void *mem, int fd);

void board_release(struct board *b);

int64_t *board_cells(const struct board *b, const struct slot *s);

/* Copies a slot so that its texts surely end. */
void slot_copy(struct slot *to, const struct slot *from);

/* Copies s cut to size - 1 bytes. NULL is "". */
void slot_text(char *to, size_t size, const char *s);

/* For plain words that another process writes. */
#define SHARED_READ(lvalue) __atomic_load_n(&(lvalue), __ATOMIC_RELAXED)
#define SHARED_WRITE(lvalue, value)                                            \
    __atomic_store_n(&(lvalue), (value), __ATOMIC_RELAXED)

#endif
