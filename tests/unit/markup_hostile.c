/*
 * markup_hostile.c - markup against hostile sources: that nothing but what may
 * be comes out, and that they cost little.  The vectors are lines of
 * tests/data/xss.txt.  Part of markup_suite.
 */
#include "markup_hostile.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "data.h"
#include "html_check.h"
#include "markup/markup.h"
#include "tests/lib/shapes.h"
#include "tests/unit/context.h"

void
markup_hostile_begin(void)
{
    context_set_up();
}

void
markup_hostile_end(void)
{
    context_tear_down();
}

static struct markup
render(const char *markdown)
{
    struct markup out;

    markup_render(&out, mem, markdown, strlen(markdown));
    return out;
}

static bool
is_safe(const char *source, const char *html)
{
    const char *at = html, *wrong = html_check(html, &at);

    if (wrong != NULL)
        printf("\n  of %s\n  %s: %.200s\n", source, wrong, at);
    return wrong == NULL;
}

/* ---- Hostile text -------------------------------------------------------- */

/* Alone, in a paragraph, in a list, in a quote, in a cell and in emphasis. */
static void
attack(const char *vector)
{
    static const char *const around[][2] = {
        { "", "" },   { "a ", " b" },           { "- ", "\n" },
        { "> ", "" }, { "|h|\n|-|\n|", "|\n" }, { "*", "*" },
    };

    for (size_t i = 0; i < sizeof around / sizeof *around; i++) {
        struct text *t = text_new(mem);
        struct markup m;

        text_adds(t, around[i][0]);
        text_adds(t, vector);
        text_adds(t, around[i][1]);
        markup_render(&m, mem, t->at, t->len);
        CU_ASSERT(is_safe(t->at, m.html));
    }
}

static void
disarms_hostile_text(void)
{
    size_t vectors = 0;
    char *file = file_read(mem, test_data(mem, "xss.txt"), 1 << 20, NULL);
    char *next = NULL;

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    for (char *line = file; line != NULL && *line != '\0'; line = next) {
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        if (line[0] == ';' && line[1] == ';')
            continue;
        shape_unescape(line);
        attack(line);
        vectors++;
    }
    printf("%zu vectors ", vectors);
    CU_ASSERT(vectors >= 80);
}

static void
checks_what_it_should(void)
{
    static const char *const bad[] = {
        "<script>",
        "<p onclick=\"x\">a</p>",
        "<p>a",
        "<p>\"</p>",
        "<p></em>",
        "<p title=x>",
        "&copy;",
        "\xFF",
        "<a href=\"javascript:x\">a</a>",
        "<a href=\"https://x.org\">a</a>",
        ("<a href=\"//x.org\" rel=\"nofollow ugc noopener\">a</a>"),
        "<img src=\"http://x.org/a\">",
    };
    const char *at;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CU_ASSERT_PTR_NOT_NULL(html_check(bad[i], &at));
    CU_ASSERT_PTR_NULL(html_check("<p>a <a href=\"/b\">c</a></p>", &at));
}

static void
mends_bytes(void)
{
    struct markup m;

    markup_render(&m, mem, "a\0b\xFF", 4);
    CU_ASSERT_STRING_EQUAL(m.html, "<p dir=\"auto\">a\xEF\xBF\xBD"
                                   "b\xEF\xBF\xBD</p>\n");
}

/* ---- Cost ---------------------------------------------------------------- */

enum { LARGE = 100000 };

static struct text *
repeated(const char *unit, size_t most)
{
    struct text *t = text_new(mem);

    while (t->len + strlen(unit) <= most)
        text_adds(t, unit);
    return t;
}

/* Microseconds of processor time that a source takes. */
static int64_t
cost(const struct text *source)
{
    struct markup m;
    void *own = mem_context(mem, "cost");
    int64_t from = clock_cpu();

    markup_render(&m, own, source->at, source->len);
    int64_t taken = clock_cpu() - from;
    CU_ASSERT(is_safe("a large source", m.html));
    CU_ASSERT(strlen(m.html) <= 20 * source->len + 8192);
    mem_free(own);
    return taken;
}

static struct text *
shaped(const struct shape *shape, size_t size)
{
    struct text *t = text_new(mem);

    shape_fill(t, shape, size);
    return t;
}

/*
 * Four times the source may take ten times as long, in the best of some tries:
 * sixteen would be a square.  A ratio, since a busy machine, or a sanitizer,
 * takes its time for both.
 */
static bool
grows_evenly(const struct shape *shape)
{
    const struct text *small = shaped(shape, LARGE / 4);
    const struct text *large = shaped(shape, LARGE);
    int64_t least = INT64_MAX, most = INT64_MAX;

    for (int i = 0; i < 9; i++) {
        int64_t a = cost(small), b = cost(large);

        least = a < least ? a : least;
        most = b < most ? b : most;
        if (most <= 10 * least)
            return true;
    }
    printf("\n  %s, %s, %s: %ld us, then %ld us\n", shape->head, shape->first,
           shape->second, (long)least, (long)most);
    return false;
}

/* MARKUP_SLOWEST, whatever the machine: see tests/bench/markup. */
static void
bounds_the_work(void)
{
    const struct shape *s =
        shapes_read(mem, test_data(mem, "pathological.txt"));
    size_t shapes = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    for (; s->first != NULL; s++, shapes++)
        CU_ASSERT(grows_evenly(s));
    printf("%zu shapes ", shapes);
    CU_ASSERT(shapes >= 150);
}

static struct text *
table_head(size_t columns)
{
    struct text *t = repeated("|a", 2 * columns);

    text_adds(t, "|\n");
    text_adds(t, repeated("|-", 2 * columns)->at);
    text_adds(t, "|\n");
    return t;
}

