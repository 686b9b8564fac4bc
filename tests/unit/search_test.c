/* search_test.c - what is typed into a search box, taken apart. */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "search/query.h"
#include "tests/unit/context.h"

int search_suite(void);

static void
show(struct text *to, const char *name, const struct texts *list)
{
    for (size_t i = 0; i < list->n; i++)
        text_addf(to, "%s%s%s", to->len > 0 ? " " : "", name, list->at[i]);
}

/* A query as text: each word in [] behind its marks, then the filters. */
static const char *
read_query(const char *q)
{
    static const char *const names[][2] = { { "+tag:", "-tag:" },
                                            { "+from:", "-from:" },
                                            { "+in:", "-in:" } };
    struct search_query got;
    struct text *to = text_new(mem);

    search_query_read(&got, mem, q);
    for (size_t i = 0; i < got.words.n; i++)
        text_addf(to, "%s%s[%s]", i > 0 ? " " : "", got.marks.at[i],
                  got.words.at[i]);
    for (size_t i = 0; i < SEARCH_FILTERS; i++) {
        show(to, names[i][0], &got.with[i]);
        show(to, names[i][1], &got.without[i]);
    }
    return to->at;
}

static void
reads_queries(void)
{
    static const struct {
        const char *q, *is;
    } rows[] = {
        { "", "" },
        { "  \t ", "" },
        { "red planet", "[red] [planet]" },
        { "\"red planet\" moon", "\"[red planet] [moon]" },
        { "“red planet”moon", "\"[red planet] [moon]" },
        { "«a b» „c“", "\"[a b] \"[c]" },
        { "\"not closed", "\"[not closed]" },
        { "\"\" \"", "" },
        { "ab\"cd\"ef", "[ab] \"[cd] [ef]" },
        { "a -b --c -\"d e\"", "[a] -[b] -[c] -\"[d e]" },
        { "a - b", "[a] [b]" },
        { "−a –b", "-[a] -[b]" },
        { "spider-man", "[spider-man]" },
        { "---------------------------------", "" },
        { "--------------------------------- a", "[a]" },
        { "a OR b c | d", "[a] |[b] [c] |[d]" },
        { "OR a or or b OR", "[a] |[b]" },
        { "a OR -b \"OR\" -or", "[a] |-[b] \"[OR] -[or]" },
        { "pre* p* ** 日本* a*b*", "*[pre] [p] *[日本] *[a*b]" },
        { "-pre*", "-*[pre]" },
        { "tag:Music TAG:#b from:@Ann in:Help",
          "+tag:music +tag:b +from:ann +in:help" },
        { "-tag:a -from:b -in:c", "-tag:a -from:b -in:c" },
        { "tag: from:@ in: tag:# foo:bar", "[tag:] [from:@] [in:] [tag:#] "
                                           "[foo:bar]" },
        { "a OR tag:x b", "[a] |[b] +tag:x" },
        { "日本語　検索", "[日本語] [検索]" },
        { "http://x.example/?a=b&c", "[http://x.example/?a=b&c]" },
        { "' \\ & ! ( ) : <->", "['] [\\] [&] [!] [(] [)] [:] [<->]" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *is = read_query(rows[i].q);

        CU_ASSERT(strcmp(is, rows[i].is) == 0);
        if (strcmp(is, rows[i].is) != 0)
            printf("\n  of  %s\n  is  %s\n  not %s\n", rows[i].q, is,
                   rows[i].is);
    }
}

static void
looks_at_so_many(void)
{
    struct search_query q;
    struct text *text = text_new(mem);

    for (int i = 0; i < 40000; i++)
        text_addf(text, " %s%d", i % 2 == 0 ? "tag:" : "-w", i);
    search_query_read(&q, mem, text->at);
    CU_ASSERT_EQUAL(q.words.n, SEARCH_TERMS / 2);
    CU_ASSERT_EQUAL(q.with[SEARCH_TAG].n, SEARCH_TERMS / 2);
    CU_ASSERT_STRING_EQUAL(q.words.at[24], "w49");
    CU_ASSERT_TRUE(q.filtered);
}

static CU_TestInfo tests[] = {
    { "reads queries", reads_queries },
    { "looks at so many", looks_at_so_many },
    CU_TEST_INFO_NULL,
};

int
search_suite(void)
{
    CU_SuiteInfo suites[] = {
        { "search", NULL, NULL, context_set_up, context_tear_down, tests },
        CU_SUITE_INFO_NULL,
    };

    return CU_register_suites(suites) == CUE_SUCCESS ? 0 : -1;
}
