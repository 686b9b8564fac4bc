/*
 * lexeme_test.c - which queries find which texts, in PostgreSQL itself.  Needs
 * SPARKLE_TEST_PG, a connection string.
 */
#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>
#include <uninorm.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/utf8.h"
#include "lexeme/lexeme.h"
#include "search/tsquery.h"
#include "tests/unit/suites.h"
#include "tests/unit/things.h"

static const char match_sql[] =
    "SELECT coalesce($1::text::tsvector @@ $2::text::tsquery, false), "
    "coalesce($1::text::tsvector @@ $3::text::tsquery, false), "
    "coalesce($1::text::tsvector @@ $4::text::tsquery, false), "
    "coalesce($1::text::tsvector @@ $5::text::tsquery, false), "
    "coalesce($1::text::tsvector @@ $6::text::tsquery, false)";

static struct search_tsquery
tsquery(const char *q, bool filtered)
{
    struct search_tsquery to;
    struct search_query read;

    search_query_read(&read, mem, q);
    read.filtered |= filtered;
    search_tsquery_write(&to, mem, &read);
    return to;
}

/* The tier that a post is in for a query, -1 where it is not found, -2 where
 * the tiers contradict each other. */
static int
tier_of(const char *vector, const char *q)
{
    const struct search_tsquery to = tsquery(q, false);
    struct db_result *r = query(
        match_sql, ARGS(ARG(vector), ARG(to.any), ARG(to.tier[0]),
                        ARG(to.tier[1]), ARG(to.tier[2]), ARG(to.tier[3])));
    int tier = -1;

    CU_ASSERT_FALSE_FATAL(error.failed);
    for (size_t i = 0; i < SEARCH_TIERS; i++)
        if (db_boolean(r, 0, i + 1))
            tier = tier == -1 ? (int)i : -2;
    return db_boolean(r, 0, 0) == (tier >= 0) ? tier : -2;
}

static const char *
vector_of(const char *title, const char *content)
{
    const struct lexeme_document d = { .title = title, .content = content };

    return lexeme_vector(mem, &d);
}

static const char *
apart(const char *s)
{
    size_t n;
    uint8_t *made =
        u8_normalize(UNINORM_NFD, (const uint8_t *)s, strlen(s), NULL, &n);
    const char *copy = mem_strndup(mem, (const char *)made, n);

    free(made);
    return copy;
}

/* ---- What is found ------------------------------------------------------- */

