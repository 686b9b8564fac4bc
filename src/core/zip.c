/*
 * zip.c - see zip.h.
 */
#include "core/zip.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

struct zip {
    struct archive *archive;
    const char *path, *part; /* its place, and where it grows */
    const char *fault;
    int fd;
};

static int
forget(struct zip *z)
{
    if (z->archive != NULL)
        (void)archive_write_free(z->archive);
    if (z->fd >= 0) {
        (void)close(z->fd);
        (void)unlink(z->part);
    }
    z->archive = NULL;
    z->fd = -1;
    return 0;
}

static bool
fail(struct zip *z, const char *why)
{
    z->fault = mem_strdup(z, why == NULL ? "the archive is broken" : why);
    return false;
}

/* The archive's own word for what it returned. */
static bool
took(struct zip *z, int code)
{
    return code >= ARCHIVE_WARN || fail(z, archive_error_string(z->archive));
}

struct zip *
zip_new(const void *mem, const char *path)
{
    struct zip *z = mem_new(mem, struct zip);

    z->path = mem_strdup(z, path);
    z->part = mem_printf(z, "%s.part", path);
    z->fd = open(z->part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
                 0640);
    if (z->fd < 0) {
        mem_free(z);
        return NULL;
    }
    talloc_set_destructor(z, forget);
    z->archive = archive_write_new();
    if (z->archive == NULL)
        (void)fail(z, "no memory for the archive");
    else if (took(z, archive_write_set_format_zip(z->archive)))
        (void)took(z, archive_write_open_fd(z->archive, z->fd));
    return z;
}

bool
zip_entry(struct zip *z, const char *name, int64_t at)
{
    if (z->fault != NULL)
        return false;
    struct archive_entry *entry = archive_entry_new2(z->archive);

    if (entry == NULL)
        return fail(z, "no memory for an entry");
    /* Without a size: it is told after the entry, when it is known. */
    archive_entry_set_pathname_utf8(entry, name);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0640);
    archive_entry_set_mtime(entry, (at + CLOCK_UNIX_OFFSET) / CLOCK_SECOND, 0);
    bool fine = took(z, archive_write_header(z->archive, entry));
    archive_entry_free(entry);
    return fine;
}

bool
zip_write(struct zip *z, const void *bytes, size_t n)
{
    const char *at = bytes;

    while (n > 0 && z->fault == NULL) {
        la_ssize_t took_n = archive_write_data(z->archive, at, n);

        if (took_n <= 0)
            return fail(z, archive_error_string(z->archive));
        at += took_n;
        n -= (size_t)took_n;
    }
    return z->fault == NULL;
}

bool
zip_finish(struct zip *z, int64_t *ret_size)
{
    struct stat st;

    if (z->fault != NULL || !took(z, archive_write_close(z->archive)))
        return false;
    if (fsync(z->fd) != 0 || fstat(z->fd, &st) != 0 ||
        rename(z->part, z->path) != 0)
        return fail(z, strerror(errno));
    *ret_size = st.st_size;
    (void)close(z->fd);
    z->fd = -1;
    return true;
}

const char *
zip_fault(const struct zip *z)
{
    return z->fault;
}
