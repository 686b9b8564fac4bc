/* exchange_handle.c - running a row's handler, once for each Idempotency-Key
 * where the caller sent one. */
#include "core/exchange.h"

#include "core/page.h"

static const struct problem *
handle(struct exchange *ex)
{
    const struct route *row = ex->entry->row;
    const struct problem *refused = row->handle(&ex->request);

    if (refused != NULL)
        return refused;
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

const struct problem *
exchange_handle(struct exchange *ex)
{
    return handle(ex);
}
