/* setting_print.c - configuration files out of rows; see setting.h. */
#include <string.h>

#include "base/mem.h"
#include "base/setting_local.h"

#define WIDTH 76

/* Text as comment lines. */
static void
add_comment(struct text *to, const char *s)
{
    size_t column = 0;

    while (*s != '\0') {
        size_t word = strcspn(s, " ");

        if (column == 0 || column + 1 + word > WIDTH) {
            text_adds(to, column == 0 ? "#" : "\n#");
            column = 1;
        }
        text_addc(to, ' ');
        text_add(to, s, word);
        column += 1 + word;
        s += word + strspn(s + word, " ");
    }
    text_addc(to, '\n');
}

/* ---- A configuration ---------------------------------------------------- */

static void
print_secret(struct text *to, const struct setting *s, const struct origin *o)
{
    switch (o->kind) {
    case FROM_SECRET_FILE:
        text_addf(to, "%s_file = %s\n", s->key, o->source);
        return;
    case FROM_ENVIRONMENT:
        text_addf(to, "# %s: from the environment's %s\n", s->key, o->source);
        return;
    case FROM_FILE:
        text_addf(to, "# %s: in %s:%d\n", s->key, o->file, o->line);
        return;
    case FROM_DEFAULT:
        text_addf(to, "# %s: none\n", s->key);
        return;
    }
}

/* Compares as written, so that 60s and 1m are the same. */
static bool
is_default(const struct setting *s, const struct instance *i)
{
    const struct origin *o = &i->origins[s - i->section->settings];
    void *mem;
    struct text *value, *otherwise;
    bool same;

    if (o->kind == FROM_DEFAULT || s->type == SETTING_SECRET)
        return o->kind == FROM_DEFAULT;
    mem = mem_context(NULL, "is_default");
    value = text_new(mem);
    otherwise = text_new(mem);
    void *defaults = mem_zero(mem, i->section->size);
    if (s->otherwise != NULL)
        (void)setting_read(mem, s, defaults, s->otherwise);
    setting_write(value, s, i->values);
    setting_write(otherwise, s, defaults);
    same = text_same(value->at, otherwise->at);
    mem_free(mem);
    return same;
}

static void
print_instance(struct text *to, const struct instance *i, bool all)
{
    bool begun = i->name != NULL || all;

    if (begun)
        text_addf(to, "\n[%s%s%s]\n", i->section->name,
                  i->name == NULL ? "" : " ", i->name == NULL ? "" : i->name);
    for (size_t n = 0; i->section->settings[n].key != NULL; n++) {
        const struct setting *s = &i->section->settings[n];

        if (!all && is_default(s, i))
            continue;
        if (!begun)
            text_addf(to, "\n[%s]\n", i->section->name);
        begun = true;
        if (s->type == SETTING_SECRET) {
            print_secret(to, s, &i->origins[n]);
            continue;
        }
        text_addf(to, "%s = ", s->key);
        setting_write(to, s, i->values);
        text_addc(to, '\n');
    }
}

void
config_print(struct text *to, const struct config *c, bool all)
{
    size_t start = to->len;

    for (const struct instance *i = c->first; i != NULL; i = i->next)
        print_instance(to, i, all);
    if (to->len > start) { /* no empty line at the top */
        memmove(to->at + start, to->at + start + 1, to->len - start);
        to->len--;
    }
}

/* ---- A sample ----------------------------------------------------------- */

/* What a value may be, where the row says more than its default shows. */
static void
add_limits(struct text *to, const struct setting *s)
{
    struct text *t = text_new(NULL);
    const struct setting at = { .type = s->type };

    if (s->type == SETTING_CHOICE) {
        text_adds(t, "One of");
        for (size_t i = 0; s->choices[i] != NULL; i++)
            text_addf(t, "%s %s", i > 0 ? "," : "", s->choices[i]);
        text_addc(t, '.');
    } else if (s->type == SETTING_SECRET) {
        text_addf(t, "A secret: better %s_file = PATH.", s->key);
    } else if (s->type != SETTING_TEXT && s->type != SETTING_BOOLEAN &&
               (s->min != 0 || s->max != 0)) {
        text_adds(t, "From ");
        setting_write(t, &at, &s->min);
        if (s->max != 0) {
            text_adds(t, " to ");
            setting_write(t, &at, &s->max);
        } else
            text_adds(t, " on");
        text_addc(t, '.');
    }
    if (t->len > 0)
        add_comment(to, t->at);
    mem_free(t);
}

static void
sample_setting(struct text *to, const struct setting *s)
{
    text_addc(to, '\n');
    if (s->about != NULL)
        add_comment(to, s->about);
    add_limits(to, s);
    if (s->type == SETTING_SECRET)
        text_addf(to, "%s%s_file =\n", s->required ? "" : "#", s->key);
    else if (s->required && s->otherwise == NULL)
        text_addf(to, "%s =\n", s->key);
    else
        text_addf(to, "#%s = %s\n", s->key,
                  s->otherwise == NULL ? "" : s->otherwise);
}

void
settings_sample(struct text *to, const struct section *const *sections)
{
    for (size_t i = 0; sections[i] != NULL; i++) {
        const struct section *s = sections[i];

        if (i > 0)
            text_addc(to, '\n');
        if (s->about != NULL)
            add_comment(to, s->about);
        text_addf(to, "[%s%s]\n", s->name, s->named ? " NAME" : "");
        for (const struct setting *row = s->settings; row->key != NULL; row++)
            sample_setting(to, row);
    }
}
