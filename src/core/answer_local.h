/*
 * answer_local.h - what the files of answers share.
 */
#ifndef CORE_ANSWER_LOCAL_H
#define CORE_ANSWER_LOCAL_H

#include "core/endpoint.h"

struct shape;
struct text;

/* Runs a statement whose columns must be those of the shape. */
const struct problem *answer_query_in(struct request *r, const char *sql,
                                      const struct sql_arg *args,
                                      const struct shape *shape,
                                      const struct db_result **ret);

/* The shape of members, which the router knows; BUG where there are none. */
const struct shape *answer_shape(const struct request *r,
                                 const struct member *members);

/* Begins the answer in JSON: what comes next is the data and a brace. */
struct text *answer_open(struct request *r);

#endif
