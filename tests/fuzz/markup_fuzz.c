/*
 * markup_fuzz.c - any bytes as Markdown: what comes out must be well-formed,
 * hold only what may be, and report only names of their form.
 */
#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "markup/markup.h"

/* Included whole: tests/fuzz/run builds a target from one file. */
#include "tests/unit/html_check.c"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void
check_names(const char *const *names, size_t n, const char *letters,
            size_t most)
{
    for (size_t i = 0; i < n; i++)
        if (names[i][0] == '\0' || strlen(names[i]) > most ||
            names[i][strspn(names[i], letters)] != '\0')
            BUG("a strange name: %s", names[i]);
}

static void
check_text(const char *text)
{
    if (!utf8_valid(text, strlen(text)) || strchr(text, '\n') != NULL ||
        strstr(text, "  ") != NULL)
        BUG("strange plain text: %s", text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    void *mem = mem_context(NULL, "fuzz");
    struct markup m;
    const char *at, *wrong;

    markup_render(&m, mem, (const char *)bytes, n);
    wrong = html_check(m.html, &at);
    if (wrong != NULL)
        BUG("%s: %s", wrong, at);
    check_names(m.mentions, m.n_mentions,
                "abcdefghijklmnopqrstuvwxyz0123456789_", 30);
    check_names(m.tags, m.n_tags, "abcdefghijklmnopqrstuvwxyz0123456789-", 50);
    check_text(m.plain);
    check_text(m.excerpt);
    if (utf8_count(m.excerpt, strlen(m.excerpt)) > MARKUP_EXCERPT)
        BUG("a long excerpt");
    mem_free(mem);
    return 0;
}
