/*
 * zip.h - writing a zip file from a stream.  The door to libarchive.
 *
 * Entries are deflated as they come, however long, so memory stays flat; the
 * file is Zip64 where it has to be.  It is written beside its place, synced
 * and renamed, so that it is there whole or not at all.
 */
#ifndef CORE_ZIP_H
#define CORE_ZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zip;

/*
 * Begins a file of mode 0640 at path; NULL where its directory takes none
 * (errno).  What is not finished goes with mem, and leaves no file.
 */
struct zip *zip_new(const void *mem, const char *path);

/* Begins an entry, which ends the one before; `at` is base/clock's. */
bool zip_entry(struct zip *z, const char *name, int64_t at);

/* Adds to the entry. */
bool zip_write(struct zip *z, const void *bytes, size_t n);

/* Ends the file; *ret_size: its bytes.  No call but zip_fault may follow. */
bool zip_finish(struct zip *z, int64_t *ret_size);

/* What went wrong; NULL: nothing yet.  After a fault all calls are false. */
const char *zip_fault(const struct zip *z);

#endif
