/* exchange.c - the life of a request, from its line to its answer; see
 * exchange.h.  Answers are written in answer*.c, pages in page*.c. */
#include "core/exchange.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "core/app.h"
#include "core/cache.h"
#include "core/db.h"
#include "core/session.h"

enum {
    ARENA = 64 * 1024,      /* of a request's memory, kept */
    OUT_KEPT = 1024 * 1024, /* of the answer's buffer */
};

struct exchange *
exchange_new(void *mem, struct app *app)
{
    struct exchange *ex = mem_new(mem, struct exchange);

    ex->app = app;
    ex->site = app_site(app);
    ex->request.mem = mem_pool(mem, "request", ARENA);
    text_init(&ex->out, ex, 32 * 1024);
    text_init(&ex->head, ex, 1024);
    return ex;
}

/* ---- What came ----------------------------------------------------------- */

static const char *
or_else(const char *s, const char *otherwise)
{
    return s == NULL ? otherwise : s;
}

/* At most 300 bytes, whole characters, nothing that a log could not show. */
static const char *
clean_agent(struct exchange *ex, const char *s)
{
    size_t n = s == NULL ? 0 : strlen(s);

    if (n == 0 || !utf8_clean(s, n, false))
        return "";
    if (n <= 300)
        return s;
    for (n = 300; ((unsigned char)s[n] & 0xC0) == 0x80; n--)
        ;
    return mem_strndup(ex->request.mem, s, n);
}

static void
fill_request(struct exchange *ex, const struct incoming *in)
{
    struct request *r = &ex->request;

    *r = (struct request){
        .mem = r->mem,
        .app = ex->app,
        .now = { clock_now() },
        /* The log asks for it when the transport has gone. */
        .id = mem_strdup(r->mem, or_else(in->request_id, "")),
        .ip = or_else(in->address, ""),
        .user_agent = clean_agent(ex, in->user_agent),
        .method = or_else(in->method, ""),
        .path = "",
        .query = or_else(in->query, ""),
        .exchange = ex,
    };
}

static void
forget_last(struct exchange *ex)
{
    struct exchange fresh = {
        .request = { .mem = ex->request.mem },
        .app = ex->app,
        .site = ex->site,
        .out = ex->out,
        .head = ex->head,
        .sent = "",
        .cpu = ex->cpu,
        .began = clock_steady(),
    };

    *ex = fresh;
    ex->faults.mem = ex->request.mem;
    ex->notes.mem = ex->request.mem;
    text_clear(&ex->head);
    exchange_drop_body(ex);
}

static enum theme
read_theme(const char *cookies)
{
    size_t n;
    const char *theme =
        cookies == NULL ? NULL : cookie_find(cookies, "theme", &n);

    if (theme == NULL)
        return THEME_DARK;
    if (n == 5 && memcmp(theme, "light", n) == 0)
        return THEME_LIGHT;
    return n == 6 && memcmp(theme, "system", n) == 0 ? THEME_SYSTEM
                                                     : THEME_DARK;
}

void
exchange_begin(struct exchange *ex, const struct incoming *in)
{
    forget_last(ex);
    ex->in = in;
    fill_request(ex, in);
    ex->method = method_read(ex->request.method);
    ex->theme = read_theme(in->cookie);
    if (!path_read(ex->request.mem, or_else(in->target, ""), &ex->path)) {
        ex->path.whole = "";
        fault_add(&ex->faults, "path", "is not a well-formed URL path");
        return;
    }
    ex->request.path = ex->path.whole;
    route_match(ex->app->router, ex->method, &ex->path, &ex->match);
    ex->entry = ex->match.entry;
    ex->request.route = ex->entry == NULL ? NULL : ex->entry->row;
}

bool
exchange_wants_json(const struct exchange *ex)
{
    const char *target = or_else(ex->in->target, "");

    if (ex->entry != NULL)
        return ex->entry->row->page == NULL;
    return text_starts(target, "/api/") || text_starts(target, "/health/");
}

/* ---- Access and input ---------------------------------------------------- */

static const struct problem *
enter(struct exchange *ex)
{
    const struct incoming *in = ex->in;
    struct credentials c = { .csrf_token = in->csrf_token,
                             .origin = in->origin,
                             .fetch_site = in->fetch_site };
    size_t n = 0;
    const char *token = in->cookie == NULL
                            ? NULL
                            : cookie_find(in->cookie, "__Host-session", &n);

    if (ex->entry->plain)
        return NULL;
    if (token != NULL) {
        c.session_token = mem_strndup(ex->request.mem, token, n);
        ex->had_session_cookie = true;
    }
    return access_enter(&ex->request, &c, &ex->quota);
}

