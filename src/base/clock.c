/* clock.c - see clock.h. */
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

static const volatile int64_t *shift;

static int64_t
read_clock(clockid_t id)
{
    struct timespec t;

    (void)clock_gettime(id, &t);
    return t.tv_sec * CLOCK_SECOND + t.tv_nsec / 1000;
}

int64_t
clock_shift(void)
{
    return shift == NULL ? 0 : *shift;
}

int64_t
clock_now(void)
{
    return read_clock(CLOCK_REALTIME) - CLOCK_UNIX_OFFSET + clock_shift();
}

int64_t
clock_steady(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t
clock_cpu(void)
{
    return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

void
clock_shift_by(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    void *at = fd < 0 ? MAP_FAILED
                      : mmap(NULL, sizeof *shift, PROT_READ, MAP_SHARED, fd, 0);

    if (at == MAP_FAILED)
        die("%s: the clock's file: %s", path, strerror(errno));
    (void)close(fd);
    shift = at;
}

/* The calendar of a time, which may lie before 2000. */
static struct tm
calendar(int64_t time)
{
    struct tm t;
    int64_t unix_us = time + CLOCK_UNIX_OFFSET;
    int64_t seconds = unix_us / CLOCK_SECOND;
    time_t whole = (time_t)(unix_us % CLOCK_SECOND < 0 ? seconds - 1 : seconds);

    if (gmtime_r(&whole, &t) == NULL)
        t = (struct tm){ .tm_mday = 1 };
    return t;
}

/* The digits of a number, by hand: this is in every answer. */
static void
digits(char *at, int n, int number)
{
    for (int i = n - 1; i >= 0; i--) {
        at[i] = (char)('0' + number % 10);
        number /= 10;
    }
}

void
clock_iso(struct text *to, int64_t time)
{
    struct tm t = calendar(time);
    int64_t us = time % CLOCK_SECOND;
    char out[] = "0000-00-00T00:00:00.000Z";

    digits(out, 4, t.tm_year + 1900);
    digits(out + 5, 2, t.tm_mon + 1);
    digits(out + 8, 2, t.tm_mday);
    digits(out + 11, 2, t.tm_hour);
    digits(out + 14, 2, t.tm_min);
    digits(out + 17, 2, t.tm_sec);
    digits(out + 20, 3, (int)((us < 0 ? us + CLOCK_SECOND : us) / 1000));
    text_add(to, out, sizeof out - 1);
}

static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

void
clock_date(struct text *to, int64_t time)
{
    struct tm t = calendar(time);

    text_addf(to, "%d %s %d", t.tm_mday, months[t.tm_mon], t.tm_year + 1900);
}

void
clock_rfc5322(struct text *to, int64_t time)
{
    static const char days[][4] = { "Sun", "Mon", "Tue", "Wed",
                                    "Thu", "Fri", "Sat" };
    struct tm t = calendar(time);

    text_addf(to, "%s, %02d %s %04d %02d:%02d:%02d +0000", days[t.tm_wday],
              t.tm_mday, months[t.tm_mon], t.tm_year + 1900, t.tm_hour,
              t.tm_min, t.tm_sec);
}