static const struct {
    const char *text, *q;
    bool found;
} pairs[] = {
    /* Without blanks. */
    { "日本語の検索を試す", "検索", true },
    { "日本語の検索を試す", "日本語", true },
    { "日本語の検索を試す", "語の検", true },
    { "日本語の検索を試す", "検", true },
    { "日本語の検索を試す", "す", true },
    { "日本語の検索を試す", "本検", false },
    { "日本語の検索を試す", "検索 日本", true },
    { "日本語の検索を試す", "検索 -日本", false },
    { "東京と京都", "東京都", false },
    { "第3章を読む", "第3章", true },
    { "第3章を読む", "第4章", false },
    { "「ワンピース」最新話", "ワンピース", true },
    { "スーパーマリオ", "マリオ", true },
    { "我们今天讨论视频", "讨论", true },
    { "我们今天讨论视频", "论讨", false },
    { "繁體中文的影片", "影片", true },
    { "ฉันชอบดูวิดีโอใหม่", "วิดีโอ", true },
    { "ฉันชอบดูวิดีโอใหม่", "ใหม่", true },
    { "ฉันชอบดูวิดีโอใหม่", "เก่า", false },
    { "ខ្ញុំចូលចិត្តវីដេអូ", "វីដេអូ", true },
    { "ຂ້ອຍມັກວິດີໂອ", "ວິດີໂອ", true },
    { "ကျွန်တော်ဗီဒီယိုကြိုက်တယ်", "ဗီဒီယို", true },
    { "한국어를 공부합니다", "한국어", true },
    { "한국어를 공부합니다", "공부", true },
    { "한국어를 공부합니다", "국어", true },
    { "한국어를 공부합니다", "중국어", false },
    { "책을 읽다", "책", true },
    { "Linuxを使う", "linux", true },
    { "Linuxを使う", "使う", true },
    /* Forms of a letter. */
    { "ガンダムの話", "ｶﾞﾝﾀﾞﾑ", true },
    { "ｶﾞﾝﾀﾞﾑの話", "ガンダム", true },
    { "かがみ", "かかみ", false },
    { "Ｆｕｌｌ　Ｗｉｄｔｈ", "full width", true },
    { "мой трейлер", "трейлер", true },
    { "Ёлка и ёж", "елка", true },
    { "café crème", "cafe creme", true },
    { "cafe", "café", true },
    { "Ελληνικά τραγούδια", "ελληνικα", true },
    { "ΟΔΥΣΣΕΥΣ", "οδυσσευς", true },
    { "ὁ ᾳ ἄνθρωπος", "ανθρωπος", true },
    { "مُحَمَّدٌ رسول", "محمد", true },
    { "محمد", "مُحَمَّد", true },
    { "كتـــاب", "كتاب", true },
    { "أحمد", "احمد", true },
    { "كتاب فارسى", "کتاب فارسی", true },
    { "שָׁלוֹם עולם", "שלום", true },
    { "שלום", "שָׁלוֹם", true },
    { "Straße", "STRASSE", true },
    { "İstanbul ışık", "istanbul isik", true },
    { "Łódź", "lodz", true },
    { "Tiếng Việt", "tieng viet", true },
    { "हिन्दी में वीडियो", "हिन्दी", true },
    { "हिन्दी में वीडियो", "वीडियो", true },
    { "தமிழ் பாடல்", "தமிழ்", true },
    { "soft\u00adhyphen", "softhyphen", true },
    { "softhyphen", "soft\u00adhyphen", true },
    { "zero\u200bwidth", "zerowidth", true },
    { "می\u200cخواهم", "میخواهم", true },
    { "ﬁne oﬃce", "fine office", true },
    { "x² and №5", "x2 no5", true },
    { "١٢٣ مرحبا", "123", true },
    { "page १०", "10", true },
    /* Parts of tokens. */
    { "We love node.js here", "node", true },
    { "We love node.js here", "js", true },
    { "We love node.js here", "node.js", true },
    { "We love node.js here", "nodejs", false },
    { "We love node.js here", "love node", true },
    { "Poseidon-1234 sails", "1234", true },
    { "Poseidon-1234 sails", "poseidon", true },
    { "Poseidon-1234 sails", "123", false },
    { "Release v2.10.3 is out", "2.10.3", true },
    { "Release v2.10.3 is out", "v2.10.3", true },
    { "Release v2.10.3 is out", "2.10", true },
    { "Release v2.10.3 is out", "10.3", true },
    { "Release v2.10.3 is out", "2.10.4", false },
    { "AC/DC live", "dc", true },
    { "AC/DC live", "ac/dc", true },
    { "AC/DC live", "AC DC", true },
    { "snake_case_name()", "case", true },
    { "H264 and mp3", "h264 264", true },
    { "https://www.example.org/watch?v=dQw4w9", "example.org", true },
    { "https://www.example.org/watch?v=dQw4w9", "dQw4w9", true },
    { "the creator's channel", "creator", true },
    { "rock'n'roll", "rock", true },
    { "spider-man", "spider man", true },
    { "user@mail.example", "mail.example", true },
    { "#speedrun **bold**", "speedrun bold", true },
    /* Words, stems, beginnings, phrases. */
    { "Three planets", "planet", true },
    { "Three planets", "plan", false },
    { "Three planets", "plan*", true },
    { "Three planets", "planets*", true },
    { "node.js", "no*", true },
    { "to be or not to be", "\"to be or not to be\"", true },
    { "to be or not to be", "\"be to\"", false },
    { "how does it work", "how does it work", true },
    { "work", "how does it work", true },
    { "the who", "\"the who\"", true },
    { "the", "the", true },
    { "red planet", "\"red planet\"", true },
    { "planet red", "\"red planet\"", false },
    { "red, hot planet", "\"red planet\"", false },
    { "cats", "cats OR dogs", true },
    { "birds", "cats OR dogs", false },
    { "🎉 party", "🎉", true },
    { "👍🏽👏", "👏", true },
    { "👍🏽 good", "👍", true },
    { "❤️ love", "❤", true },
    { "🎉 party", "🎃", false },
    { "...", "...", false },
};

static void
finds_in_all_scripts(void)
{
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const char *const texts[] = { pairs[i].text, apart(pairs[i].text) };
        const char *const qs[] = { pairs[i].q, apart(pairs[i].q) };

        for (size_t form = 0; form < 4; form++) {
            const char *text = texts[form & 1], *q = qs[form >> 1];
            int body = tier_of(vector_of(NULL, text), q);
            int title = tier_of(vector_of(text, NULL), q);
            bool fine = pairs[i].found ? (body == 0 || body == 1) && title >= 2
                                       : body == -1 && title == -1;

            CU_ASSERT(fine);
            if (!fine)
                printf("\n  %s in %s (form %zu): body %d, title %d\n", q, text,
                       form, body, title);
        }
    }
}