/* Whether a media type is this one, whatever its parameters. */
static bool
media_is(const char *type, const char *wanted)
{
    size_t n = type == NULL ? 0 : strcspn(type, "; \t");

    return n == strlen(wanted) && strncasecmp(type, wanted, n) == 0;
}

static const struct problem *
fill_from_body(struct exchange *ex, struct input *in, size_t n)
{
    bool form =
        ex->entry->row->takes_form &&
        media_is(ex->in->content_type, "application/x-www-form-urlencoded");

    /* RFC 8058 sends its one click so, too; its address says it all. */
    if (ex->entry->row->takes_form &&
        media_is(ex->in->content_type, "multipart/form-data"))
        return NULL;
    if (!form && !media_is(ex->in->content_type, "application/json"))
        return &problem_media_type;
    char *body = mem_alloc(ex->request.mem, n + 1);
    size_t got = ex->in->read(ex->in->door, body, n);
    body[got] = '\0';
    if (ex->in->idempotency_key != NULL) {
        ex->sent = mem_strndup(ex->request.mem, body, got);
        ex->sent_len = got;
    }
    if (got < n)
        fault_add(&ex->faults, "body", "is shorter than its Content-Length");
    else if (form)
        input_form(in, body, n);
    else
        input_json(in, body, n);
    return NULL;
}

static const struct problem *
read_body(struct exchange *ex, struct input *in)
{
    const char *given = ex->in->content_length;
    int64_t n = 0;

    if (ex->entry->method == METHOD_GET || given == NULL || *given == '\0')
        return NULL;
    if (!text_to_int(given, &n) || n < 0) {
        fault_add(&ex->faults, "body", "has no good Content-Length");
        return NULL;
    }
    if (n > INPUT_BODY_MAX)
        return &problem_too_large;
    return n == 0 ? NULL : fill_from_body(ex, in, (size_t)n);
}

static const struct problem *
read_input(struct exchange *ex)
{
    struct input in;

    input_begin(&in, ex->entry, ex->request.mem, &ex->faults);
    in.notes = &ex->notes;
    ex->request.input = in.into;
    input_path(&in, ex->match.value);
    if (ex->request.query[0] != '\0')
        input_query(&in, ex->request.query);
    const struct problem *refused = read_body(ex, &in);
    if (refused != NULL)
        return refused;
    return input_finish(&in) ? NULL : &problem_validation;
}

/* ---- Running ------------------------------------------------------------- */

static void
answer_options(struct exchange *ex)
{
    text_adds(&ex->head, "Allow: ");
    route_allow(&ex->head, ex->match.allow);
    text_adds(&ex->head, "\r\n");
    ex->status = 204;
}

static const struct problem *
no_row(struct exchange *ex)
{
    if (ex->path.whole[0] == '\0')
        return &problem_malformed;
    if (ex->match.allow == 0)
        return &problem_not_found;
    answer_options(ex);
    if (ex->method == METHOD_OPTIONS)
        return NULL;
    ex->status = 0;
    return &problem_method;
}

static const struct problem *
serve(struct exchange *ex)
{
    if (ex->entry == NULL)
        return no_row(ex);
    const struct problem *refused = enter(ex);
    if (refused == NULL)
        refused = read_input(ex);
    if (refused == NULL)
        refused = exchange_handle(ex);
    return refused;
}

void
exchange_run(struct exchange *ex)
{
    const struct problem *problem = serve(ex);

    if (problem != NULL)
        answer_problem(ex, problem);
    answer_finish(ex);
}

const struct problem *
exchange_broken(struct exchange *ex, const char *why)
{
    ex->why = why;
    return &problem_internal;
}

/* ---- The answer's buffer ------------------------------------------------- */

size_t
exchange_body_length(const struct exchange *ex)
{
    return ex->out.len - HEAD_ROOM;
}

const char *
exchange_body_bytes(const struct exchange *ex)
{
    return ex->out.at + HEAD_ROOM;
}

void
exchange_drop_body(struct exchange *ex)
{
    ex->out.len = HEAD_ROOM;
    ex->out.at[HEAD_ROOM] = '\0';
}

const char *
exchange_answer(struct exchange *ex, size_t *ret_len)
{
    *ret_len = ex->length;
    return ex->start;
}

void
exchange_end(struct exchange *ex)
{
    mem_clear(ex->request.mem);
    if (ex->out.room > OUT_KEPT) {
        mem_free(ex->out.at);
        text_init(&ex->out, ex, 32 * 1024);
    }
}
