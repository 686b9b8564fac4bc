/* scoreboard.c - see scoreboard.h. */
#include "pool/scoreboard.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

#define BOARD_MAGIC 0x53706b6cu
#define BOARD_VERSION 1u

/* What stands at the board's beginning. */
struct head {
    uint32_t magic, version, slot_size;
    uint32_t slot_count, cell_count;
    uint64_t layout;
};

#define HEAD_ROOM 64 /* slots begin here, aligned */

static size_t
cells_at(const struct head *h)
{
    return HEAD_ROOM + mem_size(sizeof(struct slot), h->slot_count);
}

static size_t
board_size(const struct head *h)
{
    size_t rows = (size_t)h->slot_count + 1;

    return cells_at(h) +
           mem_size(mem_size(sizeof(int64_t), h->cell_count), rows);
}

static struct board *
map(void *mem, int fd, const struct head *h)
{
    struct board *b = mem_new(mem, struct board);
    size_t size = board_size(h);
    char *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (at == MAP_FAILED)
        die("the scoreboard: %s", strerror(errno));
    *b = (struct board){
        .fd = fd,
        .size = size,
        .slot_count = h->slot_count,
        .cell_count = h->cell_count,
        .layout = h->layout,
        .slots = (struct slot *)(void *)(at + HEAD_ROOM),
        .retired = (int64_t *)(void *)(at + cells_at(h)),
    };
    b->cells = b->retired + b->cell_count;
    return b;
}

struct board *
board_create(void *mem, uint32_t slots, uint32_t cells, uint64_t layout)
{
    const struct head h = {
        .magic = BOARD_MAGIC,
        .version = BOARD_VERSION,
        .slot_size = sizeof(struct slot),
        .slot_count = slots,
        .cell_count = cells,
        .layout = layout,
    };
    int fd = memfd_create("sparkle-board", MFD_CLOEXEC);

    if (fd < 0 || ftruncate(fd, (off_t)board_size(&h)) != 0 ||
        pwrite(fd, &h, sizeof h, 0) != sizeof h)
        die("the scoreboard: %s", strerror(errno));
    return map(mem, fd, &h);
}

struct board *
board_adopt(void *mem, int fd)
{
    struct head h;
    struct stat st;

    if (fstat(fd, &st) == 0 && pread(fd, &h, sizeof h, 0) == sizeof h &&
        h.magic == BOARD_MAGIC && h.version == BOARD_VERSION &&
        h.slot_size == sizeof(struct slot) &&
        (size_t)st.st_size == board_size(&h))
        return map(mem, fd, &h);
    (void)close(fd);
    return NULL;
}

void
board_release(struct board *b)
{
    (void)munmap((char *)b->slots - HEAD_ROOM, b->size);
    (void)close(b->fd);
    mem_free(b);
}

int64_t *
board_cells(const struct board *b, const struct slot *s)
{
    return b->cells + (size_t)(s - b->slots) * b->cell_count;
}

void
slot_copy(struct slot *to, const struct slot *from)
{
    *to = *from;
    to->id[SLOT_ID - 1] = '\0';
    to->route[SLOT_ROUTE - 1] = '\0';
    to->sql[SLOT_SQL - 1] = '\0';
}

void
slot_text(char *to, size_t size, const char *s)
{
    size_t n = s == NULL ? 0 : strnlen(s, size - 1);

    if (n > 0)
        memcpy(to, s, n);
    to[n] = '\0';
}
