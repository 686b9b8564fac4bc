/* shape.c - compiling tables of members; see shape.h. */
#include "core/shape.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "core/db.h"
#include "core/template.h"

enum { DEEPEST = 8 };

struct shape_set {
    const struct shape **at;
    size_t n, room;
};

struct shape_set *
shape_set_new(const void *mem)
{
    return mem_new(mem, struct shape_set);
}

static size_t
count_members(const struct member *members)
{
    size_t n = 0;

    while (members[n].name != NULL)
        n++;
    return n;
}

static void
fill_slot(struct shape_slot *slot, const struct member *m, const void *mem)
{
    slot->name = m->name;
    slot->len = (uint32_t)strlen(m->name);
    slot->hash = template_hash(m->name, slot->len);
    slot->key = mem_printf(mem, ",\"%s\":", m->name);
    slot->key_len = slot->len + 4;
    slot->type = m->type;
    slot->nullable = m->nullable;
}

/* Which column, of its own, says whether a nullable object is there. */
static uint32_t
mark_of(const struct shape *object)
{
    for (size_t i = 0; i < object->n; i++)
        if (object->slot[i].object == NULL && !object->slot[i].nullable)
            return object->slot[i].column;
    return 0;
}

static struct shape *
compile(struct shape_set *set, const struct member *members, int depth)
{
    size_t n = count_members(members);
    struct shape *s = mem_zero(set, sizeof *s + mem_size(n, sizeof s->slot[0]));

    if (depth > DEEPEST)
        BUG("a shape with %s nests too deep", members->name);
    s->members = members;
    s->n = n;
    for (size_t i = 0; i < n; i++) {
        struct shape_slot *slot = &s->slot[i];

        fill_slot(slot, &members[i], s);
        slot->column = slot->mark = (uint32_t)s->columns;
        if (members[i].object != NULL) {
            slot->object = compile(set, members[i].object, depth + 1);
            slot->mark += mark_of(slot->object);
        }
        s->columns += slot->object == NULL ? 1 : slot->object->columns;
    }
    return s;
}

const struct shape *
shape_of(struct shape_set *set, const struct member *members)
{
    for (size_t i = 0; i < set->n; i++)
        if (set->at[i]->members == members)
            return set->at[i];
    if (set->n == set->room) {
        set->room = set->room == 0 ? 32 : set->room * 2;
        set->at = mem_grow(set, set->at, mem_size(set->room, sizeof *set->at));
    }
    return set->at[set->n++] = compile(set, members, 0);
}

/* ---- Checks -------------------------------------------------------------- */

static const char *
member_fault(const void *mem, const struct member *m)
{
    if (m->object == NULL && m->type == VALUE_NONE)
        return mem_printf(mem, "member %s has no type", m->name);
    if (m->object != NULL && m->type != VALUE_NONE)
        return mem_printf(mem, "member %s is both value and object", m->name);
    if (m->type == VALUE_CURSOR || m->type == VALUE_CHOICE)
        return mem_printf(mem, "member %s: that type is for input", m->name);
    return NULL;
}

static const char *
fault_within(const void *mem, const struct member *members, int depth)
{
    const char *fault = NULL;

    if (members[0].name == NULL || depth > DEEPEST)
        return depth > DEEPEST ? "a shape nests too deep" : "an empty shape";
    for (size_t i = 0; members[i].name != NULL && fault == NULL; i++) {
        fault = member_fault(mem, &members[i]);
        for (size_t j = 0; j < i && fault == NULL; j++)
            if (strcmp(members[i].name, members[j].name) == 0)
                fault = mem_printf(mem, "member %s twice", members[i].name);
        if (fault == NULL && members[i].object != NULL)
            fault = fault_within(mem, members[i].object, depth + 1);
    }
    return fault;
}

const char *
shape_fault(const void *mem, const struct member *members)
{
    return fault_within(mem, members, 0);
}

static bool
same_type(enum value_type shape, enum value_type column)
{
    if (shape == VALUE_MAYBE_INTEGER)
        return column == VALUE_INTEGER;
    if (shape == VALUE_MAYBE_BOOLEAN)
        return column == VALUE_BOOLEAN;
    return shape == column;
}

static const char *
misfit_from(const void *mem, const struct shape *s, const struct db_result *res,
            size_t first)
{
    const char *why = NULL;

    for (size_t i = 0; i < s->n && why == NULL; i++) {
        const struct shape_slot *slot = &s->slot[i];
        size_t column = first + slot->column;

        if (slot->object != NULL)
            why = misfit_from(mem, slot->object, res, column);
        else if (!same_type(slot->type, db_column_type(res, column)))
            why =
                mem_printf(mem, "column %zu (%s) is no %s by its type",
                           column + 1, db_column_name(res, column), slot->name);
    }
    return why;
}

const char *
shape_misfit(const void *mem, const struct shape *s,
             const struct db_result *res)
{
    if (db_columns(res) < s->columns)
        return mem_printf(mem, "%zu columns where the shape takes %zu",
                          db_columns(res), s->columns);
    return misfit_from(mem, s, res, 0);
}
