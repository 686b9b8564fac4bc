/*
 * facts_status.c - /status: the program, its pools and, in full, each worker,
 * as text and as JSON.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/mem.h"
#include "pool/facts_local.h"

/* ---- A process ---------------------------------------------------------- */

struct process {
    const struct child *child;
    struct slot slot;
    int64_t rss; /* bytes */
    int64_t us;  /* of the running request, else of the last */
    int64_t sql_us;
    const char *state;
};

static int64_t
rss_of(pid_t pid)
{
    char path[64];
    char *bytes;
    long pages = 0;

    (void)snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    bytes = file_read(NULL, path, 4096, NULL);
    if (bytes == NULL || sscanf(bytes, "%*d %ld", &pages) != 1)
        pages = 0;
    mem_free(bytes);
    return pages * sysconf(_SC_PAGESIZE);
}

static const char *
state_name(const struct child *c)
{
    static const char *const names[] = { "Free", "Starting", "Idle", "Reading",
                                         "Running" };
    enum slot_state state = child_state(c);

    if (c->draining && state != SLOT_BUSY)
        return "Stopping";
    return state <= SLOT_BUSY ? names[state] : "Unknown";
}

static void
look_at_process(const struct child *c, struct process *ret)
{
    int64_t now = clock_steady();

    *ret = (struct process){ .child = c,
                             .rss = rss_of(c->pid),
                             .state = state_name(c) };
    if (c->slot == NULL)
        return;
    slot_copy(&ret->slot, c->slot);
    ret->us = ret->slot.state >= SLOT_READING ? now - ret->slot.since
                                              : ret->slot.last_us;
    ret->sql_us =
        ret->slot.sql_since > 0 ? now - ret->slot.sql_since : ret->slot.sql_us;
}

static const char *
master_state_name(const struct master *m)
{
    static const char *const names[] = { "starting", "serving", "stopping" };

    return names[m->state];
}

/* ---- Text --------------------------------------------------------------- */

static void
add_line(struct text *to, const char *name, const char *value)
{
    text_addf(to, "%s:%*s%s\n", name, (int)(22 - strlen(name)), "", value);
}

static void
add_number(struct text *to, const char *name, int64_t value)
{
    char digits[32];

    (void)snprintf(digits, sizeof digits, "%lld", (long long)value);
    add_line(to, name, digits);
}

static void
text_process(struct text *to, const struct child *c)
{
    struct process p;

    look_at_process(c, &p);
    text_adds(to, "************************\n");
    add_line(to, "pool", c->pool_name);
    add_number(to, "pid", c->pid);
    add_line(to, "state", p.state);
    add_number(to, "old generation", c->old);
    add_number(to, "start since", (clock_steady() - c->started) / CLOCK_SECOND);
    add_number(to, "requests", (int64_t)p.slot.requests);
    add_number(to, "request duration", p.us);
    add_line(to, "request id", p.slot.id);
    add_line(to, "route", p.slot.route);
    add_line(to, "sql", p.slot.sql);
    add_number(to, "sql duration", p.sql_us);
    add_number(to, "sql count", p.slot.sql_count);
    add_number(to, "rss", p.rss);
}

static void
text_master(struct text *to, const struct master *m)
{
    struct text *started = text_new(to->mem);

    clock_iso(started, m->started);
    add_line(to, "program", m->program->name);
    add_line(to, "version", m->program->version);
    add_number(to, "master pid", getpid());
    add_line(to, "start time", started->at);
    add_number(to, "start since", (clock_now() - m->started) / CLOCK_SECOND);
    add_line(to, "state", master_state_name(m));
    add_number(to, "reloads", m->reload.count);
    add_number(to, "reloads refused", m->reload.refused);
    mem_free(started);
}

static void
text_pool(struct text *to, const struct master *m, const struct pool *p)
{
    struct view v;

    fact_look(m, p, &v);
    text_addc(to, '\n');
    add_line(to, "pool", p->name);
    add_line(to, "process manager", p->settings->pm);
    add_line(to, "listen", p->listener == NULL ? "" : p->settings->listen);
    for (const struct fact *f = pool_facts; f->name != NULL; f++)
        add_number(to, f->name, fact_value(f, &v));
}

