/* template_set.c - sets of templates, and the files they come from. */
#include "core/template.h"

#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "core/template_local.h"

enum { MOST = 1 << 20 }; /* bytes of a template's file */

struct template_set {
    enum template_mode mode;
    struct template **at; /* in order of name once compiled */
    size_t count, room;
};

static struct template *
template_new(const void *mem, enum template_mode mode, const char *name,
             const char *source, size_t len)
{
    struct template *t = mem_new(mem, struct template);

    t->mode = mode;
    t->name = mem_strdup(t, name);
    t->file = t->name;
    t->hash = template_hash(name, strlen(name));
    t->source = mem_strndup(t, source, len);
    t->len = len;
    return t;
}

/* ---- Sets made by hand --------------------------------------------------- */

struct template_set *
templates_new(const void *mem, enum template_mode mode)
{
    struct template_set *set = mem_new(mem, struct template_set);

    set->mode = mode;
    return set;
}

static struct template *
set_add(struct template_set *set, const char *name, const char *source,
        size_t len)
{
    if (set->count == set->room) {
        set->room = set->room == 0 ? 32 : set->room * 2;
        set->at = mem_grow(set, set->at, mem_size(sizeof *set->at, set->room));
    }
    struct template *t = template_new(set, set->mode, name, source, len);
    set->at[set->count++] = t;
    return t;
}

void
templates_add(struct template_set *set, const char *name, const char *source,
              size_t len)
{
    set_add(set, name, source, len);
}

static int
by_name(const void *a, const void *b)
{
    const struct template *const *left = a, *const *right = b;

    return strcmp((*left)->name, (*right)->name);
}

bool
templates_compile(struct template_set *set, struct text *faults)
{
    bool good = true;

    if (set->count > 1)
        qsort(set->at, set->count, sizeof *set->at, by_name);
    for (size_t i = 0; i < set->count; i++)
        if (!template_compile(set->at[i], set, true, faults))
            good = false;
    return good;
}

/* ---- Questions ----------------------------------------------------------- */

const struct template *
template_find(const struct template_set *set, const char *name)
{
    uint32_t hash = template_hash(name, strlen(name));

    for (size_t i = 0; i < set->count; i++)
        if (set->at[i]->hash == hash && strcmp(set->at[i]->name, name) == 0)
            return set->at[i];
    return NULL;
}

const struct template *
template_at(const struct template_set *set, size_t i)
{
    return i < set->count ? set->at[i] : NULL;
}

const char *
template_name_of(const struct template *t)
{
    return t->name;
}

const struct template *
template_parse(const void *mem, enum template_mode mode, const char *name,
               const char *source, size_t len,
               const struct template_set *partials, struct text *faults)
{
    struct template *t = template_new(mem, mode, name, source, len);

    if (template_compile(t, partials, false, faults))
        return t;
    mem_free(t);
    return NULL;
}

/* ---- Files --------------------------------------------------------------- */

static void
tree_close(FTS **tree)
{
    if (*tree != NULL)
        (void)fts_close(*tree);
}

static void
cannot_read(struct text *faults, const char *path, int why)
{
    text_addf(faults, "%s:0: %s\n", path, strerror(why));
}

/* Adds one file whose path ends as it should, named by where it lies. */
static void
add_file(struct template_set *set, const char *path, const char *below,
         size_t below_len, struct text *faults)
{
    size_t len;
    const char *name = mem_strndup(set, below, below_len);
    const char *source = file_read(set, path, MOST, &len);

    if (source == NULL)
        cannot_read(faults, path, errno);
    else
        set_add(set, name, source, len)->file = mem_strdup(set, path);
}

/* What one step through the directories found. */
static void
add_entry(struct template_set *set, const FTSENT *entry, size_t root,
          const char *ending, struct text *faults)
{
    const char *path = entry->fts_path;
    const char *below = path + root;
    size_t tail = strlen(ending), len = strlen(path);

    if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR ||
        entry->fts_info == FTS_NS) {
        cannot_read(faults, path, entry->fts_errno);
        return;
    }
    if (entry->fts_info != FTS_F || len <= root + tail ||
        strcmp(path + len - tail, ending) != 0)
        return;
    below += *below == '/';
    add_file(set, path, below, (size_t)(path + len - tail - below), faults);
}

struct template_set *
templates_load_as(const void *mem, const char *directory, const char *ending,
                  enum template_mode mode, struct text *faults)
{
    struct template_set *set = templates_new(mem, mode);
    char *const paths[] = { mem_strdup(set, directory), NULL };
    FTS *tree __attribute__((cleanup(tree_close))) =
        fts_open(paths, FTS_LOGICAL | FTS_NOCHDIR, NULL);
    size_t before = faults->len;
    FTSENT *entry;

    if (tree == NULL)
        cannot_read(faults, directory, errno);
    while (tree != NULL && (entry = fts_read(tree)) != NULL)
        add_entry(set, entry, strlen(directory), ending, faults);
    if (templates_compile(set, faults) && faults->len == before)
        return set;
    mem_free(set);
    return NULL;
}

struct template_set *
templates_load(const void *mem, const char *directory, struct text *faults)
{
    return templates_load_as(mem, directory, ".html", TEMPLATE_HTML, faults);
}
