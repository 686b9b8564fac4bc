/*
 * markup_test.c - markup: what is written, what is refused, what is found.
 * For hostile sources see markup_hostile.c.
 */
#include <CUnit/CUnit.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/unicode.h"
#include "base/utf8.h"
#include "html_check.h"
#include "markup/markup.h"
#include "markup_hostile.h"
#include "markup_says.h"
#include "tests/unit/context.h"

int markup_suite(void);

/* ---- Language ------------------------------------------------------------ */

static void
writes_blocks(void)
{
    HTML("a *b* **c** ~~d~~ `e<`",
         "<p>a <em>b</em> <strong>c</strong> <del>d</del> "
         "<code>e&lt;</code></p>\n");
    HTML("a  \nb\nc", "<p>a<br>\nb\nc</p>\n");
    HTML("> a\n> > b", "<blockquote>\n<p>a</p>\n<blockquote>\n<p>b</p>\n"
                       "</blockquote>\n</blockquote>\n");
    HTML("- a\n- b\n", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n");
    HTML("3. a\n\n4. b\n", "<ol start=\"3\">\n<li>\n<p>a</p>\n</li>\n<li>\n"
                           "<p>b</p>\n</li>\n</ol>\n");
    HTML("- [x] a\n- [ ] b\n",
         "<ul>\n<li><input type=\"checkbox\" disabled checked> a</li>\n"
         "<li><input type=\"checkbox\" disabled> b</li>\n</ul>\n");
    HTML("```c++ x\n<a>&\n```\n",
         "<pre><code class=\"language-c++\">&lt;a&gt;&amp;\n</code></pre>\n");
    HTML("```a\"b\nx\n```\n", "<pre><code>x\n</code></pre>\n");
    HTML("a\n\n---\nb", "<p>a</p>\n<hr>\n<p>b</p>\n");
}

/* Of blocks only the outermost; code and names have their own. */
static void
says_directions(void)
{
    DIRECTED("a\n\n\xD7\x90\n", "<p dir=\"auto\">a</p>\n"
                                "<p dir=\"auto\">\xD7\x90</p>\n");
    DIRECTED("# a\n\n---\n\n    b\n",
             "<h2 dir=\"auto\">a</h2>\n<hr>\n"
             "<pre dir=\"ltr\"><code>b\n</code></pre>\n");
    DIRECTED("@bob #tag `c` \xD7\x90",
             "<p dir=\"auto\"><a class=\"mention\" href=\"/profile/bob\" "
             "dir=\"ltr\">@bob</a> <a class=\"hashtag\" href=\"/tag/tag\" "
             "dir=\"ltr\">#tag</a> <code dir=\"ltr\">c</code> "
             "\xD7\x90</p>\n");
    DIRECTED("> a\n> > b", "<blockquote dir=\"auto\">\n<p>a</p>\n"
                           "<blockquote>\n<p>b</p>\n"
                           "</blockquote>\n</blockquote>\n");
    DIRECTED("- a\n\n  - b\n", "<ul dir=\"auto\">\n<li>\n<p>a</p>\n<ul>\n"
                               "<li>b</li>\n</ul>\n</li>\n</ul>\n");
    DIRECTED("3. a\n", "<ol dir=\"auto\" start=\"3\">\n<li>a</li>\n</ol>\n");
    DIRECTED("|a|\n|-|\n", "<table dir=\"auto\"><thead><tr><th>a</th></tr>"
                           "</thead>\n</table>\n");
    DIRECTED("<div>\nx\n</div>\n",
             "<p dir=\"auto\">&lt;div&gt;\nx\n&lt;/div&gt;</p>\n");
    CU_ASSERT_PTR_NOT_NULL(
        strstr(render("a[^1]\n\n[^1]: b\n").html,
               "<section class=\"footnotes\" dir=\"auto\">"));
}

static void
writes_tables(void)
{
    HTML("|a|b|c|\n|-|:-:|-:|\n|1|*2*|\n",
         "<table><thead><tr><th>a</th><th align=\"center\">b</th>"
         "<th align=\"right\">c</th></tr></thead>\n<tbody>\n"
         "<tr><td>1</td><td align=\"center\"><em>2</em></td>"
         "<td align=\"right\"></td></tr>\n</tbody>\n</table>\n");
    HTML("|a|\n|-|\n", "<table><thead><tr><th>a</th></tr></thead>\n"
                       "</table>\n");
}

static void
shifts_headings(void)
{
    HTML("# a\n## b\n##### e\n###### f\n",
         "<h2>a</h2>\n<h3>b</h3>\n<h6>e</h6>\n<h6>f</h6>\n");
}

static void
shows_html_as_text(void)
{
    HTML("<b>x</b>", "<p>&lt;b&gt;x&lt;/b&gt;</p>\n");
    HTML("<div>\nx\n</div>\n", "<p>&lt;div&gt;\nx\n&lt;/div&gt;</p>\n");
    HTML("a <!-- hidden --> b", "<p>a  b</p>\n");
    HTML("a\n\n<!-- hidden\n\nall -->\n\nb", "<p>a</p>\n<p>b</p>\n");
}

static void
judges_links(void)
{
    HTML("[a](https://x.org/?a=1&b=2 \"t\")",
         "<p><a href=\"https://x.org/?a=1&amp;b=2\" title=\"t\" "
         "rel=\"nofollow ugc noopener\">a</a></p>\n");
    HTML("[a](/post/b) [c](#d)",
         "<p><a href=\"/post/b\">a</a> <a href=\"#d\">c</a></p>\n");
    HTML("[a](mailto:x@y.z)", "<p><a href=\"mailto:x@y.z\">a</a></p>\n");
    HTML("[*a*](javascript:b) [c](//d.e) [f](g)", "<p><em>a</em> c f</p>\n");
    HTML("[a](https://x.org/\xC3\xA4<'\")",
         "<p><a href=\"https://x.org/%C3%A4%3C%27%22\" "
         "rel=\"nofollow ugc noopener\">a</a></p>\n");
    HTML("www.x.org, <https://y.org/__a__>",
         "<p><a href=\"http://www.x.org\" rel=\"nofollow ugc noopener\">"
         "www.x.org</a>, <a href=\"https://y.org/__a__\" "
         "rel=\"nofollow ugc noopener\">https://y.org/__a__</a></p>\n");
    HTML("x@y.org", "<p><a href=\"mailto:x@y.org\">x@y.org</a></p>\n");
    HTML("[a](/\\x.org) [b](https://x.org\\y.org) [c](https:///x.org)",
         "<p>a b c</p>\n");
}

static void
judges_addresses(void)
{
    static const char *const bad[] = {
        "",      "//x.org/a",  "/\\x.org/a",    "https:/x.org", "https://",
        "x.org", "https:///x", "https://\tx.y", "/a\nb",        "/a\x7f",
        "#a",    "http://x.y", "https://?x",    "https://#x",   NULL,
    };

    CU_ASSERT_TRUE(markup_shows("/a.png"));
    CU_ASSERT_TRUE(markup_shows("https://x.org/a.png"));
    for (size_t i = 0; bad[i] != NULL; i++)
        CU_ASSERT_FALSE(markup_shows(bad[i]));
}

static void
judges_images(void)
{
    HTML("![a *b* @bob](https://x.org/c.png \"d\")",
         "<p><img src=\"https://x.org/c.png\" alt=\"a b @bob\" title=\"d\" "
         "loading=\"lazy\"></p>\n");
    HTML("![a](/b.png)",
         "<p><img src=\"/b.png\" alt=\"a\" loading=\"lazy\"></p>\n");
    HTML("![*a*](http://x.org/c.png)", "<p><em>a</em></p>\n");
    HTML("[![a](/b.png)](/c)", "<p><a href=\"/c\"><img src=\"/b.png\" "
                               "alt=\"a\" loading=\"lazy\"></a></p>\n");
    HTML("![[x](/y) ![z](/w)](/b.png)",
         "<p><img src=\"/b.png\" alt=\"x z\" loading=\"lazy\"></p>\n");
}

static void
writes_nothing_for_nothing(void)
{
    HTML("", "");
    HTML(" \n\t\n", "");
    HTML("<!-- a -->", "");
    HTML("[a]: /b", "");
    HTML("&nbsp; \xE2\x80\x8B\xE3\x85\xA4", "");
    HTML("---", "");
    HTML("> \n- ", "");
    HTML("[](/a)", "");
    CU_ASSERT_STRING_NOT_EQUAL(render("![](/a.png)").html, "");
    CU_ASSERT_STRING_NOT_EQUAL(render("`a`").html, "");
}

/* ---- What is found ------------------------------------------------------- */

static void
finds_mentions(void)
{
    struct markup m = render("@Bob_1 @al (@carol) @bob_1 a@dave.org x@eve\n"
                             "`@frank` [@grace](/g) @heidi! @ivan@x /@judy\n\n"
                             "    @mallory\n\n> @niaj *@olivia* @peggy\xC3\xA9"
                             " https://x.org/@rupert \xE3\x81\xAB@sybil.");

    CU_ASSERT_EQUAL_FATAL(m.n_mentions, 6);
    CU_ASSERT_STRING_EQUAL(m.mentions[0], "bob_1");
    CU_ASSERT_STRING_EQUAL(m.mentions[1], "carol");
    CU_ASSERT_STRING_EQUAL(m.mentions[2], "heidi");
    CU_ASSERT_STRING_EQUAL(m.mentions[3], "niaj");
    CU_ASSERT_STRING_EQUAL(m.mentions[4], "olivia");
    CU_ASSERT_STRING_EQUAL(m.mentions[5], "sybil");
    HTML("hi @Bob.", "<p>hi <a class=\"mention\" href=\"" MARKUP_USER_PATH
                     "bob\">@Bob</a>.</p>\n");
    HTML("@a_23456789_123456789_123456789_",
         "<p>@a_23456789_123456789_123456789_</p>\n");
}

#define MENTION(name)                                                          \
    "<a class=\"mention\" href=\"" MARKUP_USER_PATH name "\">@" name "</a>"

/* _ of a name is no emphasis; where it could be either, an emphasis that was
 * begun before goes first. */
static void
finds_names_before_emphasis(void)
{
    struct markup m = render("thanks @_firsty and @lasty_, *@__both__*");

    CU_ASSERT_EQUAL_FATAL(m.n_mentions, 3);
    CU_ASSERT_STRING_EQUAL(m.mentions[0], "_firsty");
    CU_ASSERT_STRING_EQUAL(m.mentions[1], "lasty_");
    CU_ASSERT_STRING_EQUAL(m.mentions[2], "__both__");
    HTML("@_under_", "<p>" MENTION("_under_") "</p>\n");
    HTML("@_a_b_ _c_", "<p>" MENTION("_a_b_") " <em>c</em></p>\n");
    HTML("_hi @bob_ __@carol__",
         "<p><em>hi " MENTION("bob") "</em> <strong>" MENTION(
             "carol") "</strong></p>\n");
    HTML("_a\n\n@bob_", "<p>_a</p>\n<p>" MENTION("bob_") "</p>\n");
    HTML("|@_a_b|\n|-|\n",
         "<table><thead><tr><th>" MENTION("_a_b") "</th></tr></thead>\n"
                                                  "</table>\n");
    PLAIN("hi @_dave_ \x1F!", "hi @_dave_ !");
}

/* Code, addresses and titles say what was written. */
static void
leaves_names_where_they_are_none(void)
{
    HTML("`@_code_`", "<p><code>@_code_</code></p>\n");
    HTML("```@_info_\n@_code_\n```\n", "<pre><code>@_code_\n</code></pre>\n");
    HTML("[x](/p_@_q_r \"@_t_u\") ![@_a_b](/c_@_d_e)",
         "<p><a href=\"/p_@_q_r\" title=\"@_t_u\">x</a> "
         "<img src=\"/c_@_d_e\" alt=\"@_a_b\" loading=\"lazy\"></p>\n");
    HTML("<b @_abc_>", "<p>&lt;b " MENTION("_abc_") "&gt;</p>\n");
    CU_ASSERT_EQUAL(render("`@_a_b` a@_b_c x_@_abc_").n_mentions, 0);
}

#define BARE(url)                                                              \
    "<a href=\"" url "\" rel=\"nofollow ugc noopener\">" url "</a>"

static void
ends_bare_links(void)
{
    HTML("\xE8\xA6\x8B https://x.org/a\xE3\x80\x82"
         "b",
         "<p>\xE8\xA6\x8B " BARE("https://x.org/a") "\xE3\x80\x82"
                                                    "b</p>\n");
    HTML("\xEF\xBC\x88https://x.org/a\xEF\xBC\x89",
         "<p>\xEF\xBC\x88" BARE("https://x.org/a") "\xEF\xBC\x89</p>\n");
    HTML("https://x.org/a\xE3\x80\x81https://y.org\xE3\x80\x8D!",
         "<p>" BARE("https://x.org/a") "\xE3\x80\x81" BARE(
             "https://y.org") "\xE3\x80\x8D!</p>\n");
    HTML("www.x.org\xEF\xBC\x8C y",
         "<p><a href=\"http://www.x.org\" rel=\"nofollow ugc noopener\">"
         "www.x.org</a>\xEF\xBC\x8C y</p>\n");
    HTML("[\xE3\x80\x82](https://x.org/\xE3\x80\x82)",
         "<p><a href=\"https://x.org/%E3%80%82\" "
         "rel=\"nofollow ugc noopener\">\xE3\x80\x82</a></p>\n");
}

static void
reports_ten_mentions(void)
{
    struct text *t = text_new(mem);

    for (int i = 0; i < 20; i++)
        text_addf(t, "@user%d ", i);
    struct markup m = render(t->at);
    CU_ASSERT_EQUAL(m.n_mentions, MARKUP_MENTIONS);
    CU_ASSERT_PTR_NOT_NULL(strstr(m.html, "user19\" dir=\"ltr\">@user19</a>"));
}

static void
finds_tags(void)
{
    struct markup m = render("#Fan-Art, #1 #a1- #b_c #d\xC3\xA9 x#e /#f `#g`\n"
                             "# h\n#i #Fan-art");

    CU_ASSERT_EQUAL_FATAL(m.n_tags, 3);
    CU_ASSERT_STRING_EQUAL(m.tags[0], "fan-art");
    CU_ASSERT_STRING_EQUAL(m.tags[1], "a1");
    CU_ASSERT_STRING_EQUAL(m.tags[2], "i");
    HTML("a #Fan-Art.", "<p>a <a class=\"hashtag\" href=\"" MARKUP_TAG_PATH
                        "fan-art\">#Fan-Art</a>.</p>\n");
}

static const struct {
    const char *url;
    int start; /* -1: no video */
} videos[] = {
    { "https://www.youtube.com/watch?v=dQw4w9WgXcQ", 0 },
    { "http://youtube.com/watch?list=x&v=dQw4w9WgXcQ&t=90", 90 },
    { "https://m.youtube.com/watch?v=dQw4w9WgXcQ&t=1m30s", 90 },
    { "https://music.youtube.com/watch?v=dQw4w9WgXcQ#t=1h2m3s", 3723 },
    { "HTTPS://YOUTU.BE/dQw4w9WgXcQ?t=7s", 7 },
    { "https://youtu.be/dQw4w9WgXcQ?si=abc&start=12", 12 },
    { "https://www.youtube.com/shorts/dQw4w9WgXcQ", 0 },
    { "https://www.youtube.com/live/dQw4w9WgXcQ?feature=share", 0 },
    { "https://www.youtube.com/embed/dQw4w9WgXcQ?start=5", 5 },
    { "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ", 0 },
    { "https://youtu.be/dQw4w9WgXcQ?t=soon", 0 },
    { "https://youtu.be/dQw4w9WgXcQ?t=99999999999999999999", 0 },
    { "https://youtu.be/dQw4w9WgXc", -1 },
    { "https://youtu.be/dQw4w9WgXcQQ", -1 },
    { "https://youtu.be.evil.org/dQw4w9WgXcQ", -1 },
    { "https://evil.org/watch?v=dQw4w9WgXcQ", -1 },
    { "https://youtube.com@evil.org/watch?v=dQw4w9WgXcQ", -1 },
    { "https://www.youtube.com:80/watch?v=dQw4w9WgXcQ", -1 },
    { "https://www.youtube.com/channel/dQw4w9WgXcQ", -1 },
    { "ftp://youtu.be/dQw4w9WgXcQ", -1 },
    { "/watch?v=dQw4w9WgXcQ", -1 },
};

static void
knows_videos(void)
{
    for (size_t i = 0; i < sizeof videos / sizeof *videos; i++) {
        struct markup_video video = { .start = 0 };
        bool is = markup_video(videos[i].url, &video);

        if (is != (videos[i].start >= 0))
            printf("\n  %s\n", videos[i].url);
        CU_ASSERT_EQUAL(is, videos[i].start >= 0);
        CU_ASSERT(!is || strcmp(video.id, "dQw4w9WgXcQ") == 0);
        CU_ASSERT(!is || video.start == (uint32_t)videos[i].start);
    }
}

static void
finds_videos(void)
{
    static const char source[] =
        "https://youtu.be/dQw4w9WgXcQ?t=1m30s [a](https://youtu.be/"
        "aaaaaaaaaaa) `https://youtu.be/bbbbbbbbbbb` "
        "https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=90";
    struct markup m = render(source);

    CU_ASSERT_EQUAL_FATAL(m.n_videos, 2);
    CU_ASSERT_STRING_EQUAL(m.videos[0].id, "dQw4w9WgXcQ");
    CU_ASSERT_EQUAL(m.videos[0].start, 90);
    CU_ASSERT_STRING_EQUAL(m.videos[1].id, "aaaaaaaaaaa");
    HTML("[a](https://youtu.be/dQw4w9WgXcQ?t=90)",
         "<p><a href=\"https://youtu.be/dQw4w9WgXcQ?t=90\" "
         "rel=\"nofollow ugc noopener\" class=\"youtube\" "
         "data-youtube=\"dQw4w9WgXcQ\" data-start=\"90\">a</a></p>\n");
}

static void
keeps_plain_text(void)
{
    PLAIN(
        "# A *b*\n\nc  \nd `e` [f](/g) ![h](/i)\n\n- j\n- k\n\n|l|m|\n|-|-|\n",
        "A b c d e f h j k l m");
    PLAIN("&lt;b&gt; <i>\n\n```\nx\ty\n```\n---\nz", "<b> <i> x y z");
    PLAIN("a*b*c", "abc");
}

static void
cuts_plain_text(void)
{
    CU_ASSERT_STRING_EQUAL(unicode_cut(mem, "one two", 7), "one two");
    CU_ASSERT_STRING_EQUAL(unicode_cut(mem, "one two", 6), "one\xE2\x80\xA6");
    CU_ASSERT_STRING_EQUAL(unicode_cut(mem, "one two x", 8),
                           "one two\xE2\x80\xA6");
    CU_ASSERT_STRING_EQUAL(unicode_cut(mem, "onetwo", 4), "one\xE2\x80\xA6");
    CU_ASSERT_STRING_EQUAL(unicode_cut(mem, "\xC3\xA4\xC3\xA4\xC3\xA4", 2),
                           "\xC3\xA4\xE2\x80\xA6");
    CU_ASSERT_STRING_EQUAL(unicode_cut(mem, "one", 0), "");
    CU_ASSERT_STRING_EQUAL(unicode_cut(mem, "", 5), "");
}

static void
cuts_excerpts(void)
{
    struct text *t = text_new(mem);

    for (int i = 0; i < 200; i++)
        text_adds(t, "w\xC3\xB6rter ");
    const char *excerpt = render(t->at).excerpt;
    size_t count = utf8_count(excerpt, strlen(excerpt));
    CU_ASSERT(count <= MARKUP_EXCERPT && count > MARKUP_EXCERPT - 10);
}

/* ---- The suite ----------------------------------------------------------- */

static CU_TestInfo tests[] = {
    { "writes blocks", writes_blocks },
    { "says directions", says_directions },
    { "writes tables", writes_tables },
    { "shifts headings", shifts_headings },
    { "shows HTML as text", shows_html_as_text },
    { "judges links", judges_links },
    { "judges images", judges_images },
    { "judges addresses", judges_addresses },
    { "writes nothing for nothing", writes_nothing_for_nothing },
    { "finds mentions", finds_mentions },
    { "finds names before emphasis", finds_names_before_emphasis },
    { "leaves names where they are none", leaves_names_where_they_are_none },
    { "ends bare links", ends_bare_links },
    { "reports ten mentions", reports_ten_mentions },
    { "finds tags", finds_tags },
    { "knows videos", knows_videos },
    { "finds videos", finds_videos },
    { "keeps plain text", keeps_plain_text },
    { "cuts plain text", cuts_plain_text },
    { "cuts excerpts", cuts_excerpts },
    CU_TEST_INFO_NULL,
};

int
markup_suite(void)
{
    CU_SuiteInfo suites[] = {
        { "markup", NULL, NULL, context_set_up, context_tear_down, tests },
        { "markup-hostile", NULL, NULL, markup_hostile_begin,
          markup_hostile_end, markup_hostile_tests },
        CU_SUITE_INFO_NULL,
    };

    return CU_register_suites(suites) == CUE_SUCCESS ? 0 : -1;
}
