/*
 * pool.c - the rows of [master] and [pool NAME], and what must hold between
 * the settings of a pool.  See pool.h.
 */
#include "pool/pool.h"

#include "pool/pool_local.h"

static const char *const managers[] = { "static", "dynamic", "ondemand", NULL };
static const char *const levels[] = { "debug", "info", "warn", "error", NULL };

const struct setting pool_setting_rows[] = {
    SETTING(struct pool_settings, listen, TEXT, .max = 107,
            .about = "Where connections come from: the path of a Unix socket, "
                     "host:port or port. Empty: the workers find their work "
                     "elsewhere."),
    SETTING(struct pool_settings, listen_mode, TEXT, .otherwise = "0660",
            .about = "Permissions of a Unix socket."),
    SETTING(struct pool_settings, listen_owner, TEXT,
            .about = "Owner of a Unix socket. Empty: who starts the master."),
    SETTING(struct pool_settings, listen_group, TEXT,
            .about = "Group of a Unix socket, such as nginx's."),
    SETTING(struct pool_settings, listen_backlog, INTEGER, .otherwise = "511",
            .min = 1, .max = 65535,
            .about = "Connections that may wait. The kernel's "
                     "net.core.somaxconn bounds it."),
    SETTING(struct pool_settings, pm, CHOICE, .otherwise = "dynamic",
            .choices = managers,
            .about =
                "static: always max_children workers. dynamic: as many "
                "as keep between min_spare_servers and max_spare_servers "
                "idle (or, where each processor has one of these, "
                "quickly done). ondemand: none while there is nothing to do."),
    SETTING(struct pool_settings, max_children, INTEGER, .otherwise = "5",
            .min = 1, .max = 1000, .about = "Workers at most."),
    SETTING(struct pool_settings, start_servers, INTEGER, .otherwise = "0",
            .max = 1000,
            .about = "dynamic: workers at first. 0: half way between "
                     "min_spare_servers and max_spare_servers."),
    SETTING(struct pool_settings, min_spare_servers, INTEGER, .otherwise = "1",
            .min = 1, .max = 1000, .about = "dynamic: idle workers at least."),
    SETTING(struct pool_settings, max_spare_servers, INTEGER, .otherwise = "3",
            .min = 1, .max = 1000, .about = "dynamic: idle workers at most."),
    SETTING(struct pool_settings, process_idle_timeout, DURATION,
            .otherwise = "10s",
            .about = "ondemand: a worker that is idle for so long goes."),
    SETTING(struct pool_settings, max_requests, INTEGER, .otherwise = "0",
            .about = "A worker is replaced after so many requests. 0: never."),
    SETTING(struct pool_settings, max_requests_jitter, INTEGER,
            .otherwise = "10", .max = 100,
            .about = "Percent by which max_requests is longer at random, so "
                     "that not all workers are replaced at once."),
    SETTING(struct pool_settings, request_terminate_timeout, DURATION,
            .otherwise = "30s",
            .about = "A request that runs longer is ended, and its worker. "
                     "0: never."),
    SETTING(struct pool_settings, request_slowlog_timeout, DURATION,
            .otherwise = "2s",
            .about = "A request that runs longer is written to the slow log, "
                     "with its statement, while it runs. 0: never."),
    SETTING(struct pool_settings, memory_limit, SIZE, .otherwise = "0",
            .about = "Address space of a worker (RLIMIT_AS). 0: no limit."),
    SETTING(struct pool_settings, nice, INTEGER, .otherwise = "0", .min = -20,
            .max = 19, .about = "Scheduling priority: higher is less."),
    { 0 },
};

