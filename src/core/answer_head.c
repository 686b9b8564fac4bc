/*
 * answer_head.c - the head of an answer: status, type, validator, who may
 * keep it, how much of the limit is left.
 *
 * Headers that are the same on everything (CSP, HSTS and so on, and
 * X-Request-Id) are nginx's: they must also stand on what never came here.
 */
#include "core/exchange.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/app.h"
#include "core/etag.h"

#define ADD(to, literal) text_add((to), (literal), sizeof(literal) - 1)

/* A value ends where a control character would begin another header. */
void
answer_header(struct request *r, const char *name, const char *value)
{
    struct exchange *ex = r->exchange;
    size_t n = 0;

    while ((unsigned char)value[n] >= 0x20 && value[n] != 0x7F)
        n++;
    text_adds(&ex->head, name);
    ADD(&ex->head, ": ");
    text_add(&ex->head, value, n);
    ADD(&ex->head, "\r\n");
    ex->own_cache = ex->own_cache || strcmp(name, "Cache-Control") == 0;
    ex->has_cookie = ex->has_cookie || strcmp(name, "Set-Cookie") == 0;
}

static void
add_limits(struct exchange *ex)
{
    const struct quota_state *q = &ex->quota;

    if (q->retry_after > 0) {
        ADD(&ex->head, "Retry-After: ");
        text_addi(&ex->head, q->retry_after);
        ADD(&ex->head, "\r\n");
    }
    if (!q->counted || !exchange_wants_json(ex))
        return;
    ADD(&ex->head, "X-RateLimit-Limit: ");
    text_addi(&ex->head, q->limit);
    ADD(&ex->head, "\r\nX-RateLimit-Remaining: ");
    text_addi(&ex->head, q->remaining);
    ADD(&ex->head, "\r\nX-RateLimit-Reset: ");
    clock_iso(&ex->head, q->reset.us);
    ADD(&ex->head, "\r\n");
}

/* ---- Who may keep it ----------------------------------------------------- */

static bool
is_read(const struct exchange *ex)
{
    return ex->method == METHOD_GET || ex->method == METHOD_HEAD;
}

/*
 * What a visitor without a session reads is the same for all visitors, so
 * nginx keeps it for a second, unless this says private or no-store; browsers
 * ask each time, by ETag.  Calls that no limit counts are cheap, and watched
 * by those who want to know how things are now.
 */
static void
add_cache(struct exchange *ex)
{
    const struct route *row = ex->entry == NULL ? NULL : ex->entry->row;
    bool public = is_read(ex) && ex->status == 200 && row != NULL &&
                  row->access == ALLOW_ANYONE && row->quota != QUOTA_NONE &&
                  !ex->had_session_cookie && !ex->has_cookie;

    if (ex->own_cache)
        return;
    if (public)
        ADD(&ex->head, "Cache-Control: public, max-age=0\r\n");
    else
        ADD(&ex->head, "Cache-Control: private, no-store\r\n");
}

/* One header, since nginx reads one. */
static void
add_vary(struct exchange *ex, bool origins)
{
    bool cookie = ex->entry != NULL && !ex->entry->row->no_session;

    if (cookie && origins)
        ADD(&ex->head, "Vary: Cookie, Origin\r\n");
    else if (cookie)
        ADD(&ex->head, "Vary: Cookie\r\n");
    else if (origins)
        ADD(&ex->head, "Vary: Origin\r\n");
}

/* ---- Other origins ------------------------------------------------------- */

static bool
in_list(const char *list, const char *word)
{
    size_t n = strlen(word);

    while (list != NULL && *list != '\0') {
        list += strspn(list, " ,");
        size_t len = strcspn(list, " ,");

        if (len == n && n > 0 && memcmp(list, word, n) == 0)
            return true;
        list += len;
    }
    return false;
}

/* Fetch's CORS protocol, without credentials: no cookie ever counts across
 * origins, only what scripts set by hand. */
static void
add_cors(struct exchange *ex)
{
    const char *allowed = ex->site->cors_origins;
    bool origins =
        allowed != NULL && allowed[0] != '\0' && exchange_wants_json(ex);

    add_vary(ex, origins);
    if (!origins || ex->in->origin == NULL || !in_list(allowed, ex->in->origin))
        return;
    ADD(&ex->head, "Access-Control-Allow-Origin: ");
    text_adds(&ex->head, ex->in->origin);
    ADD(&ex->head,
        "\r\nAccess-Control-Expose-Headers: ETag, Retry-After, X-Request-Id, "
        "X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset\r\n");
    if (ex->method != METHOD_OPTIONS || ex->in->cors_method == NULL)
        return;
    ADD(&ex->head, "Access-Control-Allow-Methods: ");
    route_allow(&ex->head, ex->match.allow);
    ADD(&ex->head, "\r\nAccess-Control-Allow-Headers: Authorization, "
                   "Content-Type, Idempotency-Key, If-Match, If-None-Match\r\n"
                   "Access-Control-Max-Age: 600\r\n");
}

/* ---- The whole ----------------------------------------------------------- */

/* A GET's answer gets its validator; nothing new: 304 without a body. */
static void
add_etag(struct exchange *ex)
{
    if (!is_read(ex) || ex->status != 200 || ex->type == NULL)
        return;
    etag_write(exchange_body_bytes(ex), exchange_body_length(ex), ex->etag);
    ADD(&ex->head, "ETag: ");
    text_add(&ex->head, ex->etag, ETAG_TEXT - 1);
    ADD(&ex->head, "\r\n");
}

static void
add_body_headers(struct exchange *ex)
{
    if (ex->status == 304 || ex->type == NULL) {
        exchange_drop_body(ex);
        return;
    }
    ADD(&ex->head, "Content-Type: ");
    text_adds(&ex->head, ex->type);
    ADD(&ex->head, "\r\nContent-Length: ");
    text_addi(&ex->head, (int64_t)exchange_body_length(ex));
    ADD(&ex->head, "\r\n");
    if (ex->method == METHOD_HEAD)
        exchange_drop_body(ex);
}

/* Puts the head right in front of the body. */
static void
join(struct exchange *ex)
{
    size_t head = ex->head.len, body = exchange_body_length(ex);

    if (head > HEAD_ROOM) {
        (void)text_room(&ex->out, head - HEAD_ROOM);
        memmove(ex->out.at + head, ex->out.at + HEAD_ROOM, body);
    }
    char *start = ex->out.at + (head > HEAD_ROOM ? 0 : HEAD_ROOM - head);
    memcpy(start, ex->head.at, head);
    ex->start = start;
    ex->length = head + body;
}

void
answer_finish(struct exchange *ex)
{
    if (ex->status == 0)
        BUG("%s was not answered", ex->request.path);
    add_etag(ex);
    add_cache(ex);
    if (ex->etag[0] != '\0' && etag_matches(ex->in->if_none_match, ex->etag))
        ex->status = 304;
    add_limits(ex);
    add_cors(ex);
    add_body_headers(ex);
    if (ex->status != 200) {
        ADD(&ex->head, "Status: ");
        text_addi(&ex->head, ex->status);
        ADD(&ex->head, "\r\n");
    }
    ADD(&ex->head, "\r\n");
    join(ex);
}
