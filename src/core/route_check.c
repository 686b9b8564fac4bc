/*
 * route_check.c - what makes a row wrong, found at start and not by users.
 */
#include "core/route.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "core/app.h"
#include "core/db.h"
#include "core/feature.h"
#include "core/shape.h"
#include "core/template.h"

/* What is being checked, and where to say what is wrong with it. */
struct check {
    const struct route_entry *e;
    const struct path *path;
    struct text *faults;
};

#define FAULT(c, ...)                                                          \
    do {                                                                       \
        text_addf((c)->faults, "%s: ", (c)->e->row->on);                       \
        text_addf((c)->faults, __VA_ARGS__);                                   \
        text_addc((c)->faults, '\n');                                          \
    } while (0)

static void
check_row(struct check *c)
{
    const struct route *row = c->e->row;

    if (row->access == ALLOW_NOBODY)
        FAULT(c, "it does not say who may call");
    if (row->handle == NULL)
        FAULT(c, "it has no handler");
    if (row->about == NULL)
        FAULT(c, "it does not say what it is about");
    if (row->success != 0 && (row->success < 200 || row->success > 399))
        FAULT(c, "%d is no success", row->success);
    if (row->page != NULL && (row->raw_type != NULL || row->returns != NULL))
        FAULT(c, "a page answers HTML only");
    if (row->no_session && row->access != ALLOW_ANYONE)
        FAULT(c, "without a session only anyone can be let in");
    if (row->recent_auth && row->access == ALLOW_ANYONE)
        FAULT(c, "recent_auth wants somebody signed in");
}

static void
check_returns(struct check *c)
{
    const struct route *row = c->e->row;
    bool list = row->form == ANSWER_LIST || row->form == ANSWER_PAGES;

    if (row->page != NULL || row->raw_type != NULL)
        return;
    if (row->returns == NULL) {
        if (row->form != ANSWER_NOTHING)
            FAULT(c, "it returns nothing, so its form is ANSWER_NOTHING");
        return;
    }
    const char *fault = shape_fault(c->faults->mem, row->returns);
    if (fault != NULL)
        FAULT(c, "%s", fault);
    else if (row->form == ANSWER_NOTHING)
        FAULT(c, "ANSWER_NOTHING, but it returns something");
    else if (list && row->returns[0].type != VALUE_UUID &&
             row->returns[0].type != VALUE_INTEGER)
        FAULT(c, "the first member of a list's rows must be the id");
}

/* ---- Path and fields ----------------------------------------------------- */

static bool
good_literal(const struct segment *s)
{
    for (size_t i = 0; i < s->len; i++)
        if (!isalnum((unsigned char)s->at[i]) &&
            strchr("-._~", s->at[i]) == NULL)
            return false;
    return true;
}

static void
check_path(struct check *c)
{
    size_t names = 0;

    for (size_t i = 0; i < c->path->n; i++) {
        const struct segment *s = &c->path->segment[i];
        int len = (int)s->len;

        if (s->at[0] != '{') {
            if (!good_literal(s))
                FAULT(c, "\"%.*s\" is no good segment", len, s->at);
        } else if (names == ROUTE_NAMES || s->at[s->len - 1] != '}') {
            FAULT(c, "\"%.*s\" is no good name", len, s->at);
        } else if (c->e->taker[names++] == NULL) {
            FAULT(c, "no field takes %.*s of the path", len, s->at);
        }
    }
}

/* Bytes that a field's value takes in the input struct; 0: no input type. */
static size_t
value_size(enum value_type type)
{
    static const size_t sizes[] = {
        [VALUE_INTEGER] = sizeof(int64_t),
        [VALUE_MAYBE_INTEGER] = sizeof(struct maybe_integer),
        [VALUE_REAL] = sizeof(double),
        [VALUE_TEXT] = sizeof(char *),
        [VALUE_BOOLEAN] = sizeof(bool),
        [VALUE_MAYBE_BOOLEAN] = sizeof(struct maybe_boolean),
        [VALUE_UUID] = sizeof(struct uuid),
        [VALUE_TIME] = sizeof(struct instant),
        [VALUE_TEXTS] = sizeof(struct texts),
        [VALUE_JSON] = sizeof(struct json_text),
        [VALUE_CURSOR] = sizeof(struct cursor),
        [VALUE_CHOICE] = sizeof(unsigned int),
    };

    return (size_t)type < sizeof sizes / sizeof *sizes ? sizes[type] : 0;
}

static void
check_otherwise(struct check *c, const struct field *f)
{
    bool number = f->type == VALUE_INTEGER;

    if (f->otherwise == 0 || f->required)
        return;
    if (number &&
        (f->otherwise < f->min || (f->max != 0 && f->otherwise > f->max)))
        FAULT(c, "what %s is otherwise is out of its bounds", f->name);
    if (!number && f->type != VALUE_CHOICE && f->type != VALUE_BOOLEAN &&
        f->type != VALUE_CURSOR)
        FAULT(c, "%s cannot have an otherwise", f->name);
}

/* Free text says whether others read it, so that no field is forgotten. */
static void
check_seen(struct check *c, const struct field *f)
{
    bool text = f->type == VALUE_TEXT || f->type == VALUE_TEXTS;
    bool bound = f->valid != NULL || f->choices != NULL || f->secret || f->code;

    if (f->place == IN_BODY && text && !bound && f->visible == f->raw)
        FAULT(c, "%s is free text, so either visible or raw", f->name);
}

