/*
 * handover.c - what crosses the exec of a reload: lines in a memfd whose
 * number is in the environment.
 *
 *     started MICROSECONDS RELOADS REFUSED
 *     pidfile FD
 *     listener FD OURS ADDRESS
 *     board INDEX FD
 *     count POOL NUMBER...
 *     child PID BOARD SLOT DRAINING STARTED POOL
 *
 * A binary of another version reads only what it knows: a line with a word
 * that is new to it is skipped, and a board of another version is left alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "pool/pool_local.h"

/* ---- Writing ------------------------------------------------------------ */

static void
keep_over_exec(struct master *m, bool keep)
{
    int flags = keep ? 0 : FD_CLOEXEC;

    if (m->pid_file >= 0)
        (void)fcntl(m->pid_file, F_SETFD, flags);
    for (struct listener *l = m->listeners; l != NULL; l = l->next)
        (void)fcntl(l->fd, F_SETFD, flags);
    for (struct board *b = m->old_boards; b != NULL; b = b->next)
        (void)fcntl(b->fd, F_SETFD, flags);
    (void)fcntl(m->board->fd, F_SETFD, flags);
}

void
handover_undo(struct master *m)
{
    keep_over_exec(m, false);
}

/* 0 is the present board; -1: not one of ours. */
static int
board_index(const struct master *m, const struct board *board)
{
    int i = 1;

    if (board == m->board)
        return 0;
    for (const struct board *b = m->old_boards; b != NULL; b = b->next, i++)
        if (b == board)
            return i;
    return -1;
}

static void
write_boards(struct text *to, const struct master *m)
{
    text_addf(to, "board 0 %d\n", m->board->fd);
    for (const struct board *b = m->old_boards; b != NULL; b = b->next)
        text_addf(to, "board %d %d\n", board_index(m, b), b->fd);
}

static void
write_pools(struct text *to, const struct master *m)
{
    for (const struct pool *p = m->pools; p != NULL; p = p->next) {
        text_addf(to, "count %s", p->name);
        for (size_t i = 0; i < COUNTS; i++)
            text_addf(to, " %lld", (long long)p->counts[i]);
        text_addc(to, '\n');
    }
}

static void
write_children(struct text *to, const struct master *m)
{
    for (const struct child *c = m->children; c != NULL; c = c->next)
        text_addf(to, "child %d %d %d %d %lld %s\n", (int)c->pid,
                  c->slot == NULL ? -1 : board_index(m, c->board),
                  c->slot == NULL ? -1 : (int)(c->slot - c->board->slots),
                  c->draining, (long long)c->started, c->pool_name);
}

static void
write_state(struct text *to, const struct master *m)
{
    text_addf(to, "started %lld %lld %lld\n", (long long)m->started,
              (long long)m->reload.count, (long long)m->reload.refused);
    if (m->pid_file >= 0)
        text_addf(to, "pidfile %d\n", m->pid_file);
    for (const struct listener *l = m->listeners; l != NULL; l = l->next)
        text_addf(to, "listener %d %d %s\n", l->fd, l->ours, l->address);
    write_boards(to, m);
    write_pools(to, m);
    write_children(to, m);
}

int
handover_write(struct master *m)
{
    struct text *state = text_new(NULL);
    int fd = memfd_create("sparkle-handover", 0);
    bool done;

    write_state(state, m);
    done = fd >= 0 && write(fd, state->at, state->len) == (ssize_t)state->len &&
           lseek(fd, 0, SEEK_SET) == 0;
    if (!done)
        log_error("the handover cannot be written: %s", strerror(errno));
    if (!done && fd >= 0)
        (void)close(fd);
    mem_free(state);
    if (done)
        keep_over_exec(m, true);
    return done ? fd : -1;
}

/* ---- Reading ------------------------------------------------------------ */

/* The boards by index while the lines are read. */
#define BOARDS_MOST 256
struct taking {
    struct master *m;
    struct board *boards[BOARDS_MOST];
};

