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

/*
 * The calendar of a time, which may lie before 2000: proleptic Gregorian, as
 * gmtime has it, but in a tenth of its time, for this is in every answer.
 * Years begin in March, so that a leap day is a year's last, and come in eras
 * of 400, which have all the same number of days.
 */
#define ERA_DAYS 146097
static struct tm
calendar(int64_t time)
{
    const int64_t day_us = 86400 * CLOCK_SECOND, to_march_0 = 719468;
    int64_t unix_us = time + CLOCK_UNIX_OFFSET;
    int64_t days = unix_us / day_us - (unix_us % day_us < 0);
    int seconds = (int)((unix_us - days * day_us) / CLOCK_SECOND);
    int64_t from = days + to_march_0;
    int64_t era = (from >= 0 ? from : from - (ERA_DAYS - 1)) / ERA_DAYS;
    int d = (int)(from - era * ERA_DAYS);
    int year = (d - d / 1460 + d / 36524 - d / (ERA_DAYS - 1)) / 365;
    int in_year = d - (365 * year + year / 4 - year / 100);
    int month = (5 * in_year + 2) / 153; /* 0: March */

    return (struct tm){
        .tm_year = (int)(year + era * 400) + (month >= 10) - 1900,
        .tm_mon = month < 10 ? month + 2 : month - 10,
        .tm_mday = in_year - (153 * month + 2) / 5 + 1,
        .tm_hour = seconds / 3600,
        .tm_min = seconds / 60 % 60,
        .tm_sec = seconds % 60,
        .tm_wday = (int)(((days % 7) + 11) % 7),
    };
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
