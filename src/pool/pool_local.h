/*
 * pool_local.h - the master from the inside: what its modules share.
 *
 *   options.c     the command line
 *   setup.c       configuration, prepare, --test-config
 *   setup_place.c sockets and files that a start will need
 *   master.c      the boot table, the loop, the end
 *   events.c      descriptors and who is called for them
 *   signals.c     signals as a descriptor
 *   listen.c      sockets: made, inherited, from systemd; queue.c their queues
 *   child.c       from fork to the worker's function; privileges
 *   children.c    their deaths
 *   sizing.c      how many workers a pool has: pm
 *   overtime.c    slow log and request_terminate_timeout
 *   status.c      the status socket; facts.c what it says
 *   background.c  --daemonize, and the pid file
 *   reload.c      checking and exec; handover.c what crosses the exec
 *   notify.c      systemd
 */
#ifndef POOL_POOL_LOCAL_H
#define POOL_POOL_LOCAL_H

#include <signal.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/user.h"
#include "pool/master.h"
#include "pool/metrics_local.h"
#include "pool/scoreboard.h"

struct master;

/* ---- Descriptors -------------------------------------------------------- */

/* A descriptor and who is called when it is ready. */
struct watch {
    int fd;
    void (*on)(struct master *m, struct watch *w, uint32_t events);
    void *owner;
};

void events_start(struct master *m);
void events_stop(struct master *m);
void watch_add(struct master *m, struct watch *w, uint32_t events);
void watch_change(struct master *m, struct watch *w, uint32_t events);
void watch_remove(struct master *m, struct watch *w);

/* Waits at most until `until` (clock_steady) and calls who is ready. */
void events_wait(struct master *m, int64_t until);

/* ---- Sockets ------------------------------------------------------------ */

/* A listening socket that may outlive the pool's generation. */
struct listener {
    const char *address; /* as the configuration says it */
    int fd;
    bool ours; /* a Unix socket's file that we made */
    bool used; /* by this generation */
    struct listener *next;
};

bool listen_mode(const char *octal, mode_t *ret_mode);

struct listen_options {
    const char *name; /* to find it among systemd's */
    const char *address, *mode, *owner, *group;
    int backlog;
};

/*
 * The socket for an address: inherited, from systemd, or made.  NULL with a
 * line in faults.  listen_possible only finds out whether it could be made.
 */
struct listener *listen_open(struct master *m, const struct listen_options *o,
                             struct text *faults);
bool listen_possible(const struct listen_options *o, struct text *faults);

/* A socket that a handover or systemd gives. `name`: of a pool, or NULL. */
void listen_adopt(struct master *m, const char *address, int fd, bool ours);
void listen_adopt_systemd(struct master *m);

/* Closes those that this generation does not use. */
void listen_drop_unused(struct master *m);
void listen_close_all(struct master *m);

/* Connections that wait; -1: not known. */
int listen_queue(int fd);

/* ---- Pools and children ------------------------------------------------- */

/* What is counted about a pool, over reloads; in the handover in this order. */
enum pool_count {
    COUNT_REQUESTS, /* of dead workers; see pool_requests */
    COUNT_BUSY_US,
    COUNT_STARTED,
    COUNT_CRASHED,
    COUNT_TERMINATED,
    COUNT_KILLED,
    COUNT_SLOW,
    COUNT_FULL, /* times that max_children kept it from growing */
    COUNT_MAX_BUSY,
    COUNT_MAX_QUEUE,
    COUNTS,
};

struct pool {
    const char *name;
    const struct pool_settings *settings;
    struct listener *listener; /* NULL: none */
    uint32_t first_slot;
    int64_t counts[COUNTS];
    int64_t start_count; /* workers that the generation starts with */
    int spawn_rate;      /* dynamic: grows while it is not enough */
    bool full;           /* the last look found it so */
    bool settled;        /* this generation was seen waiting */
    int queue;           /* at the last look; -1: not known */
    int failures;        /* workers that died at once, in a row */
    int64_t not_before;  /* back-off: no new worker until then */
    int64_t rearm_at;    /* 0: not to be */
    bool armed;          /* we are woken when all workers are busy */
    struct watch watch;
    struct pool *next;
};

struct child {
    pid_t pid;
    const char *pool_name;
    struct pool *pool; /* NULL: its pool is gone from the configuration */
    struct board *board;
    struct slot *slot; /* NULL: an older program's, whose board we can't read */
    int64_t started;
    bool old;                 /* of an older generation */
    bool draining;            /* told to stop */
    bool waited;              /* was seen waiting */
    int64_t kill_at;          /* 0: never */
    uint64_t slow, terminate; /* serials that were dealt with */
    bool terminated;
    struct child *next;
};

#define QUICK_WORK (20 * CLOCK_SECOND / 1000)

/* Workers of a pool, counted. */
struct census {
    int starting, idle, busy; /* of this generation, not told to stop */
    int quick;                /* of the busy: for less than QUICK_WORK */
    int draining;             /* of this generation, told to stop */
    int old;
    struct child *leaver; /* who can be spared: idle for longest, or quick */
};

void pool_census(const struct master *m, const struct pool *p,
                 struct census *ret);
struct pool *pool_find(const struct master *m, const char *name);
int64_t pool_start_count(const struct pool_settings *s);
/* `section` is what stands between the brackets, for the faults. */
bool pool_check(const struct setup *s, const struct program *program,
                const struct pool_settings *p, const char *section);

/* Not NULL and not empty. */
bool setting_given(const char *s);

