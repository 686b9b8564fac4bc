/* processors.c - sched_getaffinity(2) and /proc/stat; see processors.h. */
#include "base/processors.h"

#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

int
processors_count(void)
{
    cpu_set_t ours;

    /* It fails where there are more than 1,024. */
    if (sched_getaffinity(0, sizeof ours, &ours) == 0)
        return CPU_COUNT(&ours);
    return (int)sysconf(_SC_NPROCESSORS_ONLN);
}

/* The fields of the first line of /proc/stat, proc(5). */
enum { USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, STEAL, FIELDS };

static bool
read_ticks(unsigned long long ticks[FIELDS])
{
    char line[256];
    int fd = open("/proc/stat", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, line, sizeof line - 1);

    if (fd >= 0)
        (void)close(fd);
    if (n <= 0)
        return false;
    line[n] = '\0';
    return sscanf(line, "cpu %llu %llu %llu %llu %llu %llu %llu %llu",
                  &ticks[USER], &ticks[NICE], &ticks[SYSTEM], &ticks[IDLE],
                  &ticks[IOWAIT], &ticks[IRQ], &ticks[SOFTIRQ],
                  &ticks[STEAL]) == FIELDS;
}

int
processors_idle(void)
{
    static unsigned long long idle_before, all_before;
    unsigned long long ticks[FIELDS], all = 0;

    if (!read_ticks(ticks))
        return -1;
    for (int i = 0; i < FIELDS; i++)
        all += ticks[i];
    const unsigned long long idle = ticks[IDLE] + ticks[IOWAIT],
                             passed = all - all_before;
    const int percent =
        passed == 0 ? 0 : (int)((idle - idle_before) * 100 / passed);

    idle_before = idle;
    all_before = all;
    return percent;
}
