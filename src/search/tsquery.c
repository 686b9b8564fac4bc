/* tsquery.c - see tsquery.h. */
#include "search/tsquery.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/utf8.h"
#include "lexeme/lexeme.h"

/* How a word is looked for. */
enum way { TITLE_EXACT, TITLE_LOOSE, EXACT, LOOSE, WAYS };
static const struct {
    const char *plain, *part; /* prefixes of lexemes */
    bool exact;
} ways[WAYS] = {
    [TITLE_EXACT] = { "^", "^/", true },
    [TITLE_LOOSE] = { "^", "^/", false },
    [EXACT] = { "", "/", true },
    [LOOSE] = { "", "/", false },
};

struct leaf {
    struct lexeme_atoms atoms;
    size_t alternative;
    bool negated, phrase, beginning;
    bool grammar; /* a word that says little */
};

struct writer {
    const void *mem;
    struct lexeme_stemmer *stemmer;
    struct leaf leaves[SEARCH_TERMS];
    size_t n, atoms;
};

/* ---- Leaves -------------------------------------------------------------- */

static bool
is_grammar(const struct leaf *leaf)
{
    static const char *const words[] = {
        "a",     "about", "an",   "and", "are",  "as",   "at",   "be",
        "but",   "by",    "can",  "did", "do",   "does", "for",  "from",
        "had",   "has",   "have", "he",  "her",  "his",  "how",  "i",
        "if",    "in",    "is",   "it",  "its",  "me",   "my",   "of",
        "on",    "or",    "our",  "she", "so",   "that", "the",  "their",
        "these", "they",  "this", "to",  "was",  "we",   "were", "what",
        "when",  "where", "who",  "why", "will", "with", "you",  "your",
        NULL,
    };
    const struct lexeme_atom *a = leaf->atoms.at;

    if (leaf->atoms.n != 1 || leaf->phrase || leaf->beginning || leaf->negated)
        return false;
    for (size_t i = 0; words[i] != NULL; i++)
        if (strlen(words[i]) == a->len && memcmp(words[i], a->at, a->len) == 0)
            return true;
    return false;
}

static void
read_leaves(struct writer *w, const struct search_query *q)
{
    size_t alternative = 0;

    for (size_t i = 0; i < q->words.n; i++) {
        const char *word = q->words.at[i], *marks = q->marks.at[i];
        struct leaf leaf = { .negated = strchr(marks, '-') != NULL,
                             .phrase = strchr(marks, '"') != NULL,
                             .beginning = strchr(marks, '*') != NULL };

        alternative += marks[0] == '|';
        leaf.alternative = alternative;
        lexeme_split(&leaf.atoms, w->mem,
                     lexeme_fold(w->mem, word, strlen(word)),
                     SEARCH_ATOMS - w->atoms);
        if (leaf.atoms.n == 0)
            continue;
        leaf.grammar = is_grammar(&leaf);
        w->atoms += leaf.atoms.n;
        w->leaves[w->n++] = leaf;
    }
}

/* ---- Lexemes of a leaf --------------------------------------------------- */

/* One position of a phrase. */
struct element {
    struct text *text;
    size_t position;
};
struct elements {
    struct element *at;
    size_t n;
};

static struct text *
element(const struct writer *w, struct elements *to, size_t position)
{
    struct text *text = text_new(w->mem);

    to->at[to->n++] = (struct element){ text, position };
    return text;
}

static void
add_run(const struct writer *w, struct elements *to, enum way way,
        const struct lexeme_atom *a)
{
    const char *at = a->at, *end = a->at + a->len, *next = at, *from;

    (void)utf8_next(&next, end);
    if (next == end) {
        struct text *text = element(w, to, a->position);

        lexeme_write(text, ways[way].plain, at, a->len);
        text_adds(text, ":*");
    }
    for (size_t i = 0; next < end; i++) {
        from = at;
        at = next;
        (void)utf8_next(&next, end);
        lexeme_write(element(w, to, a->position + i), ways[way].plain, from,
                     (size_t)(next - from));
    }
}

static void
add_word(const struct writer *w, struct elements *to, enum way way,
         const struct lexeme_atom *a, bool beginning)
{
    struct text *text = element(w, to, a->position);
    const char *bytes = a->at, *star = beginning ? ":*" : "";
    size_t len = a->len;

    if (ways[way].exact) {
        lexeme_write(text, a->part ? ways[way].part : ways[way].plain, bytes,
                     len);
        return;
    }
    if (!beginning)
        bytes = lexeme_stem(w->stemmer, a, &len);
    text_addc(text, '(');
    lexeme_write(text, ways[way].plain, bytes, len);
    text_addf(text, "%s|", star);
    lexeme_write(text, ways[way].part, bytes, len);
    text_addf(text, "%s)", star);
}

