/* exchange_handle.c - running a row's handler, once for each Idempotency-Key
 * where the caller sent one. */
#include "core/exchange.h"

#include <string.h>

#include "base/utf8.h"
#include "core/app.h"
#include "core/db.h"
#include "core/event.h"
#include "core/idempotency.h"
#include "core/page.h"

/* The field that a refusal names which the handler gave itself; those of
 * constraints are named where the constraint is found. */
static void
name_field(struct exchange *ex, const struct problem *refused)
{
    const struct refusal *r = ex->entry->row->refusals;

    for (; r != NULL && r->problem != NULL; r++)
        if (r->problem == refused && r->constraint == NULL) {
            ex->refused_field = r->field;
            return;
        }
}

static const struct problem *
handle(struct exchange *ex)
{
    const struct route *row = ex->entry->row;
    const struct problem *refused = row->handle(&ex->request);

    if (refused != NULL) {
        name_field(ex, refused);
        return refused;
    }
    if (ex->status == 0 && row->page != NULL) {
        if (!page_render(ex, row->page))
            return exchange_broken(ex, "the page could not be rendered");
        ex->status = row->success == 0 ? 200 : row->success;
    }
    if (ex->status == 0 && row->form == ANSWER_NOTHING)
        ex->status = row->success == 0 ? 204 : row->success;
    if (ex->status == 0)
        return exchange_broken(ex, "the handler gave no answer");
    return NULL;
}

/* ---- Idempotency-Key ----------------------------------------------------- */

/* The first answer again. */
static void
replay(struct exchange *ex, const struct idempotent *stored)
{
    exchange_drop_body(ex);
    ex->status = stored->status;
    if (stored->body == NULL || stored->body[0] == '\0')
        return;
    text_adds(exchange_body(ex), stored->body);
    ex->type = "application/json";
}

/*
 * In an open transaction: takes the key, runs the handler, keeps the answer.
 * A refusal frees the key, and so does a cookie of the handler, which is not
 * kept: whoever signs in again wants a session of their own.
 */
static const struct problem *
handle_with_key(struct exchange *ex, const char *key)
{
    struct request *r = &ex->request;
    struct idempotent stored = { 0 };
    const struct problem *refused =
        idempotency_begin(r, key, ex->sent, ex->sent_len, &stored);

    if (refused != NULL)
        return refused;
    if (stored.status != 0) {
        replay(ex, &stored);
        return NULL;
    }
    bool before = ex->has_cookie; /* the session's, extended */
    refused = handle(ex);
    if (db_broken(ex->app->db)) /* the key goes with all the rest */
        return refused;
    if (refused != NULL || (ex->has_cookie && !before)) {
        const struct problem *failed = idempotency_forget(r, key);

        return refused != NULL ? refused : failed;
    }
    return idempotency_store(r, key, ex->status, exchange_body_bytes(ex),
                             exchange_body_length(ex));
}

/* The exchange as it was before the handler ran; buffers stay. */
static void
take_back(struct exchange *ex, const struct exchange *before)
{
    struct text head = ex->head, out = ex->out;

    head.len = before->head.len;
    head.at[head.len] = '\0';
    *ex = *before;
    ex->head = head;
    ex->out = out;
    exchange_drop_body(ex);
}

/*
 * In a transaction, once; *ret_again: others got in its way, nothing is done,
 * and it would go well once more.
 *
 * What a handler wrote before it refused stands, as it does outside one: else a
 * key would undo what counts wrong codes.  Where the fault is ours all is
 * undone, so that the caller may try again.  (A commit after a statement that
 * failed is a rollback.)
 */
static const struct problem *
handle_inside(struct exchange *ex, const char *key, int try, bool *ret_again)
{
    struct db *db = ex->app->db;
    struct db_error error = { 0 };

    if (!db_begin_at(db, ex->entry->row->isolation, &error))
        return answer_refused(&ex->request, &error);
    const struct problem *refused =
        key == NULL ? handle(ex) : handle_with_key(ex, key);
    *ret_again = db_worth_again(db, try);
    if (*ret_again ||
        (refused != NULL && (refused->status >= 500 || db_broken(db)))) {
        db_rollback(db);
        return refused;
    }
    bool done = db_commit(db, &error);
    /* A decision to refuse counts no more than one to do, if it may not rest
     * on what it has read. */
    *ret_again = !done && !error.lost && db_may_retry(&error, try);
    if (refused == NULL && !done)
        return answer_refused(&ex->request, &error);
    return refused;
}

static const struct problem *
handle_undisturbed(struct exchange *ex, const char *key)
{
    const struct exchange before = *ex;
    bool again = false;

    for (int try = 0;; try++) {
        const struct problem *refused = handle_inside(ex, key, try, &again);

        if (!again) {
            /* The handler's own word went out before its event was seen. */
            if (refused == NULL)
                event_wake(&ex->request);
            return refused;
        }
        take_back(ex, &before);
    }
}

const struct problem *
exchange_handle(struct exchange *ex)
{
    const struct route *row = ex->entry->row;
    const char *key = ex->in->idempotency_key;

    if (key == NULL || key[0] == '\0' || ex->method != METHOD_POST ||
        ex->entry->plain || row->secret_answer)
        key = NULL;
    if (key == NULL && row->isolation == DB_READ_COMMITTED)
        return handle(ex);
    if (key != NULL &&
        (strlen(key) > 255 || !utf8_clean(key, strlen(key), false)))
        return problem_field(&ex->request, "Idempotency-Key",
                             "must have 1 to 255 characters");
    return handle_undisturbed(ex, key);
}
