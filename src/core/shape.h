/*
 * shape.h - the shapes of answers, made ready: a table of struct member with
 * each name's bytes, hash and column beside it.
 *
 * Shapes are compiled once and kept; the JSON of an answer and the data of a
 * template are both read through them.
 */
#ifndef CORE_SHAPE_H
#define CORE_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "core/endpoint.h"

struct db_result;

struct shape_slot {
    const char *name;
    uint32_t len, hash; /* of the name; template_hash */
    const char *key;    /* ,"name": as JSON has it */
    uint32_t key_len;
    enum value_type type;
    bool nullable;
    uint32_t column;            /* the first of its columns, in the shape */
    uint32_t mark;              /* the column that is null where it is */
    const struct shape *object; /* NULL for a plain value */
};

struct shape {
    const struct member *members;
    size_t n;       /* slots */
    size_t columns; /* of the statement that it takes */
    struct shape_slot slot[];
};

/* All shapes of a program, by the address of their table. */
struct shape_set;
struct shape_set *shape_set_new(const void *mem);

/* The compiled form of a table of members. BUG where it nests without end. */
const struct shape *shape_of(struct shape_set *set,
                             const struct member *members);

/* What is wrong with a table of members, as a text on mem; NULL: nothing. */
const char *shape_fault(const void *mem, const struct member *members);

/*
 * Why a result cannot be read by a shape (a column is missing or has another
 * type), on mem; NULL where it can.
 */
const char *shape_misfit(const void *mem, const struct shape *s,
                         const struct db_result *res);

/* Adds a row of a result, whose columns begin at `column`, as a JSON object. */
void shape_json_row(struct text *to, const struct shape *s,
                    const struct db_result *res, size_t row, size_t column);

/* Adds C values, in the order of the shape's columns, as a JSON object. */
void shape_json_values(struct text *to, const struct shape *s,
                       const struct sql_arg *values);

/* Whether a C value stands for null: a NULL text, a zero uuid or time ... */
bool shape_value_null(const struct sql_arg *value);

#endif
