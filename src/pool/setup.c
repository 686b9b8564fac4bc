/*
 * setup.c - from a configuration file to pools that could be started; all
 * that --test-config does, and the first thing that a start does.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
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
    const struct passwd *u = getpwnam(name);

    if (u == NULL || u->pw_uid == 0) {
        text_addf(faults, "%s: user %s %s\n",
                  config_where(m->config, m->settings, "user"), name,
                  u == NULL ? "does not exist" : "is root");
        return false;
    }
    m->user_name = mem_strdup(m->mem, name);
    m->user = u->pw_uid;
    m->group = u->pw_gid;
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
    m->group = g->gr_gid;
    return true;
}

bool
privileges_find(struct master *m, struct text *faults)
{
    const char *user = m->settings->user, *group = m->settings->group;
    const struct passwd *u;

    m->user = geteuid();
    m->group = getegid();
    if (m->user !=
        0) { /* systemd's User=, or a developer: we stay who we are */
        u = setting_given(user) ? getpwnam(user) : NULL;
        if (u != NULL && u->pw_uid != m->user)
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
    if (m->user_name == NULL)
        return;
    if (initgroups(m->user_name, m->group) != 0 || setgid(m->group) != 0 ||
        setuid(m->user) != 0)
        die("cannot become %s: %s", m->user_name, strerror(errno));
    if (setuid(0) == 0)
        BUG("root's rights could be had back");
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
    m->config = config_read(m->mem, m->options.config, p->sections, faults);
    if (m->config == NULL)
        return false;
    m->settings = config_section(m->config, m->master_section);
    m->metrics = s.metrics = metrics_new(m->mem);
    s.config = m->config;
    if (!listen_mode(m->settings->status_mode, &mode))
        text_addf(faults, "%s: status_mode is not octal, such as 0660\n",
                  config_where(m->config, m->settings, "status_mode"));
    bool good = check_pools(m, &s) && privileges_find(m, faults) &&
                faults->len == 0 && (p->prepare == NULL || p->prepare(&s));
    m->context = s.context;
    return good;
}

/* ---- Could it start? ---------------------------------------------------- */

static bool
pool_possible(struct master *m, const struct pool_settings *s, const char *name,
              struct text *faults)
{
    const struct listen_options o = {
        .name = mem_printf(m->mem, "%s: [%s %s] listen",
                           config_where(m->config, s, "listen"),
                           m->pool_section->name, name),
        .address = s->listen,
        .owner = s->listen_owner,
        .group = s->listen_group,
    };

    return !setting_given(s->listen) || listen_possible(&o, faults);
}

static bool
status_possible(struct master *m, struct text *faults)
{
    const struct master_settings *s = m->settings;
    const struct listen_options o = {
        .name = mem_printf(m->mem, "%s: [%s] status_socket",
                           config_where(m->config, s, "status_socket"),
                           m->master_section->name),
        .address = s->status_socket,
        .group = s->status_group,
    };

    return !setting_given(s->status_socket) || listen_possible(&o, faults);
}

bool
setup_possible(struct master *m, struct text *faults)
{
    const struct pool_settings *s;
    const char *name;
    bool good = status_possible(m, faults);

    for (size_t i = 0;
         (s = config_instance(m->config, m->pool_section, i, &name)) != NULL;
         i++)
        good = pool_possible(m, s, name, faults) && good;
    return good;
}
