/* split.c - see lexeme.h: the atoms of a folded text. */
#include <libstemmer.h>
#include <string.h>
#include <unictype.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "lexeme/lexeme.h"

/* ---- Characters ---------------------------------------------------------- */

enum class { CLASS_OTHER, CLASS_WORD, CLASS_NUMBER, CLASS_RUN };

/* Scripts that put no blanks between words, and Hangul, whose words have
 * endings that nobody looks for. */
static const struct {
    uint32_t from, to;
} unspaced[] = {
    { 0x0E00, 0x0EFF }, /* Thai, Lao */
    { 0x1000, 0x109F }, { 0xA9E0, 0xA9FF },   { 0xAA60, 0xAA7F }, /* Myanmar */
    { 0x1100, 0x11FF }, { 0xA960, 0xA97F },   { 0xAC00, 0xD7FF }, /* Hangul */
    { 0x1780, 0x17FF },                                           /* Khmer */
    { 0x1950, 0x19DF }, { 0x1A20, 0x1AAF }, /* Tai Le, New Lue, Tham */
    { 0x1B00, 0x1B7F }, { 0xA980, 0xA9DF }, /* Balinese, Javanese */
    { 0x2E80, 0x2FDF }, { 0x3005, 0x3007 },   { 0x3021, 0x3029 },
    { 0x3031, 0x303C }, { 0x3041, 0x30FF },   { 0x3100, 0x31BF },
    { 0x31F0, 0x31FF }, { 0x3400, 0x4DBF },   { 0x4E00, 0x9FFF },
    { 0xF900, 0xFAFF }, { 0x1B000, 0x1B16F }, { 0x20000, 0x3FFFF },
};

static bool
is_unspaced(uint32_t code)
{
    for (size_t i = 0; i < sizeof unspaced / sizeof *unspaced; i++)
        if (code >= unspaced[i].from && code <= unspaced[i].to)
            return true;
    return false;
}

/* Emoji are runs, too: each is found, whatever stands beside it. */
static enum class class_of(uint32_t code) {
    if (code < 0x80) return code >= '0' && code <= '9' ? CLASS_NUMBER
    : code >= 'a' && code <= 'z'                       ? CLASS_WORD
                                                       : CLASS_OTHER;
    if (uc_is_general_category_withtable(
            code, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_M |
                      UC_CATEGORY_MASK_N)) return is_unspaced(code)
        ? CLASS_RUN
        : CLASS_WORD;
    return uc_is_general_category_withtable(code, UC_CATEGORY_MASK_So)
               ? CLASS_RUN
               : CLASS_OTHER;
}

/* What stands between the parts of a token. */
static bool
is_glue(uint32_t code)
{
    return (code > ' ' && code < 0x7F) || code == 0xB7 || code == 0x2019 ||
           code == 0x2010;
}

/* ---- Atoms --------------------------------------------------------------- */

struct splitter {
    struct lexeme_atom *at;
    size_t n, room;
    const void *mem;
    size_t position;
    size_t between; /* characters since the last atom */
    bool glue;      /* they are one that glues */
};

static void
add(struct splitter *s, const struct lexeme_atom *atom)
{
    struct lexeme_atom *last = s->n > 0 ? &s->at[s->n - 1] : NULL;

    if (s->n == s->room) {
        s->room = s->room * 2 + 16;
        s->at = mem_grow(s->mem, s->at, mem_size(sizeof *s->at, s->room));
        last = s->n > 0 ? &s->at[s->n - 1] : NULL;
    }
    s->at[s->n] = *atom;
    s->at[s->n].position = s->position;
    if (last != NULL && last->kind != LEXEME_RUN && atom->kind != LEXEME_RUN &&
        (s->between == 0 || (s->between == 1 && s->glue)))
        last->part = s->at[s->n].part = true;
    s->n++;
    s->position += atom->kind == LEXEME_RUN ? atom->chars : 1;
    s->between = 0;
}

/* The characters of one class from *at on; only the first LEXEME_ATOM of a
 * word or number are kept. */
static struct lexeme_atom
take(const char **at, const char *end, enum class class)
{
    struct lexeme_atom a = { .at = *at,
                             .kind = class == CLASS_WORD     ? LEXEME_WORD
                                     : class == CLASS_NUMBER ? LEXEME_NUMBER
                                                             : LEXEME_RUN };
    const char *next = *at;

    while (next < end && class_of(utf8_next(&next, end)) == class) {
        *at = next;
        if (class == CLASS_RUN || a.chars < LEXEME_ATOM) {
            a.len = (size_t)(next - a.at);
            a.chars++;
        }
    }
    return a;
}

void
lexeme_split(struct lexeme_atoms *ret, const void *mem, const char *folded,
             size_t most)
{
    struct splitter s = { .mem = mem };
    const char *at = folded, *end = folded + strlen(folded);

    while (at < end && s.n < most) {
        const char *next = at;
        uint32_t code = utf8_next(&next, end);
        enum class class = class_of(code);

        if (class == CLASS_OTHER) {
            s.between++;
            s.glue = is_glue(code);
            at = next;
            continue;
        }
        const struct lexeme_atom atom = take(&at, end, class);
        add(&s, &atom);
    }
    *ret = (struct lexeme_atoms){ s.at, s.n };
}

/* ---- Stems --------------------------------------------------------------- */

struct lexeme_stemmer {
    struct sb_stemmer *snowball;
};

static int
stemmer_free(struct lexeme_stemmer *s)
{
    sb_stemmer_delete(s->snowball);
    return 0;
}

struct lexeme_stemmer *
lexeme_stemmer_new(const void *mem)
{
    struct lexeme_stemmer *s = mem_new(mem, struct lexeme_stemmer);

    s->snowball = sb_stemmer_new("english", "UTF_8");
    talloc_set_destructor(s, stemmer_free);
    return s;
}

const char *
lexeme_stem(struct lexeme_stemmer *s, const struct lexeme_atom *a,
            size_t *ret_len)
{
    const sb_symbol *stem = NULL;

    if (a->kind == LEXEME_WORD && s->snowball != NULL)
        stem =
            sb_stemmer_stem(s->snowball, (const sb_symbol *)a->at, (int)a->len);
    *ret_len = stem == NULL ? a->len : (size_t)sb_stemmer_length(s->snowball);
    return stem == NULL ? a->at : (const char *)stem;
}

void
lexeme_write(struct text *to, const char *prefix, const char *bytes, size_t len)
{
    text_addc(to, '\'');
    text_adds(to, prefix);
    text_add(to, bytes, len);
    text_addc(to, '\'');
}