enum slot_state child_state(const struct child *c);

/* Forks a worker; false where there is no slot or no process. */
bool child_fork(struct master *m, struct pool *p);

/* Tells a worker to stop when its request is done. */
void child_drain(struct master *m, struct child *c);
void children_drain_all(struct master *m, bool only_old);
void children_kill_all(struct master *m);
void children_signal(struct master *m, int number);
void children_reap(struct master *m);

/* Kills those whose time is up. */
void children_tick(struct master *m);

/* Enters a process in the list of children. */
struct child *child_add(struct master *m, pid_t pid, const char *pool);

/* Looks who was seen waiting since the last look. */
void children_look(struct master *m);

/* Once a second: grows, shrinks, and wakes who slept through a connection. */
void sizing_tick(struct master *m);
/* Whenever something happened: fills pools up to what they must have. */
void sizing_look(struct master *m);
/* A worker was seen waiting: we go to the end of the socket's queue. */
void sizing_rearm(struct master *m);
void sizing_disarm_all(struct master *m);
/* In place of a dead worker; and a worker that sleeps is woken for its work. */
void sizing_replace(struct master *m, struct pool *p);

void overtime_tick(struct master *m);
void slowlog_open(struct master *m);

/* ---- Status ------------------------------------------------------------- */

struct status;
void status_start(struct master *m);
void status_stop(struct master *m);
void status_close(struct master *m); /* in a child: only the descriptors */
void status_tick(struct master *m);

/* Answers a path and query; returns the HTTP status. */
int facts_answer(struct master *m, const char *path, const char *query,
                 struct text *body, const char **ret_type);

/* ---- Reload ------------------------------------------------------------- */

struct reload {
    pid_t checker;
    int64_t checker_until;
    struct watch output; /* of the checker */
    struct text said;
    bool again;       /* asked for once more meanwhile */
    bool was_refused; /* the last time, for what was said */
    int64_t count, refused;
};

void reload_begin(struct master *m);
/* A child that is no worker; true where it was the checker. */
bool reload_reaped(struct master *m, pid_t pid, int status);
void reload_tick(struct master *m);
/* Executes the binary in our place; returns where that fails. */
void reload_replace(struct master *m);

/* Drains old workers where new ones were seen waiting. */
void reload_settle(struct master *m);

#define HANDOVER_VARIABLE "SPARKLE_HANDOVER"
#define LOG_VARIABLE "SPARKLE_LOG"   /* for the time before it is opened */
#define HELD_VARIABLE "SPARKLE_HELD" /* what the asker listens on and holds */

/* Writes what the next generation needs; the descriptor, or -1.  On success
 * all descriptors that are in it survive an exec; handover_undo takes that
 * back. */
int handover_write(struct master *m);
void handover_undo(struct master *m);

/* Takes over what the generation before left, where there is one.  After
 * setup_pools.  False: this is a first start. */
bool handover_read(struct master *m);

/* ---- systemd ------------------------------------------------------------ */

void notify_send(const char *format, ...) __attribute__((format(printf, 1, 2)));
void notify_ready(struct master *m);
void notify_tick(struct master *m);

/* ---- The master --------------------------------------------------------- */

/* Whether no two sockets of the configuration are one. */
bool setup_sockets_differ(struct master *m, struct text *faults);
/* For --test-config: whether the sockets and files could be opened. */
bool setup_possible(struct master *m, struct text *faults);

struct options {
    const char *config;
    bool test_only, daemonize, help, version;
};

/* False: exit with *ret_status. */
bool options_read(const struct program *p, int argc, char **argv,
                  struct options *ret, int *ret_status);

enum master_state { MASTER_BOOTS, MASTER_SERVES, MASTER_STOPS };

struct master {
    void *mem;
    const struct program *program;
    struct options options;
    char **argv;
    const char *binary; /* absolute: what a reload executes */
    const struct section *master_section, *pool_section;
    const struct config *config;
    const struct master_settings *settings;
    struct metrics *metrics;
    void *context;
    struct user user; /* of the workers; without a name: they run as we do */

    enum master_state state;
    int64_t started; /* clock_now() of the first generation */
    int64_t stop_until;
    int64_t sized;    /* when sizing_tick last did its work */
    int64_t watchdog; /* when systemd last heard of us */
    int processors;   /* that we may run on */
    int idle_percent; /* of them, at the last sizing_tick; -1: unknown */
    int epoll, pid_file, slowlog;
    int daemon_parent; /* a pipe: the parent waits for a byte */
    struct watch signals, ready;
    struct listener *listeners;
    struct pool *pools, **pools_end;
    struct child *children;
    struct board *board, *old_boards;
    struct status *status;
    struct reload reload;
};

/* Reads the configuration and calls prepare; false with faults. */
bool setup_read(struct master *m, struct text *faults);
void setup_pools(struct master *m);
void log_faults(const struct text *faults);

void logs_open(struct master *m, bool again);

/* Whom the workers run as; false with a fault. */
bool privileges_find(struct master *m, struct text *faults);
/* In the child; dies where that fails. */
void privileges_drop(const struct master *m);

void signals_start(struct master *m);
/* In the child: nothing is blocked, nothing is handled. */
void signals_forget(void);

/* The parent ends when the workers serve, or with a failure. */
void go_to_background(struct master *m);

/* Writes the process id into a file, and keeps that locked. */
void pid_file_start(struct master *m);
void pid_file_stop(struct master *m);

/* Asks the loop to end; a second time at once. */
void master_stop(struct master *m);

#endif
