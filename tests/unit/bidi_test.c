/* bidi_test.c - marks that turn the direction: closed, isolated, tidied. */
#include <CUnit/CUnit.h>
#include <string.h>

#include "base/bidi.h"
#include "base/mem.h"

int bidi_suite(void);

#define LRE "\xE2\x80\xAA"
#define RLE "\xE2\x80\xAB"
#define PDF "\xE2\x80\xAC"
#define LRO "\xE2\x80\xAD"
#define RLO "\xE2\x80\xAE"
#define LRI "\xE2\x81\xA6"
#define RLI "\xE2\x81\xA7"
#define FSI "\xE2\x81\xA8"
#define PDI "\xE2\x81\xA9"
#define ALEF "\xD7\x90"
#define SEEN "\xD8\xB3"
#define DIGIT "\xD9\xA3" /* three, in Arabic */

static void *mem; /* of the test that runs */

static void
begin(void)
{
    mem = mem_context(NULL, "bidi_test");
}

static void
end(void)
{
    mem_free(mem);
}

static const char *
closed(const char *s)
{
    struct text *out = text_new(mem);

    bidi_close(out, s, strlen(s));
    CU_ASSERT(bidi_closed(out->at, out->len));
    CU_ASSERT_EQUAL(bidi_closed(s, strlen(s)), strcmp(s, out->at) == 0);
    return out->at;
}

static void
closes(void)
{
    static const struct {
        const char *text, *is;
    } cases[] = {
        { "", "" },
        { "plain \xE2\x80\x9Cquoted\xE2\x80\x9D", NULL },
        { LRE "a" PDF RLE "b" PDF LRO "c" PDF RLO "d" PDF, NULL },
        { LRI "a" PDI RLI "b" PDI FSI "c" PDI, NULL },
        { RLO "a", RLO "a" PDF },
        { FSI "a", FSI "a" PDI },
        { "a" PDF "b" PDI "c", "abc" },
        { RLI LRE RLO "a", RLI LRE RLO "a" PDF PDF PDI },
        /* The end of an isolate ends the overrides in it. */
        { RLI RLO "a" PDI "b", NULL },
        { RLI RLO "a" PDI PDF "b", RLI RLO "a" PDI "b" },
        /* What is embedded does not end the isolate around it. */
        { RLI "a" PDF "b", RLI "ab" PDI },
        { RLO "a" PDI "b", RLO "ab" PDF },
        /* Half a mark is none. */
        { "a\xE2\x80", NULL },
        { "\xE2\xE2\x80\xAE", "\xE2\xE2\x80\xAE" PDF },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CU_ASSERT_STRING_EQUAL(closed(cases[i].text), cases[i].is == NULL
                                                          ? cases[i].text
                                                          : cases[i].is);
}

static void
closes_to_a_depth(void)
{
    struct text *deep = text_new(mem);

    for (int i = 0; i < 1000; i++)
        text_adds(deep, i % 2 == 0 ? RLO : FSI);
    CU_ASSERT_EQUAL(strlen(closed(deep->at)), (size_t)125 * 2 * 3);
}

static const char *
isolated(const char *s)
{
    struct text *out = text_new(mem);

    bidi_isolate(out, s, strlen(s));
    return out->at;
}

static void
isolates(void)
{
    CU_ASSERT_STRING_EQUAL(isolated("Zo\xC3\xAB \xE7\x8C\xAB 3"),
                           "Zo\xC3\xAB \xE7\x8C\xAB 3");
    CU_ASSERT_STRING_EQUAL(isolated("a " ALEF), FSI "a " ALEF PDI);
    CU_ASSERT_STRING_EQUAL(isolated(SEEN), FSI SEEN PDI);
    CU_ASSERT_STRING_EQUAL(isolated(DIGIT), FSI DIGIT PDI);
    /* Marks of its own cannot end what is around it. */
    CU_ASSERT_STRING_EQUAL(isolated(PDI ALEF PDI RLO "x"), FSI ALEF "x" PDI);
    CU_ASSERT_STRING_EQUAL(isolated(RLO "moc.x"), "moc.x");
}

static void
tidies(void)
{
    static const struct {
        const char *text, *is;
    } cases[] = {
        { "", "" },
        { "a", "a" },
        { FSI "a" PDI, FSI "a" PDI },
        { FSI "a", "a" },
        { "a" PDI, "a" },
        { PDI FSI "a" PDI PDI FSI, FSI "a" PDI },
        { FSI FSI "a" PDI, FSI "a" PDI },
        { FSI "a" FSI "b" PDI "c" PDI, FSI "a" FSI "b" PDI "c" PDI },
        { LRE RLE LRO RLO "a" PDF LRI RLI "b" PDI, "ab" },
        { "\xE2\x80", "\xE2\x80" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *s = mem_strdup(mem, cases[i].text);

        CU_ASSERT_EQUAL(bidi_tidy(s, strlen(s)), strlen(cases[i].is));
        CU_ASSERT_STRING_EQUAL(s, cases[i].is);
    }
}

static void
knows_marks(void)
{
    CU_ASSERT_EQUAL(bidi_mark(LRE, 3), 3);
    CU_ASSERT_EQUAL(bidi_mark(PDI, 3), 3);
    CU_ASSERT_EQUAL(bidi_mark("\xE2\x80", 2), 0);
    CU_ASSERT_EQUAL(bidi_mark("\xE2\x80\xA9", 3), 0);
    CU_ASSERT_EQUAL(bidi_mark("\xE2\x80\xAF", 3), 0);
    CU_ASSERT_EQUAL(bidi_mark("\xE2\x81\xA5", 3), 0);
    CU_ASSERT_EQUAL(bidi_mark("\xE2\x81\xAA", 3), 0);
    CU_ASSERT_EQUAL(bidi_mark(ALEF "\xE2", 3), 0);
}

static CU_TestInfo tests[] = {
    { "closes", closes },           { "closes to a depth", closes_to_a_depth },
    { "isolates", isolates },       { "tidies", tidies },
    { "knows marks", knows_marks }, CU_TEST_INFO_NULL,
};

int
bidi_suite(void)
{
    CU_SuiteInfo suites[] = {
        { "bidi", NULL, NULL, begin, end, tests },
        CU_SUITE_INFO_NULL,
    };

    return CU_register_suites(suites) == CUE_SUCCESS ? 0 : -1;
}
