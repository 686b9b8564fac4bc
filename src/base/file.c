/* file.c - see file.h. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"

void
file_close(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

char *
file_read(const void *mem, const char *path, size_t most, size_t *ret_len)
{
    int fd CLOSED_AT_END = open(path, O_RDONLY | O_CLOEXEC);
    struct text bytes;
    ssize_t got;

    if (fd < 0)
        return NULL;
    text_init(&bytes, mem, 4096);
    while ((got = read(fd, text_room(&bytes, 4096), 4096)) > 0) {
        bytes.len += (size_t)got;
        if (bytes.len > most) {
            errno = EFBIG;
            return NULL;
        }
    }
    if (got < 0)
        return NULL;
    bytes.at[bytes.len] = '\0';
    if (ret_len != NULL)
        *ret_len = bytes.len;
    return bytes.at;
}

static bool
write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, p, n);

        if (done < 0 && errno != EINTR)
            return false;
        if (done > 0) {
            p += done;
            n -= (size_t)done;
        }
    }
    return true;
}

/* A file that mkstemp made is ours alone until its mode is set. */
static bool
write_beside(const char *path, const void *bytes, size_t n, mode_t mode,
             const struct stat *owner)
{
    char *beside = mem_printf(NULL, "%s.XXXXXX", path);
    int fd CLOSED_AT_END = mkstemp(beside);
    bool done =
        fd >= 0 && write_all(fd, bytes, n) &&
        (owner == NULL || fchown(fd, owner->st_uid, owner->st_gid) == 0) &&
        fchmod(fd, mode) == 0 && fsync(fd) == 0 && rename(beside, path) == 0;
    int why = errno;

    if (fd >= 0 && !done)
        (void)unlink(beside);
    mem_free(beside);
    errno = why;
    return done;
}

bool
file_write(const char *path, const void *bytes, size_t n, int mode)
{
    return write_beside(path, bytes, n, (mode_t)mode, NULL);
}

bool
file_replace(const char *path, const void *bytes, size_t n)
{
    struct stat was;

    return stat(path, &was) == 0 &&
           write_beside(path, bytes, n, was.st_mode & 0640, &was);
}

const char *
file_refused(const char *directory, uid_t user, gid_t group)
{
    char *path = mem_printf(NULL, "%s/.sparkle.XXXXXX", directory);
    int fd CLOSED_AT_END = mkostemp(path, O_CLOEXEC);
    bool done = fd >= 0 && write_all(fd, "\n", 1) &&
                ((user == (uid_t)-1 && group == (gid_t)-1) ||
                 fchown(fd, user, group) == 0);
    const char *why = done ? NULL : strerror(errno);

    if (fd >= 0)
        (void)unlink(path);
    mem_free(path);
    return why;
}
