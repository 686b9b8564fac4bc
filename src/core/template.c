/*
 * template.c - renders compiled templates; see template.h.
 *
 * A section pushes a scope, which is a variable of the function that runs it:
 * nothing is allocated but what sources make, and nested indentation.
 */
#include "core/template.h"

#include <string.h>

#include "base/bidi.h"
#include "base/escape.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/template_local.h"

struct rendering {
    struct text *out;
    const char *indent; /* of the partial being rendered */
    size_t indented;
    unsigned depth;
    unsigned long steps; /* sections and partials so far */
    bool failed;
};

/* Sources fill values into `found`: two, as one is made of the other. */
struct lookup {
    struct template_value found[2];
};

static const struct template_value nothing;

/* Prepares a place that a source fills; `small` needs no clearing. */
static struct template_value *
blank(struct template_value *value)
{
    memset(value, 0, offsetof(struct template_value, small));
    return value;
}

static bool
member(const struct template_value *of, const struct template_name *name,
       const void *mem, struct template_value *ret)
{
    return of != NULL && of->kind == TEMPLATE_OBJECT &&
           of->source->member(of, name, mem, blank(ret));
}

/*
 * The value of a step's name.  The scopes are asked for the first part only:
 * the rest must be there, or there is nothing (the specification's "context
 * precedence").
 */
static const struct template_value *
value_of(const struct rendering *r, const struct step *step,
         const struct template_scope *scope, struct lookup *lookup)
{
    struct template_value *value = &lookup->found[0];
    const void *mem = r->out->mem;

    if (step->parts == 0)
        return scope == NULL || scope->value == NULL ? &nothing : scope->value;
    while (scope != NULL && !member(scope->value, step->names, mem, value))
        scope = scope->outer;
    if (scope == NULL)
        return &nothing;
    for (unsigned i = 1; i < step->parts; i++) {
        struct template_value *next = &lookup->found[i & 1];

        if (!member(value, &step->names[i], mem, next))
            return &nothing;
        value = next;
    }
    return value;
}

static bool
falsy(const struct template_value *value)
{
    switch (value->kind) {
    case TEMPLATE_TEXT:
        return value->len == 0;
    case TEMPLATE_OBJECT:
        return false;
    case TEMPLATE_LIST:
        return value->source->count(value) == 0;
    default:
        return true;
    }
}

/* A section or partial more: false once that is too many. */
static bool
may_go_on(struct rendering *r)
{
    if (++r->steps > TEMPLATE_STEPS)
        r->failed = true;
    return !r->failed;
}

/* ---- The steps ----------------------------------------------------------- */

/* Text of the template, each line that is not empty after the indentation. */
static void
add_indented(struct rendering *r, const struct step *step)
{
    const char *p = step->text, *end = p + step->n;
    bool line = step->line;

    while (p < end) {
        const char *feed = memchr(p, '\n', (size_t)(end - p));
        const char *next = feed == NULL ? end : feed + 1;

        if (line && *p != '\n')
            text_add(r->out, r->indent, r->indented);
        text_add(r->out, p, (size_t)(next - p));
        p = next;
        line = true;
    }
    if (step->leads)
        text_add(r->out, r->indent, r->indented);
}

static void
add_text(struct rendering *r, const struct step *step)
{
    if (r->indented > 0)
        add_indented(r, step);
    else
        text_add(r->out, step->text, step->n);
}

/* Few texts have marks of direction. */
static void
add_closed(struct text *out, const struct template_value *value)
{
    struct text closed;

    if (bidi_closed(value->text, value->len)) {
        escape_html(out, value->text, value->len);
        return;
    }
    text_init(&closed, out->mem, value->len + 16);
    bidi_close(&closed, value->text, value->len);
    escape_html(out, closed.at, closed.len);
}

static void
add_isolated(struct text *out, const struct template_value *value)
{
    struct text isolated;

    text_init(&isolated, out->mem, value->len + 16);
    bidi_isolate(&isolated, value->text, value->len);
    escape_html(out, isolated.at, isolated.len);
}

