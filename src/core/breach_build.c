/*
 * breach_build.c - making a filter of breached passwords; see breach.h.
 *
 * Blocks are changed in a cache of as many as 16 MiB hold, each in the place
 * that its number gives it.  A list in order of hashes writes each block once;
 * any other list gives the same file, by more reading and writing where the
 * filter is larger than the cache.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "core/breach_local.h"

enum { PLACES = 4096, ENTRY_BITS = 24 };

struct breach_builder {
    const char *path, *fresh; /* where it goes, where it is made */
    int fd;
    uint64_t blocks, entries;
    struct place {
        uint64_t block;
        bool taken;
        uint8_t bytes[BREACH_PAGE];
    } * places;
};

static off_t
offset_of(uint64_t block)
{
    return (off_t)((block + 1) * BREACH_PAGE);
}

/* What was never written reads as zero: the file was made as long as it is. */
struct breach_builder *
breach_build_begin(void *mem, const char *path, int64_t entries)
{
    struct breach_builder *b = mem_new(mem, struct breach_builder);
    uint64_t bits = (uint64_t)entries * ENTRY_BITS;

    b->path = mem_strdup(b, path);
    b->fresh = mem_printf(b, "%s.new", path);
    b->blocks = bits / (BREACH_PAGE * 8) + 1;
    b->places = mem_array(b, struct place, PLACES);
    b->fd = open(b->fresh, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
                 0644);
    if (b->fd < 0)
        return NULL;
    if (ftruncate(b->fd, offset_of(b->blocks)) != 0) {
        (void)close(b->fd);
        return NULL;
    }
    return b;
}

static bool
write_page(struct breach_builder *b, const void *bytes, off_t offset)
{
    ssize_t n = pwrite(b->fd, bytes, BREACH_PAGE, offset);

    if (n >= 0 && n != BREACH_PAGE)
        errno = ENOSPC;
    return n == BREACH_PAGE;
}

static bool
put_back(struct breach_builder *b, struct place *place)
{
    bool done =
        !place->taken || write_page(b, place->bytes, offset_of(place->block));

    place->taken = false;
    return done;
}

static struct place *
place_of(struct breach_builder *b, uint64_t block)
{
    struct place *place = &b->places[block % PLACES];

    if (place->taken && place->block == block)
        return place;
    if (!put_back(b, place) || pread(b->fd, place->bytes, BREACH_PAGE,
                                     offset_of(block)) != BREACH_PAGE)
        return NULL;
    place->block = block;
    place->taken = true;
    return place;
}

bool
breach_build_add(struct breach_builder *b, const uint8_t sha1[SHA1_SIZE])
{
    const struct breach_spot spot = breach_spot(sha1, b->blocks);
    struct place *place = place_of(b, spot.block);

    if (place == NULL)
        return false;
    for (size_t i = 0; i < BREACH_BITS; i++)
        place->bytes[spot.bits[i] / 8] |= (uint8_t)(1 << spot.bits[i] % 8);
    b->entries++;
    return true;
}

static bool
write_head(struct breach_builder *b)
{
    struct breach_head head = { .version = htole32(BREACH_VERSION),
                                .bits = htole32(BREACH_BITS),
                                .blocks = htole64(b->blocks),
                                .entries = htole64(b->entries) };
    uint8_t page[BREACH_PAGE] = { 0 };

    memcpy(head.magic, BREACH_MAGIC, sizeof head.magic);
    memcpy(page, &head, sizeof head);
    return write_page(b, page, 0);
}

bool
breach_build_end(struct breach_builder *b)
{
    bool done = true;

    for (size_t i = 0; i < PLACES; i++)
        done = put_back(b, &b->places[i]) && done;
    done = done && write_head(b) && fsync(b->fd) == 0;
    done = close(b->fd) == 0 && done;
    done = done && rename(b->fresh, b->path) == 0;
    mem_free(b);
    return done;
}
