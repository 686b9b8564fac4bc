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

static void *mem; /* of the test that runs */

void
markup_hostile_begin(void)
{
    mem = mem_context(NULL, "markup_hostile");
}

void
markup_hostile_end(void)
{
    mem_free(mem);
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

/* Undoes \n \t \\ \" and \xXX of a line of the file. */
static size_t
unescape(char *out, const char *line)
{
    size_t n = 0;

    for (; *line != '\0'; line++) {
        char hex[3] = { 0 };

        if (*line != '\\' || line[1] == '\0') {
            out[n++] = *line;
        } else if (*++line == 'x') {
            memcpy(hex, line + 1, 2);
            out[n++] = (char)strtol(hex, NULL, 16);
            line += 2;
        } else if (*line == 'n' || *line == 't') {
            out[n++] = *line == 'n' ? '\n' : '\t';
        } else if (*line == '\\') {
            out[n++] = '\\';
        } else {
            out[n++] = '\\';
            out[n++] = *line;
        }
    }
    out[n] = '\0';
    return n;
}

/* Alone, in a paragraph, in a list, in a quote, in a cell and in emphasis. */
static void
attack(const char *vector, size_t n)
{
    static const char *const around[][2] = {
        { "", "" },   { "a ", " b" },           { "- ", "\n" },
        { "> ", "" }, { "|h|\n|-|\n|", "|\n" }, { "*", "*" },
    };

    for (size_t i = 0; i < sizeof around / sizeof *around; i++) {
        struct text *t = text_new(mem);
        struct markup m;

        text_adds(t, around[i][0]);
        text_add(t, vector, n);
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
        char *vector = mem_alloc(mem, strlen(line) + 1);
        attack(vector, unescape(vector, line));
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
    CU_ASSERT_STRING_EQUAL(m.html, "<p>a\xEF\xBF\xBD"
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

/* Milliseconds of processor time that a source takes. */
static long
cost(const struct text *source)
{
    struct markup m;
    void *own = mem_context(mem, "cost");
    int64_t from = clock_cpu();

    markup_render(&m, own, source->at, source->len);
    long taken = (long)((clock_cpu() - from) / 1000);
    CU_ASSERT(is_safe("a large source", m.html));
    CU_ASSERT(strlen(m.html) <= 20 * source->len + 8192);
    mem_free(own);
    return taken;
}

/*
 * Each took the parser between 200 ms and 20 s without the guard, or is known
 * to trouble parsers of Markdown.  The bound is wide, for slow machines and
 * sanitizers; prints_its_speed shows the worst.
 */
static const char *const hostile[] = {
    "[",          "![",       "[a](",      "![[]()",     "*a_ ",
    "**",         "_a*",      "> ",        ">",          "- ",
    "* a\n",      "1. ",      "`a ",       "<",          "<!--",
    "<?",         "a<?b ",    "<![CDATA[", "<!A",        "&",
    "\\",         "[a]: b\n", "[a]",       "_*a[a](b) ", "*a[a](b)",
    "|a|\n|-|\n", "a\n|-|\n", "|",         "a@",         "a.b@c.d",
    " a@b.c",     "_www.",    "www.a<b ",  "http://a",   "http://a.b)",
    "~~a",        "[^1]",     "@bob ",     "#tag ",      "((((",
    "\n",         "#",        "<a b='",    "\t- ",       "&#x",
};

static long
worst_cost(void)
{
    long worst = 0;

    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        long taken = cost(repeated(hostile[i], LARGE));

        if (taken > 2000)
            printf("\n  %s: %ld ms\n", hostile[i], taken);
        CU_ASSERT(taken <= 2000);
        worst = taken > worst ? taken : worst;
    }
    return worst;
}

/* Two parts: what the first opens, the second pays for. */
static const struct {
    const char *first, *second;
} pairs[] = {
    { "1. ", "\n" },
    { "[", "]" },
    { "![", "[]()" },
    { "*a ", "[a](b) " },
    { "[a]: /uuuuuuuuuuuuuuuuuuuuuuu\n", "[a]" },
    { "|a", "|-" },
    { "a", "b\n:-:" },
    { "http://\n", "|-|\n[^1]: " },
    { "**a", "a**" },
    { "> **w.", "* !_" },
    { "> > > > > > > >", "a\n" },
};

static void
bounds_the_work(void)
{
    (void)worst_cost();
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct text *t = repeated(pairs[i].first, LARGE / 2);

        text_adds(t, repeated(pairs[i].second, LARGE / 2)->at);
        CU_ASSERT(cost(t) <= 2000);
    }
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
    CU_ASSERT(cost(t) <= 2000);
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
    CU_ASSERT(cost(t) <= 2000);
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
    for (const char *p = m.html; (p = strstr(p, "<blockquote>")) != NULL; p++)
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
    printf("worst hostile %ld ms ", worst_cost());
}

CU_TestInfo markup_hostile_tests[] = {
    { "checks what it should", checks_what_it_should },
    { "disarms hostile text", disarms_hostile_text },
    { "mends bytes", mends_bytes },
    { "bounds the work", bounds_the_work },
    { "bounds tables", bounds_tables },
    { "bounds references", bounds_references },
    { "bounds depth", bounds_depth },
    { "shows the source where it must", shows_the_source_where_it_must },
    { "prints its speed", prints_its_speed },
    CU_TEST_INFO_NULL,
};