static void
check_field(struct check *c, const struct field *f)
{
    const struct route *row = c->e->row;
    size_t size = value_size(f->type);
    bool used = f->place != IN_PATH;

    if (f->about == NULL)
        FAULT(c, "%s does not say what it is about", f->name);
    if (size == 0)
        FAULT(c, "%s has a type that is no input", f->name);
    else if (f->offset + size > row->input.size)
        FAULT(c, "%s lies outside its struct", f->name);
    if (f->max != 0 && f->min > f->max)
        FAULT(c, "%s has its bounds crossed", f->name);
    if (f->type == VALUE_CHOICE && f->choices == NULL)
        FAULT(c, "%s has no choices", f->name);
    if (f->valid != NULL && f->wanted == NULL)
        FAULT(c, "%s does not say what is wanted", f->name);
    if (f->place == IN_BODY && c->e->method == METHOD_GET)
        FAULT(c, "%s is in a body, which GET has not", f->name);
    for (size_t i = 0; i < c->e->names; i++)
        used = used || c->e->taker[i] == f;
    if (!used)
        FAULT(c, "%s does not occur in the path", f->name);
    check_otherwise(c, f);
    check_seen(c, f);
}

static void
check_fields(struct check *c)
{
    const struct field *fields = c->e->row->input.fields;

    if (c->e->n_fields > 64)
        FAULT(c, "more than 64 fields");
    for (size_t i = 0; i < c->e->n_fields; i++) {
        check_field(c, &fields[i]);
        for (size_t j = 0; j < i; j++)
            if (strcmp(fields[i].name, fields[j].name) == 0)
                FAULT(c, "two fields are called %s", fields[i].name);
    }
}

/* ---- Refusals ------------------------------------------------------------ */

static bool
has_field(const struct route_entry *e, const char *name)
{
    for (size_t i = 0; i < e->n_fields; i++)
        if (strcmp(e->row->input.fields[i].name, name) == 0)
            return true;
    return false;
}

static void
check_refusals(struct check *c)
{
    const struct refusal *r = c->e->row->refusals;

    for (; r != NULL && r->problem != NULL; r++) {
        const struct problem *p = r->problem;

        if (p->status < 400 || p->status > 599 || p->code == NULL ||
            p->title == NULL)
            FAULT(c, "the problem %s is not whole",
                  p->code == NULL ? "without a code" : p->code);
        if (r->field != NULL && !has_field(c->e, r->field))
            FAULT(c, "%s names the field %s, which it has not", p->code,
                  r->field);
    }
}

void
route_check(const struct route_entry *entry, const struct path *path,
            struct text *faults)
{
    struct check c = { entry, path, faults };

    check_row(&c);
    check_returns(&c);
    check_path(&c);
    check_fields(&c);
    check_refusals(&c);
}

void
router_check_pages(const struct router *router,
                   const struct template_set *pages, struct text *faults)
{
    for (size_t i = 0; i < router_count(router); i++) {
        const struct route *row = router_at(router, i)->row;

        if (row->page != NULL && template_find(pages, row->page) == NULL)
            text_addf(faults, "%s: there is no template %s\n", row->on,
                      row->page);
    }
}

/* ---- Names of constraints ------------------------------------------------ */

static const char unknown_sql[] = SQL(
    SELECT DISTINCT wanted.name
    FROM unnest($1::text[]) AS wanted(name)
    WHERE NOT EXISTS (SELECT FROM pg_constraint
            WHERE conname = wanted.name)
        AND NOT EXISTS (SELECT FROM pg_class c JOIN pg_index i
            ON i.indexrelid = c.oid
            WHERE c.relname = wanted.name AND i.indisunique)
        AND NOT EXISTS (SELECT FROM raised_refusals
            WHERE name = wanted.name)
);

static void
collect(const struct router *router, const void *mem, struct texts *ret)
{
    const char **names = mem_array(mem, const char *, 1);

    *ret = (struct texts){ names, 0 };
    for (size_t i = 0; i < router_count(router); i++) {
        const struct refusal *r = router_at(router, i)->row->refusals;

        for (; r != NULL && r->problem != NULL; r++) {
            if (r->constraint == NULL)
                continue;
            names = mem_grow(mem, names, (ret->n + 2) * sizeof *names);
            names[ret->n++] = r->constraint;
            ret->at = names;
        }
    }
}

static void
name_users(const struct router *router, const char *constraint,
           struct text *faults)
{
    for (size_t i = 0; i < router_count(router); i++) {
        const struct route *row = router_at(router, i)->row;
        const struct refusal *r = row->refusals;

        for (; r != NULL && r->problem != NULL; r++)
            if (text_same(r->constraint, constraint))
                text_addf(faults, "%s: the database has no constraint %s\n",
                          row->on, constraint);
    }
}

bool
route_check_constraints(struct app *app, struct text *faults)
{
    void *mem = mem_context(NULL, "constraints");
    struct texts names;
    struct db_error error = { 0 };

    collect(app->router, mem, &names);
    struct db_result *res =
        db_query(app->db, mem, unknown_sql, ARGS(ARG(names)), &error);
    if (error.failed)
        text_addf(faults, "the database does not answer: %s\n", error.message);
    for (size_t i = 0; !error.failed && i < db_rows(res); i++)
        name_users(app->router, db_text(res, i, 0, NULL), faults);
    mem_free(mem);
    return !error.failed;
}
