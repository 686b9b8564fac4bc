/* breach.c - asking the filter of breached passwords; see breach.h. */
#include "core/breach.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "core/breach_local.h"
#include "core/crypto.h"

struct breach {
    const uint8_t *map;
    size_t size;
    uint64_t blocks, entries;
    /* Which file it is. */
    dev_t device;
    ino_t inode;
    struct timespec changed;
};

/* The one that this process has open; map NULL: none. */
static struct breach current;

/* ---- The form ------------------------------------------------------------ */

static uint64_t
read_big(const uint8_t *at)
{
    uint64_t n;

    memcpy(&n, at, sizeof n);
    return be64toh(n);
}

/* SplitMix64: 64 bits out of 64, all of which depend on all. */
static uint64_t
stir(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/* The block from the first 64 bits, in their order; the bits from the next. */
struct breach_spot
breach_spot(const uint8_t sha1[SHA1_SIZE], uint64_t blocks)
{
    __extension__ typedef unsigned __int128 wide;
    struct breach_spot spot;
    uint64_t rest = read_big(sha1 + 8), some = 0;

    spot.block = (uint64_t)((wide)read_big(sha1) * blocks >> 64);
    for (size_t i = 0; i < BREACH_BITS; i++) {
        if (i % 4 == 0)
            some = stir(rest += i + 1);
        spot.bits[i] = (uint16_t)(some % (BREACH_PAGE * 8));
        some >>= 16;
    }
    return spot;
}

/* ---- Opening ------------------------------------------------------------- */

static void
let_go(void)
{
    if (current.map != NULL)
        (void)munmap((void *)(uintptr_t)current.map, current.size);
    current = (struct breach){ 0 };
}

static bool
same_file(const struct stat *st)
{
    return current.map != NULL && current.device == st->st_dev &&
           current.inode == st->st_ino && current.size == (size_t)st->st_size &&
           current.changed.tv_sec == st->st_mtim.tv_sec &&
           current.changed.tv_nsec == st->st_mtim.tv_nsec;
}

/* Whether what is mapped is a filter, and whole. */
static bool
read_head(struct breach *b)
{
    struct breach_head head;

    if (b->size < 2 * BREACH_PAGE || b->size % BREACH_PAGE != 0)
        return false;
    memcpy(&head, b->map, sizeof head);
    b->blocks = le64toh(head.blocks);
    b->entries = le64toh(head.entries);
    return memcmp(head.magic, BREACH_MAGIC, sizeof head.magic) == 0 &&
           le32toh(head.version) == BREACH_VERSION &&
           le32toh(head.bits) == BREACH_BITS && b->entries > 0 &&
           b->blocks == b->size / BREACH_PAGE - 1;
}

const struct breach *
breach_open(const char *path, const char **ret_why)
{
    struct stat st;
    CLOSED_AT_END int fd = -1;

    *ret_why = NULL;
    if (stat(path, &st) == 0 && same_file(&st))
        return &current;
    let_go();
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        *ret_why = strerror(errno);
        return NULL;
    }
    current = (struct breach){ .size = (size_t)st.st_size,
                               .device = st.st_dev,
                               .inode = st.st_ino,
                               .changed = st.st_mtim };
    void *map = st.st_size == 0
                    ? MAP_FAILED
                    : mmap(NULL, current.size, PROT_READ, MAP_SHARED, fd, 0);
    current.map = map == MAP_FAILED ? NULL : map;
    if (current.map == NULL || !read_head(&current)) {
        *ret_why = "is no filter of breached passwords, or damaged";
        let_go();
        return NULL;
    }
    (void)madvise(map, current.size, MADV_RANDOM);
    return &current;
}

/* ---- Asking -------------------------------------------------------------- */

bool
breach_has(const struct breach *b, const uint8_t sha1[SHA1_SIZE])
{
    const struct breach_spot spot = breach_spot(sha1, b->blocks);
    const uint8_t *block = b->map + (spot.block + 1) * BREACH_PAGE;

    for (size_t i = 0; i < BREACH_BITS; i++)
        if ((block[spot.bits[i] / 8] >> spot.bits[i] % 8 & 1) == 0)
            return false;
    return true;
}

bool
breach_has_password(const struct breach *b, const char *s, size_t n)
{
    uint8_t sha1[SHA1_SIZE];

    crypto_sha1(s, n, sha1);
    return breach_has(b, sha1);
}

int64_t
breach_entries(const struct breach *b)
{
    return (int64_t)b->entries;
}
