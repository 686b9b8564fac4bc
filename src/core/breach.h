/*
 * breach.h - is a password known from a breach: a filter in a file, offline.
 *
 * A Bloom filter of the SHA-1 of passwords, as Have I Been Pwned publishes
 * them, cut into blocks of a page, so that a question reads 4 KiB of the file
 * whatever its size.  It knows every password that it was built from, and
 * takes about 1 in 90,000 others for one.  24 bits an entry: 75,000 make 220
 * KiB, 10^9 make 3 GB.  The file is mapped and shared by all processes.
 *
 * The block of an entry is the leading part of its hash, so that a list in
 * order of hashes (as Have I Been Pwned's) is written from front to back.
 */
#ifndef CORE_BREACH_H
#define CORE_BREACH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHA1_SIZE 20

/* ---- Asking -------------------------------------------------------------- */

struct breach;

/*
 * The filter in a file, mapped.  A process has one open: the next call with
 * the same path gives the same, or what has replaced the file since, so a
 * filter is not to be kept for longer than a request.  NULL, with *ret_why
 * (literal, or of strerror), where there is none or it is damaged.
 */
const struct breach *breach_open(const char *path, const char **ret_why);

/* False: it is not.  True: it is, or one of few others. */
bool breach_has(const struct breach *b, const uint8_t sha1[SHA1_SIZE]);
bool breach_has_password(const struct breach *b, const char *s, size_t n);

int64_t breach_entries(const struct breach *b);

/* ---- Building ------------------------------------------------------------ */

/*
 * Makes a filter for `entries` hashes beside `path` and puts it there at the
 * end, whole.  Takes 16 MiB, whatever the number.  NULL or false with errno;
 * breach_build_end also forgets the builder.
 */
struct breach_builder *breach_build_begin(void *mem, const char *path,
                                          int64_t entries);
bool breach_build_add(struct breach_builder *b, const uint8_t sha1[SHA1_SIZE]);
bool breach_build_end(struct breach_builder *b);

#endif
