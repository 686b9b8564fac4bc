/*
 * answer_problem.c - saying no: application/problem+json (RFC 9457) to
 * programs, a page to people.
 */
#include "core/exchange.h"

#include <string.h>

#include "base/encode.h"
#include "base/escape.h"
#include "base/mem.h"
#include "core/app.h"
#include "core/local_target.h"
#include "core/page.h"

#define ADD(to, literal) text_add((to), (literal), sizeof(literal) - 1)

static void
add_string(struct text *to, const char *s)
{
    text_addc(to, '"');
    escape_json(to, s, strlen(s));
    text_addc(to, '"');
}

static void
add_fields(struct text *to, const struct exchange *ex)
{
    ADD(to, ",\"fields\":{");
    for (const struct fault *f = ex->faults.first; f != NULL; f = f->next) {
        if (f != ex->faults.first)
            text_addc(to, ',');
        add_string(to, f->field);
        text_addc(to, ':');
        add_string(to, f->message);
    }
    text_addc(to, '}');
}

static void
add_json(struct exchange *ex, const struct problem *p)
{
    struct text *to = &ex->out;

    ADD(to, "{\"type\":\"/api-docs#");
    text_adds(to, p->code);
    ADD(to, "\",\"title\":");
    add_string(to, p->title);
    ADD(to, ",\"status\":");
    text_addi(to, p->status);
    ADD(to, ",\"success\":false,\"error\":");
    add_string(to, p->title);
    ADD(to, ",\"code\":");
    add_string(to, p->code);
    if (ex->faults.n > 0)
        add_fields(to, ex);
    ADD(to, ",\"requestId\":");
    add_string(to, ex->request.id);
    text_addc(to, '}');
    ex->type = "application/problem+json";
}

/* ---- Pages --------------------------------------------------------------- */

static const char *
heading(int status)
{
    switch (status) {
    case 400:
        return "That address is not right";
    case 403:
        return "Not for you";
    case 404:
        return "Lost in space";
    case 405:
        return "Not this way";
    case 429:
        return "Slow down a little";
    case 503:
        return "Back in a moment";
    case 504:
        return "That took too long";
    default:
        return status < 500 ? "That did not work" : "Something broke here";
    }
}

/* For when there is no template, or it is at fault too. */
static void
add_plain(struct exchange *ex, const struct problem *p)
{
    exchange_drop_body(ex);
    text_addf(&ex->out, "%d %s\nRequest %s\n", p->status, p->title,
              ex->request.id);
    ex->type = "text/plain; charset=utf-8";
}

static void
add_page(struct exchange *ex, const struct problem *p)
{
    struct request *r = &ex->request;

    ex->parts = NULL;
    ex->words = NULL;
    page_text(r, "status", mem_printf(r->mem, "%d", p->status));
    page_text(r, "title", heading(p->status));
    page_text(r, "message", p->title);
    page_set(r, "title", heading(p->status));
    page_flag(r, "page.noindex", true);
    if (!page_render(ex, "site/error"))
        add_plain(ex, p);
}

/* People who are not signed in are asked to, and come back afterwards. */
static void
go_to_login(struct exchange *ex)
{
    const char *back = local_target(ex->site->url, ex->in->target);
    struct text where;

    text_init(&where, ex->request.mem, 128);
    text_adds(&where, "/login?callbackUrl=");
    escape_url(&where, back, strlen(back));
    (void)answer_redirect(&ex->request, where.at);
    ex->type = NULL;
}

void
answer_problem(struct exchange *ex, const struct problem *p)
{
    bool read = ex->method == METHOD_GET || ex->method == METHOD_HEAD;

    exchange_drop_body(ex);
    ex->status = p->status;
    if (ex->refused_field != NULL)
        fault_add(&ex->faults, ex->refused_field, p->title);
    if (exchange_wants_json(ex)) {
        add_json(ex, p);
    } else if (p->status == 401 && read) {
        go_to_login(ex);
    } else {
        add_page(ex, p);
    }
    if (p->retry_after > 0 && ex->quota.retry_after == 0)
        ex->quota.retry_after = p->retry_after;
}