static struct elements
elements_of(const struct writer *w, enum way way, const struct leaf *leaf)
{
    struct elements to = { 0 };
    size_t room = 0;

    for (size_t i = 0; i < leaf->atoms.n; i++)
        room += leaf->atoms.at[i].chars;
    to.at = mem_array(w->mem, struct element, room);
    for (size_t i = 0; i < leaf->atoms.n; i++) {
        const struct lexeme_atom *a = &leaf->atoms.at[i];

        if (a->kind == LEXEME_RUN)
            add_run(w, &to, way, a);
        else
            add_word(w, &to, way, a, leaf->beginning && i + 1 == leaf->atoms.n);
    }
    return to;
}

/* In a document whose positions were cut a phrase cannot be told from its
 * words: there it is enough that they are all in it. */
static void
write_leaf(const struct writer *w, struct text *to, enum way way,
           const struct leaf *leaf)
{
    const struct elements e = elements_of(w, way, leaf);

    text_addc(to, '(');
    for (size_t i = 0; i < e.n; i++) {
        if (i > 0)
            text_addf(to, "<%zu>", e.at[i].position - e.at[i - 1].position);
        text_adds(to, e.at[i].text->at);
    }
    if (e.n > 1 && way == LOOSE && !leaf->negated) {
        text_adds(to, "|('" LEXEME_CUT "'");
        for (size_t i = 0; i < e.n; i++)
            text_addf(to, "&%s", e.at[i].text->at);
        text_addc(to, ')');
    }
    text_addc(to, ')');
}

/* ---- The query ----------------------------------------------------------- */

/* The leaves of an alternative from `first` on: what it is made of. */
struct alternative {
    size_t end; /* the leaf after its last */
    size_t words, grammar, without;
};

static struct alternative
look_at(const struct writer *w, size_t first)
{
    struct alternative a = { .end = first };

    for (; a.end < w->n &&
           w->leaves[a.end].alternative == w->leaves[first].alternative;
         a.end++) {
        const struct leaf *leaf = &w->leaves[a.end];

        a.without += leaf->negated;
        a.words += !leaf->negated && !leaf->grammar;
        a.grammar += leaf->grammar;
    }
    return a;
}

static void
write_alternative(const struct writer *w, struct text *to, enum way way,
                  size_t first, const struct alternative *a)
{
    size_t written = 0;

    for (size_t i = first; i < a->end; i++) {
        const struct leaf *leaf = &w->leaves[i];

        if (leaf->grammar && a->words > 0)
            continue;
        if (written++ > 0)
            text_addc(to, '&');
        if (leaf->negated)
            text_addc(to, '!');
        write_leaf(w, to, leaf->negated ? LOOSE : way, leaf);
    }
}

/* All alternatives; NULL where none is left. */
static const char *
write_way(const struct writer *w, enum way way, bool filtered)
{
    struct text *to = text_new(w->mem);
    struct alternative a;

    for (size_t i = 0; i < w->n; i = a.end) {
        a = look_at(w, i);
        if (a.words + a.grammar == 0 && !filtered)
            continue;
        text_adds(to, to->len > 0 ? "|(" : "(");
        write_alternative(w, to, way, i, &a);
        text_addc(to, ')');
    }
    return to->len > 0 ? to->at : NULL;
}

void
search_tsquery_write(struct search_tsquery *ret, const void *mem,
                     const struct search_query *q)
{
    struct writer *w = mem_new(mem, struct writer);
    const char *by[WAYS];

    *ret = (struct search_tsquery){ 0 };
    w->mem = mem;
    w->stemmer = lexeme_stemmer_new(mem);
    read_leaves(w, q);
    for (size_t i = 0; i < WAYS; i++)
        by[i] = write_way(w, (enum way)i, q->filtered);
    if (by[LOOSE] == NULL)
        return;
    ret->any = by[LOOSE];
    ret->tier[3] = by[TITLE_EXACT];
    ret->tier[2] =
        mem_printf(mem, "(%s)&!(%s)", by[TITLE_LOOSE], by[TITLE_EXACT]);
    ret->tier[1] = mem_printf(mem, "(%s)&!(%s)", by[EXACT], by[TITLE_LOOSE]);
    ret->tier[0] = mem_printf(mem, "(%s)&!(%s)&!(%s)", by[LOOSE],
                              by[TITLE_LOOSE], by[EXACT]);
}