int
status_text(struct master *m, struct text *to, bool full)
{
    text_master(to, m);
    for (const struct pool *p = m->pools; p != NULL; p = p->next)
        text_pool(to, m, p);
    if (full) {
        text_addc(to, '\n');
        for (const struct child *c = m->children; c != NULL; c = c->next)
            text_process(to, c);
    }
    return 200;
}

/* ---- JSON --------------------------------------------------------------- */

static void
json_name(struct text *to, const char *name)
{
    text_addc(to, to->at[to->len - 1] == '{' ? '"' : ',');
    if (to->at[to->len - 1] == ',')
        text_addc(to, '"');
    for (; *name != '\0'; name++)
        text_addc(to, *name == ' ' ? '_' : *name);
    text_adds(to, "\":");
}

static void
json_text(struct text *to, const char *name, const char *value)
{
    json_name(to, name);
    text_addc(to, '"');
    escape_json(to, value, strlen(value));
    text_addc(to, '"');
}

static void
json_number(struct text *to, const char *name, int64_t value)
{
    json_name(to, name);
    text_addi(to, value);
}

static void
json_process(struct text *to, const struct child *c)
{
    struct process p;

    look_at_process(c, &p);
    text_addc(to, '{');
    json_text(to, "pool", c->pool_name);
    json_number(to, "pid", c->pid);
    json_text(to, "state", p.state);
    json_number(to, "old generation", c->old);
    json_number(to, "start since",
                (clock_steady() - c->started) / CLOCK_SECOND);
    json_number(to, "requests", (int64_t)p.slot.requests);
    json_number(to, "request duration", p.us);
    json_text(to, "request id", p.slot.id);
    json_text(to, "route", p.slot.route);
    json_text(to, "sql", p.slot.sql);
    json_number(to, "sql duration", p.sql_us);
    json_number(to, "sql count", p.slot.sql_count);
    json_number(to, "rss", p.rss);
    text_addc(to, '}');
}

static void
json_master(struct text *to, const struct master *m)
{
    json_text(to, "program", m->program->name);
    json_text(to, "version", m->program->version);
    json_number(to, "master pid", getpid());
    json_name(to, "start time");
    text_addc(to, '"');
    clock_iso(to, m->started);
    text_addc(to, '"');
    json_number(to, "start since", (clock_now() - m->started) / CLOCK_SECOND);
    json_text(to, "state", master_state_name(m));
    json_number(to, "reloads", m->reload.count);
    json_number(to, "reloads refused", m->reload.refused);
}

static void
json_pool(struct text *to, const struct master *m, const struct pool *p)
{
    struct view v;

    fact_look(m, p, &v);
    text_addc(to, '{');
    json_text(to, "pool", p->name);
    json_text(to, "process manager", p->settings->pm);
    json_text(to, "listen", p->listener == NULL ? "" : p->settings->listen);
    for (const struct fact *f = pool_facts; f->name != NULL; f++)
        json_number(to, f->name, fact_value(f, &v));
    text_addc(to, '}');
}

int
status_json(struct master *m, struct text *to, bool full)
{
    text_addc(to, '{');
    json_master(to, m);
    json_name(to, "pools");
    text_addc(to, '[');
    for (const struct pool *p = m->pools; p != NULL; p = p->next) {
        json_pool(to, m, p);
        text_adds(to, p->next == NULL ? "" : ",");
    }
    text_addc(to, ']');
    if (full) {
        json_name(to, "processes");
        text_addc(to, '[');
        for (const struct child *c = m->children; c != NULL; c = c->next) {
            json_process(to, c);
            text_adds(to, c->next == NULL ? "" : ",");
        }
        text_addc(to, ']');
    }
    text_adds(to, "}\n");
    return 200;
}
