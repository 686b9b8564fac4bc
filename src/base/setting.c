/*
 * setting.c - a configuration: its sections, defaults and secrets; see
 * setting.h, and setting_local.h for the other parts.
 */
#include "base/setting.h"

#include <errno.h>
#include <glob.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/setting_local.h"

#define SECRET_MOST 65536 /* bytes of a secret's file */

void
config_fault(struct config *c, const char *file, int line, const char *format,
             ...)
{
    char what[512];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(what, sizeof what, format, args);
    va_end(args);
    c->bad = true;
    text_addf(c->faults, "%s:%d: %s\n", file, line, what);
}

/* ---- Instances ---------------------------------------------------------- */

static size_t
count_settings(const struct section *s)
{
    size_t n = 0;

    while (s->settings[n].key != NULL)
        n++;
    return n;
}

static void
fill_defaults(const struct config *c, struct instance *i)
{
    for (const struct setting *s = i->section->settings; s->key != NULL; s++) {
        const char *why;

        if (s->otherwise == NULL)
            continue;
        why = setting_read(c, s, i->values, s->otherwise);
        if (why != NULL)
            BUG("[%s] %s: the default %s", i->section->name, s->key, why);
    }
}

struct instance *
config_open(struct config *c, const struct section *s, const char *name)
{
    struct instance *i;

    for (i = c->first; i != NULL; i = i->next)
        if (i->section == s && text_same(i->name, name))
            return i;
    i = mem_new(c, struct instance);
    i->section = s;
    i->name = name == NULL ? NULL : mem_strdup(c, name);
    i->values = mem_zero(c, s->size);
    i->origins = mem_array(c, struct origin, count_settings(s) + 1);
    fill_defaults(c, i);
    *c->end = i;
    c->end = &i->next;
    return i;
}

/* ---- What is not in the files ------------------------------------------- */

/* A relative name is beside the file that names it. */
static const char *
beside(const void *mem, const char *file, const char *name)
{
    const char *slash = strrchr(file, '/');

    if (name[0] == '/' || slash == NULL)
        return name;
    return mem_printf(mem, "%.*s/%s", (int)(slash - file), file, name);
}

/* Under systemd, LoadCredential's copy of a secret's file, if there is one:
 * the file itself is closed to the service. */
static const char *
credential(const void *mem, const char *name)
{
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    const char *slash = strrchr(name, '/');

    if (directory == NULL)
        return NULL;
    const char *path =
        mem_printf(mem, "%s/%s", directory, slash == NULL ? name : slash + 1);
    return access(path, R_OK) == 0 ? path : NULL;
}

static void
read_secret_file(struct config *c, struct instance *i, const struct setting *s,
                 struct origin *o)
{
    const char *handed = credential(c, o->source);
    const char *path = handed ? handed : beside(c, o->file, o->source);
    char *bytes = file_read(c, path, SECRET_MOST, NULL);
    const char *why;

    if (bytes == NULL) {
        config_fault(c, o->file, o->line, "%s_file: %s: %s", s->key, path,
                     strerror(errno));
        return;
    }
    bytes[strcspn(bytes, "\r\n")] = '\0';
    why = bytes[0] == '\0' ? "is empty" : setting_read(c, s, i->values, bytes);
    if (why != NULL)
        config_fault(c, o->file, o->line, "%s_file: the secret in %s %s",
                     s->key, path, why);
    o->source = path;
    explicit_bzero(bytes, strlen(bytes));
}

static void
read_secret(struct config *c, struct instance *i, const struct setting *s,
            struct origin *o)
{
    const char *variable, *value, *why;

    if (o->kind == FROM_SECRET_FILE)
        read_secret_file(c, i, s, o);
    if (o->kind != FROM_DEFAULT)
        return;
    variable = setting_variable(c, i, s->key);
    value = getenv(variable);
    if (value == NULL || value[0] == '\0')
        return;
    *o = (struct origin){ .kind = FROM_ENVIRONMENT, .source = variable };
    why = setting_read(c, s, i->values, value);
    if (why != NULL)
        config_fault(c, variable, 0, "%s %s", s->key, why);
}

