/*
 * linear_test.c - every reader of strangers' texts takes time in proportion to
 * their length, whatever is repeated in them.
 *
 * Markdown has a test and a long command of its own (markup_hostile.c and
 * tests/bench/markup.c).  What comes in a form of its own and is short by its
 * field or header (user names, codes, addresses, slugs, local targets) is
 * bounded by that.
 */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/escape.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/unicode.h"
#include "base/utf8.h"
#include "core/agent.h"
#include "core/endpoint.h"
#include "core/exchange.h"
#include "core/feature.h"
#include "core/input.h"
#include "core/json.h"
#include "core/route.h"
#include "core/template_json.h"
#include "lexeme/lexeme.h"
#include "search/tsquery.h"

int linear_suite(void);

enum { LARGE = 100000, TRIES = 9, FAST = 500 /* us */ };

static void *mem; /* of the test that runs */

/* ---- The readers ----------------------------------------------------------
 */

struct texts_of {
    const char *text;
    struct texts list;
};

static const struct problem *
handle(struct request *r)
{
    (void)r;
    return NULL;
}

#define FIELDS(place)                                                          \
    FIELD(place, struct texts_of, text, .max = 1000000, .lines = true,         \
          .visible = true, .about = "x"),                                      \
        FIELD(place, struct texts_of, list, .max = 100000, .raw = true,        \
              .about = "x")
static const struct field query_fields[] = { FIELDS(IN_QUERY), { 0 } };
static const struct field body_fields[] = { FIELDS(IN_BODY), { 0 } };
#define ROW(where, fields)                                                     \
    {                                                                          \
        .on = where, .access = ALLOW_ANYONE, .handle = handle, .about = "x",   \
        .form = ANSWER_NOTHING, .input = INPUT(struct texts_of, fields)        \
    }
static const struct route rows[] = {
    ROW("GET /x", query_fields),
    ROW("POST /x", body_fields),
    { 0 },
};
static const struct feature feature = { .name = "x", .routes = rows };
static const struct feature *const features[] = { &feature, NULL };
static const struct router *router;

static void
read_input(void *own, size_t row, const struct text *t)
{
    struct faults faults = { .mem = own };
    struct input in;

    input_begin(&in, router_at(router, row), own, &faults);
    if (row == 0)
        input_query(&in, t->at);
    else
        input_json(&in, t->at, t->len);
    (void)input_finish(&in);
}

static void
query_names(void *own, const struct text *t)
{
    read_input(own, 0, t);
}

static void
query_list(void *own, const struct text *t)
{
    struct text *q = text_new(own);

    text_adds(q, "text=x&list=");
    text_add(q, t->at, t->len);
    read_input(own, 0, q);
}

static void
body_text(void *own, const struct text *t)
{
    struct text *q = text_new(own);

    text_adds(q, "{\"text\":\"");
    text_add(q, t->at, t->len);
    text_adds(q, "\"}");
    read_input(own, 1, q);
}

static void
body_raw(void *own, const struct text *t)
{
    struct text *q = text_new(own);

    text_adds(q, "{\"a\":[");
    text_add(q, t->at, t->len);
    read_input(own, 1, q);
}

static void
body_members(void *own, const struct text *t)
{
    struct text *q = text_new(own);

    text_adds(q, "{");
    for (size_t i = 0; i + 20 < t->len; i += 20)
        text_addf(q, "%s\"%zu-%.8s\":1", i > 0 ? "," : "", i, "member");
    text_adds(q, "}");
    read_input(own, 1, q);
}

static void
template_values(void *own, const struct text *t)
{
    struct text *q = text_new(own);
    struct template_value value;

    text_adds(q, "[");
    text_add(q, t->at, t->len);
    text_adds(q, "]");
    (void)template_json_parse(own, q->at, q->len, &value);
}

static void
cookie(void *own, const struct text *t)
{
    size_t len;

    (void)own;
    (void)cookie_find(t->at, "__Host-session", &len);
}

static void
agent(void *own, const struct text *t)
{
    (void)agent_name(own, t->at);
}

static void
search(void *own, const struct text *t)
{
    struct search_query q;
    struct search_tsquery ts;

    search_query_read(&q, own, t->at);
    search_tsquery_write(&ts, own, &q);
}

static void
content_words(void *own, const struct text *t)
{
    (void)lexeme_vector(own, &(struct lexeme_document){ .content = t->at });
}

static void
title_words(void *own, const struct text *t)
{
    (void)lexeme_vector(own, &(struct lexeme_document){ .title = t->at });
}

static void
cut_short(void *own, const struct text *t)
{
    (void)unicode_cut(own, t->at, 280);
}

static void
cut_late(void *own, const struct text *t)
{
    (void)unicode_cut(own, t->at, utf8_count(t->at, t->len) - 1);
}

static void
visible(void *own, const struct text *t)
{
    (void)own;
    (void)unicode_visible(t->at);
}

static void
escapes(void *own, const struct text *t)
{
    struct text *to = text_new(own);

    escape_json(to, t->at, t->len);
    escape_html(to, t->at, t->len);
    escape_url(to, t->at, t->len);
}

static const struct reader {
    const char *name;
    void (*read)(void *own, const struct text *t);
} readers[] = {
    { "query: names", query_names },
    { "query: a list", query_list },
    { "body: a text", body_text },
    { "body: JSON", body_raw },
    { "body: members", body_members },
    { "template values", template_values },
    { "cookie", cookie },
    { "agent", agent },
    { "search", search },
    { "lexemes: content", content_words },
    { "lexemes: title", title_words },
    { "cut at 280", cut_short },
    { "cut at the end", cut_late },
    { "visible", visible },
    { "escapes", escapes },
};

