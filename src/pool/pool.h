/*
 * pool.h - the settings of a pool of workers and of its master.
 *
 * Pools behave as php-fpm's do, under the same names (with _ for the dot):
 *
 *   static    max_children workers, always;
 *   dynamic   start_servers at first, then between min_spare_servers and
 *             max_spare_servers idle ones, and at most max_children; where
 *             each processor has one, those busy for a moment count as idle;
 *   ondemand  none until a connection comes; one that was idle for
 *             process_idle_timeout goes.
 *
 * A program that does not want its sections to be called [master] and
 * [pool NAME] makes its own struct section over the same rows.
 */
#ifndef POOL_POOL_H
#define POOL_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/setting.h"

/* [pool NAME]; durations in microseconds, sizes in bytes. */
struct pool_settings {
    const char *listen;      /* "/path", "host:port", "[v6]:port", NULL: none */
    const char *listen_mode; /* octal, as in 0660 */
    const char *listen_owner, *listen_group; /* NULL: the master's */
    int64_t listen_backlog;
    const char *pm; /* static, dynamic, ondemand */
    int64_t max_children, start_servers;
    int64_t min_spare_servers, max_spare_servers;
    int64_t process_idle_timeout;
    int64_t max_requests, max_requests_jitter; /* jitter in percent */
    int64_t request_terminate_timeout, request_slowlog_timeout;
    int64_t memory_limit; /* RLIMIT_AS; 0: none */
    int64_t nice;
};

/* [master] */
struct master_settings {
    const char *pid_file, *log, *slowlog; /* NULL: none; standard error; log */
    const char *log_level;
    const char *status_socket, *status_mode, *status_group;
    const char *user, *group; /* of the workers, where the master is root */
    int64_t process_control_timeout;
    int64_t restart_backoff, restart_backoff_max;
};

extern const struct setting pool_setting_rows[];
extern const struct setting master_setting_rows[];
extern const struct section pool_section;
extern const struct section master_section;

#endif
