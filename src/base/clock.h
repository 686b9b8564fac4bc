/*
 * clock.h - the one clock.
 *
 * Times are microseconds since 2000-01-01 00:00 UTC, as PostgreSQL sends a
 * timestamptz, in an int64_t; 0 means none.  Tests move the clock of running
 * programs through a shared file: see clock_shift_by.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#include "base/text.h"

#define CLOCK_SECOND INT64_C(1000000)
#define CLOCK_MINUTE (60 * CLOCK_SECOND)
#define CLOCK_HOUR (60 * CLOCK_MINUTE)
#define CLOCK_DAY (24 * CLOCK_HOUR)
/* What to add for microseconds since 1970. */
#define CLOCK_UNIX_OFFSET (INT64_C(946684800) * CLOCK_SECOND)

/* The time of day, shifted in tests. */
int64_t clock_now(void);

/* Microseconds that only grow, for durations. Never shifted. */
int64_t clock_steady(void);

/* Microseconds of processor time that this process has used. */
int64_t clock_cpu(void);

/*
 * From here on the clock runs ahead by the microseconds that the first eight
 * bytes of a file hold (int64_t, the machine's order), read anew each time.
 * For tests; dies where the file cannot be mapped.
 */
void clock_shift_by(const char *path);

/* By how much the clock runs ahead now; 0 outside of tests. */
int64_t clock_shift(void);

/* Adds RFC 3339 text in UTC with milliseconds: 2026-11-21T04:56:09.123Z */
void clock_iso(struct text *to, int64_t time);

/* Adds what people read: 21 Nov 2026 */
void clock_date(struct text *to, int64_t time);

/* Adds an HTTP and mail date (RFC 5322): Sat, 21 Nov 2026 04:56:09 +0000 */
void clock_rfc5322(struct text *to, int64_t time);

#endif
