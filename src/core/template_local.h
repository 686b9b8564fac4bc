/*
 * template_local.h - compiled templates, between the files of template.h:
 * template_parse.c makes them, template_set.c keeps them, template.c runs
 * them.
 */
#ifndef CORE_TEMPLATE_LOCAL_H
#define CORE_TEMPLATE_LOCAL_H

#include "core/template.h"

enum step_kind {
    STEP_TEXT,           /* text, n bytes */
    STEP_TYPED,          /* the value of a name, escaped and nothing else */
    STEP_ESCAPED,        /* the value of a name, escaped */
    STEP_ISOLATED,       /* the same, and isolated in the text around it */
    STEP_ISOLATED_PLAIN, /* isolated, and not escaped */
    STEP_RAW,            /* the value of a name */
    STEP_SECTION,        /* the n - 1 steps after it, for each item of a name */
    STEP_INVERTED,       /* the n - 1 steps after it, if a name is falsy */
    STEP_PARTIAL, /* another template, its lines indented by text, n bytes;
                     text is NULL where the partial does not stand alone */
};

/*
 * A step.  Texts point into the template's source.  For the indentation of a
 * partial it is known of a text that it begins a line (an empty line is not
 * indented), and that it leads to a tag which does.  A name of no parts is
 * the implicit iterator.
 */
struct step {
    uint8_t kind;
    bool line, leads;
    uint8_t parts;
    uint32_t n;
    const char *text;
    union {
        const struct template_name *names;
        const struct template *partial;
    };
};

struct template
{
    const char *name, *file; /* file: what faults call it */
    uint32_t hash;
    enum template_mode mode;
    const char *source;
    size_t len;
    struct step *steps;
    size_t count;
};

/*
 * Fills in the steps of a template that has all other members.  False, with
 * lines added to faults, where it cannot; the template is then empty.  Strict:
 * a partial that the set does not have is a fault, too.
 */
bool template_compile(struct template *t, const struct template_set *partials,
                      bool strict, struct text *faults);

#endif
