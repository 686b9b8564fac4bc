/*
 * overtime.c - requests that take too long: the slow log while they run, and
 * their end after request_terminate_timeout.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/escape.h"
#include "base/log.h"
#include "base/mem.h"
#include "pool/pool_local.h"
#include "pool/worker_local.h"

#define GRACE (2 * CLOCK_SECOND) /* from the signal to SIGKILL */

void
slowlog_open(struct master *m)
{
    const char *path = m->settings->slowlog;
    int fd;

    if (!setting_given(path))
        return;
    fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0) {
        log_warn("%s: %s", path, strerror(errno));
        return;
    }
    if (m->slowlog >= 0)
        (void)close(m->slowlog);
    m->slowlog = fd;
}

/* ---- The line ----------------------------------------------------------- */

/* How long the running statement has taken, or the last one took. */
static int64_t
statement_us(const struct slot *s)
{
    return s->sql_since > 0 ? clock_steady() - s->sql_since : s->sql_us;
}

static void
add_member(struct text *t, const struct log_field *f)
{
    text_addf(t, ",\"%s\":", f->name);
    if (f->text == NULL) {
        text_addi(t, f->number);
        return;
    }
    text_addc(t, '"');
    escape_json(t, f->text, strlen(f->text));
    text_addc(t, '"');
}

/* A line of the slow log's own file. */
static void
write_line(const struct master *m, const char *message,
           const struct log_field *fields)
{
    struct text *t = text_new(NULL);

    text_adds(t, "{\"time\":\"");
    clock_iso(t, clock_now());
    text_addf(t, "\",\"msg\":\"%s\"", message);
    for (; fields->name != NULL; fields++)
        add_member(t, fields);
    text_adds(t, "}\n");
    ssize_t written = write(m->slowlog, t->at, t->len);
    (void)written; /* a full disk must not stop the master */
    mem_free(t);
}

/* Says of a request what is known, in the log, the slow log or both. */
static void
report(const struct master *m, const struct child *c, const struct slot *s,
       const char *message, bool terminated)
{
    const struct log_field fields[] = {
        LOG_TEXT("pool", c->pool_name),
        LOG_NUMBER("worker", c->pid),
        LOG_TEXT("request_id", s->id),
        LOG_TEXT("route", s->route),
        LOG_NUMBER("ms", (clock_steady() - s->since) / 1000),
        LOG_TEXT("sql", s->sql),
        LOG_NUMBER("sql_ms", statement_us(s) / 1000),
        LOG_NUMBER("sql_running", s->sql_since > 0),
        LOG_NUMBER("sql_count", s->sql_count),
        { 0 },
    };

    if (terminated || m->slowlog < 0)
        log_fields(LOG_WARN, message, fields);
    if (m->slowlog >= 0)
        write_line(m, message, fields);
}

/* ---- Looking ------------------------------------------------------------ */

static void
end_request(struct master *m, struct child *c, const struct slot *s)
{
    c->terminate = s->serial;
    c->pool->counts[COUNT_TERMINATED]++;
    report(m, c, s, "request terminated: it took too long", true);
    SHARED_WRITE(c->slot->terminate, s->serial);
    (void)kill(c->pid, SIGNAL_TERMINATE);
    if (c->kill_at == 0 || c->kill_at > clock_steady() + GRACE)
        c->kill_at = clock_steady() + GRACE;
}

static void
look_at(struct master *m, struct child *c)
{
    const struct pool_settings *p = c->pool->settings;
    struct slot s;
    int64_t us;

    slot_copy(&s, c->slot);
    us = clock_steady() - s.since;
    if (s.state < SLOT_READING)
        return;
    if (p->request_slowlog_timeout > 0 && s.state == SLOT_BUSY &&
        us >= p->request_slowlog_timeout && c->slow != s.serial) {
        c->slow = s.serial;
        c->pool->counts[COUNT_SLOW]++;
        report(m, c, &s, "slow request", false);
    }
    if (p->request_terminate_timeout > 0 &&
        us >= p->request_terminate_timeout && c->terminate != s.serial)
        end_request(m, c, &s);
}

void
overtime_tick(struct master *m)
{
    for (struct child *c = m->children; c != NULL; c = c->next)
        if (c->pool != NULL && c->slot != NULL)
            look_at(m, c);
}
