/* language_test.c - language tags: good ones as they are kept, and bad ones. */
#include <CUnit/CUnit.h>
#include <stdio.h>

#include "base/language.h"
#include "base/mem.h"

int language_suite(void);

static void *mem; /* of the test that runs */

static void
begin(void)
{
    mem = mem_context(NULL, "language_test");
}

static void
end(void)
{
    mem_free(mem);
}

/* RFC 5646, appendix A, and others; the second as it is kept. */
static const char *const good[][2] = {
    /* Simple languages, and with a script. */
    { "de", "de" },
    { "FR", "fr" },
    { "ja", "ja" },
    { "i-enochian", "i-enochian" },
    { "zh-hant", "zh-Hant" },
    { "ZH-HANS", "zh-Hans" },
    { "sr-cyrl", "sr-Cyrl" },
    { "sr-Latn", "sr-Latn" },
    /* Extended languages. */
    { "zh-cmn-Hans-CN", "zh-cmn-Hans-CN" },
    { "cmn-Hans-cn", "cmn-Hans-CN" },
    { "zh-yue-HK", "zh-yue-HK" },
    { "yue-HK", "yue-HK" },
    { "zh-abc-def-ghi", "zh-abc-def-ghi" },
    /* Script, region, variant. */
    { "zh-Hans-CN", "zh-Hans-CN" },
    { "sr-LATN-rs", "sr-Latn-RS" },
    { "sl-rozaj", "sl-rozaj" },
    { "sl-rozaj-biske", "sl-rozaj-biske" },
    { "sl-nedis", "sl-nedis" },
    { "de-CH-1901", "de-CH-1901" },
    { "sl-IT-nedis", "sl-IT-nedis" },
    { "hy-Latn-IT-arevela", "hy-Latn-IT-arevela" },
    { "de-DE", "de-DE" },
    { "en-us", "en-US" },
    { "es-419", "es-419" },
    { "mn-Cyrl-MN", "mn-Cyrl-MN" },
    { "mN-cYrL-Mn", "mn-Cyrl-MN" },
    /* Private subtags. */
    { "de-CH-x-phonebk", "de-CH-x-phonebk" },
    { "az-Arab-x-AZE-derbend", "az-Arab-x-aze-derbend" },
    { "x-whatever", "x-whatever" },
    { "qaa-Qaaa-QM-x-southern", "qaa-Qaaa-QM-x-southern" },
    { "de-Qaaa", "de-Qaaa" },
    { "sr-Latn-QM", "sr-Latn-QM" },
    { "sr-Qaaa-RS", "sr-Qaaa-RS" },
    { "x-a-b-1", "x-a-b-1" },
    { "en-CA-x-ca", "en-CA-x-ca" },
    { "x-Latn-GB", "x-latn-gb" },
    /* Extensions; what follows a single letter stays small. */
    { "en-US-u-islamcal", "en-US-u-islamcal" },
    { "zh-CN-a-myext-x-private", "zh-CN-a-myext-x-private" },
    { "en-a-myext-b-another", "en-a-myext-b-another" },
    { "de-a-DE-Latn", "de-a-de-latn" },
    { "ar-0-arab", "ar-0-arab" },
    /* From before the grammar. */
    { "EN-gb-OED", "en-GB-oed" },
    { "SGN-be-fr", "sgn-BE-FR" },
    { "I-KLINGON", "i-klingon" },
    { "art-lojban", "art-lojban" },
    { "zh-min-nan", "zh-min-nan" },
    { "cel-gaulish", "cel-gaulish" },
    /* Not registered, but well-formed; 4 and 5 to 8 letters are set aside. */
    { "und", "und" },
    { "abcd", "abcd" },
    { "abcdefgh", "abcdefgh" },
    { "de-1abc", "de-1abc" },
    { "zh-Hant-TW", "zh-Hant-TW" },
    { "he", "he" },
    { "ar", "ar" },
    { "pt-br", "pt-BR" },
};

static const char *const bad[] = {
    /* RFC 5646, appendix A. */
    "de-419-DE", "a-DE", "ar-a-aaa-b-bbb-a-ccc",
    /* Others. */
    "", "-", "e", "1", "12", "419", "en-", "-en", "en--US", "en_US", "en US",
    " en", "en\n", "<script>", "en\"onx=1", "englishlanguage", "abcdefghi",
    "en-abcdefghi", "en-us-gb", "en-latn-cyrl", "en-GB-latn",
    "zh-abc-def-ghi-jkl", "abcd-efg", "de-1996-1996", "de-1996-1901-1996",
    "sl-ROZAJ-rozaj", "de-abc1", "en-a", "en-a-b-cc", "en-u-", "en-x", "x",
    "x-", "x-123456789", "i", "i-unknown", "i-klingon-US", "en-GB-oed-x-y",
    "\xD9\x86", "d\xC3\xA9", "\xEF\xBD\x85\xEF\xBD\x8E", /* en, in full width */
    "en-a-bbbb-x-ccccc-ddddd-eeeee-fffff-g",             /* 36 and more */
};

static void
takes_good_ones(void)
{
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        const char *kept = language_kept(mem, good[i][0]);

        if (!language_valid(good[i][0]))
            (void)fprintf(stderr, "%s is refused\n", good[i][0]);
        CU_ASSERT(language_valid(good[i][0]));
        CU_ASSERT_STRING_EQUAL(kept, good[i][1]);
        CU_ASSERT(language_valid(kept));
        CU_ASSERT_STRING_EQUAL(language_kept(mem, kept), kept);
    }
}

static void
refuses_bad_ones(void)
{
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (language_valid(bad[i]))
            (void)fprintf(stderr, "%s is taken\n", bad[i]);
        CU_ASSERT(!language_valid(bad[i]));
    }
}

static CU_TestInfo tests[] = {
    { "takes good ones", takes_good_ones },
    { "refuses bad ones", refuses_bad_ones },
    CU_TEST_INFO_NULL,
};

int
language_suite(void)
{
    CU_SuiteInfo suites[] = {
        { "language", NULL, NULL, begin, end, tests },
        CU_SUITE_INFO_NULL,
    };

    return CU_register_suites(suites) == CUE_SUCCESS ? 0 : -1;
}
