/* cursor_test.c - cursors and times of lists, there and back. */
#include <CUnit/CUnit.h>
#include <string.h>

#include "base/clock.h"
#include "core/cursor.h"
#include "tests/unit/context.h"
#include "tests/unit/suites.h"

static void
cursors_return(void)
{
    struct cursor c = { .key = -12345678901234 }, back;
    char s[CURSOR_TEXT];

    memset(c.id.octet, 7, sizeof c.id.octet);
    cursor_write(&c, s);
    CU_ASSERT_EQUAL(strlen(s), 32);
    CU_ASSERT_TRUE(cursor_read(s, &back));
    CU_ASSERT_EQUAL(back.key, c.key);
    CU_ASSERT_TRUE(uuid_same(&back.id, &c.id));
    for (size_t n = 0; n < 32; n++) {
        char cut[CURSOR_TEXT] = "";

        memcpy(cut, s, n);
        CU_ASSERT_FALSE(cursor_read(cut, &back));
    }
    for (size_t n = 33; n < 72; n++) {
        char more[72];

        memset(more, 'A', sizeof more);
        memcpy(more, s, 32);
        more[n] = '\0';
        CU_ASSERT_FALSE(cursor_read(more, &back));
    }
    CU_ASSERT_FALSE(cursor_read("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", &back));
    CU_ASSERT_FALSE(cursor_read("!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!", &back));
}

static void
times_return(void)
{
    static const int64_t times[] = { 1,
                                     -1,
                                     CLOCK_DAY * 59,
                                     CLOCK_DAY * 60,
                                     CLOCK_DAY * 36524,
                                     CLOCK_DAY * -36525 };
    struct instant back;

    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        struct text *t = text_new(mem);
        int64_t ms = times[i] / 1000 * 1000;

        clock_iso(t, ms);
        CU_ASSERT_TRUE(time_read(t->at, &back));
        CU_ASSERT_EQUAL(back.us, ms == 0 ? 1 : ms);
    }
}

static CU_TestInfo tests[] = {
    { "cursors return", cursors_return },
    { "times return", times_return },
    CU_TEST_INFO_NULL,
};

int
cursor_suite(void)
{
    CU_SuiteInfo suites[] = {
        { "cursor", context_begin, context_end, NULL, NULL, tests },
        CU_SUITE_INFO_NULL,
    };

    return CU_register_suites(suites) == CUE_SUCCESS ? 0 : -1;
}
