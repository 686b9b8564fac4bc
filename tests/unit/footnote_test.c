/* footnote_test.c - footnotes, and the ways back from them. */
#include <CUnit/CUnit.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "html_check.h"
#include "markup/markup.h"
#include "markup_says.h"
#include "tests/unit/context.h"
#include "tests/unit/suites.h"

static void
writes_footnotes(void)
{
    struct markup one = render("a[^1] b[^x] c[^1]\n\n[^x]: X\n[^1]: *One*\n");
    const char *own = strstr(one.html, "href=\"#");
    char other[9] = { 0 };

    CU_ASSERT_PTR_NOT_NULL_FATAL(own);
    memcpy(other, own + 7, 8);
    struct text *want = text_new(mem);
#define REF(id, n)                                                             \
    "<sup><a class=\"footnote\" id=\"%1$sr" id "\" href=\"#%1$s" n             \
    "\" aria-label=\"Footnote " n "\">" n "</a></sup>"
#define BACK(id, more)                                                         \
    " <a class=\"footnote-back\" href=\"#%1$sr" id                             \
    "\" aria-label=\"Back to reference " id "\">\xE2\x86\xA9\xEF\xB8\x8E" more \
    "</a>"
    text_addf(
        want,
        "<p>a" REF("1", "1") " b" REF("2", "2") " c" REF(
            "1-2", "1") "</p>\n<section class=\"footnotes\"><ol>\n"
                        "<li id=\"%1$s1\">\n<p><em>One</em>" BACK("1", "") BACK(
                            "1-2",
                            "<sup>2</sup>") "</p>\n</li>\n"
                                            "<li id=\"%1$s2\">\n<p>X" BACK(
                                                "2", "") "</p>\n</li>\n"
                                                         "</ol></section>\n",
        other);
    CU_ASSERT(same("notes", undirected(one.html), want->at));
    CU_ASSERT_STRING_EQUAL(one.plain, "a b c One X");
    /* Those of a text that is there again have other ids. */
    CU_ASSERT_PTR_NULL(strstr(
        render("a[^1] b[^x] c[^1]\n\n[^x]: X\n[^1]: *One*\n").html, other));
    HTML("a[^1]", "<p>a[^1]</p>\n");
}

static size_t
times(const char *s, const char *word)
{
    size_t n = 0;

    for (; (s = strstr(s, word)) != NULL; s++)
        n++;
    return n;
}

/* Each way back has its reference, wherever that stands. */
static void
leads_back_from_footnotes(void)
{
    static const char back[] = "footnote-back", id[] = "id=\"n";
    struct markup m;
    const char *at;

    /* A later note refers to the first; blocks at a note's end. */
    m = render("a[^1] b[^2]\n\n[^1]: A\n\n    > q\n\n[^2]: see[^1]\n\n"
               "        code\n");
    CU_ASSERT_EQUAL(times(m.html, back), 3);
    CU_ASSERT_EQUAL(times(m.html, id), 5);
    CU_ASSERT_PTR_NOT_NULL(strstr(m.html, "</blockquote>\n <a class"));
    CU_ASSERT_PTR_NULL(html_check(m.html, &at));
    /* A reference that is not written is not led back to. */
    m = render("[a[^1]](/x) b\n\n[^1]: A\n");
    CU_ASSERT_EQUAL(times(m.html, back), 0);
    /* Of very many references some have no way back. */
    struct text *t = text_new(mem);
    for (int i = 0; i < 30; i++)
        text_adds(t, "some words go here[^n] ");
    text_adds(t, "\n\n[^n]: N\n");
    m = render(t->at);
    CU_ASSERT_EQUAL(times(m.html, back), MARKUP_BACKS);
    CU_ASSERT_EQUAL(times(m.html, "aria-label=\"Footnote 1\""), 30);
    CU_ASSERT_PTR_NULL(html_check(m.html, &at));
}

static CU_TestInfo tests[] = {
    { "writes footnotes", writes_footnotes },
    { "leads back from footnotes", leads_back_from_footnotes },
    CU_TEST_INFO_NULL,
};

int
footnote_suite(void)
{
    CU_SuiteInfo suites[] = {
        { "footnote", NULL, NULL, context_set_up, context_tear_down, tests },
        CU_SUITE_INFO_NULL,
    };

    return CU_register_suites(suites) == CUE_SUCCESS ? 0 : -1;
}
