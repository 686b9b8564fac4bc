/*
 * search_fuzz.c - any text as a search: what comes out is bounded, clean and
 * of the form that search_query() in sql/search.sql takes.
 */
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "search/query.h"

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

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    void *mem = mem_context(NULL, "fuzz");
    char *text = mem_strndup(mem, (const char *)bytes, n);
    struct search_query q;
    size_t terms = 0;

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
    mem_free(mem);
    return 0;
}
