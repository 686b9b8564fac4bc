/* request_fuzz.c - see request_fuzz.h. */
#include "tests/fuzz/request_fuzz.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "core/feature.h"

struct all {
    struct uuid id;
    int64_t limit;
    struct maybe_integer version;
    double ratio;
    const char *title, *notes, *kind;
    bool flag;
    struct maybe_boolean maybe;
    struct instant when;
    struct texts tags;
    struct json_text extra;
    struct cursor cursor;
    unsigned int sort;
};

static const char *const words[] = { "recent", "popular", NULL };

static const struct member echo_shape[] = {
    { .name = "limit", .type = VALUE_INTEGER },
    { .name = "version", .type = VALUE_MAYBE_INTEGER, .nullable = true },
    { .name = "ratio", .type = VALUE_REAL },
    { .name = "title", .type = VALUE_TEXT, .nullable = true },
    { .name = "notes", .type = VALUE_TEXT, .nullable = true },
    { .name = "when", .type = VALUE_TIME, .nullable = true },
    { .name = "tags", .type = VALUE_TEXTS, .nullable = true },
    { .name = "extra", .type = VALUE_JSON, .nullable = true },
    { 0 },
};

static const struct problem *
echo(struct request *r)
{
    const struct all *in = r->input;

    return answer_values(r, ARGS(ARG(in->limit), ARG(in->version),
                                 ARG(in->ratio), ARG(in->title), ARG(in->notes),
                                 ARG(in->when), ARG(in->tags), ARG(in->extra)));
}

#define VALUES(place)                                                          \
    FIELD(place, struct all, limit, .min = 1, .max = 100, .otherwise = 20,     \
          .about = "x"),                                                       \
        FIELD(place, struct all, version, .about = "x"),                       \
        FIELD(place, struct all, ratio, .about = "x"),                         \
        FIELD(place, struct all, title, .raw = true, .max = 50, .about = "x"), \
        FIELD(place, struct all, notes, .lines = true, .visible = true,        \
              .about = "x"),                                                   \
        FIELD(place, struct all, kind, .choices = words, .about = "x"),        \
        FIELD(place, struct all, flag, .about = "x"),                          \
        FIELD(place, struct all, maybe, .about = "x"),                         \
        FIELD(place, struct all, when, .about = "x"),                          \
        FIELD(place, struct all, tags, .max = 3, .visible = true,              \
              .about = "x"),                                                   \
        FIELD(place, struct all, cursor, .about = "x"),                        \
        FIELD(place, struct all, sort, .choices = words, .about = "x")
static const struct field query_fields[] = { VALUES(IN_QUERY), { 0 } };
static const struct field body_fields[] = {
    VALUES(IN_BODY),
    FIELD(IN_BODY, struct all, extra, .max = 100000, .about = "x"),
    { 0 },
};
static const struct field path_fields[] = {
    FIELD(IN_PATH, struct all, title, .about = "x"),
    FIELD(IN_PATH, struct all, id, .about = "x"),
    { 0 },
};

#define ROW(where, fields, ...)                                                \
    {                                                                          \
        .on = where, .access = ALLOW_ANYONE, .handle = echo, .about = "x",     \
        .returns = echo_shape, .no_session = true, .quota = QUOTA_NONE,        \
        .input = INPUT(struct all, fields), __VA_ARGS__                        \
    }
static const struct route rows[] = {
    ROW("GET /api/all", query_fields),
    ROW("POST /api/all", body_fields),
    ROW("PUT /api/all", body_fields, .no_csrf = true),
    ROW("GET /api/all/{title}/of/{id}", path_fields),
    { 0 },
};
static const struct feature feature = { .name = "all", .routes = rows };
static const struct feature *const features[] = { &feature, NULL };

struct exchange *
fuzz_exchange(void)
{
    static struct exchange *ex;

    if (ex == NULL) {
        void *mem = mem_context(NULL, "fuzz");

        ex = exchange_new(mem, memory_app(mem, features));
        ((struct site_settings *)(uintptr_t)app_site(ex->app))->cors_origins =
            "https://a.example";
    }
    return ex;
}

static void
check_line(const char *line, size_t n)
{
    if (memchr(line, ':', n) == NULL)
        BUG("a header without a name: %.*s", (int)n, line);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7F)
            BUG("a control byte in a header");
}

void
fuzz_check(const struct exchange *ex, const char *answer, size_t n)
{
    const char *end = memmem(answer, n, "\r\n\r\n", 4);

    if (end == NULL || ex->status < 200 || ex->status >= 500)
        BUG("status %d: %s", ex->status, ex->why == NULL ? "" : ex->why);
    for (const char *line = answer; line < end;) {
        const char *stop = memmem(line, (size_t)(end - line) + 2, "\r\n", 2);

        check_line(line, (size_t)(stop - line));
        line = stop + 2;
    }
}