static void
add_value(struct rendering *r, const struct step *step,
          const struct template_scope *scope)
{
    struct lookup lookup;
    const struct template_value *value = value_of(r, step, scope, &lookup);

    if (value->kind != TEMPLATE_TEXT && value->kind != TEMPLATE_FALSE)
        return;
    if (value->len == 0)
        return;
    switch (step->kind) {
    case STEP_TYPED:
        escape_html(r->out, value->text, value->len);
        break;
    case STEP_ESCAPED:
        add_closed(r->out, value);
        break;
    case STEP_ISOLATED:
        add_isolated(r->out, value);
        break;
    case STEP_ISOLATED_PLAIN:
        bidi_isolate(r->out, value->text, value->len);
        break;
    default:
        text_add(r->out, value->text, value->len);
    }
}

static void run(struct rendering *r, const struct step *from,
                const struct step *to, const struct template_scope *scope);

static void
run_partial(struct rendering *r, const struct step *step,
            const struct template_scope *scope)
{
    const struct template *t = step->partial;
    const char *indent = r->indent;
    size_t indented = r->indented;

    if (r->depth == TEMPLATE_DEPTH)
        r->failed = true;
    if (!may_go_on(r))
        return;
    if (step->text == NULL) {
        r->indented = 0;
    } else if (step->n > 0) {
        r->indented = indented + step->n;
        r->indent = indented == 0
                        ? step->text
                        : mem_printf(r->out->mem, "%.*s%.*s", (int)indented,
                                     indent, (int)step->n, step->text);
    }
    r->depth++;
    run(r, t->steps, t->steps + t->count, scope);
    r->depth--;
    r->indent = indent;
    r->indented = indented;
}

static void
run_list(struct rendering *r, const struct template_value *list,
         const struct step *from, const struct step *to,
         const struct template_scope *scope)
{
    size_t count = list->source->count(list);

    for (size_t i = 0; i < count && may_go_on(r); i++) {
        struct template_value item;
        struct template_scope inner = { &item, scope };

        list->source->item(list, i, r->out->mem, blank(&item));
        run(r, from, to, &inner);
    }
}

static void
run_section(struct rendering *r, const struct step *step, const struct step *to,
            const struct template_scope *scope)
{
    struct lookup lookup;
    const struct template_value *value = value_of(r, step, scope, &lookup);
    struct template_scope inner = { value, scope };

    if (step->kind == STEP_INVERTED) {
        if (falsy(value))
            run(r, step + 1, to, scope);
    } else if (value->kind == TEMPLATE_LIST) {
        run_list(r, value, step + 1, to, scope);
    } else if (!falsy(value) && may_go_on(r)) {
        run(r, step + 1, to, &inner);
    }
}

static void
run(struct rendering *r, const struct step *from, const struct step *to,
    const struct template_scope *scope)
{
    for (const struct step *step = from; step < to && !r->failed; step++) {
        switch ((enum step_kind)step->kind) {
        case STEP_TEXT:
            add_text(r, step);
            break;
        case STEP_TYPED:
        case STEP_ESCAPED:
        case STEP_ISOLATED:
        case STEP_ISOLATED_PLAIN:
        case STEP_RAW:
            add_value(r, step, scope);
            break;
        case STEP_SECTION:
        case STEP_INVERTED:
            run_section(r, step, step + step->n, scope);
            step += step->n - 1;
            break;
        case STEP_PARTIAL:
            run_partial(r, step, scope);
            break;
        }
    }
}

/* ---- Doors --------------------------------------------------------------- */

bool
template_render_in(struct text *out, const struct template *t,
                   const struct template_scope *scope)
{
    struct rendering r = { .out = out, .indent = "" };

    run(&r, t->steps, t->steps + t->count, scope);
    if (r.failed)
        log_warn("template %s: partials or sections without end", t->name);
    return !r.failed;
}

bool
template_render(struct text *out, const struct template *t,
                const struct template_value *root)
{
    const struct template_scope scope = { root, NULL };

    return template_render_in(out, t, &scope);
}

bool
template_render_page(struct text *out, const struct template *layout,
                     const struct template *page,
                     const struct template_scope *scope)
{
    struct text content;
    struct template_pair pairs[] = { { .name = "content" }, { 0 } };
    struct template_value added = { 0 };
    const struct template_scope inner = { &added, scope };

    text_init(&content, out->mem, 16384);
    if (!template_render_in(&content, page, scope))
        return false;
    template_text(&pairs[0].value, content.at, content.len);
    template_object(&added, &template_pairs, pairs);
    return template_render_in(out, layout, &inner);
}