const struct setting master_setting_rows[] = {
    SETTING(struct master_settings, pid_file, TEXT,
            .about = "Holds the master's process id, and is locked while it "
                     "runs."),
    SETTING(struct master_settings, log, TEXT,
            .about = "The log. Empty or -: standard error."),
    SETTING(struct master_settings, slowlog, TEXT,
            .about = "The log of slow requests. Empty: the log."),
    SETTING(struct master_settings, log_level, CHOICE, .otherwise = "info",
            .choices = levels,
            .about = "What is below this is not logged. debug: a line a "
                     "statement, command to Redis, request that "
                     "begins and job, without their values."),
    SETTING(struct master_settings, status_socket, TEXT, .max = 107,
            .about = "Unix socket that answers GET /status, /metrics and "
                     "/health/live. Empty: none."),
    SETTING(struct master_settings, status_mode, TEXT, .otherwise = "0660",
            .about = "Permissions of the status socket."),
    SETTING(struct master_settings, status_group, TEXT,
            .about = "Group of the status socket, such as nginx's."),
    SETTING(struct master_settings, user, TEXT,
            .about = "Whom the workers run as, where root starts the master. "
                     "Workers never run as root."),
    SETTING(struct master_settings, group, TEXT,
            .about = "Their group. Empty: the user's."),
    SETTING(struct master_settings, process_control_timeout, DURATION,
            .otherwise = "30s", .min = 1000,
            .about = "How long a worker may go on with its request after it "
                     "was told to stop."),
    SETTING(struct master_settings, restart_backoff, DURATION,
            .otherwise = "100ms", .min = 1000,
            .about = "How long to wait before a worker is replaced that died "
                     "as soon as it was started; doubled each time."),
    SETTING(struct master_settings, restart_backoff_max, DURATION,
            .otherwise = "30s", .min = 1000, .about = "But no longer."),
    { 0 },
};

const struct section pool_section = {
    .name = "pool",
    .named = true,
    .settings = pool_setting_rows,
    .size = sizeof(struct pool_settings),
    .about = "A pool of workers.",
};

const struct section master_section = {
    .name = "master",
    .settings = master_setting_rows,
    .size = sizeof(struct master_settings),
    .about = "The process that starts the workers and watches them.",
};

/* ---- Settings read together --------------------------------------------- */

bool
setting_given(const char *s)
{
    return s != NULL && s[0] != '\0';
}

int64_t
pool_start_count(const struct pool_settings *s)
{
    if (strcmp(s->pm, "static") == 0)
        return s->max_children;
    if (strcmp(s->pm, "ondemand") == 0)
        return 0;
    if (s->start_servers > 0)
        return s->start_servers;
    return s->min_spare_servers +
           (s->max_spare_servers - s->min_spare_servers) / 2;
}

static void
add_fault(const struct setup *s, const struct pool_settings *p,
          const char *section, const char *key, const char *why)
{
    text_addf(s->faults, "%s: [%s] %s %s\n", config_where(s->config, p, key),
              section, key, why);
}

static bool
check_dynamic(const struct setup *s, const struct pool_settings *p,
              const char *section)
{
    size_t before = s->faults->len;
    int64_t start = pool_start_count(p);

    if (p->max_spare_servers > p->max_children)
        add_fault(s, p, section, "max_spare_servers",
                  "is more than max_children");
    if (p->min_spare_servers > p->max_spare_servers)
        add_fault(s, p, section, "min_spare_servers",
                  "is more than max_spare_servers");
    if (start < p->min_spare_servers || start > p->max_spare_servers)
        add_fault(s, p, section, "start_servers",
                  "is not between min_spare_servers and max_spare_servers");
    return s->faults->len == before;
}

bool
pool_check(const struct setup *s, const struct program *program,
           const struct pool_settings *p, const char *section)
{
    size_t before = s->faults->len;
    mode_t mode;

    if (strcmp(p->pm, "dynamic") == 0)
        (void)check_dynamic(s, p, section);
    if (strcmp(p->pm, "ondemand") == 0 && !setting_given(p->listen) &&
        program->wanted == NULL)
        add_fault(s, p, section, "pm", "= ondemand needs listen");
    if (p->request_slowlog_timeout > p->request_terminate_timeout &&
        p->request_terminate_timeout > 0)
        add_fault(s, p, section, "request_slowlog_timeout",
                  "is more than request_terminate_timeout");
    if (!listen_mode(p->listen_mode, &mode))
        add_fault(s, p, section, "listen_mode", "is not octal, such as 0660");
    return s->faults->len == before;
}
