/*
 * file.h - whole files, and descriptors that close themselves.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * A file's bytes on mem, ended by a NUL that *ret_len (may be NULL) does not
 * count.  NULL, with errno, where it cannot be read or has more than `most`
 * bytes (EFBIG).
 */
char *file_read(const void *mem, const char *path, size_t most,
                size_t *ret_len);

/*
 * Writes a file so that it is there whole or not at all: beside it, synced,
 * renamed over it.  False with errno.
 */
bool file_write(const char *path, const void *bytes, size_t n, int mode);

/* The same for a file that is there: owner and group stay, and the mode as far
 * as 0640 goes.  For secrets. */
bool file_replace(const char *path, const void *bytes, size_t n);

/*
 * Whether a file can be made in a directory, and given to a user and group (-1:
 * to nobody): makes one, writes a byte and removes it.  NULL, or what is in the
 * way, as strerror says it.
 */
const char *file_refused(const char *directory, uid_t user, gid_t group);

/* int fd CLOSED_AT_END = open(...); */
void file_close(int *fd);
#define CLOSED_AT_END __attribute__((cleanup(file_close)))

#endif