/* With rows of one cell, which the parser fills up; a long one, so that what
 * is made of it is not too long for its source. */
static bool
fills_table(size_t columns, size_t rows)
{
    struct text *t = table_head(columns), *cell = repeated("b", 200);

    for (size_t i = 0; i < rows; i++)
        text_addf(t, "|%s\n", cell->at);
    return strstr(render(t->at).html, "<table dir=") != NULL;
}

static bool
makes_table(size_t columns, size_t row)
{
    struct text *t = table_head(columns);

    text_adds(t, repeated("|b", 2 * row)->at);
    text_adds(t, "|\n");
    return strstr(render(t->at).html, "<table dir=") != NULL;
}

/* 500 columns and 50,000 short rows: 25 million cells, if they were made. */
static void
bounds_tables(void)
{
    struct text *t = repeated("|a", 1000);

    text_addc(t, '\n');
    text_adds(t, repeated("|-", 1000)->at);
    text_addc(t, '\n');
    text_adds(t, repeated("a\n", LARGE)->at);
    CU_ASSERT_PTR_NULL(strstr(render(t->at).html, "<table dir="));
    CU_ASSERT(makes_table(200, 200));
    CU_ASSERT(makes_table(2, 200));
    CU_ASSERT(!makes_table(201, 1));
    CU_ASSERT(!makes_table(2, 201));
    CU_ASSERT(fills_table(200, 240));
    CU_ASSERT(!fills_table(200, 250));
    CU_ASSERT(fills_table(100, 480));
    CU_ASSERT(!fills_table(100, 500));
}

/* Whether a source is more than shown as it is. */
static bool
is_parsed(const struct text *t)
{
    return strncmp(render(t->at).html, "<pre", 4) != 0;
}

static bool
nests(const char *mark, size_t depth, size_t blank_lines)
{
    struct text *t = repeated(mark, strlen(mark) * depth);

    text_adds(t, "a\n");
    text_adds(t, repeated("\n", blank_lines)->at);
    return is_parsed(t);
}

static void
bounds_nesting(void)
{
    static const char *const marks[] = { ">", "> ", "- ", "* ", "1. ", "+ " };

    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        CU_ASSERT(nests(marks[i], 100, 0));
        CU_ASSERT(!nests(marks[i], 101, 0));
    }
    CU_ASSERT(nests("- ", 50, 39000));
    CU_ASSERT(!nests("- ", 50, 41000));
}

/* One definition of 50 KB, referred to 16,000 times. */
static void
bounds_references(void)
{
    struct text *t = text_new(mem);

    text_adds(t, "[a]: /");
    text_adds(t, repeated("u", LARGE / 2)->at);
    text_adds(t, "\n\n");
    text_adds(t, repeated("[a]", LARGE / 2)->at);
    CU_ASSERT_EQUAL(strncmp(render(t->at).html, "<pre dir=\"auto\">", 16), 0);
}

static void
bounds_depth(void)
{
    struct markup m = render(repeated("> ", 150)->at);
    struct text *t = repeated("> ", 150);

    CU_ASSERT_STRING_EQUAL(m.html, "");
    text_adds(t, "deep");
    m = render(t->at);
    CU_ASSERT_PTR_NOT_NULL(strstr(m.html, "<p>deep</p>"));
    size_t quotes = 0;
    for (const char *p = m.html; (p = strstr(p, "<blockquote")) != NULL; p++)
        quotes++;
    CU_ASSERT_EQUAL(quotes, MARKUP_DEPTH);
}

static void
shows_the_source_where_it_must(void)
{
    struct text *t = repeated("> ", 2000);

    text_adds(t, "<b>");
    CU_ASSERT_PTR_NOT_NULL(strstr(render(t->at).html, "&gt; &lt;b&gt;</pre>"));
}

static const char ordinary[] =
    "## What *really* happened at the harbour\n\n"
    "We saw it again, @luna_sky: the **lamp** in window three, see "
    "[the old post](/post/lamp) and https://example.org/lamps?id=3 #theory\n\n"
    "- first, `lamp.on()` is called\n- then nothing ~~for hours~~\n\n"
    "> It was never about the lamp.\n\n"
    "| Who | When |\n|:--|--:|\n| Mara | 22:10 |\n| Theo | 22:40 |\n\n"
    "```js\nif (lamp) run();\n```\n\n";

static void
print_speed(size_t size, int times)
{
    const struct text *t = repeated(ordinary, size);
    int64_t from = clock_cpu();

    for (int i = 0; i < times; i++) {
        void *own = mem_context(mem, "speed");
        struct markup m;

        markup_render(&m, own, t->at, t->len);
        CU_ASSERT(m.html[0] == '<');
        mem_free(own);
    }
    printf("%zu bytes %.0f us, ", t->len, (double)(clock_cpu() - from) / times);
}

static void
prints_its_speed(void)
{
    print_speed(2100, 200);
    print_speed(LARGE, 10);
}

CU_TestInfo markup_hostile_tests[] = {
    { "checks what it should", checks_what_it_should },
    { "disarms hostile text", disarms_hostile_text },
    { "mends bytes", mends_bytes },
    { "bounds the work", bounds_the_work },
    { "bounds tables", bounds_tables },
    { "bounds nesting", bounds_nesting },
    { "bounds references", bounds_references },
    { "bounds depth", bounds_depth },
    { "shows the source where it must", shows_the_source_where_it_must },
    { "prints its speed", prints_its_speed },
    CU_TEST_INFO_NULL,
};
