/*
 * setup.c - from a configuration file to pools that could be started; all
 * that --test-config does, and the first thing that a start does.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/user.h"
#include "pool/pool_local.h"

/* ---- Faults ------------------------------------------------------------- */

void
log_faults(const struct text *faults)
{
    const char *line = faults->at;

    while (*line != '\0') {
        size_t n = strcspn(line, "\n");

        if (n > 0)
            log_error("%.*s", (int)n, line);
        line += line[n] == '\n' ? n + 1 : n;
    }
}

/* ---- Privileges --------------------------------------------------------- */

static bool
find_user(struct master *m, const char *name, struct text *faults)
{
    if (!user_named(m->mem, name, &m->user)) {
        text_addf(faults, "%s: user %s %s\n",
                  config_where(m->config, m->settings, "user"), name,
                  getpwnam(name) == NULL ? "does not exist" : "is root");
        return false;
    }
    return true;
}

static bool
find_group(struct master *m, const char *name, struct text *faults)
{
    const struct group *g = getgrnam(name);

    if (g == NULL) {
        text_addf(faults, "%s: group %s does not exist\n",
                  config_where(m->config, m->settings, "group"), name);
        return false;
    }
    m->user.gid = g->gr_gid;
    return true;
}

/* Who starts it where the configuration names nobody: the owner of the
 * directory with its pid file, or the program's usual user. */
static bool
find_usual_user(struct master *m)
{
    const char *file = setting_given(m->settings->pid_file)
                           ? m->settings->pid_file
                           : m->settings->status_socket;
    const char *slash = file == NULL ? NULL : strrchr(file, '/');
    const char *usual = m->program->user;

    return (slash != NULL &&
            user_owning(m->mem,
                        mem_strndup(m->mem, file, (size_t)(slash - file) + 1),
                        &m->user)) ||
           (usual != NULL && user_named(m->mem, usual, &m->user));
}

bool
privileges_find(struct master *m, struct text *faults)
{
    const char *user = m->settings->user, *group = m->settings->group;
    struct user other;

    m->user = (struct user){ NULL, geteuid(), getegid() };
    /* systemd's User=, or a developer: we stay who we are. */
    if (m->user.uid != 0) {
        if (setting_given(user) && user_named(m->mem, user, &other) &&
            other.uid != m->user.uid)
            log_warn("user = %s has no effect: only root can change it", user);
        return true;
    }
    if (!setting_given(user)) {
        text_addf(faults,
                  "%s: [%s] user: root starts this, so say whom the workers "
                  "run as\n",
                  m->options.config == NULL ? "defaults" : m->options.config,
                  m->master_section->name);
        return false;
    }
    return find_user(m, user, faults) &&
           (!setting_given(group) || find_group(m, group, faults));
}

void
privileges_drop(const struct master *m)
{
    if (m->user.name != NULL)
        user_become(&m->user);
}

/* ---- Pools -------------------------------------------------------------- */

static void
add_pool(struct master *m, const struct pool_settings *s, const char *name,
         uint32_t first_slot)
{
    struct pool *p = mem_new(m->mem, struct pool);

    p->name = name;
    p->settings = s;
    p->first_slot = first_slot;
    p->start_count = pool_start_count(s);
    p->spawn_rate = 1;
    p->queue = -1;
    *m->pools_end = p;
    m->pools_end = &p->next;
}

void
setup_pools(struct master *m)
{
    const struct pool_settings *s;
    const char *name;
    uint32_t slots = 0;

    m->pools_end = &m->pools;
    for (size_t i = 0;
         (s = config_instance(m->config, m->pool_section, i, &name)) != NULL;
         i++) {
        add_pool(m, s, name, slots);
        slots += (uint32_t)s->max_children;
    }
    m->board = board_create(m->mem, slots, (uint32_t)m->metrics->cells,
                            m->metrics->layout);
    metrics_attach(m->metrics, m->board, m->old_boards);
}

struct pool *
pool_find(const struct master *m, const char *name)
{
    for (struct pool *p = m->pools; p != NULL; p = p->next)
        if (strcmp(p->name, name) == 0)
            return p;
    return NULL;
}

/* ---- Reading ------------------------------------------------------------ */

static bool
check_pools(struct master *m, const struct setup *s)
{
    const struct pool_settings *p;
    const char *name;
    bool good = true;
    size_t i = 0;

    for (; (p = config_instance(m->config, m->pool_section, i, &name)) != NULL;
         i++)
        good = pool_check(
                   s, m->program, p,
                   mem_printf(m->mem, "%s %s", m->pool_section->name, name)) &&
               good;
    if (i == 0)
        text_addf(s->faults, "%s: no [%s NAME]: there is nothing to do\n",
                  m->options.config == NULL ? "defaults" : m->options.config,
                  m->pool_section->name);
    return good && i > 0;
}

static const struct section *
section_of(const struct program *p, const struct section *given,
           const struct section *usual)
{
    const struct section *s = given == NULL ? usual : given;
    size_t i = 0;

    while (p->sections[i] != NULL && p->sections[i] != s)
        i++;
    if (p->sections[i] == NULL)
        BUG("[%s] is not among the program's sections", s->name);
    return s;
}

static bool
read_file(struct master *m, struct text *faults)
{
    m->config =
        config_read(m->mem, m->options.config, m->program->sections, faults);
    if (m->config != NULL)
        m->settings = config_section(m->config, m->master_section);
    return m->config != NULL;
}

/* Root asks by hand whether a program could start that another starts. */
static bool
asked_by_root(const struct master *m)
{
    return m->options.test_only && getenv(HELD_VARIABLE) == NULL &&
           geteuid() == 0 && !setting_given(m->settings->user);
}

/* Sockets and files are opened by who starts the program; what prepare does is
 * done by the workers' user, so that nothing of root's stays behind. */
static bool
test_places(struct master *m, struct text *faults)
{
    bool good = setup_possible(m, faults);

    privileges_drop(m);
    return good;
}

bool
setup_read(struct master *m, struct text *faults)
{
    const struct program *p = m->program;
    struct setup s = { .mem = m->mem,
                       .faults = faults,
                       .test_only = m->options.test_only };
    mode_t mode;

    m->master_section = section_of(p, p->master, &master_section);
    m->pool_section = section_of(p, p->pools, &pool_section);
    if (!read_file(m, faults))
        return false;
    if (asked_by_root(m) && find_usual_user(m)) {
        user_become(&m->user);
        if (!read_file(m, faults)) /* with what this user may read */
            return false;
    }
    m->metrics = s.metrics = metrics_new(m->mem);
    s.config = m->config;
    if (!listen_mode(m->settings->status_mode, &mode))
        text_addf(faults, "%s: status_mode is not octal, such as 0660\n",
                  config_where(m->config, m->settings, "status_mode"));
    bool good = check_pools(m, &s) && setup_sockets_differ(m, faults) &&
                privileges_find(m, faults) && faults->len == 0 &&
                (!s.test_only || test_places(m, faults)) &&
                (p->prepare == NULL || p->prepare(&s));
    m->context = s.context;
    return good;
}