/* ---- What is repeated -----------------------------------------------------
 */

static const char *const units[] = {
    "a",
    " ",
    "a ",
    "\"",
    "\\",
    "\\\"",
    "\\u00e9",
    "\\ud83d",
    "-",
    "- ",
    "-\"",
    "(",
    "[",
    "[[",
    "{",
    "{\"a\":",
    "[1,",
    "1,",
    "\"a\",",
    "1e9",
    "0.",
    "-1-",
    "&",
    "=",
    "a=1&",
    "a&",
    "%41",
    "%",
    "%%",
    "%e3%81%82",
    "+",
    ",",
    ",,",
    ";",
    "a=b;",
    "a;",
    ";;",
    "/",
    "/1.",
    "; ",
    "Mozilla/",
    "(;",
    "OR ",
    "a*",
    "tag:",
    "tag:a ",
    "-in:a ",
    "a.b-",
    "a-",
    "1.",
    "1.1",
    "v1.2 ",
    "@a ",
    "c++",
    "a'",
    "<",
    "&lt;",
    "<a ",
    "\n",
    "\t",
    "\x01",
    "\xCC\x81",                     /* U+0301, a mark */
    "\xCC\x96\xCC\x81",             /* two that change places */
    "\xE0\xA4\x95\xE0\xA5\x8D",     /* ka, virama */
    "\xE2\x80\x8D",                 /* a joiner */
    "\xF0\x9F\x91\xA9\xE2\x80\x8D", /* a woman, joined */
    "\xF0\x9F\x87\xA9",             /* a letter of flags */
    "\xE1\x84\x80",
    "\xEA\xB0\x80", /* Hangul: a consonant, a syllable */
    "\xEF\xB7\xBA", /* U+FDFA, 18 letters by NFKC */
    "\xE3\x81\x82",
    "\xE6\xA4\x9C\xE7",         /* kana; a character and a half */
    "\xE0\xB8\x81\xE0\xB9\x88", /* Thai with a tone */
    "\xC2\xAD",
    "\xE3\x85\xA4", /* what nobody sees */
    "\xFF",
    "\xC0\x80",
    "\xED\xA0\x80", /* no UTF-8 */
    "\xEF\xBB\xBF",
    "\xE2\x80\xAE",     /* BOM, an override */
    "\xD7\x90\xD6\xB0", /* Hebrew with a point */
};
enum { UNITS = sizeof units / sizeof *units };

static const struct text *
repeated(const char *unit, size_t most)
{
    struct text *t = text_new(mem);

    while (t->len + strlen(unit) <= most)
        text_adds(t, unit);
    return t;
}

/* Microseconds of processor time; the reader may change its own copy. */
static int64_t
cost(const struct reader *reader, const struct text *source)
{
    void *own = mem_context(mem, "cost");
    struct text *copy = text_new(own);

    text_add(copy, source->at, source->len);
    int64_t from = clock_cpu();
    reader->read(own, copy);
    int64_t taken = clock_cpu() - from;

    mem_free(own);
    return taken;
}

/* As in markup_hostile.c: four times the source may take ten times as long, in
 * the best of some tries; sixteen would be a square.  What takes no time at
 * all cannot be divided. */
static bool
grows_evenly(const struct reader *reader, const char *unit, int64_t *ret_most)
{
    const struct text *small = repeated(unit, LARGE / 4);
    const struct text *large = repeated(unit, LARGE);
    int64_t least = INT64_MAX, most = INT64_MAX;

    for (int i = 0; i < TRIES; i++) {
        int64_t a = cost(reader, small), b = cost(reader, large);

        least = a < least ? a : least;
        most = b < most ? b : most;
        *ret_most = most;
        if (most <= FAST || most <= 10 * least)
            return true;
    }
    printf("\n  %s of \"%s\": %ld us, then %ld us\n", reader->name, unit,
           (long)least, (long)most);
    return false;
}

static void
takes_time_by_length(void)
{
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
        const char *worst = "";
        int64_t slowest = -1;

        for (size_t j = 0; j < UNITS; j++) {
            int64_t taken = 0;

            CU_ASSERT(grows_evenly(&readers[i], units[j], &taken));
            if (taken > slowest)
                worst = units[j];
            slowest = taken > slowest ? taken : slowest;
        }
        struct text *shown = text_new(mem);
        escape_url(shown, worst, strlen(worst));
        printf("\n  %-18s %7ld us of 100 KB of %s ", readers[i].name,
               (long)slowest, shown->at);
    }
}

static int
begin_suite(void)
{
    void *program = mem_context(NULL, "linear_test");

    router = router_new(program, features, text_new(program));
    return router == NULL;
}

static void
begin(void)
{
    mem = mem_context(NULL, "linear_test");
}

static void
end(void)
{
    mem_free(mem);
}

static CU_TestInfo tests[] = {
    { "readers take time by length", takes_time_by_length },
    CU_TEST_INFO_NULL,
};

int
linear_suite(void)
{
    CU_SuiteInfo suites[] = {
        { "linear", begin_suite, NULL, begin, end, tests },
        CU_SUITE_INFO_NULL,
    };

    return CU_register_suites(suites) == CUE_SUCCESS ? 0 : -1;
}
