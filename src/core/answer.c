/*
 * answer.c - statements run for a handler, and their results as its answer.
 *
 * What a statement refused is looked up by the name of the constraint in the
 * row's refusals; whatever no row knows of is our fault, is logged with all
 * that PostgreSQL said, and shows nothing outside.
 */
#include "core/answer_local.h"

#include <string.h>

#include "base/escape.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/app.h"
#include "core/db.h"
#include "core/exchange.h"
#include "core/local_target.h"
#include "core/page.h"
#include "core/shape.h"

/* ---- Refusals ------------------------------------------------------------ */

static const struct problem *
refusal_of(struct request *r, const char *constraint)
{
    const struct refusal *refusal = r->route->refusals;

    for (; constraint != NULL && refusal != NULL && refusal->problem != NULL;
         refusal++)
        if (text_same(refusal->constraint, constraint)) {
            r->exchange->refused_field = refusal->field;
            return refusal->problem;
        }
    return NULL;
}

const struct problem *
answer_refused(struct request *r, const struct db_error *error)
{
    const struct problem *refused = refusal_of(r, error->constraint);

    if (refused != NULL)
        return refused;
    r->exchange->why =
        mem_printf(r->mem, "%s %s%s%s", error->sqlstate,
                   error->message == NULL ? "" : error->message,
                   error->constraint == NULL ? "" : "; constraint ",
                   error->constraint == NULL ? "" : error->constraint);
    return db_problem(error);
}

/* ---- Statements ---------------------------------------------------------- */

const struct problem *
answer_query(struct request *r, const char *sql, const struct sql_arg *args,
             const struct db_result **ret_result)
{
    struct db_error error = { 0 };
    struct db_result *res = db_query(r->app->db, r->mem, sql, args, &error);

    if (error.failed)
        return answer_refused(r, &error);
    *ret_result = res;
    return NULL;
}

static const struct problem *
in_shape(struct request *r, const struct shape *shape,
         const struct db_result *res)
{
    const char *misfit = shape_misfit(r->mem, shape, res);

    return misfit == NULL ? NULL : exchange_broken(r->exchange, misfit);
}

const struct problem *
answer_query_in(struct request *r, const char *sql, const struct sql_arg *args,
                const struct shape *shape, const struct db_result **ret)
{
    const struct problem *refused = answer_query(r, sql, args, ret);

    return refused != NULL ? refused : in_shape(r, shape, *ret);
}

const struct shape *
answer_shape(const struct request *r, const struct member *members)
{
    if (members == NULL)
        BUG("%s answers rows without a shape", r->route->on);
    return shape_of(router_shapes(r->app->router), members);
}

/* ---- Envelopes ----------------------------------------------------------- */

#define ADD(to, literal) text_add((to), (literal), sizeof(literal) - 1)

static void
add_member(struct text *to, const char *before, const char *s)
{
    text_adds(to, before);
    escape_json(to, s, strlen(s));
    text_addc(to, '"');
}

/* What of the input was changed, if anything was. */
static void
add_notes(struct text *to, const struct faults *notes)
{
    for (const struct fault *n = notes->first; n != NULL; n = n->next) {
        text_adds(to, n == notes->first ? "\"notes\":[" : ",");
        add_member(to, "{\"field\":\"", n->field);
        add_member(to, ",\"code\":\"", INPUT_DROPPED);
        add_member(to, ",\"message\":\"", n->message);
        text_adds(to, n->next == NULL ? "}]," : "}");
    }
}

struct text *
answer_open(struct request *r)
{
    struct exchange *ex = r->exchange;

    if (r->route->page != NULL)
        BUG("%s is a page: its results want names", r->route->on);
    exchange_drop_body(ex);
    ADD(&ex->out, "{\"success\":true,");
    add_notes(&ex->out, &ex->notes);
    ADD(&ex->out, "\"data\":");
    ex->status = r->route->success == 0 ? 200 : r->route->success;
    ex->type = "application/json";
    return &ex->out;
}

/* ---- One row ------------------------------------------------------------- */

const struct problem *
answer_result(struct request *r, const char *name, const struct member *members,
              const struct db_result *row)
{
    const struct shape *shape = answer_shape(r, members);
    const struct problem *broken = in_shape(r, shape, row);

    if (broken != NULL)
        return broken;
    if (db_rows(row) == 0)
        return &problem_not_found;
    if (name != NULL) {
        page_add_row(r->exchange, name, shape, row);
        return NULL;
    }
    struct text *out = answer_open(r);
    shape_json_row(out, shape, row, 0, 0);
    text_addc(out, '}');
    return NULL;
}

const struct problem *
answer_row(struct request *r, const char *sql, const struct sql_arg *args)
{
    return answer_row_as(r, NULL, r->route->returns, sql, args);
}

const struct problem *
answer_row_as(struct request *r, const char *name, const struct member *members,
              const char *sql, const struct sql_arg *args)
{
    const struct db_result *res = NULL;
    const struct problem *refused = answer_query(r, sql, args, &res);

    return refused != NULL ? refused : answer_result(r, name, members, res);
}

void
answer_status(struct request *r, int status)
{
    r->exchange->status = status;
}

void
answer_page_number(struct request *r, int64_t page)
{
    r->exchange->page_number = page;
}

/* ---- Values, effects, bytes ---------------------------------------------- */

const struct problem *
answer_values(struct request *r, const struct sql_arg *values)
{
    const struct shape *shape = answer_shape(r, r->route->returns);
    struct text *out = answer_open(r);

    shape_json_values(out, shape, values);
    text_addc(out, '}');
    return NULL;
}

const struct problem *
answer_values_as(struct request *r, const char *name,
                 const struct member *members, const struct sql_arg *values)
{
    page_add_values(r->exchange, name, answer_shape(r, members), values);
    return NULL;
}

static const struct problem *
run_for_effect(struct request *r, const char *sql, const struct sql_arg *args,
               int64_t *ret_affected)
{
    const struct db_result *res = NULL;
    const struct problem *refused = answer_query(r, sql, args, &res);

    if (refused != NULL)
        return refused;
    *ret_affected = db_affected(res);
    if (r->exchange->type == NULL)
        r->exchange->status = r->route->success == 0 ? 204 : r->route->success;
    return NULL;
}

const struct problem *
answer_done(struct request *r, const char *sql, const struct sql_arg *args)
{
    int64_t affected;
    const struct problem *refused = run_for_effect(r, sql, args, &affected);

    if (refused == NULL && affected == 0)
        return &problem_not_found;
    return refused;
}

const struct problem *
answer_done_anyway(struct request *r, const char *sql,
                   const struct sql_arg *args)
{
    int64_t affected;

    return run_for_effect(r, sql, args, &affected);
}

const struct problem *
answer_raw(struct request *r, const char *bytes, size_t n)
{
    struct exchange *ex = r->exchange;

    exchange_drop_body(ex);
    text_add(&ex->out, bytes, n);
    ex->status = r->route->success == 0 ? 200 : r->route->success;
    ex->type = r->route->raw_type;
    return NULL;
}

const struct problem *
answer_redirect(struct request *r, const char *where)
{
    return answer_redirect_away(r, local_target(r->exchange->site->url, where));
}

const struct problem *
answer_redirect_away(struct request *r, const char *url)
{
    answer_header(r, "Location", url);
    exchange_drop_body(r->exchange);
    r->exchange->status = 303;
    return NULL;
}

const struct problem *
problem_field(struct request *r, const char *field, const char *message)
{
    fault_add(&r->exchange->faults, field, message);
    return &problem_validation;
}