static void
take_started(struct taking *t, const char *rest)
{
    long long started, reloads, refused;

    if (sscanf(rest, "%lld %lld %lld", &started, &reloads, &refused) != 3)
        return;
    t->m->started = started;
    t->m->reload.count = reloads + 1;
    t->m->reload.refused = refused;
}

static void
take_pidfile(struct taking *t, const char *rest)
{
    int64_t fd;

    if (!text_to_int(rest, &fd))
        return;
    t->m->pid_file = (int)fd;
    (void)fcntl(t->m->pid_file, F_SETFD, FD_CLOEXEC);
}

static void
take_listener(struct taking *t, const char *rest)
{
    int fd, ours, n = 0;

    if (sscanf(rest, "%d %d %n", &fd, &ours, &n) == 2 && n > 0)
        listen_adopt(t->m, rest + n, fd, ours != 0);
}

static void
take_board(struct taking *t, const char *rest)
{
    int index, fd;
    struct board *b;

    if (sscanf(rest, "%d %d", &index, &fd) != 2)
        return;
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    b = board_adopt(t->m->mem, fd);
    if (b == NULL)
        return;
    if (index < 0 || index >= BOARDS_MOST) {
        board_release(b);
        return;
    }
    t->boards[index] = b;
    b->next = t->m->old_boards;
    t->m->old_boards = b;
    metrics_inherit(t->m->metrics, t->m->board, b);
}

static void
take_count(struct taking *t, const char *rest)
{
    size_t n = strcspn(rest, " ");
    char *name = mem_strndup(NULL, rest, n);
    struct pool *p = pool_find(t->m, name);
    const char *at = rest + n;

    mem_free(name);
    for (size_t i = 0; p != NULL && i < COUNTS && *at != '\0'; i++) {
        char *end;

        p->counts[i] = strtoll(at, &end, 10);
        at = end;
    }
}

static void
take_child(struct taking *t, const char *rest)
{
    int pid, board, slot, draining, n = 0;
    long long started;
    struct child *c;

    if (sscanf(rest, "%d %d %d %d %lld %n", &pid, &board, &slot, &draining,
               &started, &n) != 5 ||
        n == 0)
        return;
    c = child_add(t->m, pid, rest + n);
    c->old = c->waited = true;
    c->started = started;
    c->draining = draining != 0;
    if (c->draining)
        c->kill_at = clock_steady() + t->m->settings->process_control_timeout;
    if (board < 0 || board >= BOARDS_MOST || t->boards[board] == NULL ||
        slot < 0 || (uint32_t)slot >= t->boards[board]->slot_count)
        return;
    c->board = t->boards[board];
    c->slot = c->board->slots + slot;
}

static const struct {
    const char *word;
    void (*take)(struct taking *t, const char *rest);
} lines[] = {
    { "started ", take_started },   { "pidfile ", take_pidfile },
    { "listener ", take_listener }, { "board ", take_board },
    { "count ", take_count },       { "child ", take_child },
};

static void
take_line(struct taking *t, char *line)
{
    line[strcspn(line, "\n")] = '\0';
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (text_starts(line, lines[i].word)) {
            lines[i].take(t, line + strlen(lines[i].word));
            return;
        }
}

bool
handover_read(struct master *m)
{
    const char *number = getenv(HANDOVER_VARIABLE);
    struct taking *t;
    int64_t fd;
    FILE *from;
    char *line = NULL;
    size_t room = 0;

    if (!text_to_int(number, &fd))
        return false;
    (void)unsetenv(HANDOVER_VARIABLE);
    from = fdopen((int)fd, "r");
    if (from == NULL)
        die("the handover cannot be read: %s", strerror(errno));
    t = mem_new(m->mem, struct taking);
    t->m = m;
    while (getline(&line, &room, from) > 0)
        take_line(t, line);
    free(line);
    (void)fclose(from);
    mem_free(t);
    metrics_attach(m->metrics, m->board, m->old_boards);
    return true;
}