static void
ranks_by_place_and_form(void)
{
    static const struct {
        const char *title, *content, *q;
        int tier;
    } rows[] = {
        { "node", "x", "node", 3 },
        { "Node news", "x", "NODE", 3 },
        { "node.js", "x", "node", 2 },
        { "node.js", "x", "node.js", 3 },
        { "nodes", "x", "node", 3 }, /* its stem is what was typed */
        { "node", "x", "nodes", 2 },
        { "node", "x", "no*", 2 },
        { "x", "a node", "node", 1 },
        { "x", "node.js", "node", 0 },
        { "x", "planet", "planets", 0 },
        { "red", "planet", "red planet", 1 },
        { "red planet", "x", "red planet", 3 },
        { "planets red", "x", "planet OR moon", 3 },
        { "日本語の検索", "x", "検索", 3 },
        { "x", "日本語の検索", "検索", 1 },
        { "node", "bad", "node -bad", -1 },
        { "one", "two", "\"one two\"", -1 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int tier =
            tier_of(vector_of(rows[i].title, rows[i].content), rows[i].q);

        CU_ASSERT_EQUAL(tier, rows[i].tier);
        if (tier != rows[i].tier)
            printf("\n  %s in %s / %s: %d\n", rows[i].q, rows[i].title,
                   rows[i].content, tier);
    }
}

/* ---- Bounds -------------------------------------------------------------- */

static const char *
repeated(const char *s, size_t bytes)
{
    struct text *to = text_new(mem);

    while (to->len + strlen(s) <= bytes)
        text_adds(to, s);
    return to->at;
}

/* Positions end at 16,383: what comes later is found none the less. */
static void
finds_the_end_of_long_texts(void)
{
    struct text *text = text_new(mem);

    text_adds(text, repeated("日本語の文章。", 120000));
    text_adds(text, "最後に希少語が、and node.js too");
    const char *vector = vector_of(NULL, text->at);
    CU_ASSERT(tier_of(vector, "希少語") >= 0);
    CU_ASSERT(tier_of(vector, "node.js") >= 0);
    CU_ASSERT(tier_of(vector, "希少品") == -1);
    CU_ASSERT(tier_of(vector_of(NULL, repeated("go on ", 3000)), "\"on go\"") >=
              0);
}

/* 100,000 characters of any kind are a document that PostgreSQL takes. */
static void
takes_any_document(void)
{
    static const uint32_t from[] = { 0x4E00, 0x20000, 0xAC00, 0xE01,  0x1F300,
                                     0x21,   0x300,   0x600,  0x10000 };
    static const uint32_t count[] = { 20000, 40000, 11000, 50,  700,
                                      94,    80,    200,   2000 };
    uint32_t seed = 1;

    for (size_t k = 0; k < sizeof from / sizeof *from; k++) {
        struct text *text = text_new(mem);
        char bytes[4];

        for (size_t i = 0; i < 100000; i++) {
            seed = seed * 1664525 + 1013904223;
            text_add(text, bytes,
                     utf8_put(bytes, from[k] + (seed >> 8) % count[k]));
        }
        const char *vector = vector_of(text->at, text->at);
        const struct db_result *r = query(
            "SELECT length($1::text::tsvector)::bigint", ARGS(ARG(vector)));
        CU_ASSERT(!error.failed && db_rows(r) == 1);
        CU_ASSERT(vector_of(repeated("ﷺ", 1500), NULL)[0] == '\'');
    }
}

static void
writes_any_query(void)
{
    static const char *const words[] = {
        "a",  "the", "-",  " ", "\"",     "*",      "OR",    "|",      "日本",
        "語", "한",  "ไท", "'", "\\",     ":",      "&",     "!",      "(",
        ")",  "<->", "1",  ".", "é",      "🎉",      "tag:",  "from:x", " ",
        " -", "ﷺ",   "+",  "ก็", "\u00ad", "\u0301", "x.y/2", "\u3000", ",",
    };
    uint32_t seed = 7;

    for (int i = 0; i < 3000; i++) {
        struct text *q = text_new(mem);

        for (uint32_t n = seed % 60 + 1; n > 0; n--) {
            seed = seed * 1664525 + 1013904223;
            text_adds(q, words[(seed >> 8) % (sizeof words / sizeof *words)]);
        }
        const struct search_tsquery to = tsquery(q->at, i % 2 == 0);
        (void)query("SELECT numnode($1::text::tsquery)::bigint, "
                    "numnode($2::text::tsquery)::bigint, "
                    "numnode($3::text::tsquery)::bigint, "
                    "numnode($4::text::tsquery)::bigint, "
                    "numnode($5::text::tsquery)::bigint",
                    ARGS(ARG(to.any), ARG(to.tier[0]), ARG(to.tier[1]),
                         ARG(to.tier[2]), ARG(to.tier[3])));
        CU_ASSERT_FALSE(error.failed);
    }
}

static int
begin_patiently(void)
{
    int status = begin();

    settings.timeout = CLOCK_MINUTE;
    return status;
}

int
lexeme_suite(void)
{
    CU_TestInfo tests[] = {
        { "finds in all scripts", finds_in_all_scripts },
        { "ranks by place and form", ranks_by_place_and_form },
        { "finds the end of long texts", finds_the_end_of_long_texts },
        { "takes any document", takes_any_document },
        { "writes any query", writes_any_query },
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        { .pName = "lexeme",
          .pInitFunc = begin_patiently,
          .pCleanupFunc = context_end,
          .pTests = tests },
        CU_SUITE_INFO_NULL,
    };

    if (getenv("SPARKLE_TEST_PG") == NULL) {
        (void)printf("lexeme: skipped, SPARKLE_TEST_PG is not set\n");
        return 0;
    }
    return (int)CU_register_suites(suites);
}