static void
complete(struct config *c, struct instance *i)
{
    for (size_t n = 0; i->section->settings[n].key != NULL; n++) {
        const struct setting *s = &i->section->settings[n];
        const char *space = i->name == NULL ? "" : " ";

        if (s->type == SETTING_SECRET)
            read_secret(c, i, s, &i->origins[n]);
        if (s->required && s->otherwise == NULL &&
            i->origins[n].kind == FROM_DEFAULT)
            config_fault(c, c->path, 0, "[%s%s%s] %s is required",
                         i->section->name, space,
                         i->name == NULL ? "" : i->name, s->key);
    }
}

/* Sections without a name always exist, also where no file names them. */
static void
complete_all(struct config *c)
{
    for (const struct section *const *s = c->sections; *s != NULL; s++)
        if (!(*s)->named)
            (void)config_open(c, *s, NULL);
    for (struct instance *i = c->first; i != NULL; i = i->next)
        complete(c, i);
}

/* ---- Reading ------------------------------------------------------------ */

static void
read_one(struct config *c, const char *path)
{
    if (!config_file(c, path))
        config_fault(c, path, 0, "%s", strerror(errno));
}

static void
read_directory(struct config *c, const char *path)
{
    const char *pattern = beside(c, path, "conf.d/*.conf");
    glob_t found;

    if (glob(pattern, 0, NULL, &found) != 0)
        return;
    for (size_t i = 0; i < found.gl_pathc; i++)
        read_one(c, mem_strdup(c, found.gl_pathv[i]));
    globfree(&found);
}

struct config *
config_read(const void *mem, const char *path,
            const struct section *const *sections, struct text *faults)
{
    struct config *c = mem_new(mem, struct config);

    c->sections = sections;
    c->end = &c->first;
    c->faults = faults;
    c->path = path == NULL ? "defaults" : mem_strdup(c, path);
    if (path != NULL) {
        read_one(c, c->path);
        read_directory(c, c->path);
    }
    complete_all(c);
    c->faults = NULL;
    if (!c->bad)
        return c;
    mem_free(c);
    return NULL;
}

/* ---- Asking ------------------------------------------------------------- */

const void *
config_section(const struct config *c, const struct section *s)
{
    for (const struct instance *i = c->first; i != NULL; i = i->next)
        if (i->section == s)
            return i->values;
    BUG("[%s] is no section of this configuration", s->name);
}

const void *
config_instance(const struct config *c, const struct section *s, size_t n,
                const char **ret_name)
{
    for (const struct instance *i = c->first; i != NULL; i = i->next) {
        if (i->section != s || n-- > 0)
            continue;
        if (ret_name != NULL)
            *ret_name = i->name;
        return i->values;
    }
    return NULL;
}

static const struct origin *
origin_of(const struct config *c, const void *in, const char *key)
{
    const struct instance *i = c->first;
    size_t n = 0;

    while (i != NULL && i->values != in)
        i = i->next;
    if (i == NULL)
        BUG("%s: not a section of this configuration", key);
    while (i->section->settings[n].key != NULL &&
           strcmp(i->section->settings[n].key, key) != 0)
        n++;
    return &i->origins[n];
}

const char *
config_secret_file(const struct config *c, const void *in, const char *key)
{
    const struct origin *o = origin_of(c, in, key);

    return o->kind == FROM_SECRET_FILE ? o->source : NULL;
}

const char *
config_where(const struct config *c, const void *in, const char *key)
{
    const struct origin *o = origin_of(c, in, key);

    return o->line > 0 ? mem_printf(c, "%s:%d", o->file, o->line) : "default";
}

void
config_each(const struct config *c,
            void (*look)(const struct config_value *v, void *with), void *with)
{
    for (const struct instance *i = c->first; i != NULL; i = i->next)
        for (size_t n = 0; i->section->settings[n].key != NULL; n++) {
            const struct setting *s = &i->section->settings[n];
            const struct config_value v = {
                .section = i->section->name,
                .instance = i->name,
                .setting = s,
                .at = (const char *)i->values + s->offset,
                .where = config_where(c, i->values, s->key),
                .file = config_secret_file(c, i->values, s->key),
            };

            look(&v, with);
        }
}
