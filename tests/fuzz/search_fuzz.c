/*
 * search_fuzz.c - any text as a search and as a post: what comes out is
 * bounded, clean and of the form that PostgreSQL takes.
 */
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "lexeme/lexeme.h"
#include "search/tsquery.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void
check_texts(const struct texts *list)
{
    if (list->n > SEARCH_TERMS || (list->at == NULL && list->n > 0))
        BUG("a list of %zu", list->n);
    for (size_t i = 0; i < list->n; i++)
        if (!utf8_valid(list->at[i], strlen(list->at[i])))
            BUG("no UTF-8: %s", list->at[i]);
}

static void
check_word(const char *word, const char *marks, bool first)
{
    if (word[0] == '\0' || strlen(marks) > 3 ||
        marks[strspn(marks, "|-\"*")] != '\0')
        BUG("'%s' has the marks %s", word, marks);
    if (first && marks[0] == '|')
        BUG("an alternative to nothing: %s", word);
}

/* Lexemes in quotes without quotes or backslashes in them, and parentheses that
 * are closed. */
static void
check_syntax(const char *s)
{
    long open = 0;

    if (s == NULL)
        return;
    if (!utf8_valid(s, strlen(s)))
        BUG("no UTF-8: %s", s);
    for (const char *at = s; *at != '\0'; at++) {
        open += *at == '(';
        open -= *at == ')';
        if (open < 0 || *at == '\\')
            BUG("%s", s);
        if (*at != '\'')
            continue;
        size_t len = strcspn(at + 1, "'\\");
        if (len == 0 || at[len + 1] != '\'')
            BUG("%s", s);
        at += len + 1;
    }
    if (open != 0)
        BUG("%s", s);
}

static void
check_tsquery(const void *mem, const struct search_query *q)
{
    struct search_tsquery to;

    search_tsquery_write(&to, mem, q);
    check_syntax(to.any);
    for (size_t i = 0; i < SEARCH_TIERS; i++)
        check_syntax(to.tier[i]);
}

static void
check_document(const void *mem, const char *text)
{
    const struct lexeme_document d = {
        .title = text, .tags = &text, .n_tags = 1, .content = text
    };
    const char *vector = lexeme_vector(mem, &d);

    check_syntax(vector);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    void *mem = mem_context(NULL, "fuzz");
    char *text = mem_strndup(mem, (const char *)bytes, n);
    struct search_query q;
    size_t terms = 0;

    check_document(mem, text);
    if (!utf8_valid(text, strlen(text))) {
        mem_free(mem);
        return 0;
    }
    search_query_read(&q, mem, text);
    check_texts(&q.words);
    check_texts(&q.marks);
    if (q.words.at == NULL || q.words.n != q.marks.n)
        BUG("words and marks do not match");
    for (size_t i = 0; i < q.words.n; i++)
        check_word(q.words.at[i], q.marks.at[i], i == 0);
    for (size_t i = 0; i < SEARCH_FILTERS; i++) {
        check_texts(&q.with[i]);
        check_texts(&q.without[i]);
        terms += q.with[i].n + q.without[i].n;
    }
    if (terms + q.words.n > SEARCH_TERMS)
        BUG("%zu terms", terms + q.words.n);
    check_tsquery(mem, &q);
    mem_free(mem);
    return 0;
}
